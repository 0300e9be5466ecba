import { HoldfastError } from '@holdfast/record';
import { parseClearEvent } from '@holdfast/governance';
import type { ClearEvent, GovernanceFold } from '@holdfast/governance';
import { parseJson } from '@holdfast/seal';
import type { Finding } from './findings.js';
import { finding } from './findings.js';
import type { ChainHooks } from './verify-chain.js';

/** What folds the events of `gov` while it is walked. `onEvent` sees every event that was folded. */
export function foldGovernance(
  state: GovernanceFold,
  heads: { set(next: number, hash: string, records: number): unknown },
  add: (found: Finding) => void,
  onEvent: (event: ClearEvent, seq: number) => void,
): Required<Pick<ChainHooks, 'onRecord' | 'onSegment'>> {
  let events: ClearEvent[] = [];
  return {
    onRecord: (record, object) => {
      try {
        if (object.enc === 'none') events.push(parseClearEvent(parseJson(record.value ?? new Uint8Array(0))));
      } catch (error) {
        if (!(error instanceof HoldfastError)) throw error;
        add(finding('GOVERNANCE_INVALID', `gov offset ${record.offset}`, `${error.message}.`));
      }
    },
    onSegment: ({ manifest, hash }) => {
      heads.set(manifest.seq + 1, hash, manifest.records);
      for (const event of events) {
        try {
          state.apply(event, manifest.seq);
          onEvent(event, manifest.seq);
        } catch (error) {
          if (!(error instanceof HoldfastError)) throw error;
          add(finding('GOVERNANCE_INVALID', `gov ${manifest.seq}`, `${error.message}.`));
        }
      }
      events = [];
    },
  };
}
