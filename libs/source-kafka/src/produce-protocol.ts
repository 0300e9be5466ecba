import { wireRequest, type WireRequest } from './kafkajs-internals.js';
import { WireReader, WireWriter } from './wire.js';

export interface Produced {
  readonly error: number;
  readonly baseOffset: bigint;
}

const ALL_REPLICAS = -1;

/** Produce v7 (brokers since 2.1): one batch for one partition, acknowledged by all in-sync replicas. */
export function produceRequest(topic: string, partition: number, batch: Buffer, timeoutMs: number): WireRequest<Produced> {
  const body = new WireWriter().string(null).int16(ALL_REPLICAS).int32(timeoutMs);
  body.list([topic], (name) => {
    body.string(name).list([partition], (number) => {
      body.int32(number).bytes(batch);
    });
  });
  return wireRequest({ key: 0, version: 7, name: 'Produce' }, body.done(), (payload) => {
    const wire = new WireReader(payload);
    const answers = wire.list(() => {
      wire.string();
      return wire.list(() => {
        wire.int32();
        const answer = { error: wire.int16(), baseOffset: wire.int64() };
        wire.int64();
        wire.int64();
        return answer;
      });
    });
    return answers.flat()[0] ?? { error: -1, baseOffset: -1n };
  });
}
