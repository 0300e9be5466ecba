import kafkajs from 'kafkajs';
import { describeRecordSource, eventually, needed } from '@holdfast/test-kit';
import { KafkaRecordSink } from '../src/kafka-record-sink.js';
import { KafkaRecordSource } from '../src/kafka-record-source.js';

const KAFKA = { env: ['HOLDFAST_TEST_KAFKA_BROKERS'] };

describeRecordSource(
  'Kafka',
  async () => {
    const brokers = needed('HOLDFAST_TEST_KAFKA_BROKERS').split(',');
    const admin = new kafkajs.Kafka({ brokers, logLevel: kafkajs.logLevel.NOTHING }).admin();
    await admin.connect();
    const sink = new KafkaRecordSink({ brokers });
    return {
      source: (topics, groupId) => new KafkaRecordSource({ brokers, topics, groupId, sessionTimeoutMs: 2000 }),
      sink,
      async trim({ topic, partition }, below) {
        await retried(async () => {
          // kafkajs finds the leader only in metadata that this very client has fetched.
          await admin.fetchTopicOffsets(topic);
          await admin.deleteTopicRecords({ topic, partitions: [{ partition, offset: below.toString() }] });
        });
      },
      async recreate(topic, partitions) {
        await admin.deleteTopics({ topics: [topic] });
        await eventually(async () => !(await admin.listTopics()).includes(topic), 'the topic is gone', 10_000);
        await sink.ensureTopic(topic, partitions);
      },
      async close() {
        await sink.close();
        await admin.disconnect();
      },
    };
  },
  { needs: KAFKA, patienceMs: 30_000, shares: true },
);

/** A broker that has just made a topic does not know all about it yet. */
async function retried(work: () => Promise<void>): Promise<void> {
  let failure: unknown;
  const attempt = async () => {
    try {
      await work();
      return true;
    } catch (error) {
      failure = error;
      return false;
    }
  };
  try {
    await eventually(attempt, 'the broker does as it is told', 10_000);
  } catch (error) {
    throw new Error('the broker does not do as it is told', { cause: failure ?? error });
  }
}
