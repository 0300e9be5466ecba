import { HoldfastError } from '@holdfast/record';
import type { TopicPartition, Watermarks } from '@holdfast/ports';
import type { Fetched, Want } from './fetch-protocol.js';
import type { KafkaLink } from './kafka-link.js';

/** Fetches that found nothing wait together, one request a broker. */
interface Waiting {
  readonly want: Want;
  readonly resolve: (answer: Fetched) => void;
  readonly reject: (error: unknown) => void;
}

/** A full answer for all waiting partitions of a broker. */
const ANSWER_BYTES = 10 << 20;

/**
 * Fetching for many partitions. A partition with data asks alone and at once (`now`), so that a busy handler holds up
 * nobody else; a partition at the end of its log joins the long poll of its broker (`wait`).
 */
export class PartitionFetcher {
  readonly #quick: KafkaLink;
  readonly #patient: KafkaLink;
  readonly #pollMs: number;
  readonly #waiting = new Map<number, Set<Waiting>>();

  /** Two links: a long poll holds up everything behind it on its connection. */
  constructor(quick: KafkaLink, patient: KafkaLink, pollMs: number) {
    this.#quick = quick;
    this.#patient = patient;
    this.#pollMs = pollMs;
  }

  async now(want: Want): Promise<Fetched> {
    const leader = await this.#quick.leaderOf(want.at);
    const [answer] = await this.#quick.fetch(leader, [want], { waitMs: 0, maxBytes: Math.max(want.maxBytes, 1) });
    return answer ?? missing(want.at);
  }

  watermarks(at: TopicPartition): Promise<Watermarks> {
    return this.#quick.watermarks(at);
  }

  /** After an error: leaders may have moved. */
  async refresh(): Promise<void> {
    await Promise.all([this.#quick.refresh(), this.#patient.refresh()]);
  }

  /** Resolves when there is something at `want.offset`, or about it: data, a low watermark above it, an error code. */
  async wait(want: Want, signal: AbortSignal): Promise<Fetched> {
    const leader = await this.#patient.leaderOf(want.at);
    const { promise, resolve, reject } = Promise.withResolvers<Fetched>();
    const waiting: Waiting = { want, resolve, reject };
    const set = this.#waiting.get(leader);
    if (set === undefined) {
      const first = new Set([waiting]);
      this.#waiting.set(leader, first);
      void this.#poll(leader, first);
    } else {
      set.add(waiting);
    }
    const leave = () => {
      this.#waiting.get(leader)?.delete(waiting);
      reject(new HoldfastError('stopped', 'The partition was given back.'));
    };
    signal.addEventListener('abort', leave);
    if (signal.aborted) leave();
    try {
      return await promise;
    } finally {
      signal.removeEventListener('abort', leave);
    }
  }

  /** Never rejects: whoever waits gets the error. Ends when nobody waits. */
  async #poll(leader: number, set: Set<Waiting>): Promise<void> {
    while (set.size > 0) {
      const asked = [...set];
      try {
        const wants = asked.map(({ want }) => want);
        const answers = await this.#patient.fetch(leader, wants, { waitMs: this.#pollMs, maxBytes: ANSWER_BYTES });
        for (const waiting of asked) {
          const { topic, partition } = waiting.want.at;
          const answer = answers.find(({ at }) => at.topic === topic && at.partition === partition) ?? missing(waiting.want.at);
          if (!isNews(answer, waiting.want.offset)) continue;
          set.delete(waiting);
          waiting.resolve(answer);
        }
      } catch (error) {
        for (const waiting of asked) {
          set.delete(waiting);
          waiting.reject(error);
        }
      }
    }
    this.#waiting.delete(leader);
  }
}

function isNews({ error, bytes, stable, low }: Fetched, offset: bigint): boolean {
  // Data may be announced without bytes: a batch larger than its share of the answer. Asking alone brings it.
  return error !== 0 || bytes.length > 0 || stable > offset || low > offset;
}

function missing({ topic, partition }: TopicPartition): never {
  throw new HoldfastError('source_unavailable', `${topic}/${partition}: the broker's answer leaves the partition out.`);
}
