import kafkajs, { type KafkaConfig } from 'kafkajs';
import { setTimeout as sleep } from 'node:timers/promises';
import { HoldfastError } from '@holdfast/record';
import type { PartitionHandler, Subscription, TopicPartition } from '@holdfast/ports';
import { GroupMember } from './group-member.js';
import { KafkaLink } from './kafka-link.js';
import { PartitionFetcher } from './partition-fetcher.js';
import { PartitionReader, type ReaderLimits } from './partition-reader.js';

export interface SubscriptionOptions {
  readonly config: KafkaConfig;
  readonly topics: readonly string[];
  readonly groupId: string;
  readonly sessionTimeoutMs: number;
  readonly rebalanceTimeoutMs: number;
  readonly pollMs: number;
  readonly limits: ReaderLimits;
  readonly handler: PartitionHandler;
  /** Rejects when the topics cannot be used. */
  ready(): Promise<void>;
}

const RETRY_MS = 1000;

/**
 * One worker of a group: the membership says which partitions, a reader follows each.
 * Partitions that stay with this worker over a rebalance are read on without a pause. After a new membership (the old one
 * timed out, so others may have sealed meanwhile) all of them are given back and assigned anew.
 */
export class KafkaSubscription implements Subscription {
  readonly #handler: PartitionHandler;
  readonly #options: SubscriptionOptions;
  readonly #links: readonly [KafkaLink, KafkaLink];
  readonly #fetcher: PartitionFetcher;
  readonly #member: GroupMember;
  readonly #readers = new Map<string, PartitionReader>();
  readonly #end = new AbortController();
  /** Assignments are carried out one after the other. */
  #turn: Promise<void> = Promise.resolve();
  #waiting: Promise<void> | undefined;
  #reported = false;
  #stopped: Promise<void> | undefined;

  constructor(options: SubscriptionOptions) {
    const { config, topics, groupId, sessionTimeoutMs, rebalanceTimeoutMs, pollMs, handler } = options;
    this.#options = options;
    this.#handler = handler;
    this.#links = [new KafkaLink(config, topics), new KafkaLink(config, topics)];
    this.#fetcher = new PartitionFetcher(...this.#links, pollMs);
    this.#member = new GroupMember(
      new kafkajs.Kafka(config),
      { groupId, topics, sessionTimeoutMs, rebalanceTimeoutMs },
      {
        joined: (partitions, fresh) => {
          if (this.#reported) handler.recovered(undefined);
          this.#reported = false;
          this.#turn = this.#turn.then(() => this.#own(partitions, fresh));
        },
        failed: (error) => {
          this.#report(error);
        },
      },
    );
  }

  /** @throws HoldfastError `source_refused` */
  async start(): Promise<void> {
    try {
      await this.#options.ready();
      this.#member.start();
    } catch (error) {
      if (!(error instanceof HoldfastError) || error.code !== 'source_unavailable') throw error;
      this.#report(error);
      this.#waiting = this.#startLater();
    }
  }

  async #startLater(): Promise<void> {
    while (!this.#isOver()) {
      try {
        await sleep(RETRY_MS, undefined, { signal: this.#end.signal });
        await this.#options.ready();
        this.#member.start();
        return;
      } catch (error) {
        if (this.#isOver()) return;
        if (error instanceof HoldfastError && error.code !== 'source_unavailable') {
          this.#handler.failed(undefined, error);
          return;
        }
      }
    }
  }

  #report(error: HoldfastError): void {
    // An outage is told once; a refusal is another matter than an outage.
    if (this.#reported && error.code === 'source_unavailable') return;
    this.#reported = true;
    this.#handler.failed(undefined, error);
  }

  async #own(partitions: readonly TopicPartition[], fresh: boolean): Promise<void> {
    const wanted = new Map(partitions.map((at) => [nameOf(at), at]));
    const leaving = [...this.#readers].filter(([name]) => fresh || !wanted.has(name));
    for (const [name] of leaving) this.#readers.delete(name);
    await Promise.all(
      leaving.map(async ([, reader]) => {
        try {
          await reader.revoke();
        } catch (cause) {
          this.#handler.failed(
            reader.at,
            new HoldfastError('handler_failed', `${nameOf(reader.at)}: the handler failed to give it back.`, { cause }),
          );
        }
      }),
    );
    if (this.#isOver()) return;
    for (const [name, at] of wanted) {
      if (!this.#readers.has(name)) this.#readers.set(name, new PartitionReader(at, this.#fetcher, this.#handler, this.#options.limits));
    }
  }

  /** A method, because the compiler takes a property that was false to stay so. */
  #isOver(): boolean {
    return this.#end.signal.aborted;
  }

  commit(at: TopicPartition, next: bigint): void {
    if (this.#readers.has(nameOf(at))) this.#member.commit(at, next);
  }

  restart(at: TopicPartition): void {
    this.#readers.get(nameOf(at))?.restart();
  }

  /** Leaves the group only after the handlers are done: until then nobody else is told to take over. */
  stop(): Promise<void> {
    this.#stopped ??= (async () => {
      this.#end.abort();
      await this.#waiting;
      await this.#turn;
      await this.#own([], true);
      await this.#member.stop();
      await Promise.all(this.#links.map((link) => link.close()));
    })();
    return this.#stopped;
  }
}

const nameOf = ({ topic, partition }: TopicPartition) => `${topic}/${partition}`;
