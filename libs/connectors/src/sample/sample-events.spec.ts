import { describe, expect, it } from '@jest/globals';
import { eventsOf, indexFields } from '@holdfast/record';
import { sampleEvents } from './sample-events.js';

describe('the sample', () => {
  const records = sampleEvents();
  const events = records.map((record) => {
    const { events: parsed, reason } = eventsOf(
      { ...record, offset: 0n, timestampType: 'create' },
      { source: 's', topic: 't', partition: 0, epoch: 0 },
    );
    const [event] = parsed;
    if (event === undefined) throw new Error(reason?.message);
    return event;
  });
  const having = (words: string): number => events.filter(({ body }) => body?.text.includes(words)).length;

  it('holds some two hundred events of every sort in eight conversations, in order', () => {
    expect(records.length).toBeGreaterThanOrEqual(200);
    expect(new Set(records.map(({ key }) => Buffer.from(key ?? []).toString())).size).toBe(8);
    expect([...new Set(events.map(({ kind }) => kind))].sort()).toEqual([
      'call.ended',
      'member.joined',
      'message.created',
      'message.deleted',
      'message.edited',
      'reaction.added',
    ]);
    expect(new Set(events.map(({ conversation }) => conversation.kind)).size).toBe(4);
    const times = events.map((event) => indexFields(event).sentAt ?? 0);
    expect(times).toEqual([...times].sort((a, b) => a - b));
    expect(records[0]?.timestamp).toBe(BigInt(times[0] ?? 0));
    expect(sampleEvents({ timestamp: 9n }).every(({ timestamp }) => timestamp === 9n)).toBe(true);
  });

  it('is worth searching in both languages', () => {
    for (const words of ['contract', 'budget', '合同', '项目', '预算', 'side letter']) expect([words, having(words) > 2]).toEqual([words, true]);
    const fields = events.map(indexFields);
    expect(fields.filter(({ has }) => has.includes('thread')).length).toBeGreaterThan(10);
    expect(fields.filter(({ is }) => is.includes('external')).length).toBeGreaterThan(10);
    expect(fields.filter(({ fileNames }) => fileNames.length > 0).length).toBeGreaterThan(8);
    expect(events.filter(({ attachments }) => attachments?.some(({ state }) => state === 'stored')).length).toBe(1);
  });

  it('lets edits and deletes name their message', () => {
    const ids = new Set(events.filter(({ kind }) => kind === 'message.created').map(({ source_id }) => source_id));
    const changes = events.filter(({ kind }) => kind === 'message.edited' || kind === 'message.deleted' || kind === 'reaction.added');
    expect(changes.length).toBeGreaterThan(15);
    for (const { target } of changes) expect(ids.has(target?.source_message_id ?? '')).toBe(true);
    expect(events.find(({ kind }) => kind === 'message.deleted')?.target?.source_message_id).toBe(
      events.find(({ body }) => body?.text.startsWith('The rebate. 2 percent'))?.source_id,
    );
  });
});
