import type { Alarms, RecordIndex, SearchHit } from '@holdfast/ports';
import { HoldfastError, captureKey, formatRecordId } from '@holdfast/record';
import type { Archive, GovernanceLog, SegmentReader } from '@holdfast/vault';
import { AnchoredHeads } from './anchored-heads.js';
import { RecordOpener } from './open-record.js';
import type { VerifiedRecord } from './open-record.js';

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
  readonly #index: Pick<RecordIndex, 'search'>;
  readonly #opener: RecordOpener;
  readonly #alarms: Pick<Alarms, 'raise' | 'clear'> | undefined;
  /** Generation of the index in which a record was named that the vault does not have. */
  #differs: string | undefined;

  constructor(
    parts: { readonly archive: Archive; readonly governance: GovernanceLog; readonly reader: SegmentReader; readonly alarms?: Alarms },
    index: Pick<RecordIndex, 'search'>,
  ) {
    this.#index = index;
    this.#alarms = parts.alarms;
    this.#opener = new RecordOpener(parts.archive, parts.governance, parts.reader, new AnchoredHeads(parts.archive, parts.governance));
  }

  /** Every record (a redelivery is another one) that carries the event, oldest first; empty when the index knows none. */
  async find(source: string, id: string): Promise<SealedCapture[]> {
    if (source === '' || id === '') throw new HoldfastError('bad_request', 'source and id are those of a CloudEvent; neither is empty.');
    const wanted = captureKey(source, id).toWellFormed();
    const { hits, position } = await this.#index.search({ query: { kind: 'keyword', field: 'capture', value: wanted }, sort: 'oldest', limit: MOST });
    // Built anew since: whatever was wrong with the index before is gone with it.
    if (this.#differs !== undefined && this.#differs !== position.generation) {
      this.#differs = undefined;
      this.#alarms?.clear('INDEX_DIFFERS', 'captures');
    }
    const found: SealedCapture[] = [];
    const seen = new Set<string>();
    for (const hit of hits) {
      const opened = await this.#open(hit, position.generation);
      if (opened === undefined) continue;
      const { id: record, parsed, committed, anchored } = opened;
      // One record may carry several events, and an index may be wrong.
      const name = formatRecordId({ ...record, event: 0 });
      if (seen.has(name) || parsed.ce === undefined || captureKey(parsed.ce.source, parsed.ce.id).toWellFormed() !== wanted) continue;
      seen.add(name);
      const { chain, seq, time } = committed.manifest;
      found.push({ id: name, chain, seq, state: anchored ? 'anchored' : 'sealed', sealedAt: time });
    }
    return found;
  }

  /** Undefined when the index names what the vault does not have: a fault of the index, which is no answer about the delivery. */
  async #open({ id, seq }: SearchHit, generation: string): Promise<VerifiedRecord | undefined> {
    try {
      return await this.#opener.open(id, seq);
    } catch (error) {
      if (!(error instanceof HoldfastError) || (error.code !== 'record_missing' && error.code !== 'bad_request')) throw error;
      this.#differs = generation;
      this.#alarms?.raise('INDEX_DIFFERS', 'captures', 'warning', `The search index names the record ${id}, which the vault does not hold.`);
      return undefined;
    }
  }
}
