import type { TopicPartition } from '@holdfast/ports';
import { wireRequest, type WireRequest } from './kafkajs-internals.js';
import { WireReader, WireWriter } from './wire.js';

export interface Want {
  readonly at: TopicPartition;
  readonly offset: bigint;
  readonly maxBytes: number;
}

/** What a broker says about one partition. */
export interface Fetched {
  readonly at: TopicPartition;
  /** Kafka's error code; 0 is none. */
  readonly error: number;
  readonly high: bigint;
  /** Below it every transaction has ended; a reader of committed records gets nothing above. */
  readonly stable: bigint;
  readonly low: bigint;
  readonly aborted: readonly { readonly producerId: bigint; readonly firstOffset: bigint }[];
  readonly bytes: Buffer;
}

const READ_COMMITTED = 1;

/** Fetch v11, which every broker since 2.3 speaks; without a fetch session, so that each answer stands alone. */
export function fetchRequest(wants: readonly Want[], { waitMs, maxBytes }: { waitMs: number; maxBytes: number }): WireRequest<readonly Fetched[]> {
  const topics = Map.groupBy(wants, ({ at }) => at.topic);
  const body = new WireWriter().int32(-1).int32(waitMs).int32(1).int32(maxBytes).int8(READ_COMMITTED).int32(0).int32(-1);
  body.list([...topics], ([topic, partitions]) => {
    body.string(topic).list(partitions, ({ at, offset, maxBytes: most }) => {
      body.int32(at.partition).int32(-1).int64(offset).int64(-1n).int32(most);
    });
  });
  body.int32(0).string('');
  return wireRequest({ key: 1, version: 11, name: 'Fetch' }, body.done(), decodeFetched);
}

function decodeFetched(payload: Buffer): readonly Fetched[] {
  const wire = new WireReader(payload);
  wire.int32(); // throttle time: the broker has waited already
  const failure = wire.int16();
  wire.int32();
  return wire
    .list(() => {
      const topic = wire.string();
      return wire.list((): Fetched => {
        const at = { topic, partition: wire.int32() };
        const error = wire.int16() || failure;
        const [high, stable, low] = [wire.int64(), wire.int64(), wire.int64()];
        const aborted = wire.list(() => ({ producerId: wire.int64(), firstOffset: wire.int64() }));
        wire.int32(); // preferred read replica: not asked for
        return { at, error, high, stable, low, aborted, bytes: wire.bytes() };
      });
    })
    .flat();
}
