import kafkajs, { type Admin, type ITopicConfig } from 'kafkajs';
import { eventually, RecordingHandler, type RecordingOptions } from '@holdfast/test-kit';
import type { NewRecord } from '@holdfast/ports';
import { KafkaLink } from '../src/kafka-link.js';
import { kafkaConfig } from '../src/kafka-options.js';
import { KafkaRecordSource, type KafkaSourceOptions } from '../src/kafka-record-source.js';
import { produceRequest } from '../src/produce-protocol.js';

export const PATIENCE_MS = 45_000;

let count = 0;
export const newTopic = (what: string) => `${what}-${process.pid}-${Date.now().toString(36)}-${count++}`;

export const soon = (condition: () => boolean | Promise<boolean>, what: string) => eventually(condition, what, PATIENCE_MS);

export function record(text: string, more: Partial<NewRecord> = {}): NewRecord {
  return { key: null, value: new TextEncoder().encode(text), headers: [], timestamp: BigInt(Date.now()), partition: 0, ...more };
}

export const records = (amount: number, from = 0) => Array.from({ length: amount }, (_, i) => record(`r${from + i}`));

export async function withAdmin<T>(brokers: readonly string[], work: (admin: Admin) => Promise<T>): Promise<T> {
  const admin = new kafkajs.Kafka({ brokers: [...brokers], logLevel: kafkajs.logLevel.NOTHING }).admin();
  await admin.connect();
  try {
    return await work(admin);
  } finally {
    await admin.disconnect();
  }
}

export async function createTopic(brokers: readonly string[], config: ITopicConfig): Promise<void> {
  await withAdmin(brokers, async (admin) => {
    await admin.createTopics({ topics: [config], waitForLeaders: false });
    // A broker tells of a topic before all of it works.
    const works = () =>
      admin.fetchTopicOffsets(config.topic).then(
        (offsets) => offsets.length === (config.numPartitions ?? 1),
        () => false,
      );
    await soon(works, 'the topic works');
  });
}

/** Sends a batch of one's own making to partition 0. */
export async function produceRaw(brokers: readonly string[], topic: string, batch: Buffer): Promise<void> {
  const link = new KafkaLink(kafkaConfig({ brokers }), [topic]);
  try {
    const leader = await link.leaderOf({ topic, partition: 0 });
    const { error } = await link.send(leader, produceRequest(topic, 0, batch, 10_000));
    if (error !== 0) throw new Error(`the broker refuses the batch with error ${error}`);
  } finally {
    await link.close();
  }
}

/** A source and its handler; `close` it. */
export async function reading(options: Omit<KafkaSourceOptions, 'groupId'> & { readonly groupId?: string }, handling: RecordingOptions = {}) {
  const handler = new RecordingHandler(handling);
  const source = new KafkaRecordSource({ groupId: `g-${options.topics.join('-')}`, sessionTimeoutMs: 2000, ...options });
  handler.subscription = await source.subscribe(handler);
  return { handler, source, close: () => source.close() };
}
