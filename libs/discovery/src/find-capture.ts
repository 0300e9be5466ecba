import type { RecordIndex } from '@holdfast/ports';
import { HoldfastError, captureKey, formatRecordId } from '@holdfast/record';
import type { Archive, GovernanceLog, SegmentReader } from '@holdfast/vault';
import { RecordOpener } from './open-record.js';

/** A record that is sealed, and where. */
export interface SealedCapture {
  readonly id: string;
  readonly chain: string;
  readonly seq: number;
  readonly state: 'sealed' | 'anchored';
  readonly sealedAt: string;
}

/** More copies of one delivery than anybody needs to see. */
const MOST = 20;

/**
 * Answers producers who ask what became of a CloudEvent. The index only says where to look: what is answered was opened in
 * the vault. No content is given out, so this is no access to one.
 */
export class CaptureFinder {
  readonly #index: RecordIndex;
  readonly #opener: RecordOpener;

  constructor(parts: { readonly archive: Archive; readonly governance: GovernanceLog; readonly reader: SegmentReader }, index: RecordIndex) {
    this.#index = index;
    this.#opener = new RecordOpener(parts.archive, parts.governance, parts.reader);
  }

  /** Every record (a redelivery is another one) that carries the event, oldest first; empty when the index knows none. */
  async find(source: string, id: string): Promise<SealedCapture[]> {
    if (source === '' || id === '') throw new HoldfastError('bad_request', 'source and id are those of a CloudEvent; neither is empty.');
    const wanted = captureKey(source, id).toWellFormed();
    const { hits } = await this.#index.search({ query: { kind: 'keyword', field: 'capture', value: wanted }, sort: 'oldest', limit: MOST });
    const found: SealedCapture[] = [];
    const seen = new Set<string>();
    for (const hit of hits) {
      const { id: record, parsed, committed, anchored } = await this.#opener.open(hit.id, hit.seq);
      // One record may carry several events, and an index may be wrong.
      const name = formatRecordId({ ...record, event: 0 });
      if (seen.has(name) || parsed.ce === undefined || captureKey(parsed.ce.source, parsed.ce.id).toWellFormed() !== wanted) continue;
      seen.add(name);
      const { chain, seq, time } = committed.manifest;
      found.push({ id: name, chain, seq, state: anchored ? 'anchored' : 'sealed', sealedAt: time });
    }
    return found;
  }
}
