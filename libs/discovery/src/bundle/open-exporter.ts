import type { Alarms, RecordIndex } from '@holdfast/ports';
import { LedgerWriter } from '@holdfast/vault';
import type { Archive, CheckedClock, DataKeys, GovernanceLog, SegmentReader } from '@holdfast/vault';
import { BundleExporter } from './bundle-exporter.js';

/** Builds a BundleExporter whose accesses go to `access/<writer>`. */
export function openExporter(
  parts: {
    readonly archive: Archive;
    readonly clock: CheckedClock;
    readonly governance: GovernanceLog;
    readonly dataKeys: DataKeys;
    readonly reader: SegmentReader;
    readonly timeZone: string;
    readonly alarms?: Alarms;
  },
  index: RecordIndex,
  writer: string,
): BundleExporter {
  const { archive, clock, governance, dataKeys, alarms } = parts;
  return new BundleExporter({ ...parts, index, access: new LedgerWriter(archive, clock, governance, dataKeys, `access/${writer}`, alarms) });
}
