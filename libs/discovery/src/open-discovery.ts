import type { Alarms, RecordIndex } from '@holdfast/ports';
import { LedgerWriter, countClaims } from '@holdfast/vault';
import type { Archive, CheckedClock, DataKeys, GovernanceLog, SegmentReader } from '@holdfast/vault';
import { Discovery } from './search-archive.js';

/** Every search asks for the head of every chain, two small reads each. */
const CHAINS_AT_ONCE = 16;

/** Builds a Discovery whose accesses go to `access/<writer>`. */
export function openDiscovery(
  parts: {
    readonly archive: Archive;
    readonly clock: CheckedClock;
    readonly governance: GovernanceLog;
    readonly dataKeys: DataKeys;
    readonly reader: SegmentReader;
    readonly timeZone: string;
    /** The writer of `access/<writer>`, where the process has one; a second one would race it. */
    readonly access?: LedgerWriter;
    /** Told when accesses are sealed under the keys of the year before. */
    readonly alarms?: Alarms;
  },
  index: RecordIndex,
  writer: string,
): Discovery {
  const { archive, governance } = parts;
  return new Discovery({
    ...parts,
    index,
    access: parts.access ?? new LedgerWriter(archive, parts.clock, governance, parts.dataKeys, `access/${writer}`, parts.alarms),
    async notYetSearchable(position) {
      await governance.refresh();
      const chains = [...governance.state.chains.keys()].filter((chain) => chain.startsWith('msg/')).values();
      let segments = 0;
      await Promise.all(
        Array.from({ length: CHAINS_AT_ONCE }, async () => {
          for (const chain of chains) {
            const read = position.chains[chain] ?? 0;
            const claimed = await countClaims(archive, chain, read);
            // Fewer claims than were read: they were rolled back, which is not for a search to tell.
            segments += Math.max(0, claimed - read);
          }
        }),
      );
      return segments;
    },
  });
}
