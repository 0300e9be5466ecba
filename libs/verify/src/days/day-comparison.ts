import { DayDirectoryBuilder, DayRanges, MOST_DAY_SHARES, cohortName, toHex } from '@holdfast/seal';
import type { DayClosed, DayRange, DirectoriesAttested, RangeCohort } from '@holdfast/seal';
import type { VerifyContext } from '../context.js';
import { finding } from '../findings.js';
import type { ChainHooks } from '../verify-chain.js';
import type { SealedPart } from './days-chain.js';

/** How far a comparison came, to go on from. */
export interface DayProgress {
  /** The first segment of the range under way; hash of the manifest before it. */
  readonly from: number;
  readonly hash: string;
  readonly unattested: number;
  readonly firstUnattested?: { readonly firstSeq: number; readonly day: string };
  /** Beginnings of sealed parts before `from` that fitted no range. */
  readonly unmatched: readonly number[];
}

/** A sealed part and what was rebuilt of it so far. */
interface Rebuilt {
  readonly sealed: SealedPart;
  readonly firstSeq: number;
  /** Undefined before its first object, and without a label key. */
  builder: DayDirectoryBuilder | undefined;
  /** Objects whose content was opened, and their directory entries. */
  objects: number;
  shares: number;
}

/**
 * Compares the day directories of a message chain with the chain itself while it is walked: by its manifests, and where content is
 * opened by its plaintext. Memory holds one range.
 */
export class DayComparison {
  readonly #context: VerifyContext;
  readonly #chain: string;
  readonly #ranges: DayRanges;
  /** By the first segment of their range. */
  readonly #sealed = new Map<number, Rebuilt[]>();
  readonly #labelKeys: ReadonlyMap<string, Uint8Array>;
  /** Parts by rising `firstSeq`; those before `#begun` have begun. */
  readonly #inOrder: readonly Rebuilt[];
  #begun = 0;
  /** Parts whose ranges are under way. */
  #current: readonly Rebuilt[] = [];
  #unattested = 0;
  #firstUnattested: Pick<DayRange, 'firstSeq' | 'day'> | undefined;

  constructor(context: VerifyContext, chain: string, parts: readonly SealedPart[], labelKeys: ReadonlyMap<string, Uint8Array>, before?: DayProgress) {
    this.#context = context;
    this.#chain = chain;
    this.#ranges = new DayRanges(context.crypto);
    this.#labelKeys = labelKeys;
    this.#inOrder = parts
      .map((sealed): Rebuilt => ({ sealed, firstSeq: (sealed.closed ?? sealed.attested)?.firstSeq ?? 0, builder: undefined, objects: 0, shares: 0 }))
      .filter(({ firstSeq }) => before === undefined || firstSeq >= before.from || before.unmatched.includes(firstSeq))
      .sort((a, b) => a.firstSeq - b.firstSeq);
    this.#unattested = before?.unattested ?? 0;
    this.#firstUnattested = before?.firstUnattested;
    for (const rebuilt of this.#inOrder) this.#sealed.set(rebuilt.firstSeq, [...(this.#sealed.get(rebuilt.firstSeq) ?? []), rebuilt]);
  }

  readonly hooks: Required<Pick<ChainHooks, 'onSegment' | 'onDirectory'>> = {
    onDirectory: (seq, { no, cohort }, conversations) => {
      this.#begin(seq);
      for (const rebuilt of this.#current) {
        const { closed } = rebuilt.sealed;
        if (closed === undefined || cohortName(closed.cohort) !== cohortName(cohort) || seq > closed.lastSeq) continue;
        rebuilt.objects++;
        rebuilt.shares += conversations.length;
        // A range that is no range must not fill the memory of a verifier; that it is none is said when the true one ends.
        if (closed.firstSeq < closed.lastSeq && rebuilt.shares > MOST_DAY_SHARES) continue;
        for (const { key, count, root } of conversations) rebuilt.builder?.add(key, { seq, no, count, root });
      }
    },
    onSegment: ({ manifest, hash }) => {
      for (const range of this.#ranges.take(manifest, hash)) this.#judge(range);
    },
  };

  /** A range is judged when its closing segment comes, whose own content is seen before: two can be under way. */
  #begin(seq: number): void {
    for (let next = this.#inOrder[this.#begun]; next !== undefined && next.firstSeq <= seq; next = this.#inOrder[this.#begun]) {
      const labelKey = this.#labelKeys.get(next.sealed.place);
      if (labelKey !== undefined) next.builder = new DayDirectoryBuilder(this.#context.crypto, labelKey);
      this.#current = [...this.#current, next];
      this.#begun++;
    }
  }

  progress(next: number): Omit<DayProgress, 'hash'> {
    const from = this.#ranges.openFrom ?? next;
    const first = this.#firstUnattested;
    return {
      from,
      unattested: this.#unattested,
      ...(first !== undefined && { firstUnattested: { firstSeq: first.firstSeq, day: first.day } }),
      unmatched: [...this.#sealed.keys()].filter((firstSeq) => firstSeq < from),
    };
  }

  /** After the walk: what is not covered, and what covers nothing. */
  done(): void {
    for (const rest of this.#sealed.values())
      for (const { sealed, firstSeq } of rest) this.#differs(sealed, `no closed range of ${this.#chain} begins with segment ${firstSeq}.`);
    const first = this.#firstUnattested;
    if (first !== undefined)
      this.#context.add(
        finding(
          'DAY_NOT_ATTESTED',
          this.#chain,
          `${this.#unattested === 1 ? 'a closed day has' : `${this.#unattested} closed days have`} no day directory yet, from segment ${first.firstSeq} of ${first.day} on.`,
        ),
      );
  }

  #judge(range: DayRange): void {
    const sealed = this.#sealed.get(range.firstSeq) ?? [];
    this.#sealed.delete(range.firstSeq);
    this.#current = this.#current.filter(({ firstSeq }) => firstSeq > range.lastSeq);
    let attested = false;
    for (const rebuilt of sealed) {
      const { closed } = rebuilt.sealed;
      if (closed !== undefined) this.#compareClosed(rebuilt, closed, range);
      if (rebuilt.sealed.attested === undefined) continue;
      attested = true;
      this.#compareAttested(rebuilt.sealed, rebuilt.sealed.attested, range);
    }
    if (attested) return;
    this.#firstUnattested ??= range;
    this.#unattested++;
  }

  #compareClosed(rebuilt: Rebuilt, closed: DayClosed, range: DayRange): void {
    const facts = range.cohorts[closed.part];
    if (facts === undefined || cohortName(facts.cohort) !== cohortName(closed.cohort) || facts.cohort.number !== closed.cohort.number) {
      this.#differs(rebuilt.sealed, `part ${closed.part} of the range is not of the cohort ${cohortName(closed.cohort)}.`);
      return;
    }
    const wrong = rangeProblem(closed, range) ?? this.#countsProblem(closed, facts);
    if (wrong !== undefined) this.#differs(rebuilt.sealed, wrong);
    else this.#compareContent(rebuilt, closed, facts);
  }

  #compareAttested(sealed: SealedPart, attested: DirectoriesAttested, range: DayRange): void {
    const { objects, records } = attested;
    const wrong =
      rangeProblem(attested, range) ??
      (objects.count === range.objects.shares && objects.root === toHex(range.objects.root()) && records === range.objects.records
        ? undefined
        : 'it attests other objects than those of the range.');
    if (wrong !== undefined) this.#differs(sealed, wrong);
  }

  #countsProblem(closed: DayClosed, { objects, unattributed }: RangeCohort): string | undefined {
    if (closed.objects.count !== objects.shares || closed.objects.root !== toHex(objects.root()) || closed.records !== objects.records)
      return 'it covers other objects than those of the range and cohort.';
    return closed.unattributed.count === unattributed.records && closed.unattributed.root === toHex(unattributed.root())
      ? undefined
      : 'its records without a key are not those that the manifests name.';
  }

  #compareContent({ sealed, builder, objects }: Rebuilt, closed: DayClosed, facts: RangeCohort): void {
    if (this.#context.level < 6) return;
    const opened = objects === facts.objects.shares && (builder !== undefined || closed.entries === 0);
    if (!opened) {
      this.#context.collector.skipped.add('Day directories were not rebuilt from the plaintext where it, or their label key, could not be opened.');
      return;
    }
    const directory = builder?.build() ?? new DayDirectoryBuilder(this.#context.crypto, new Uint8Array(32)).build();
    if (toHex(directory.root) !== closed.root || directory.conversations.length !== closed.entries)
      this.#differs(sealed, `it is not the directory that follows from the records of segments ${closed.firstSeq} to ${closed.lastSeq}.`);
  }

  #differs(sealed: SealedPart, message: string): void {
    this.#context.add(finding('DAY_DIRECTORY_DIFFERS', sealed.place, message));
  }
}

function rangeProblem(event: DayClosed | DirectoriesAttested, { day, lastSeq, closedBy, cohorts }: DayRange): string | undefined {
  if (event.day !== day) return `it is about the day ${event.day}, the segments are of ${day}.`;
  if (event.lastSeq !== lastSeq) return `it ends with segment ${event.lastSeq}, the range ends with segment ${lastSeq}.`;
  if (event.closedBy.seq !== closedBy.seq || event.closedBy.hash !== closedBy.hash)
    return 'it names another manifest as the one that closes the range.';
  return event.parts === cohorts.length ? undefined : `it says that the range has ${event.parts} cohorts, it has ${cohorts.length}.`;
}
