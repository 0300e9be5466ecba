import { describe, expect, it } from '@jest/globals';
import { HoldfastError } from '@holdfast/record';
import { describeRecordSource } from './describe-record-source.js';
import { MemoryLog, MemoryRecordSink } from './memory-log.js';
import { MemoryRecordSource } from './memory-source.js';
import { eventually, RecordingHandler } from './recording-handler.js';

describeRecordSource(
  'memory',
  () => {
    const log = new MemoryLog();
    return Promise.resolve({
      source: (topics, group) => new MemoryRecordSource(log, topics, { group }),
      sink: new MemoryRecordSink(log),
      trim: (at, below) => Promise.resolve(log.trim(at, below)),
      recreate: (topic, partitions) => Promise.resolve(log.recreate(topic, partitions)),
      close: () => Promise.resolve(),
    });
  },
  { shares: true },
);

describe('the fake record source', () => {
  const at = { topic: 't', partition: 0 };
  const record = { key: null, value: new Uint8Array(1), headers: [], timestamp: 0n, partition: 0 };

  it('waits and recovers while its hook says that the log cannot be reached', async () => {
    const log = new MemoryLog();
    log.create('t', 1);
    log.append('t', 0, record);
    let down = true;
    const source = new MemoryRecordSource(log, ['t'], {
      fault: (step) => {
        if (step === 'read' && down) throw new HoldfastError('source_unavailable', 'down');
      },
    });
    const handler = new RecordingHandler();
    await source.subscribe(handler);
    await eventually(() => handler.failures.length === 1, 'the report', 5000);
    down = false;
    await eventually(() => handler.total() === 1, 'the record', 5000);
    expect(handler.recoveries).toEqual([at]);
    await source.close();
  });

  it('leaves holes out and stops before a damaged record', async () => {
    const log = new MemoryLog();
    log.create('t', 1);
    log.append('t', 0, record);
    log.skip(at, 3n);
    log.append('t', 0, record);
    log.damage(at, log.append('t', 0, record));
    const source = new MemoryRecordSource(log, ['t']);
    const handler = new RecordingHandler();
    await source.subscribe(handler);
    await eventually(() => handler.failures.length === 1, 'the alarm', 5000);
    expect(handler.records(at).map(({ offset }) => offset)).toEqual([0n, 4n]);
    expect(handler.failures[0]?.error.code).toBe('source_damaged');
    await source.close();
  });

  it('finds a caller that commits what it was never given', async () => {
    const log = new MemoryLog();
    log.create('t', 1);
    const source = new MemoryRecordSource(log, ['t']);
    const handler = new RecordingHandler();
    const subscription = await source.subscribe(handler);
    subscription.commit(at, 5n);
    await expect(subscription.stop()).rejects.toThrow(/broke its contract: commit\(t\/0, 5\)/);
  });
});
