import { createHash } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { EMBEDDED_DEFAULTS, openEmbedded } from '@holdfast/assembly';
import type { OpenedArchive } from '@holdfast/assembly';
import { recordOfEnvelope, syntheticEvents } from '@holdfast/connectors';
import { CaptureFinder, openDiscovery } from '@holdfast/discovery';
import type { Discovery } from '@holdfast/discovery';
import type { NewRecord, RecordIndex, SearchPage } from '@holdfast/ports';
import { envelopeSchema } from '@holdfast/record';
import { decodeRecord, parseJson } from '@holdfast/seal';
import { countClaims, readCommitted } from '@holdfast/vault';
import { PrintedAlarms } from '../session.js';
import { appendAll } from './generate.js';
import { indexUntilIdle, sealUntilIdle } from './ingest.js';

const WRITER = 'test';
const ME = 'os:test';

/** A message of a workspace that is named by a URL, as some servers are. */
function colon(id: string): NewRecord {
  const envelope = envelopeSchema.parse({
    schema: 'holdfast.event/1',
    kind: 'message.created',
    platform: 'matrix',
    workspace: { id: 'https://chat.example' },
    conversation: { id: 'room' },
    source_id: id,
    actor: null,
    times: { occurred_at: `2026-01-01T00:00:0${id}Z` },
    body: { text: `message ${id}`, format: 'plain' },
  });
  return recordOfEnvelope(envelope, { source: '/connectors/test', id, timestamp: 1_790_000_000_000n });
}

const LONG = `contract ${'long words 很长 😀'.repeat(60_000)}`;

/** Messages that no page can show whole: by their text, by a file in them, by what no rule of ours knows. */
function large(): NewRecord[] {
  const content = Buffer.alloc(600_000, 7);
  const file = {
    id: 'f',
    bytes: content.length,
    sha256: createHash('sha256').update(content).digest('hex'),
    state: 'stored',
    inline: content.toString('base64'),
  };
  const parts = [
    { body: { text: LONG, original: LONG, format: 'plain' } },
    { body: { text: 'contract with a file', format: 'plain' }, attachments: [file] },
    { body: { text: 'contract with more', format: 'plain' }, extensions: { 'test.blocks': Array.from({ length: 50_000 }, (_, i) => `block ${i}`) } },
  ];
  return parts.map((part, i) => {
    const envelope = envelopeSchema.parse({
      schema: 'holdfast.event/1',
      kind: 'message.created',
      platform: 'matrix',
      workspace: { id: 'large' },
      conversation: { id: 'room', name: 'Room' },
      source_id: `large-${i}`,
      actor: { source_user_id: 'u1', display_name: 'Ann' },
      times: { occurred_at: `2026-01-02T00:00:0${i}Z` },
      ...part,
    });
    return recordOfEnvelope(envelope, { source: '/connectors/test', id: `large-${i}`, timestamp: 1_790_000_000_000n });
  });
}

let folder = '';
let opened: OpenedArchive;
let index: RecordIndex;
let discovery: Discovery;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'holdfast-accesses-'));
  opened = await openEmbedded(folder, EMBEDDED_DEFAULTS);
  await appendAll(opened, syntheticEvents({ records: 120, seed: 1, conversations: 5, timestamp: 1_790_000_000_000n }), () => undefined);
  await appendAll(opened, [colon('1'), colon('2'), ...large()], () => undefined);
  await sealUntilIdle(opened, new PrintedAlarms(), () => undefined);
  await indexUntilIdle(opened, new PrintedAlarms(), () => undefined);
  index = opened.index();
  await index.open();
  discovery = openDiscovery(opened, index, WRITER);
}, 60_000);
afterAll(async () => {
  await index.close();
  await opened.close();
  await rm(folder, { recursive: true });
});

/** What the access chain says of its newest segment. */
async function newestAccess(): Promise<unknown> {
  const chain = `access/${WRITER}`;
  const seq = (await countClaims(opened.archive, chain)) - 1;
  const committed = await readCommitted(opened.archive, chain, seq, opened.governance.keys);
  if (committed === undefined) return undefined;
  let value: unknown;
  await opened.reader.walk(committed.manifest, () => (plain, start, end) => {
    value = parseJson(decodeRecord(plain.subarray(start, end)).record.value ?? new Uint8Array(0));
  });
  return value;
}

describe('accesses', () => {
  it('of all ids are sealed before the first one is given, refused queries too', async () => {
    const ids = discovery.ids(ME, 'is:edited OR kind:message.created');
    expect((await ids.next()).done).toBe(false);
    expect(await newestAccess()).toMatchObject({ type: 'access.search.ids', principal: ME, query: 'is:edited OR kind:message.created' });
    await ids.return(undefined);
    const refused = await discovery.ids(ME, 'a OR (b').next();
    expect(refused).toMatchObject({ done: true, value: { ok: false } });
    expect(await newestAccess()).toMatchObject({ type: 'access.search.refused', principal: ME, query: 'a OR (b', errors: ['E_UNCLOSED_PAREN'] });
  });

  it('of a conversation are found in a workspace whose own id holds a colon', async () => {
    const hits = await discovery.search(ME, 'workspace:"https://chat.example"', { sort: 'oldest' });
    if (!hits.ok) throw new Error('the query was refused');
    expect(hits.total).toBe(2);
    const first = hits.hits[0]?.id ?? '';
    const { before, record, after } = await discovery.context(ME, first, 5, 5);
    expect(before).toEqual([]);
    expect(record.id).toBe(first);
    expect(after.map(({ id }) => id)).toEqual([hits.hits[1]?.id]);
  });

  it('tell how many segments are not searchable yet, over all chains', async () => {
    const before = await discovery.search(ME, 'kind:message.created', { limit: 1 });
    expect(before).toMatchObject({ ok: true, notYetSearchable: 0 });
    await appendAll(opened, syntheticEvents({ records: 50, seed: 2, conversations: 9, timestamp: 1_790_000_000_000n }), () => undefined);
    const { segments } = await sealUntilIdle(opened, new PrintedAlarms(), () => undefined);
    const more = await discovery.search(ME, 'kind:message.created', { limit: 1 });
    expect(segments).toBeGreaterThan(1);
    expect(more).toMatchObject({ ok: true, notYetSearchable: segments });
  });

  it('of a page name every record that is shown, in its order', async () => {
    const page = await discovery.search(ME, 'kind:message.created', { limit: 100 });
    if (!page.ok) throw new Error('the query was refused');
    expect(page.hits.length).toBeGreaterThan(40);
    expect(await newestAccess()).toMatchObject({ type: 'access.search', shown: page.hits.map(({ id }) => id) });
    const { chains, governance, generation } = page.position;
    const names = Object.keys(chains).sort();
    const canonical = `{"chains":{${names.map((name) => `"${name}":${chains[name] ?? 0}`).join()}},"generation":"${generation}","governance":${governance}}`;
    const sha256 = createHash('sha256').update(canonical).digest('hex');
    expect(await newestAccess()).toMatchObject({ position: { sha256, chains: names.length, governance, generation } });
    const times = page.hits.map((hit) => ('sentAt' in hit ? Date.parse(hit.sentAt) : NaN));
    expect(times).toEqual([...times].sort((a, b) => b - a));
  });
});

describe('large records', () => {
  it('are shown in part on a page, which says so and where the whole is, and whole when they are opened', async () => {
    const page = await discovery.search(ME, 'workspace:large contract', { sort: 'oldest' });
    if (!page.ok) throw new Error('the query was refused');
    const views = page.hits.flatMap((hit) => ('sentAt' in hit ? [hit] : []));
    expect(views.map(({ truncated }) => truncated)).toEqual([true, true, true]);
    for (const view of views) {
      expect(Buffer.byteLength(JSON.stringify(view))).toBeLessThan(18_000);
      expect(view.event).toMatchObject({ kind: 'message.created', conversation: { id: 'room', name: 'Room' }, actor: { display_name: 'Ann' } });
      expect(view.highlights).toEqual([{ start: 0, end: 8 }]);
      const { event } = await discovery.open(ME, view.id);
      expect(view.eventBytes).toBe(Buffer.byteLength(JSON.stringify(event)));
      expect(view.whole).toBe(`/api/v1/records/${view.id}`);
    }
    const [byText, byFile, byRest] = views;
    expect(LONG.startsWith(byText?.event?.body?.text ?? '-')).toBe(true);
    expect(byText?.event?.body?.text.isWellFormed()).toBe(true);
    expect(byFile?.event?.attachments).toEqual([expect.objectContaining({ id: 'f', bytes: 600_000, state: 'stored' })]);
    expect(byFile?.event?.attachments?.[0]?.inline).toBeUndefined();
    expect(byRest?.event?.extensions).toEqual({});
    const whole = await discovery.context(ME, byFile?.id ?? '', 1, 1);
    expect(whole.record.truncated).toBeUndefined();
    expect(whole.record.event?.attachments?.[0]?.inline).toHaveLength(800_000);
    expect([...whole.before, ...whole.after].map(({ truncated }) => truncated)).toEqual([true, true]);
  });

  it('of ordinary size are shown whole', async () => {
    const page = await discovery.search(ME, 'workspace:"https://chat.example"');
    if (!page.ok) throw new Error('the query was refused');
    expect(page.hits.map((hit) => 'truncated' in hit)).toEqual([false, false]);
  });
});

describe('a delivery that a producer asks for', () => {
  it('is found beside a record that only the index knows; that one is an alarm until the index is built anew', async () => {
    const alarms = new PrintedAlarms();
    let generation = '';
    const forged = {
      async search(request: Parameters<RecordIndex['search']>[0]): Promise<SearchPage> {
        const page = await index.search(request);
        generation ||= page.position.generation;
        const [hit] = page.hits;
        if (hit === undefined) throw new Error('the record is not indexed');
        const ghosts = ['embedded~messages~0~0~999999', 'no id at all'].map((id) => ({ ...hit, id }));
        return { ...page, hits: generation === 'new' ? page.hits : [...ghosts, hit], position: { ...page.position, generation } };
      },
    };
    const finder = new CaptureFinder({ ...opened, alarms }, forged);
    const found = await finder.find('/connectors/test', '1');
    expect(found).toMatchObject([{ state: 'sealed' }]);
    expect([...alarms.standing.values()]).toMatchObject([
      { code: 'INDEX_DIFFERS', severity: 'warning', message: expect.stringContaining('names the record') },
    ]);
    expect(await finder.find('/connectors/test', '1')).toEqual(found);
    generation = 'new';
    expect(await finder.find('/connectors/test', '1')).toEqual(found);
    expect([...alarms.standing]).toEqual([]);
  });
});
