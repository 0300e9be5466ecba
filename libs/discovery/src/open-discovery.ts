import type { RecordIndex } from '@holdfast/ports';
import { LedgerWriter, countClaims } from '@holdfast/vault';
import type { Archive, CheckedClock, DataKeys, GovernanceLog, SegmentReader } from '@holdfast/vault';
import { Discovery } from './search-archive.js';

/** Builds a Discovery whose accesses go to `access/<writer>`. */
export function openDiscovery(
  parts: {
    readonly archive: Archive;
    readonly clock: CheckedClock;
    readonly governance: GovernanceLog;
    readonly dataKeys: DataKeys;
    readonly reader: SegmentReader;
    readonly timeZone: string;
  },
  index: RecordIndex,
  writer: string,
): Discovery {
  const { archive, governance } = parts;
  return new Discovery({
    ...parts,
    index,
    access: new LedgerWriter(archive, parts.clock, governance, parts.dataKeys, `access/${writer}`),
    async notYetSearchable(position) {
      await governance.refresh();
      let segments = 0;
      for (const chain of governance.state.chains.keys()) {
        if (!chain.startsWith('msg/')) continue;
        const read = position.chains[chain] ?? 0;
        segments += (await countClaims(archive, chain, read)) - read;
      }
      return segments;
    },
  });
}
