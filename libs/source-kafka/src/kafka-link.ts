import type { KafkaConfig } from 'kafkajs';
import { HoldfastError } from '@holdfast/record';
import type { TopicPartition, Watermarks } from '@holdfast/ports';
import { fetchRequest, type Fetched, type Want } from './fetch-protocol.js';
import { makeCluster, type Broker, type Cluster, type WireRequest } from './kafkajs-internals.js';
import { knownError } from './kafka-errors.js';

const EARLIEST = -2;
const LATEST = -1;
/** So many partitions retrying at once ask for metadata once. */
const REFRESH_EVERY_MS = 200;

/**
 * A connection to each broker that leads a partition we read or write. Brokers work off one connection in order, so a
 * request that waits for data needs a link of its own.
 * Every method rejects with HoldfastError `source_unavailable` or `source_refused`; calling again reconnects.
 */
export class KafkaLink {
  readonly #config: KafkaConfig;
  readonly #topics: readonly string[];
  #cluster: Promise<Cluster> | undefined;
  readonly #opening = new Map<Broker, Promise<unknown>>();
  #refreshed = 0;
  #closed = false;

  constructor(config: KafkaConfig, topics: readonly string[]) {
    this.#config = config;
    this.#topics = topics;
  }

  async leaderOf({ topic, partition }: TopicPartition): Promise<number> {
    const cluster = await this.#connected();
    const leader = cluster.findTopicPartitionMetadata(topic).find(({ partitionId }) => partitionId === partition)?.leader;
    if (leader !== undefined && leader >= 0) return leader;
    await this.refresh();
    throw new HoldfastError('source_unavailable', `${topic}/${partition} has no leader at the moment.`);
  }

  /** Asks the leader of all `wants`. Errors of single partitions are in the answer. */
  fetch(leader: number, wants: readonly Want[], limits: { waitMs: number; maxBytes: number }): Promise<readonly Fetched[]> {
    return this.send(leader, fetchRequest(wants, limits));
  }

  async watermarks(at: TopicPartition): Promise<Watermarks> {
    const leader = await this.leaderOf(at);
    const ask = async (timestamp: number) => {
      const { responses } = await this.#on(leader, 'asking for watermarks', (broker) =>
        // Uncommitted: the high watermark, not the end of the last finished transaction.
        broker.listOffsets({ isolationLevel: 0, topics: [{ topic: at.topic, partitions: [{ partition: at.partition, timestamp }] }] }),
      );
      const offset = responses[0]?.partitions[0]?.offset;
      if (offset === undefined) throw new HoldfastError('source_unavailable', `${at.topic}/${at.partition}: the broker names no watermark.`);
      return BigInt(offset);
    };
    // Low first: what retention removes in between makes `low` too small, never a loss that is none.
    const low = await ask(EARLIEST);
    return { low, high: await ask(LATEST) };
  }

  send<T>(leader: number, request: WireRequest<T>): Promise<T> {
    return this.#on(leader, 'talking to a broker', async (broker) => {
      await this.#opened(broker);
      return await broker.connectionPool.send(request);
    });
  }

  /** Once for all who wait: kafkajs opens a socket for every fetch that finds none, and forgets all but the last. */
  async #opened(broker: Broker): Promise<void> {
    let opening = this.#opening.get(broker);
    if (opening === undefined) {
      opening = broker.connectionPool.getConnection(1).finally(() => this.#opening.delete(broker));
      this.#opening.set(broker, opening);
    }
    await opening;
  }

  producerId(): Promise<{ producerId: bigint; epoch: number }> {
    return this.#guard('asking for a producer id', async () => {
      const cluster = await this.#connected();
      const [nodeId] = cluster.getNodeIds();
      if (nodeId === undefined) throw new HoldfastError('source_unavailable', 'No broker is known.');
      const broker = await cluster.findBroker({ nodeId });
      const { producerId, producerEpoch } = await broker.initProducerId({ transactionTimeout: 60_000 });
      return { producerId: BigInt(producerId), epoch: producerEpoch };
    });
  }

  /** Number of partitions, 0 for an unknown topic. */
  async partitions(topic: string): Promise<number> {
    return await this.#guard('reading metadata', async () => {
      const cluster = await this.#connected();
      await cluster.addMultipleTargetTopics([topic]);
      return cluster.findTopicPartitionMetadata(topic).length;
    });
  }

  /** Learns leaders anew, at most every so often. Without any broker left it starts from the configured addresses. */
  async refresh(): Promise<void> {
    if (Date.now() - this.#refreshed < REFRESH_EVERY_MS) return;
    this.#refreshed = Date.now();
    const connecting = this.#cluster;
    if (connecting === undefined) return;
    try {
      const cluster = await connecting;
      await cluster.refreshMetadata();
    } catch (error) {
      await this.#drop(connecting);
      throw knownError(error, 'reading metadata');
    }
  }

  async close(): Promise<void> {
    this.#closed = true;
    if (this.#cluster !== undefined) await this.#drop(this.#cluster);
  }

  #connected(): Promise<Cluster> {
    if (this.#closed) return Promise.reject(new HoldfastError('stopped', 'The connection to Kafka is closed.'));
    if (this.#cluster !== undefined) return this.#cluster;
    const connecting = (async () => {
      const cluster = makeCluster(this.#config);
      try {
        await cluster.connect();
        await cluster.addMultipleTargetTopics(this.#topics);
        return cluster;
      } catch (error) {
        await cluster.disconnect();
        throw knownError(error, 'connecting');
      }
    })();
    this.#cluster = connecting;
    connecting.catch(() => {
      // Whoever asked has the error; the next one connects anew.
      if (this.#cluster === connecting) this.#cluster = undefined;
    });
    return connecting;
  }

  async #drop(connecting: Promise<Cluster>): Promise<void> {
    if (this.#cluster === connecting) this.#cluster = undefined;
    const [result] = await Promise.allSettled([connecting]);
    if (result.status === 'fulfilled') await result.value.disconnect();
  }

  #on<T>(leader: number, doing: string, work: (broker: Broker) => Promise<T>): Promise<T> {
    return this.#guard(doing, async () => {
      const cluster = await this.#connected();
      const broker = await cluster.findBroker({ nodeId: leader });
      try {
        return await work(broker);
      } catch (error) {
        // kafkajs leaves a connection that timed out or broke in the middle of an answer: never reuse it.
        if (!(error instanceof HoldfastError) && !isProtocolError(error)) await broker.disconnect();
        throw error;
      }
    });
  }

  async #guard<T>(doing: string, work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (error) {
      throw knownError(error, doing);
    }
  }
}

/** The broker answered, with an error code. */
function isProtocolError(error: unknown): boolean {
  return typeof error === 'object' && error !== null && Reflect.get(error, 'name') === 'KafkaJSProtocolError';
}
