/**
 * The one place that reaches inside kafkajs. Its consumer jumps over records in silence when an offset is out of range,
 * checks no checksum, merges headers and dies of large batches; so fetching and producing are ours, over its connections
 * (metadata, TLS, SASL, request queue). What is used: `Cluster` to find and connect the broker that leads a partition, that
 * broker's `connectionPool.send` with a request and a decoder of ours, `listOffsets`, `initProducerId`, the request
 * `Encoder`, logger and socket factory. The exact version is pinned; `kafkajs-internals.spec.ts` fails when it moves.
 */
import { createRequire } from 'node:module';
import type { KafkaConfig } from 'kafkajs';
import { HoldfastError } from '@holdfast/record';

export const KAFKAJS_VERSION = '2.2.4';

export interface WireRequest<T> {
  readonly request: { readonly apiKey: number; readonly apiVersion: number; readonly apiName: string; encode(): Promise<unknown> };
  readonly response: { decode(payload: Buffer): Promise<T>; parse(decoded: T): Promise<T> };
}

export interface Broker {
  isConnected(): boolean;
  readonly connectionPool: {
    send<T>(request: WireRequest<T>): Promise<T>;
    /** 0 for everything but fetches, 1 for fetches. */
    getConnection(index: number): Promise<unknown>;
  };
  disconnect(): Promise<void>;
  listOffsets(request: {
    isolationLevel: number;
    topics: { topic: string; partitions: { partition: number; timestamp: number }[] }[];
  }): Promise<{ responses: { topic: string; partitions: { partition: number; offset: string }[] }[] }>;
  initProducerId(request: { transactionTimeout: number }): Promise<{ producerId: string; producerEpoch: number }>;
}

export interface Cluster {
  connect(): Promise<void>;
  disconnect(): Promise<void>;
  addMultipleTargetTopics(topics: readonly string[]): Promise<void>;
  refreshMetadata(): Promise<void>;
  refreshMetadataIfNecessary(): Promise<void>;
  findTopicPartitionMetadata(topic: string): readonly { readonly partitionId: number; readonly leader: number }[];
  findBroker(node: { nodeId: number | string }): Promise<Broker>;
  getNodeIds(): readonly string[];
}

type Constructor<T> = new (options: Readonly<Record<string, unknown>>) => T;

const require = createRequire(import.meta.url);

/** A module of kafkajs that is a function or a class. */
function internal(path: string, property?: string): unknown {
  let found: unknown;
  try {
    found = require(`kafkajs/src/${path}`);
  } catch (cause) {
    throw moved(path, cause);
  }
  if (property !== undefined) found = typeof found === 'object' && found !== null ? Reflect.get(found, property) : undefined;
  if (typeof found !== 'function') throw moved(path);
  return found;
}

function moved(path: string, cause?: unknown): HoldfastError {
  const message = `kafkajs is not version ${KAFKAJS_VERSION}: kafkajs/src/${path} is not what libs/source-kafka/src/kafkajs-internals.ts relies on.`;
  return new HoldfastError('bad_configuration', message, { cause });
}

/** A connection of its own to the cluster. */
export function makeCluster(config: KafkaConfig): Cluster {
  // The casts are the boundary to untyped internals; the spec checks every member that is used.
  const ClusterClass = internal('cluster') as Constructor<Cluster>;
  const createLogger = internal('loggers', 'createLogger') as (options: object) => unknown;
  const socketFactory = internal('network/socketFactory') as () => unknown;
  const { ssl, sasl, brokers, clientId, connectionTimeout, requestTimeout, retry, logLevel, logCreator } = config;
  return new ClusterClass({
    logger: createLogger({ level: logLevel, logCreator }),
    socketFactory: socketFactory(),
    ...{ ssl, sasl, brokers, clientId, connectionTimeout, requestTimeout, retry },
    enforceRequestTimeout: true,
    authenticationTimeout: 10_000,
    reauthenticationThreshold: 10_000,
    metadataMaxAge: 60_000,
    allowAutoTopicCreation: false,
    maxInFlightRequests: null,
  });
}

/** A request whose body is `body`. */
export function wireRequest<T>(api: { key: number; version: number; name: string }, body: Buffer, decode: (payload: Buffer) => T): WireRequest<T> {
  const Encoder = internal('protocol/encoder') as new (size: number) => { writeBuffer(body: Buffer): unknown };
  return {
    request: {
      apiKey: api.key,
      apiVersion: api.version,
      apiName: api.name,
      encode: () => Promise.resolve(new Encoder(body.length).writeBuffer(body)),
    },
    response: { decode: (payload) => Promise.resolve().then(() => decode(payload)), parse: (decoded) => Promise.resolve(decoded) },
  };
}
