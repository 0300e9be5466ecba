import kafkajs, { type Admin, type KafkaConfig } from 'kafkajs';
import { HoldfastError } from '@holdfast/record';
import type { PartitionHandler, RecordSource, Subscription, TopicPartition, Watermarks } from '@holdfast/ports';
import { knownError, reasonsOf } from './kafka-errors.js';
import { KafkaLink } from './kafka-link.js';
import { kafkaConfig, type KafkaOptions } from './kafka-options.js';
import { KafkaSubscription } from './kafka-subscription.js';
import { refuseCompacted, settingWarnings, topicSettings } from './topic-settings.js';

export interface KafkaSourceOptions extends KafkaOptions {
  readonly topics: readonly string[];
  readonly groupId: string;
  /** A killed worker blocks its partitions for this long. */
  readonly sessionTimeoutMs?: number;
  /** Default: the session timeout, at least 10 s. */
  readonly rebalanceTimeoutMs?: number;
  /** 1 MiB is the fastest per CPU; a larger batch is fetched whole all the same. */
  readonly maxBytesPerPartition?: number;
  /** A batch that decompresses to more is refused: the partition stops with `source_refused`. */
  readonly maxBatchBytes?: number;
  /** How long a broker holds a fetch at the end of the log. */
  readonly pollMs?: number;
}

/** Kafka as a source of records. Requires a broker of version 2.3 or later. */
export class KafkaRecordSource implements RecordSource {
  readonly #options: KafkaSourceOptions;
  readonly #config: KafkaConfig;
  readonly #link: KafkaLink;
  readonly #open = new Set<KafkaSubscription>();
  #admin: Promise<Admin> | undefined;

  /** Connects when first used. @throws HoldfastError `bad_configuration` */
  constructor(options: KafkaSourceOptions) {
    this.#options = options;
    this.#config = kafkaConfig(options);
    this.#link = new KafkaLink(this.#config, options.topics);
  }

  async clusterId(): Promise<string> {
    const { clusterId } = await this.#ask('describing the cluster', (admin) => admin.describeCluster());
    return clusterId;
  }

  async topics(): Promise<readonly { readonly topic: string; readonly partitions: number }[]> {
    const described = await this.#describe();
    for (const { topic, settings } of described) refuseCompacted(topic, settings);
    return described.map(({ topic, partitions }) => ({ topic, partitions }));
  }

  async warnings(): Promise<readonly string[]> {
    return (await this.#describe()).flatMap(({ topic, settings, replicas }) => settingWarnings(topic, settings, replicas));
  }

  watermarks(at: TopicPartition): Promise<Watermarks> {
    return this.#link.watermarks(at);
  }

  /** Rejects with `source_refused` only; an unreachable cluster is waited for, and reported by `failed`. */
  async subscribe(handler: PartitionHandler): Promise<Subscription> {
    const {
      topics,
      groupId,
      sessionTimeoutMs = 30_000,
      rebalanceTimeoutMs = Math.max(sessionTimeoutMs, 10_000),
      maxBytesPerPartition = 1 << 20,
      maxBatchBytes = 256 << 20,
      pollMs = 250,
    } = this.#options;
    const subscription = new KafkaSubscription({
      ...{ config: this.#config, topics, groupId, sessionTimeoutMs, rebalanceTimeoutMs, pollMs, handler },
      limits: { maxBytesPerPartition, maxBatchBytes },
      ready: async () => {
        await this.topics();
      },
    });
    await subscription.start();
    this.#open.add(subscription);
    return subscription;
  }

  async close(): Promise<void> {
    await Promise.all([...this.#open].map((subscription) => subscription.stop()));
    this.#open.clear();
    await this.#link.close();
    const admin = this.#admin;
    this.#admin = undefined;
    if (admin !== undefined) {
      const [connected] = await Promise.allSettled([admin]);
      if (connected.status === 'fulfilled') await connected.value.disconnect();
    }
  }

  async #describe() {
    const { topics } = this.#options;
    return await this.#ask('describing topics', async (admin) => {
      const found = (await admin.fetchTopicMetadata({ topics: [...topics] })).topics;
      const settings = await topicSettings(admin, topics);
      return topics.map((topic) => {
        const partitions = found.find(({ name }) => name === topic)?.partitions ?? [];
        if (partitions.length === 0) throw unknownTopic(topic);
        const replicas = Math.min(...partitions.map((partition) => partition.replicas.length));
        return { topic, partitions: partitions.length, replicas, settings: settings.get(topic) ?? new Map<string, string>() };
      });
    });
  }

  async #ask<T>(doing: string, question: (admin: Admin) => Promise<T>): Promise<T> {
    this.#admin ??= (async () => {
      const admin = new kafkajs.Kafka(this.#config).admin();
      await admin.connect();
      return admin;
    })();
    const connecting = this.#admin;
    try {
      return await question(await connecting);
    } catch (error) {
      if (reasonsOf(error).includes('UNKNOWN_TOPIC_OR_PARTITION')) throw unknownTopic(this.#options.topics.join(', '));
      if (!(error instanceof HoldfastError) && this.#admin === connecting) this.#admin = undefined;
      throw knownError(error, doing);
    }
  }
}

function unknownTopic(topic: string): HoldfastError {
  return new HoldfastError('source_refused', `The topic ${topic} does not exist; Holdfast does not create it.`);
}
