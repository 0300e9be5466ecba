import { HoldfastError, kindOf, parseMessageChain } from '@holdfast/record';
import type { RawRecord } from '@holdfast/record';
import type { AlarmCode, Alarms, IndexDocument, IndexStatus, Position, RecordIndex } from '@holdfast/ports';
import { GOVERNANCE_CHAIN, countClaims, pause, readCommitted, readHead } from '@holdfast/vault';
import type { Archive, Committed, GovernanceLog, SegmentReader } from '@holdfast/vault';
import { UNPARSED, keyMatches } from './documents.js';
import type { RecordPlace } from './documents.js';
import { placeOf, portionsOf, recordsOf } from './segment-documents.js';
import type { SealedRecord } from './segment-documents.js';

export interface IndexFollowerOptions {
  readonly archive: Archive;
  readonly governance: GovernanceLog;
  readonly reader: SegmentReader;
  readonly index: RecordIndex;
  readonly alarms: Alarms;
  /** Look for new segments this often, milliseconds. */
  readonly pollMs?: number;
}

/** Counters of an index follower. */
export interface IndexCounts {
  segments: number;
  documents: number;
  unindexed: number;
  /** Records that could not be read as events: sealed as received, listed by `is:unreadable`. */
  unparsed: number;
  /** Records whose key names another conversation than their content. */
  keyMismatches: number;
}

const LONGEST_WAIT_MS = 10_000;
/** How often a chain that cannot be read is looked at again; each look may read a whole segment. */
const DAMAGED_AGAIN_MS = 5_000;
/** How often the end of a chain is looked at for manifests without claims: a claim that is gone would look like the end for ever. */
const LOOK_BEHIND_MS = 60_000;
/** A process that was overtaken by another one of its role looks again after so many times the usual pause. */
const STANDBY_POLLS = 25;
/** Failures in a row of an index that opens, before they are an alarm: another process may be writing a long transaction. */
const QUIET_FAILURES = 3;
/** Segments written before a publish while catching up; a publish costs a refresh. */
const SEGMENTS_PER_PUBLISH = 16;

const ALARM_OF: Partial<Record<HoldfastError['code'], AlarmCode>> = {
  claims_rolled_back: 'CLAIMS_ROLLED_BACK',
  claim_unreadable: 'CLAIM_UNREADABLE',
  key_missing: 'KEY_MISSING',
  key_malformed: 'KEY_MISSING',
};

/**
 * The role index: follows every message chain from the cursor that is stored in the index, verifies each segment, writes
 * its documents and moves the cursor. A crash between repeats a segment, never skips one: writes are idempotent by id.
 */
export class IndexFollower {
  readonly #options: IndexFollowerOptions;
  readonly #abort = new AbortController();
  readonly #previous = new Map<string, Committed>();
  /** Chains with a segment that does not verify. The others go on: one damaged object must not end all search. */
  readonly #damaged = new Map<string, { readonly error: HoldfastError; readonly alarm: AlarmCode; readonly again: number }>();
  /** When the end of a chain was last looked behind. */
  readonly #lookedBehind = new Map<string, number>();
  #position: Position | undefined;
  /** What the index said when this process last opened or published it. */
  #published: Position | undefined;
  #running: Promise<void> | undefined;
  #dirty = 0;
  readonly counts: IndexCounts = { segments: 0, documents: 0, unindexed: 0, unparsed: 0, keyMismatches: 0 };

  constructor(options: IndexFollowerOptions) {
    this.#options = options;
  }

  get position(): Position | undefined {
    return this.#position;
  }

  /** Follows until `stop`. */
  start(): void {
    this.#running ??= this.#follow();
  }

  async stop(): Promise<void> {
    this.#abort.abort();
    await this.#running;
  }

  /** Reads everything that is committed now, publishes, and resolves. For `--until-idle` and rebuilds; not beside `start`. */
  async catchUp(onProgress?: (counts: IndexCounts) => void): Promise<Position> {
    await this.#open();
    while (await this.#round(onProgress));
    this.#throwIfDamaged();
    return this.#required();
  }

  /** Builds a new generation from nothing while searches go on in the old one. */
  async rebuild(onProgress?: (counts: IndexCounts) => void): Promise<Position> {
    const status = await this.#options.index.beginRebuild();
    this.#previous.clear();
    this.#position = status.position;
    while (await this.#round(onProgress));
    // The old generation may hold what cannot be read any more.
    this.#throwIfDamaged();
    await this.#options.index.finishRebuild();
    return this.#required();
  }

  async #follow(): Promise<void> {
    const { alarms, pollMs = 200 } = this.#options;
    const stopped = (): boolean => this.#abort.signal.aborted;
    let wait = pollMs;
    let quiet = 0;
    while (!stopped()) {
      try {
        if (this.#position === undefined) await this.#open();
        const more = await this.#round();
        wait = pollMs;
        quiet = 0;
        for (const code of ['INDEX_UNAVAILABLE', 'STORE_UNAVAILABLE', 'CONTENT_DAMAGED', 'INDEX_REBUILD_NEEDED'] as const)
          alarms.clear(code, 'index');
        if (!more) await pause(wait, this.#abort.signal);
      } catch (error) {
        if (stopped()) return;
        // Sealing never waits for this: the role says what is wrong, waits, and catches up.
        const index = await this.#indexAfter(error);
        this.#position = undefined;
        wait = Math.min(wait * 2, LONGEST_WAIT_MS);
        // Two processes of this role on one archive: the other one indexes, and this one is there when it is gone.
        if (index === 'moved') wait = Math.min(pollMs * STANDBY_POLLS, LONGEST_WAIT_MS);
        quiet = index === 'same' ? quiet + 1 : 0;
        if (index === 'failed' || quiet > QUIET_FAILURES) this.#raise(error);
        await pause(wait, this.#abort.signal).catch(() => undefined);
      }
    }
  }

  /** How the index stands after a failure: `moved` by another process meanwhile, the `same`, or it, or something else, `failed`. */
  async #indexAfter(error: unknown): Promise<'moved' | 'same' | 'failed'> {
    const before = this.#published;
    // The codes of an index that another handle has moved (`RecordIndex.write`, `publish`).
    const mayBeMoved = error instanceof HoldfastError && (error.code === 'index_unavailable' || error.code === 'bad_request');
    if (!mayBeMoved || before === undefined) return 'failed';
    try {
      const now = (await this.#options.index.open()).position;
      this.#published = now;
      const moved =
        now.generation !== before.generation ||
        now.governance > before.governance ||
        Object.entries(now.chains).some(([chain, seq]) => seq > (before.chains[chain] ?? 0));
      return moved ? 'moved' : 'same';
    } catch {
      // The failure that led here is the one that is told.
      return 'failed';
    }
  }

  #raise(error: unknown): void {
    const { alarms } = this.#options;
    const known =
      error instanceof HoldfastError ? error : new HoldfastError('index_unavailable', 'indexing stopped for an unforeseen reason.', { cause: error });
    if (known.code === 'index_rebuild_needed') alarms.raise('INDEX_REBUILD_NEEDED', 'index', 'stopped', known.message);
    else if (known.code === 'store_unavailable') alarms.raise('STORE_UNAVAILABLE', 'index', 'waiting', known.message);
    else if (kindOf(known) === 'integrity') alarms.raise('CONTENT_DAMAGED', 'index', 'stopped', known.message);
    else alarms.raise('INDEX_UNAVAILABLE', 'index', 'waiting', known.message);
  }

  async #open(): Promise<IndexStatus> {
    const status = await this.#options.index.open();
    this.#position = status.position;
    this.#published = status.position;
    this.#previous.clear();
    this.#dirty = 0;
    return status;
  }

  /** One look at every chain; true when something was read. */
  async #round(onProgress?: (counts: IndexCounts) => void): Promise<boolean> {
    const { governance } = this.#options;
    await governance.refresh();
    await this.#isolated(GOVERNANCE_CHAIN, () => this.#lookBehind(GOVERNANCE_CHAIN, governance.head.next).then(() => false));
    let any = false;
    for (const chain of governance.state.chains.keys()) {
      if (parseMessageChain(chain) === undefined || Date.now() < (this.#damaged.get(chain)?.again ?? 0)) continue;
      if (await this.#isolated(chain, () => this.#indexChain(chain, onProgress))) any = true;
    }
    if (this.#dirty > 0 || this.#required().governance !== governance.head.next) await this.#publish();
    return any;
  }

  /** Reads a chain to its end; true when something was read. */
  async #indexChain(chain: string, onProgress?: (counts: IndexCounts) => void): Promise<boolean> {
    const { archive, governance } = this.#options;
    for (let any = false; ; any = true) {
      if (this.#abort.signal.aborted) return any;
      const next = await readCommitted(archive, chain, this.#required().chains[chain] ?? 0, governance.keys);
      if (next === undefined) {
        await this.#lookBehind(chain, this.#required().chains[chain] ?? 0);
        return any;
      }
      await this.#indexSegment(chain, next);
      onProgress?.(this.counts);
      if (this.#dirty >= SEGMENTS_PER_PUBLISH) await this.#publish();
    }
  }

  /** Keeps damage to the chain that has it. */
  async #isolated(chain: string, work: () => Promise<boolean>): Promise<boolean> {
    const { alarms } = this.#options;
    try {
      const any = await work();
      const mended = this.#damaged.get(chain);
      if (mended !== undefined) alarms.clear(mended.alarm, `index ${chain}`);
      this.#damaged.delete(chain);
      return any;
    } catch (error) {
      if (!(error instanceof HoldfastError) || kindOf(error) !== 'integrity' || error.code === 'index_rebuild_needed') throw error;
      const alarm = ALARM_OF[error.code] ?? 'CONTENT_DAMAGED';
      this.#damaged.set(chain, { error, alarm, again: Date.now() + DAMAGED_AGAIN_MS });
      alarms.raise(alarm, `index ${chain}`, 'stopped', error.message);
      return false;
    }
  }

  /** @throws HoldfastError `claims_rolled_back` */
  async #lookBehind(chain: string, end: number): Promise<void> {
    const now = Date.now();
    if (now - (this.#lookedBehind.get(chain) ?? 0) < LOOK_BEHIND_MS && !this.#damaged.has(chain)) return;
    await readHead(this.#options.archive, chain, this.#options.governance.keys, end);
    this.#lookedBehind.set(chain, now);
  }

  #throwIfDamaged(): void {
    for (const { error } of this.#damaged.values()) throw error;
  }

  async #indexSegment(chain: string, committed: Committed): Promise<void> {
    const { manifest } = committed;
    const previous = this.#previous.get(chain);
    if (previous !== undefined && manifest.prev !== previous.hash) {
      throw new HoldfastError('chain_broken', `${chain} ${manifest.seq} does not follow ${chain} ${previous.manifest.seq}.`);
    }
    const place = placeOf(manifest);
    if (place === undefined) return;
    const written = await this.#write(await recordsOf(this.#options.reader, manifest), place);
    this.#previous.set(chain, committed);
    const position = this.#required();
    this.#position = { ...position, chains: { ...position.chains, [chain]: manifest.seq + 1 } };
    this.#dirty++;
    this.counts.segments++;
    this.counts.documents += written.written;
    this.counts.unindexed += written.unindexed;
  }

  /** The engine takes one portion while the next is tokenised. */
  async #write(
    records: readonly SealedRecord[],
    place: Omit<RecordPlace, 'cohort'>,
  ): Promise<{ readonly written: number; readonly unindexed: number }> {
    const total = { written: 0, unindexed: 0 };
    const count = ({ written, unindexed }: { readonly written: number; readonly unindexed: number }): void => {
      total.written += written;
      total.unindexed += unindexed;
    };
    let writing: Promise<void> = Promise.resolve();
    const note = (record: RawRecord, documents: readonly IndexDocument[]): void => {
      if (documents[0]?.kind === UNPARSED) this.counts.unparsed++;
      else if (!keyMatches(record, documents)) this.counts.keyMismatches++;
    };
    for (const documents of portionsOf(records, place, note)) {
      await writing;
      writing = this.#options.index.write(documents).then(count);
      // Taken up by the await above or below; until then it must not count as unhandled.
      writing.catch(() => undefined);
    }
    await writing;
    return total;
  }

  async #publish(): Promise<void> {
    const position = { ...this.#required(), governance: this.#options.governance.head.next };
    // Written, visible and durable first, then the cursor: a crash between repeats, never skips.
    await this.#options.index.publish(position);
    this.#published = position;
    this.#position = position;
    this.#dirty = 0;
  }

  #required(): Position {
    if (this.#position === undefined) throw new HoldfastError('index_unavailable', 'the index is not open.');
    return this.#position;
  }
}

/** How far an index is behind the vault: committed segments that it has not read, by chain. */
export async function indexLag(
  archive: Archive,
  governance: GovernanceLog,
  position: Position,
): Promise<{ readonly chain: string; readonly segments: number }[]> {
  await governance.refresh();
  const lag: { chain: string; segments: number }[] = [];
  for (const chain of governance.state.chains.keys()) {
    if (parseMessageChain(chain) === undefined) continue;
    const read = position.chains[chain] ?? 0;
    const segments = (await countClaims(archive, chain, read)) - read;
    if (segments > 0) lag.push({ chain, segments });
  }
  return lag;
}
