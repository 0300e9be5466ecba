import { createHash } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { HoldfastError, kindOf, type RawRecord } from '@holdfast/record';
import { SourceLostError, type PartitionHandler, type StartAt, type TopicPartition, type Watermarks } from '@holdfast/ports';
import { CommittedBatches } from './committed-batches.js';
import type { Fetched } from './fetch-protocol.js';
import { OFFSET_OUT_OF_RANGE, partitionError } from './kafka-errors.js';
import type { PartitionFetcher } from './partition-fetcher.js';
import { batchesIn, type BatchHead } from './record-batch.js';

export interface ReaderLimits {
  readonly maxBytesPerPartition: number;
  /** A single batch that decompresses to more is refused. */
  readonly maxBatchBytes: number;
}

/** Handed over at once: a legal batch may hold millions of small records, and few live objects keep garbage collection cheap. */
const RECORDS_AT_ONCE = 1_000;
/** A batch of the log with so many records is handed over before the next one is decoded. */
const RECORDS_WORTHWHILE = 250;
const RETRY_FROM_MS = 50;
const RETRY_TO_MS = 1000;
/** A leader that moves is back within this; health need not flap. */
const REPORT_AFTER_MS = 1000;

/** Faults of one place in the log. */
const BEHIND_WHOLE_RECORDS: ReadonlySet<string> = new Set(['source_damaged', 'source_lost', 'source_refused']);

type Compared = NonNullable<StartAt['last']>;

/**
 * Reads one partition from `assigned` to `revoked`.
 * What may be handed over twice: everything after the offset that `assigned` answers, by every worker that still believes
 * to have the partition (a zombie reads on until its membership tells it otherwise; the claim fences it). Within one
 * assignment nothing is: the position moves only forward.
 */
export class PartitionReader {
  readonly at: TopicPartition;
  readonly #fetcher: PartitionFetcher;
  readonly #handler: PartitionHandler;
  readonly #limits: ReaderLimits;
  /** One lap is from `assigned` to a restart, a failure or the end. */
  #lap = new AbortController();
  #anew = false;
  #revoked = false;
  /** The offset wanted next: nothing below is handed over again, nothing at or above it has been. */
  #position = 0n;
  #last: Compared | undefined;
  #epoch = -1;
  /** The connection or the leader changed since the last comparison: the log behind it may be another one. */
  #disturbed = false;
  /** The fetch that follows what is being handed over. */
  #following: Promise<Fetched | undefined> | undefined;
  #damagedAt: bigint | undefined;
  #running = true;
  #run: Promise<void>;

  constructor(at: TopicPartition, fetcher: PartitionFetcher, handler: PartitionHandler, limits: ReaderLimits) {
    this.at = at;
    this.#fetcher = fetcher;
    this.#handler = handler;
    this.#limits = limits;
    this.#run = this.#follow();
  }

  restart(): void {
    if (this.#revoked) return;
    if (this.#running) {
      this.#anew = true;
      this.#lap.abort();
      return;
    }
    this.#running = true;
    this.#run = this.#follow();
  }

  async revoke(): Promise<void> {
    this.#revoked = true;
    this.#lap.abort();
    await this.#run;
    await this.#handler.revoked(this.at);
  }

  async #follow(): Promise<void> {
    do {
      this.#anew = false;
      this.#lap = new AbortController();
      await this.#oneLap();
    } while (this.#goesOn());
    this.#running = false;
  }

  #goesOn(): boolean {
    return this.#anew && !this.#revoked;
  }

  async #oneLap(): Promise<void> {
    try {
      const { next, last } = await this.#handler.assigned(this.at);
      this.#position = next;
      this.#last = last;
      this.#epoch = -1;
      this.#disturbed = false;
      this.#following = undefined;
      this.#damagedAt = undefined;
      await this.#compare();
      while (!this.#isOver()) await this.#step();
    } catch (error) {
      // After a revocation only what must not be overlooked is worth a report.
      if (!this.#isOver() || kindOf(error) === 'integrity') this.#handler.failed(this.at, this.#known(error));
    }
  }

  async #step(): Promise<void> {
    const following = this.#following;
    this.#following = undefined;
    const fetched = (await this.#unlessEnded(following)) ?? (await this.#patiently(() => this.#next()));
    if (fetched === undefined) return;
    try {
      await this.#handOver(fetched);
    } catch (error) {
      // Read once more before the alarm: the bit may have flipped on the way, not on the disk.
      if (!(error instanceof HoldfastError) || error.code !== 'source_damaged' || this.#damagedAt === this.#position) throw error;
      this.#damagedAt = this.#position;
      this.#following = undefined;
    }
  }

  /** Data at the position, waiting for it as long as it takes. */
  async #next(): Promise<Fetched> {
    const want = { at: this.at, offset: this.#position, maxBytes: this.#limits.maxBytesPerPartition };
    for (;;) {
      const answer = this.#sound(await this.#fetcher.now(want));
      if (answer.bytes.length > 0) return answer;
      const news = this.#sound(await this.#fetcher.wait(want, this.#lap.signal));
      if (news.bytes.length > 0) return news;
      // Announced but not sent, again: do not ask in a tight loop.
      if (news.stable > want.offset && answer.stable > want.offset) await this.#pause(RETRY_FROM_MS);
    }
  }

  /** The answer, unless it says that something is wrong. @throws HoldfastError */
  #sound(answer: Fetched): Fetched {
    const { error, low } = answer;
    if (error === OFFSET_OUT_OF_RANGE) throw new OutOfRange(this.#name());
    if (error !== 0) throw partitionError(error, this.#name());
    if (low > this.#position) throw new SourceLostError(this.at.topic, this.at.partition, this.#position, low);
    return answer;
  }

  /** Hands over what was fetched; the fetch that follows is under way while the handler works. */
  async #handOver(fetched: Fetched): Promise<void> {
    const batches = new CommittedBatches(fetched.aborted, this.#limits.maxBatchBytes);
    let records: RawRecord[] = [];
    let bytes = 0;
    const flush = async (epoch: number) => {
      if (records.length === 0) return;
      const handing = records;
      records = [];
      bytes = 0;
      await this.#deliver(handing, fetched.high, epoch);
    };
    try {
      const heads = batchesIn(fetched.bytes);
      const end = heads.at(-1);
      if (end !== undefined && end.lastOffset >= this.#position) this.#following = this.#prefetch(end.lastOffset + 1n);
      for (const head of heads) {
        if (head.lastOffset < this.#position) continue;
        if (head.leaderEpoch !== this.#epoch || this.#disturbed) {
          await flush(this.#epoch);
          if (this.#epoch !== -1 || this.#disturbed) await this.#compare();
          if (this.#isOver()) return;
          this.#epoch = head.leaderEpoch;
        }
        await this.#explainGap(head, fetched.high);
        for (const record of await batches.records(head)) {
          if (record.offset < this.#position) continue;
          records.push(record);
          bytes += (record.key?.length ?? 0) + (record.value?.length ?? 0);
          this.#position = record.offset + 1n;
          if (records.length >= RECORDS_AT_ONCE || bytes >= this.#limits.maxBytesPerPartition * 4) await flush(this.#epoch);
          if (this.#isOver()) return;
        }
        // Markers, aborted records and what compaction removed at the end of the batch are passed over here.
        this.#position = head.lastOffset + 1n;
        if (records.length >= RECORDS_WORTHWHILE) await flush(this.#epoch);
      }
    } catch (error) {
      // What came before the fault is whole and in order. (After a fault of the handler nothing is left to hand over.)
      if (error instanceof HoldfastError && BEHIND_WHOLE_RECORDS.has(error.code) && !this.#isOver()) await flush(this.#epoch);
      throw this.#known(error);
    }
    await flush(this.#epoch);
  }

  async #deliver(records: readonly RawRecord[], high: bigint, leaderEpoch: number): Promise<void> {
    const last = records.at(-1);
    if (last === undefined || this.#isOver()) return;
    await this.#handler.batch(this.at, { records, high, leaderEpoch });
    const fingerprint = fingerprintOf(last);
    this.#last = { offset: last.offset, same: (record) => fingerprintOf(record) === fingerprint };
  }

  /** Undefined (fetch it again, with patience) when it brought nothing. Never rejects. */
  async #prefetch(offset: bigint): Promise<Fetched | undefined> {
    try {
      const answer = await this.#fetcher.now({ at: this.at, offset, maxBytes: this.#limits.maxBytesPerPartition });
      return answer.error === 0 && answer.low <= offset && answer.bytes.length > 0 ? answer : undefined;
    } catch {
      // The patient fetch meets the same fault, and reports it if it lasts.
      this.#disturbed = true;
      return undefined;
    }
  }

  /**
   * Offsets without a batch: compaction long ago leaves them, and so does loss. The broker's low watermark tells which.
   * Offsets that run backwards or beyond the end are damage: the head of a batch is outside its checksum.
   */
  async #explainGap(head: BatchHead, high: bigint): Promise<void> {
    if (head.lastOffset < head.baseOffset || head.lastOffset >= high) {
      throw new HoldfastError(
        'source_damaged',
        `${this.#name()}: a batch claims the offsets ${head.baseOffset} to ${head.lastOffset}, the log ends at ${high}.`,
      );
    }
    if (head.baseOffset <= this.#position) return;
    const { low } = (await this.#patiently(() => this.#fetcher.watermarks(this.at))) ?? { low: 0n };
    if (low > this.#position) throw new SourceLostError(this.at.topic, this.at.partition, this.#position, low);
  }

  /** Low and high against the position. `high` may lag for a moment after a restart of the broker; a fetch knows better. */
  async #inRange({ low, high }: Watermarks): Promise<void> {
    if (low > this.#position) throw new SourceLostError(this.at.topic, this.at.partition, this.#position, low);
    if (high >= this.#position) return;
    const { error } = await this.#fetcher.now({ at: this.at, offset: this.#position, maxBytes: 1 });
    if (error === OFFSET_OUT_OF_RANGE) {
      throw new HoldfastError('source_recreated', `${this.#name()} ends at ${high}, before ${this.#position}: it was truncated or recreated.`);
    }
    throw new HoldfastError('source_unavailable', `${this.#name()}: the broker does not know the end of its log yet.`);
  }

  /** Reads the last record again: only this notices a log that was recreated, or truncated and refilled, past the position. */
  async #compare(): Promise<void> {
    const last = this.#last;
    await this.#patiently(async () => {
      const marks = await this.#fetcher.watermarks(this.at);
      await this.#inRange(marks);
      if (last === undefined) return;
      if (last.offset < marks.low) {
        await this.#handler.uncompared(this.at, { ...marks, leaderEpoch: this.#epoch });
        return;
      }
      const record = await this.#readOne(last.offset);
      if (record === undefined || !last.same(record)) {
        throw new HoldfastError('source_recreated', `${this.#name()}: the record at ${last.offset} is not the one that was sealed.`);
      }
    });
    this.#disturbed = false;
  }

  async #readOne(offset: bigint): Promise<RawRecord | undefined> {
    const { error, bytes, aborted, stable } = await this.#fetcher.now({ at: this.at, offset, maxBytes: 1 });
    if (error === OFFSET_OUT_OF_RANGE) throw new OutOfRange(this.#name());
    if (error !== 0) throw partitionError(error, this.#name());
    const batches = new CommittedBatches(aborted, this.#limits.maxBatchBytes);
    for (const head of batchesIn(bytes)) {
      if (head.lastOffset < offset) continue;
      const records = await batches.records(head);
      return records.find((record) => record.offset === offset);
    }
    if (stable <= offset) throw new HoldfastError('source_unavailable', `${this.#name()}: the broker does not show ${offset} yet.`);
    return undefined;
  }

  /** Retries what waiting mends, and says so when it lasts. Undefined when the partition was given back meanwhile. */
  async #patiently<T>(work: () => Promise<T>): Promise<T | undefined> {
    let since: number | undefined;
    let reported = false;
    for (let wait = RETRY_FROM_MS; !this.#isOver(); wait = Math.min(wait * 2, RETRY_TO_MS)) {
      try {
        const result = await this.#unlessEnded(work());
        if (reported) this.#handler.recovered(this.at);
        return result;
      } catch (error) {
        if (this.#isOver()) return undefined;
        if (error instanceof OutOfRange) await this.#patiently(async () => this.#inRange(await this.#fetcher.watermarks(this.at)));
        else if (!(error instanceof HoldfastError) || error.code !== 'source_unavailable') throw error;
        this.#disturbed = true;
        since ??= Date.now();
        if (!reported && error instanceof HoldfastError && Date.now() - since >= REPORT_AFTER_MS) {
          reported = true;
          this.#handler.failed(this.at, error);
        }
        await this.#pause(wait);
        try {
          await this.#fetcher.refresh();
        } catch {
          // `work` fails the same way in a moment, and its error is the one that is reported.
        }
      }
    }
    return undefined;
  }

  /** A request may hang for as long as its timeout: nobody waits for it who gives the partition back. */
  #unlessEnded<T>(work: Promise<T> | undefined): Promise<T | undefined> {
    if (work === undefined) return Promise.resolve(undefined);
    const { promise, resolve, reject } = Promise.withResolvers<T | undefined>();
    const { signal } = this.#lap;
    const leave = () => {
      resolve(undefined);
    };
    signal.addEventListener('abort', leave);
    if (signal.aborted) leave();
    work.then(resolve, reject).finally(() => {
      signal.removeEventListener('abort', leave);
    });
    return promise;
  }

  async #pause(ms: number): Promise<void> {
    try {
      await sleep(ms, undefined, { signal: this.#lap.signal });
    } catch {
      // Given back: every loop looks at the signal.
    }
  }

  /** A method, because the compiler takes a property that was false to stay so. */
  #isOver(): boolean {
    return this.#lap.signal.aborted;
  }

  #name(): string {
    return `${this.at.topic}/${this.at.partition}`;
  }

  #known(error: unknown): HoldfastError {
    if (!(error instanceof HoldfastError)) return new HoldfastError('handler_failed', `${this.#name()}: the handler failed.`, { cause: error });
    // Decoding does not know the partition it works for.
    const isDecoding = (error.code === 'source_damaged' || error.code === 'source_refused') && !error.message.startsWith(this.#name());
    return isDecoding ? new HoldfastError(error.code, `${this.#name()}: ${error.message}.`, { cause: error }) : error;
  }
}

/** The broker has nothing at the offset asked for; the watermarks tell why. */
class OutOfRange extends HoldfastError {
  constructor(name: string) {
    super('source_unavailable', `${name}: the offset is out of range, but the watermarks say otherwise.`);
  }
}

/** A digest of the record, not the record: it would keep the whole fetch in memory. */
function fingerprintOf({ offset, timestamp, timestampType, key, value, headers }: RawRecord): string {
  const hash = createHash('sha256').update(`${offset} ${timestamp} ${timestampType} ${headers.length}`);
  const put = (bytes: Uint8Array | null) => {
    hash.update(bytes === null ? ' -' : ` ${bytes.length} `);
    if (bytes !== null) hash.update(bytes);
  };
  put(key);
  put(value);
  for (const header of headers) {
    put(header.key);
    put(header.value);
  }
  return hash.digest('base64');
}
