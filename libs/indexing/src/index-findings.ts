/** Codes of what an attestation of the index finds; API, documented in `docs/findings.md`. */
export type IndexFindingCode =
  | 'INDEX_DOCUMENT_MISSING'
  | 'INDEX_DOCUMENT_ALTERED'
  | 'INDEX_DOCUMENT_EXTRA'
  | 'INDEX_CURSOR_AHEAD'
  | 'INDEX_SCHEMA_DIFFERS'
  | 'INDEX_TOKENIZER_DIFFERS';

/** One difference between the index and the vault. */
export interface IndexFinding {
  readonly code: IndexFindingCode;
  readonly severity: 'finding';
  /** `chain seq`, a chain, or `index` for the index as a whole. */
  readonly place: string;
  /** What was met, one sentence. Names ids and members, never text. */
  readonly message: string;
  /** Id of the document that it concerns. */
  readonly id?: string;
  /** Members that were altered. */
  readonly members?: readonly string[];
}

const MOST_LISTED = 1_000;

/** Counts every finding and keeps the first ones: a doctored index may have as many as it has documents. */
export class IndexFindings {
  readonly listed: IndexFinding[] = [];
  #total = 0;

  get total(): number {
    return this.#total;
  }

  add(code: IndexFindingCode, place: string, message: string, about: Pick<IndexFinding, 'id' | 'members'> = {}): void {
    this.#total += 1;
    if (this.listed.length < MOST_LISTED) this.listed.push({ code, severity: 'finding', place, message, ...about });
  }
}
