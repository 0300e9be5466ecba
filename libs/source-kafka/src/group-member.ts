import kafkajs, { type Consumer, type Kafka } from 'kafkajs';
import { HoldfastError } from '@holdfast/record';
import type { TopicPartition } from '@holdfast/ports';
import { knownError, reasonsOf } from './kafka-errors.js';

export interface GroupOptions {
  readonly groupId: string;
  readonly topics: readonly string[];
  /** How long a killed worker blocks its partitions. */
  readonly sessionTimeoutMs: number;
  /** How long the group waits for a member to join again when its partitions are shared out anew. */
  readonly rebalanceTimeoutMs: number;
}

export interface GroupEvents {
  /** `fresh`: the membership is a new one, so others may have had the partitions meanwhile. */
  joined(partitions: readonly TopicPartition[], fresh: boolean): void;
  failed(error: HoldfastError): void;
}

const RESTART_FROM_MS = 500;
const RESTART_TO_MS = 15_000;
const COMMIT_EVERY_MS = 1000;
/** A coordinator that has just taken its groups over reads their log first: worth a word only when it takes longer than these waits. */
const LOADING = 'GROUP_LOAD_IN_PROGRESS';
const LOADING_REPORTED_FROM_MS = 8000;

/**
 * Membership in a consumer group, and nothing else: a kafkajs consumer with every partition paused. It joins, rebalances
 * and heartbeats, whatever our handlers do and however long they take; it never fetches, so none of its silent resets can
 * happen, and what the group has committed is never read.
 */
export class GroupMember {
  readonly #kafka: Kafka;
  readonly #options: GroupOptions;
  readonly #events: GroupEvents;
  readonly #hints = new Map<string, TopicPartition & { offset: string }>();
  #consumer: Consumer | undefined;
  #memberId: string | undefined;
  #restart: NodeJS.Timeout | undefined;
  #commits: NodeJS.Timeout | undefined;
  #wait = RESTART_FROM_MS;
  #stopped = false;

  constructor(kafka: Kafka, options: GroupOptions, events: GroupEvents) {
    this.#kafka = kafka;
    this.#options = options;
    this.#events = events;
  }

  /** Joins, now or as soon as it can: it never gives up by itself. */
  start(): void {
    void this.#run();
  }

  async #run(): Promise<void> {
    const { groupId, topics, sessionTimeoutMs, rebalanceTimeoutMs } = this.#options;
    const heartbeatInterval = Math.max(100, Math.min(3000, Math.floor(sessionTimeoutMs / 6)));
    const consumer = this.#kafka.consumer({
      groupId,
      sessionTimeout: sessionTimeoutMs,
      rebalanceTimeout: rebalanceTimeoutMs,
      heartbeatInterval,
      // With everything paused this is its sleep between looks at the clock; stopping waits for it.
      maxWaitTimeInMs: Math.min(heartbeatInterval, 500),
      allowAutoTopicCreation: false,
      metadataMaxAge: 30_000,
      // Its own restarts would hide what is wrong; ours report it.
      retry: { initialRetryTime: 100, maxRetryTime: 1000, retries: 3, restartOnFailure: () => Promise.resolve(false) },
    });
    this.#consumer = consumer;
    consumer.on(consumer.events.GROUP_JOIN, ({ payload: { memberId, memberAssignment } }) => {
      if (this.#stopped || this.#consumer !== consumer) return;
      // Runs before the consumer's first fetch, which therefore asks for nothing.
      consumer.pause(topics.map((topic) => ({ topic })));
      const fresh = this.#memberId !== memberId;
      this.#memberId = memberId;
      this.#wait = RESTART_FROM_MS;
      const partitions = Object.entries(memberAssignment).flatMap(([topic, numbers]) => numbers.map((partition) => ({ topic, partition })));
      this.#events.joined(partitions, fresh);
    });
    consumer.on(consumer.events.CRASH, ({ payload: { error } }) => {
      if (this.#consumer === consumer) this.#failed(error);
    });
    try {
      await consumer.connect();
      await consumer.subscribe({ topics: [...topics], fromBeginning: true });
      if (this.#stopped) return;
      await consumer.run({
        autoCommit: false,
        eachBatchAutoResolve: false,
        eachBatch: () => Promise.reject(new Error('a paused partition was fetched')),
      });
    } catch (error) {
      this.#failed(error);
    }
  }

  #failed(error: unknown): void {
    const failed = this.#consumer;
    this.#consumer = undefined;
    if (this.#stopped || failed === undefined) return;
    if (this.#wait >= LOADING_REPORTED_FROM_MS || !reasonsOf(error).includes(LOADING))
      this.#events.failed(knownError(error, `in the group ${this.#options.groupId}`));
    // Also when it was refused: rights and passwords are put right at the broker, and nobody should have to restart us.
    this.#restart = setTimeout(() => void this.#again(failed), this.#wait);
    this.#wait = Math.min(this.#wait * 2, RESTART_TO_MS);
  }

  async #again(failed: Consumer): Promise<void> {
    await disconnected(failed);
    if (!this.#stopped) await this.#run();
  }

  commit(at: TopicPartition, next: bigint): void {
    if (this.#stopped) return;
    this.#hints.set(`${at.topic}/${at.partition}`, { ...at, offset: next.toString() });
    this.#commits ??= setTimeout(() => void this.#flush(), COMMIT_EVERY_MS);
  }

  async #flush(): Promise<void> {
    this.#commits = undefined;
    const hints = [...this.#hints.values()];
    this.#hints.clear();
    try {
      if (hints.length > 0) await this.#consumer?.commitOffsets(hints);
    } catch {
      // A hint for lag monitors: the next one makes up for it, and nothing reads it back.
    }
  }

  async stop(): Promise<void> {
    await this.#flush();
    this.#stopped = true;
    clearTimeout(this.#restart);
    clearTimeout(this.#commits);
    const consumer = this.#consumer;
    this.#consumer = undefined;
    if (consumer !== undefined) await disconnected(consumer);
  }
}

/** kafkajs may fail to leave a group whose broker is down; the session timeout makes it leave then. */
async function disconnected(consumer: Consumer): Promise<void> {
  try {
    await consumer.disconnect();
  } catch (error) {
    if (!(error instanceof kafkajs.KafkaJSError)) throw error;
  }
}
