import { createHash } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { eventsOf, indexFields } from '@holdfast/record';
import type { Event } from '@holdfast/record';
import type { NewRecord } from '@holdfast/ports';
import { collect, slackExportFiles, slackExportZip } from '@holdfast/test-kit';
import type { Importer } from '../importer.js';
import { openSlackExport } from './slack-export.js';
import { timeOfTs } from './slack-time.js';

let folder = '';
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'holdfast-slack-'));
});
afterAll(() => rm(folder, { recursive: true }));

async function importOf(files: ReadonlyMap<string, unknown>): Promise<Importer> {
  const path = join(folder, 'export.zip');
  await writeFile(path, slackExportZip(files));
  return openSlackExport(path, { timestamp: 5n });
}

function eventOf(record: NewRecord): Event {
  const { events, reason } = eventsOf({ ...record, offset: 0n, timestampType: 'create' }, { source: 's', topic: 't', partition: 0, epoch: 0 });
  const [event] = events;
  if (event === undefined) throw new Error(reason?.message);
  return event;
}

async function importedEvents(files: ReadonlyMap<string, unknown>): Promise<Event[]> {
  const importer = await importOf(files);
  const events = (await collect(importer.records())).map(eventOf);
  await importer.close();
  return events;
}

/** A workspace with one channel and one day of these messages. */
function workspace(messages: readonly unknown[], users: readonly unknown[] = []): Map<string, unknown> {
  return new Map<string, unknown>([
    ['channels.json', [{ id: 'C1', name: 'general', created: 1_700_000_000 }]],
    ['users.json', users],
    ['general/2023-11-14.json', messages],
  ]);
}

async function only(message: unknown, users: readonly unknown[] = []): Promise<Event> {
  const events = await importedEvents(workspace([message], users));
  const last = events.at(-1);
  if (last === undefined) throw new Error('no event');
  return last;
}

/** All bytes of the records, short enough to compare. */
function digest(records: readonly NewRecord[]): string {
  const hash = createHash('sha256');
  for (const { key, value, headers, timestamp } of records) {
    for (const bytes of [key, value, ...headers.flatMap((header) => [header.key, header.value])])
      hash.update(`${bytes?.length ?? -1} `).update(bytes ?? '');
    hash.update(String(timestamp));
  }
  return hash.digest('hex');
}

/** Every leaf of a JSON value as text; empty containers are leaves. */
function leaves(value: unknown): string[] {
  if (typeof value !== 'object' || value === null) return [JSON.stringify(value)];
  const inner = Object.values(value).flatMap(leaves);
  return inner.length > 0 ? inner : [Array.isArray(value) ? '[]' : '{}'];
}

/** The leaves of `source` that `event` does not hold. Each leaf of the event answers for one of the source. */
function unaccounted(source: unknown, event: readonly unknown[]): string[] {
  const held = new Map<string, number>();
  for (const leaf of event.flatMap(leaves)) held.set(leaf, (held.get(leaf) ?? 0) + 1);
  return leaves(source).filter((leaf) => {
    const left = held.get(leaf) ?? 0;
    if (left > 0) held.set(leaf, left - 1);
    return left === 0;
  });
}

describe('a Slack export', () => {
  const files = slackExportFiles({ channels: 20, messages: 700 });

  it('accounts for every leaf of its JSON, in the event of its own message', async () => {
    const events = await importedEvents(files);
    const left = [...events];
    for (const [name, list] of files) {
      if (!name.includes('/')) continue;
      for (const message of list as Record<string, unknown>[]) {
        const at = left.findIndex((event) => event.source_id === message['ts']);
        const [event] = left.splice(at, 1);
        expect([name, message['ts'], unaccounted(message, [event])]).toEqual([name, message['ts'], []]);
      }
    }
    // What is left came from the lists in the root.
    const lists = [...files].filter(([name]) => !name.includes('/')).map(([, list]) => list);
    expect(unaccounted(lists, left)).toEqual([]);
    expect(events.filter(({ kind }) => kind === 'message.created').length).toBeGreaterThan(250);
  });

  it('loses no leaf of members and types that Slack never had', async () => {
    const member = fc.constantFrom(
      'user',
      'text',
      'ts',
      'edited',
      'reactions',
      'files',
      'files.0.id',
      'blocks',
      'attachments',
      'thread_ts',
      'bot_id',
      'subtype',
      'user_profile',
      'message',
      'x',
    );
    const object = fc.dictionary(
      fc.oneof(member, fc.string({ maxLength: 4 })),
      fc.oneof(fc.constantFrom('U1', 'message_changed', '1700000000.000200', ''), fc.jsonValue({ maxDepth: 3 })),
      { maxKeys: 8, noNullPrototype: true },
    );
    const nested = fc.record(
      {
        edited: object,
        reactions: fc.array(object, { maxLength: 2 }),
        files: fc.array(object, { maxLength: 2 }),
        message: object,
        user_profile: object,
        subtype: fc.constantFrom('message_changed', 'message_deleted', 'channel_join', 'x'),
      },
      { requiredKeys: [], noNullPrototype: true },
    );
    await fc.assert(
      fc.asyncProperty(fc.array(fc.oneof(object, nested, fc.jsonValue({ maxDepth: 2 })), { minLength: 1, maxLength: 5 }), async (messages) => {
        const list: unknown = JSON.parse(JSON.stringify(messages).replaceAll('__proto__', 'proto'));
        const [, ...events] = await importedEvents(workspace(list as unknown[]));
        for (const [i, message] of (list as unknown[]).entries()) expect([message, unaccounted(message, [events[i]])]).toEqual([message, []]);
      }),
      { numRuns: 80 },
    );
  });

  it('gives the same bytes in every run, in an order that keeps conversations together', async () => {
    const first = await importOf(files);
    const records = await collect(first.records());
    expect(first.total).toBe(records.length);
    expect(digest(await collect(first.records()))).toBe(digest(records));
    const summary = first.summary;
    await first.close();
    const second = await importOf(files);
    expect(second.importId).toBe(first.importId);
    expect(digest(await collect(second.records()))).toBe(digest(records));
    await second.close();
    expect(summary).toMatchObject({ records: records.length, messages: 700, conversations: 20, people: 12, ignored: [], warnings: [] });
    expect(summary.filesByReference).toBeGreaterThan(30);
    const ids = records.map(({ headers }) => Buffer.from(headers[1]?.value ?? []).toString());
    expect(new Set(ids).size).toBe(ids.length);
    const keys = records.map(({ key }) => Buffer.from(key ?? []).toString());
    expect(keys.filter((key, i) => key !== keys[i - 1])).toHaveLength(new Set(keys).size);
    expect(records.every(({ timestamp }) => timestamp === 5n)).toBe(true);
  });

  it('shows text as people read it and keeps the markup', async () => {
    const users = [{ id: 'U1', team_id: 'T1', name: 'anna', profile: { display_name: 'Anna 安娜', email: 'anna@example.com' } }];
    const event = await only(
      {
        type: 'message',
        user: 'U1',
        ts: '1700000000.000200',
        text: 'Hi <@U1> &amp; <@U2>, see <https://e.com?a&amp;b|notes> <#C9|ops> <!here> <!subteam^S1|@desk>',
      },
      users,
    );
    expect(event).toMatchObject({
      kind: 'message.created',
      workspace: { id: 'T1' },
      conversation: { id: 'C1', kind: 'channel_public', name: 'general' },
      source_id: '1700000000.000200',
      actor: { source_user_id: 'U1', handle: 'anna', display_name: 'Anna 安娜', email: 'anna@example.com', kind: 'human' },
      times: { occurred_at: '2023-11-14T22:13:20.000200Z', clock: 'source' },
      body: {
        text: 'Hi @Anna 安娜 & @U2, see notes (https://e.com?a&b) #ops @here @desk',
        original: 'Hi <@U1> &amp; <@U2>, see <https://e.com?a&amp;b|notes> <#C9|ops> <!here> <!subteam^S1|@desk>',
        links: [{ url: 'https://e.com?a&b', title: 'notes' }],
      },
    });
    expect(indexFields(event)).toMatchObject({ has: ['link', 'mention'], sentAt: 1_700_000_000_000 });
  });

  it.each<[string, Record<string, unknown>, Record<string, unknown>]>([
    [
      'an edit whose earlier text is gone',
      { user: 'U1', text: 'b', edited: { user: 'U1', ts: '1700000100.000000' } },
      {
        kind: 'message.edited',
        version: 2,
        target: { source_message_id: '1700000000.000200' },
        state: { complete: false },
        times: { source_edited_at: '2023-11-14T22:15:00.000000Z' },
      },
    ],
    ['a thread root', { user: 'U1', text: 'a', thread_ts: '1700000000.000200' }, { thread: { root_source_id: '1700000000.000200' } }],
    [
      'a reply',
      { user: 'U1', text: 'a', thread_ts: '1699999999.000000', subtype: 'thread_broadcast' },
      { thread: { root_source_id: '1699999999.000000', parent_source_id: '1699999999.000000', broadcast: true } },
    ],
    [
      'reactions',
      { user: 'U1', text: 'a', reactions: [{ name: 'ok', users: ['U2'], count: 3 }] },
      { reactions: [{ name: 'ok', users: [{ source_user_id: 'U2' }], count: 3 }] },
    ],
    [
      'a join',
      { user: 'U1', text: 'joined', subtype: 'channel_join', inviter: 'U2' },
      { kind: 'member.joined', member: { who: { source_user_id: 'U1' }, inviter: { source_user_id: 'U2' } } },
    ],
    ['a leave', { user: 'U1', text: 'left', subtype: 'group_leave' }, { kind: 'member.left' }],
    [
      'a bot',
      { bot_id: 'B1', username: 'Deploys', text: '', subtype: 'bot_message', attachments: [{ title: 'Deploy', text: 'passed' }] },
      { actor: { source_user_id: 'B1', display_name: 'Deploys', kind: 'bot' }, via: { kind: 'bot', id: 'B1' }, body: { text: 'Deploy\npassed' } },
    ],
    ['blocks without text', { user: 'U1', text: '', blocks: [{ elements: [{ type: 'text', text: '合同' }] }] }, { body: { text: '合同' } }],
    ['a deleted file', { user: 'U1', files: [{ id: 'F1', mode: 'tombstone' }] }, { attachments: [{ id: 'F1', state: 'deleted_at_source' }] }],
    [
      'a file',
      {
        user: 'U1',
        files: [{ id: 'F1', name: 'a.png', mimetype: 'image/png', size: 5, created: 1_700_000_000, url_private: 'https://f', user: 'U2' }],
      },
      {
        attachments: [
          {
            id: 'F1',
            name: 'a.png',
            kind: 'image',
            bytes: 5,
            state: 'link_only',
            source_url: 'https://f',
            uploaded_by: { source_user_id: 'U2' },
            uploaded_at: '2023-11-14T22:13:20Z',
          },
        ],
      },
    ],
    [
      'a tombstone',
      { user: 'USLACKBOT', subtype: 'tombstone', text: 'This message was deleted.' },
      { kind: 'message.deleted', delete: { content_available: false } },
    ],
    [
      'a delete event',
      { subtype: 'message_deleted', deleted_ts: '1699999999.000000' },
      { kind: 'message.deleted', target: { source_message_id: '1699999999.000000' } },
    ],
    [
      'an edit event',
      { subtype: 'message_changed', message: { ts: '1699999999.000000', user: 'U1', text: 'new', edited: { ts: '1700000000.000100' } } },
      { kind: 'message.edited', target: { source_message_id: '1699999999.000000' }, actor: { source_user_id: 'U1' }, body: { text: 'new' } },
    ],
    ['a huddle', { user: 'U1', subtype: 'huddle_thread', text: 'A huddle started' }, { kind: 'call.started', call: { id: '1700000000.000200' } }],
    [
      'a guest of another company',
      { user: 'U1', text: 'a', user_profile: { display_name: 'Then', team: 'T9' } },
      { actor: { display_name: 'Then', external: true } },
    ],
  ])('reads %s', async (_name, message, expected) => {
    expect(await only({ type: 'message', ts: '1700000000.000200', ...message })).toMatchObject(expected);
  });

  it('keeps what has no time on the day of its file, and what is no message as it is', async () => {
    const events = await importedEvents(workspace([{ text: 'no ts' }, 7, { text: 'no ts' }, { ts: 'soon', text: 'odd' }]));
    expect(events.slice(1).map(({ times, kind }) => [times.occurred_at, times.clock, kind])).toEqual([
      ['2023-11-14', 'inferred', 'message.created'],
      ['2023-11-14', 'inferred', 'unknown'],
      ['2023-11-14', 'inferred', 'message.created'],
      ['2023-11-14', 'inferred', 'message.created'],
    ]);
    expect(events[2]?.extensions).toEqual({ 'slack.value': 7 });
    expect(new Set(events.map(({ source_id }) => source_id)).size).toBe(events.length);
  });

  it('splits the members of a very large channel over several events', async () => {
    const members = Array.from({ length: 4500 }, (_, i) => `U${i}`);
    const events = await importedEvents(new Map([['channels.json', [{ id: 'C1', name: 'all', members }]]]));
    expect(events.map(({ kind, members: part }) => [kind, part?.length])).toEqual([
      ['conversation.created', 2000],
      ['member.snapshot', 2000],
      ['member.snapshot', 500],
    ]);
  });

  it('imports folders that no list names, and says what it left out and what will be an exception', async () => {
    const deep: unknown = JSON.parse(`${'['.repeat(80)}${']'.repeat(80)}`);
    const strange = new Map<string, unknown>([
      ...workspace([{ ts: '1700000000.000200', text: 'a', deep }]),
      ['lost/2024-01-01.json', [{ ts: '1700000000.000300', text: 'b' }]],
      ['general/note.txt', 'x'],
      ['__MACOSX/a.json', 'x'],
    ]);
    const importer = await importOf(strange);
    const records = await collect(importer.records());
    await importer.close();
    expect(records).toHaveLength(3);
    expect(importer.summary.ignored).toEqual(['__MACOSX/a.json', 'general/note.txt']);
    expect(importer.summary.warnings).toEqual([
      'The folder "lost" belongs to no listed conversation; it was imported under its name.',
      '1 messages cannot be read as events; they are archived as they are and listed as exceptions.',
    ]);
  });

  it.each<[string, Map<string, unknown>, string]>([
    ['something else', new Map([['a.json', []]]), 'not a Slack export'],
    ['a list that is an object', new Map<string, unknown>([['channels.json', {}]]), '"channels.json" is not a list'],
    ['a channel without id', new Map<string, unknown>([['channels.json', [{ name: 'x' }]]]), 'an entry without an id'],
    [
      'a day that is no list',
      new Map<string, unknown>([
        ['channels.json', [{ id: 'C', name: 'a' }]],
        ['a/2024-01-01.json', 'x'],
      ]),
      '"a/2024-01-01.json" is not a list',
    ],
  ])('refuses %s before anything is given out', async (_name, bad, message) => {
    await expect(importOf(bad)).rejects.toMatchObject({ code: 'import_refused', message: expect.stringContaining(message) });
  });
});

describe('times of Slack', () => {
  it('keep every digit', () => {
    expect(timeOfTs('1700000000.000200')).toBe('2023-11-14T22:13:20.000200Z');
    expect(timeOfTs('1700000000')).toBe('2023-11-14T22:13:20Z');
    for (const bad of ['', 'x', '1700000000.', '99999999999', '9999999999', '-1', '1e9', '1700000000.0000000001'])
      expect(timeOfTs(bad)).toBeUndefined();
  });
});
