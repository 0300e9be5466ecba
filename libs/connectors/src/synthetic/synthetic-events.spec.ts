import { createHash } from 'node:crypto';
import { describe, expect, it } from '@jest/globals';
import { conversationKey, eventsOf, indexFields, inlineContent } from '@holdfast/record';
import type { Event } from '@holdfast/record';
import type { NewRecord } from '@holdfast/ports';
import { syntheticEvents } from './synthetic-events.js';

const AT = { source: 'main', topic: 'chat', partition: 0, epoch: 0 };

function parsed(record: NewRecord, i = 0): { event: Event; ce: string } {
  const { status, events, reason, ce } = eventsOf({ ...record, offset: BigInt(i), timestampType: 'create' }, AT);
  const [event] = events;
  if (status !== 'parsed' || event === undefined || ce === undefined) throw new Error(`${status}: ${reason?.message ?? 'no event'}`);
  return { event, ce: `${ce.source} ${ce.id}` };
}

describe('syntheticEvents', () => {
  it.each([
    [1, 500],
    [2, 501],
    [3, 550],
    [7, 599],
    [42, 1234],
    [2 ** 40 + 5, 3000],
    [0, 6000],
    [-9, 777],
  ])('with seed %i and %i records holds each marked word in 0.7 to 1.3 % of them', (seed, records) => {
    const counts = { 合同: 0, contract: 0, 项目: 0, budget: 0 };
    for (const { value } of syntheticEvents({ records, seed })) {
      const text = Buffer.from(value ?? []).toString();
      for (const word of Object.keys(counts) as (keyof typeof counts)[]) if (text.toLowerCase().includes(word)) counts[word]++;
    }
    for (const [word, count] of Object.entries(counts)) {
      expect([word, count / records >= 0.007 && count / records <= 0.013 ? 'about 1 %' : count / records]).toEqual([word, 'about 1 %']);
    }
  });

  it('is the same for the same seed, a prefix of any longer one, and different for another seed', () => {
    const take = (records: number, seed: number) => [...syntheticEvents({ records, seed })];
    expect(take(120, 5)).toEqual(take(120, 5));
    expect(take(170, 5).slice(0, 120)).toEqual(take(120, 5));
    expect(take(120, 6)).not.toEqual(take(120, 5));
  });

  it('gives valid CloudEvents of every sort, keyed by conversation, about 515 bytes long', () => {
    const kinds = new Map<string, number>();
    const ids = new Set<string>();
    const conversations = new Set<string>();
    const languages = { han: 0, latin: 0 };
    let bytes = 0;
    let i = 0;
    let last = 0;
    for (const record of syntheticEvents({ records: 4000, conversations: 150 })) {
      const { event, ce } = parsed(record, i++);
      ids.add(ce);
      bytes += record.value?.length ?? 0;
      kinds.set(event.kind, (kinds.get(event.kind) ?? 0) + 1);
      expect(Buffer.from(record.key ?? []).toString()).toBe(conversationKey(event));
      conversations.add(conversationKey(event));
      const { sentAt = 0, body, exceptions } = indexFields(event);
      expect(sentAt).toBeGreaterThan(last);
      last = sentAt;
      if (body !== '') languages[/\p{Script=Han}/u.test(body) ? 'han' : 'latin']++;
      for (const attachment of event.attachments ?? []) {
        const content = inlineContent(attachment);
        if (content === undefined) expect(exceptions).toEqual(['link_only']);
        else expect(createHash('sha256').update(content).digest('hex')).toBe(attachment.sha256);
      }
    }
    expect(ids.size).toBe(4000);
    expect(conversations.size).toBe(150);
    expect([...kinds.keys()].sort()).toEqual([
      'call.ended', 'member.joined', 'member.left', 'message.created', 'message.deleted', 'message.edited', 'reaction.added', 'reaction.removed',
    ]); // prettier-ignore
    expect(languages.han).toBeGreaterThan(1000);
    expect(languages.latin).toBeGreaterThan(1000);
    expect(bytes / 4000).toBeGreaterThan(495);
    expect(bytes / 4000).toBeLessThan(535);
  });

  it('takes another timestamp for logs that delete by time', () => {
    const [record] = syntheticEvents({ records: 1, timestamp: 7n });
    expect(record?.timestamp).toBe(7n);
  });
});
