import { describe, expect, it } from '@jest/globals';
import { createRequire } from 'node:module';
import { kafkaConfig } from './kafka-options.js';
import { KAFKAJS_VERSION, makeCluster, wireRequest } from './kafkajs-internals.js';

const require = createRequire(import.meta.url);
const moved = (what: string) =>
  `kafkajs changed inside: ${what}. See kafkajs-internals.ts, adapt it, run the Kafka specs, then raise KAFKAJS_VERSION.`;

function functionsOf(value: unknown, names: readonly string[]): readonly string[] {
  return names.filter((name) => typeof value === 'object' && value !== null && typeof Reflect.get(value, name) !== 'function');
}

/** Throws the sentence instead of a matcher's diff. */
function holds(condition: boolean, what: string): void {
  if (!condition) throw new Error(moved(what));
}

describe('what is used of the inside of kafkajs', () => {
  it('is of the version that was examined', () => {
    const { version }: { version: string } = require('kafkajs/package.json');
    holds(version === KAFKAJS_VERSION, `it is version ${version}, not ${KAFKAJS_VERSION}`);
  });

  it('has a cluster with the methods that are called', () => {
    const cluster = makeCluster(kafkaConfig({ brokers: ['127.0.0.1:1'] }));
    const missing = functionsOf(cluster, [
      'connect',
      'disconnect',
      'addMultipleTargetTopics',
      'refreshMetadata',
      'findTopicPartitionMetadata',
      'findBroker',
      'getNodeIds',
    ]);
    holds(missing.length === 0, `Cluster lacks ${missing.join(', ')}`);
  });

  it('has brokers and connection pools with the methods that are called', () => {
    const Broker: { prototype: unknown } = require('kafkajs/src/broker');
    const missing = functionsOf(Broker.prototype, ['isConnected', 'disconnect', 'listOffsets', 'initProducerId']);
    holds(missing.length === 0, `Broker lacks ${missing.join(', ')}`);
    const Pool: { prototype: unknown } = require('kafkajs/src/network/connectionPool');
    holds(functionsOf(Pool.prototype, ['send', 'getConnection']).length === 0, 'ConnectionPool lacks send or getConnection');
    // Fetches have a connection of their own, which is opened before they are sent.
    holds(String(Reflect.get(Object(Pool.prototype), 'getConnectionByRequest')).includes('[apiKeys.Fetch]: 1'), 'fetches no longer use connection 1');
  });

  it('accepts a request body of ours', async () => {
    const createRequest: (options: object) => Promise<{ buffer: Buffer }> = require('kafkajs/src/protocol/request');
    const body = Buffer.from('body');
    const { request } = wireRequest({ key: 1, version: 11, name: 'Fetch' }, body, () => undefined);
    const { buffer } = await createRequest({ request, correlationId: 7, clientId: 'c' });
    holds(buffer.subarray(-4).equals(body) && buffer.readInt32BE(0) === buffer.length - 4, 'requests are framed in another way');
    expect(buffer.readInt16BE(4)).toBe(1);
    expect(buffer.readInt16BE(6)).toBe(11);
  });
});
