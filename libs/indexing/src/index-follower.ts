import { HoldfastError, kindOf, parseMessageChain } from '@holdfast/record';
import type { Alarms, IndexStatus, Position, RecordIndex } from '@holdfast/ports';
import { countClaims, pause } from '@holdfast/vault';
import type { Archive, GovernanceLog, SegmentReader } from '@holdfast/vault';
import { DocumentQueue } from './document-queue.js';
import { UNPARSED, keyMatches } from './documents.js';
import { placeOf, portionsOf } from './segment-documents.js';
import { SegmentFeed } from './segment-feed.js';
import type { ReadSegment } from './segment-feed.js';

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
/** A process that was overtaken by another one of its role looks again after so many times the usual pause. */
const STANDBY_POLLS = 25;
/** Failures in a row of an index that opens, before they are an alarm: another process may be writing a long transaction. */
const QUIET_FAILURES = 3;
/** Segments written, or time that passes, before a publish while catching up; a publish costs a refresh. */
const SEGMENTS_PER_PUBLISH = 16;
const PUBLISH_AFTER_MS = 5_000;

/**
 * The role index: follows every message chain from the cursor that is stored in the index, verifies each segment, writes
 * its documents and moves the cursor. A crash between repeats a segment, never skips one: writes are idempotent by id.
 */
export class IndexFollower {
  readonly #options: IndexFollowerOptions;
  readonly #abort = new AbortController();
  readonly #feed: SegmentFeed;
  #position: Position | undefined;
  /** What the index said when this process last opened or published it. */
  #published: Position | undefined;
  #running: Promise<void> | undefined;
  /** Chain → segments handed to the queue and not published. */
  readonly #queued = new Map<string, number>();
  #dirty = 0;
  #dirtySince = 0;
  /** Chains that somebody in this process says have grown, since the last look. */
  #hinted = new Set<string>();
  #onHint: (() => void) | undefined;
  readonly counts: IndexCounts = { segments: 0, documents: 0, unindexed: 0, unparsed: 0, keyMismatches: 0 };

  constructor(options: IndexFollowerOptions) {
    this.#options = options;
    this.#feed = new SegmentFeed(options, this.#abort.signal);
  }

  get position(): Position | undefined {
    return this.#position;
  }

  /** Follows until `stop`. */
  start(): void {
    this.#running ??= this.#follow();
  }

  /** A segment of this chain was committed: only a hint, which saves waiting for the next look. */
  hint(chain: string): void {
    this.#hinted.add(chain);
    this.#onHint?.();
  }

  async stop(): Promise<void> {
    this.#abort.abort();
    await this.#running;
  }

  /** Reads everything that is committed now, publishes, and resolves. For `--until-idle` and rebuilds; not beside `start`. */
  async catchUp(onProgress?: (counts: IndexCounts) => void): Promise<Position> {
    await this.#open();
    while (await this.#round(onProgress));
    this.#feed.throwIfDamaged();
    return this.#required();
  }

  /** Builds a new generation from nothing while searches go on in the old one. */
  async rebuild(onProgress?: (counts: IndexCounts) => void): Promise<Position> {
    const status = await this.#options.index.beginRebuild();
    this.#begin(status.position);
    while (await this.#round(onProgress));
    // The old generation may hold what cannot be read any more.
    this.#feed.throwIfDamaged();
    await this.#options.index.finishRebuild();
    return this.#required();
  }

  async #follow(): Promise<void> {
    const { alarms, pollMs = 200 } = this.#options;
    const stopped = (): boolean => this.#abort.signal.aborted;
    let wait = pollMs;
    let quiet = 0;
    let looked = 0;
    while (!stopped()) {
      try {
        if (this.#position === undefined) await this.#open();
        const hinted = this.#hinted;
        this.#hinted = new Set();
        // What was told is looked at by itself; all chains are looked at no more often for it.
        const all = hinted.size === 0 || Date.now() - looked >= pollMs;
        if (all) looked = Date.now();
        const more = await this.#round(undefined, all ? undefined : hinted);
        wait = pollMs;
        quiet = 0;
        for (const code of ['INDEX_UNAVAILABLE', 'STORE_UNAVAILABLE', 'CONTENT_DAMAGED', 'INDEX_REBUILD_NEEDED'] as const)
          alarms.clear(code, 'index');
        if (!more) await this.#idle(wait);
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
    this.#begin(status.position);
    this.#published = status.position;
    return status;
  }

  #begin(position: Position): void {
    this.#position = position;
    this.#feed.begin();
    this.#queued.clear();
    this.#dirty = 0;
  }

  /** Waits for a hint, at most `ms`. @throws HoldfastError `stopped` */
  async #idle(ms: number): Promise<void> {
    if (this.#hinted.size > 0) return;
    const hinted = Promise.withResolvers<undefined>();
    const timer = new AbortController();
    const paused = pause(ms, AbortSignal.any([this.#abort.signal, timer.signal]));
    this.#onHint = () => {
      hinted.resolve(undefined);
    };
    try {
      await Promise.race([paused, hinted.promise]);
    } finally {
      this.#onHint = undefined;
      paused.catch(() => undefined);
      timer.abort();
    }
  }

  /** One look at every chain, or at `only` these, and at what follows while there is more; true when something was read. */
  async #round(onProgress?: (counts: IndexCounts) => void, only?: ReadonlySet<string>): Promise<boolean> {
    const { governance, index } = this.#options;
    await governance.refresh();
    const queue = new DocumentQueue(index, ({ written, unindexed }) => {
      this.counts.documents += written;
      this.counts.unindexed += unindexed;
    });
    const segments = this.#feed.segments(this.#required(), only);
    let any = false;
    let coming = segments.next();
    try {
      for (;;) {
        const { value: segment, done } = await coming;
        if (done === true || this.#abort.signal.aborted) break;
        any = true;
        // The next segment is read and verified while this one is tokenised and written.
        coming = segments.next();
        coming.catch(() => undefined);
        await this.#enqueue(queue, segment);
        onProgress?.(this.counts);
        if (this.#dirty >= SEGMENTS_PER_PUBLISH || Date.now() - this.#dirtySince >= PUBLISH_AFTER_MS) await this.#publish(queue);
      }
      if (this.#dirty > 0 || this.#required().governance !== governance.head.next) await this.#publish(queue);
    } finally {
      // Nothing is read behind the back of whoever goes on, or ends.
      await coming.catch(() => undefined);
    }
    return any;
  }

  async #enqueue(queue: DocumentQueue, { chain, committed: { manifest }, records }: ReadSegment): Promise<void> {
    const place = placeOf(manifest);
    if (place === undefined) return;
    let bytes = 0;
    const portions = portionsOf(records, place, (record, documents) => {
      bytes += record.value?.length ?? 0;
      if (documents[0]?.kind === UNPARSED) this.counts.unparsed++;
      else if (!keyMatches(record, documents)) this.counts.keyMismatches++;
    });
    if (this.#dirty++ === 0) this.#dirtySince = Date.now();
    for (const documents of portions) {
      await queue.add(documents, bytes);
      bytes = 0;
    }
    this.#queued.set(chain, manifest.seq + 1);
    this.counts.segments++;
  }

  async #publish(queue: DocumentQueue): Promise<void> {
    await queue.flush();
    const before = this.#required();
    const position = { ...before, chains: { ...before.chains, ...Object.fromEntries(this.#queued) }, governance: this.#options.governance.head.next };
    // Written, visible and durable first, then the cursor: a crash between repeats, never skips.
    await this.#options.index.publish(position);
    this.#published = position;
    this.#position = position;
    this.#queued.clear();
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
