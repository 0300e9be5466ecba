import type { Crypto } from '../crypto.js';
import type { Manifest, ManifestObject } from '../documents.js';
import { ShareTree } from './day-share.js';

/**
 * Directory entries of all objects of a range, at most (a single segment may have more): whoever builds or checks its
 * directories holds 78 bytes for each.
 */
export const MOST_DAY_SHARES = 131_072;

/** What a range has of one cohort, as its manifests say. */
export interface RangeCohort {
  readonly cohort: ManifestObject['cohort'];
  readonly objects: ShareTree;
  readonly unattributed: ShareTree;
}

/** Consecutive segments of one day, closed by what follows. */
export interface DayRange {
  readonly day: string;
  readonly firstSeq: number;
  readonly lastSeq: number;
  readonly closedBy: { readonly seq: number; readonly hash: string };
  /** Ascending by class number, then period; the order of its directories. */
  readonly cohorts: readonly RangeCohort[];
  /** Over all of them. */
  readonly objects: ShareTree;
}

/** The day that a segment belongs to: that of its order time, which never falls. */
export function dayOf(manifest: Pick<Manifest, 'time'>): string {
  return manifest.time.slice(0, 10);
}

/** Name of a cohort in maps. */
export function cohortName({ class: name, period }: ManifestObject['cohort']): string {
  return `${name}/${period}`;
}

interface OpenRange {
  readonly day: string;
  readonly firstSeq: number;
  lastSeq: number;
  shares: number;
  readonly cohorts: Map<string, RangeCohort>;
  readonly objects: ShareTree;
}

/**
 * Cuts the segments of a message chain into ranges (format section 15). Only manifests decide, so that every writer and every
 * verifier cuts alike. They are given in order, from the first of a range on.
 */
export class DayRanges {
  readonly #crypto: Crypto;
  #open: OpenRange | undefined;

  constructor(crypto: Crypto) {
    this.#crypto = crypto;
  }

  /** First number of the range that is not closed yet; undefined before anything was taken or behind the end of a chain. */
  get openFrom(): number | undefined {
    return this.#open?.firstSeq;
  }

  /** Takes the next manifest; answers the ranges that it closes, at most two. */
  take(manifest: Manifest, hash: string): DayRange[] {
    const closed: DayRange[] = [];
    const closedBy = { seq: manifest.seq, hash };
    const shares = manifest.objects.reduce((sum, object) => sum + object.directory.entries, 0);
    const before = this.#open;
    if (before !== undefined && (before.day !== dayOf(manifest) || before.shares + shares > MOST_DAY_SHARES)) {
      closed.push(close(before, closedBy));
      this.#open = undefined;
    }
    const open = (this.#open ??= {
      day: dayOf(manifest),
      firstSeq: manifest.seq,
      lastSeq: manifest.seq,
      shares: 0,
      cohorts: new Map<string, RangeCohort>(),
      objects: new ShareTree(this.#crypto),
    });
    open.lastSeq = manifest.seq;
    open.shares += shares;
    for (const object of manifest.objects) this.#add(open, manifest.seq, object);
    // Nothing can follow the end of a chain, so it closes its own day.
    if (manifest.closing !== undefined) {
      closed.push(close(open, closedBy));
      this.#open = undefined;
    }
    return closed;
  }

  #add(open: OpenRange, seq: number, { no, cohort, records, root, directory: { unattributed } }: ManifestObject): void {
    const name = cohortName(cohort);
    let facts = open.cohorts.get(name);
    if (facts === undefined) {
      facts = { cohort, objects: new ShareTree(this.#crypto), unattributed: new ShareTree(this.#crypto) };
      open.cohorts.set(name, facts);
    }
    facts.objects.add(seq, no, records, root);
    if (unattributed.count > 0) facts.unattributed.add(seq, no, unattributed.count, unattributed.root);
    open.objects.add(seq, no, records, root);
  }
}

function close({ day, firstSeq, lastSeq, cohorts, objects }: OpenRange, closedBy: DayRange['closedBy']): DayRange {
  const inOrder = [...cohorts.values()].sort((a, b) => a.cohort.number - b.cohort.number || (a.cohort.period < b.cohort.period ? -1 : 1));
  return { day, firstSeq, lastSeq, closedBy, cohorts: inOrder, objects };
}
