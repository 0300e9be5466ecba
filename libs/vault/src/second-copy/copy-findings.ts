/** What a copy lacks or has too much of; API, documented in `docs/operations/second-copy.md`. */
export type CopyFindingCode = 'MISSING' | 'DIFFERS' | 'LOCK_SHORT' | 'HOLD_MISSING' | 'EXTRA' | 'UNREADABLE' | 'SOURCE_DAMAGED';
/** What is worth knowing of a copy that is whole. */
export type CopyNoteCode = 'RELOCATED' | 'HOLD_EXTRA' | 'DELETE_MARKER' | 'EXPIRED';

export interface CopyFinding<Code = CopyFindingCode> {
  readonly code: Code;
  /** `vault/KEY`, `wraps/KEY` or `claims/KEY`. */
  readonly place: string;
  readonly message: string;
}

/** Findings and notes kept; all are counted. A copy that is not one must not exhaust the memory of who looks at it. */
const MOST_KEPT = 1_000;

/** Collects what a run meets; memory does not grow with the vault. */
export class CopyTally {
  readonly #findings: CopyFinding[] = [];
  readonly #notes: CopyFinding<CopyNoteCode>[] = [];
  findingsTotal = 0;
  notesTotal = 0;
  /** Versions of the source looked at. */
  looked = 0;
  /** Delete markers in the source: they hide, they are not copied. */
  markers = 0;
  /** Probes of store-check, which belong to no archive. */
  probes = 0;
  /** Versions that were stored after the moment that the run is about. */
  later = 0;

  add(code: CopyFindingCode, place: string, message: string): void {
    this.findingsTotal++;
    if (this.#findings.length < MOST_KEPT) this.#findings.push({ code, place, message });
  }

  note(code: CopyNoteCode, place: string, message: string): void {
    this.notesTotal++;
    if (this.#notes.length < MOST_KEPT) this.#notes.push({ code, place, message });
  }

  /** Tasks end in any order; the report is in the order of places. */
  get findings(): readonly CopyFinding[] {
    return inOrderOfPlaces(this.#findings);
  }

  get notes(): readonly CopyFinding<CopyNoteCode>[] {
    return inOrderOfPlaces(this.#notes);
  }
}

function inOrderOfPlaces<T extends CopyFinding<string>>(found: readonly T[]): readonly T[] {
  return [...found].sort((a, b) => (a.place === b.place ? (a.code < b.code ? -1 : 1) : a.place < b.place ? -1 : 1));
}
