import { createHash } from 'node:crypto';
import { userInfo } from 'node:os';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { EMBEDDED_DEFAULTS, openEmbedded } from '@holdfast/assembly';
import { decodeRecord } from '@holdfast/seal';
import { readCommitted } from '@holdfast/vault';
import type { CaptureAnswer, ContextAnswer, QueryProblem, SearchAnswer, StatusAnswer } from './answers.js';
import type { Service } from './running.js';
import { Suite, synthetic, untilReady, untilSearchable } from './running.js';

const RECORDS = 500;
const suite = new Suite();
let audit: Service;
let ingest: Service;
const sent = [...synthetic(RECORDS)];
const utf8 = (text: string): Uint8Array => new TextEncoder().encode(text);
const odd = [
  { key: null, value: null, headers: [], timestamp: 5n },
  { key: utf8('k'), value: new Uint8Array(0), headers: [], timestamp: 6n },
  { key: utf8('k'), value: Uint8Array.of(0xff, 0x00, 0x3c), headers: [{ key: utf8('ce_x'), value: null }], timestamp: 7n },
];

beforeAll(async () => {
  await suite.begin();
  await suite.fill([...sent, ...odd.map((record) => ({ ...record, partition: 0 }))]);
  ingest = await suite.ingest();
  audit = await suite.audit();
  await untilReady(ingest);
  await untilReady(audit);
  await untilSearchable(audit, RECORDS + odd.length);
}, 120_000);
afterAll(() => suite.end());

const search = (query: string, more = ''): Promise<SearchAnswer> => audit.json(`/api/v1/search?q=${encodeURIComponent(query)}${more}`);

/** Events of the access chain, newest last. */
async function accesses(): Promise<object[]> {
  const opened = await openEmbedded(suite.folder, EMBEDDED_DEFAULTS);
  const events: object[] = [];
  for (let seq = 0; ; seq++) {
    const committed = await readCommitted(opened.archive, 'access/audit', seq, opened.governance.keys);
    if (committed === undefined) break;
    await opened.reader.walk(committed.manifest, () => (plain, start, end) => {
      events.push(JSON.parse(new TextDecoder().decode(decodeRecord(plain.slice(start, end)).record.value)) as object);
    });
  }
  await opened.close();
  return events;
}

describe('search', () => {
  it('finds exactly the records that carry a word, in English and Chinese, newest first', async () => {
    for (const word of ['contract', '合同', 'budget', '项目']) {
      const { total, hits, notYetSearchable } = await search(word, '&limit=100');
      expect(total).toBe(sent.filter(({ value }) => new TextDecoder().decode(value).includes(word)).length);
      expect(notYetSearchable).toBe(0);
      const times = hits.map((hit) => hit.sentAt);
      expect(times).toEqual([...times].sort().reverse());
      for (const hit of hits) expect(hit.highlights?.length).toBeGreaterThan(0);
    }
  });

  it('goes on page by page, and refuses a cursor of another query', async () => {
    const all = (await search('contract', '&limit=100')).hits.map((hit) => hit.id);
    const first = await search('contract', '&limit=2');
    const second = await search('contract', `&limit=2&cursor=${first.cursor!}`);
    expect([...first.hits, ...second.hits].map((hit) => hit.id)).toEqual(all.slice(0, 4));
    expect(await search('budget', `&cursor=${first.cursor!}`)).toMatchObject({ status: 400, code: 'bad_request' });
  });

  it('answers 422 with every error of a query, its place and a hint', async () => {
    const response = await audit.get(`/api/v1/search?q=${encodeURIComponent('(contract form:bob')}`);
    expect(response.status).toBe(422);
    expect(response.headers.get('content-type')).toBe('application/problem+json');
    const problem = (await response.json()) as QueryProblem;
    expect(problem).toMatchObject({ code: 'query_refused', errors: expect.any(Array), warnings: [] });
    expect(problem.errors[0]).toMatchObject({ code: expect.stringMatching(/^E_/), start: expect.any(Number), hint: { en: expect.any(String) } });
  });

  it.each(['limit=0', 'limit=1001', 'limit=x', 'sort=best', 'q2=x'])('refuses %s', async (parameter) => {
    expect(await search('contract', `&${parameter}`)).toMatchObject({ status: 400, code: 'bad_request', issues: expect.any(Array) });
  });

  it('gives every response an id of its own', async () => {
    const ids = await Promise.all([1, 2].map(async () => (await audit.get('/api/v1/status')).headers.get('x-request-id')));
    expect(new Set(ids).size).toBe(2);
  });
});

describe('a record', () => {
  it('comes with its original bytes, its proof, and in the context of its conversation', async () => {
    const hit = (await search('budget', '&limit=1')).hits[0]!;
    const detail = await audit.json(`/api/v1/records/${hit.id}`);
    // The notary signs when it likes.
    expect(detail).toMatchObject({
      id: hit.id,
      state: expect.stringMatching(/^(sealed|anchored)$/),
      proof: { chain: hit.chain, seq: hit.seq },
      record: { headers: expect.any(Array) },
    });
    const raw = await audit.get(`/api/v1/records/${hit.id}/raw`);
    expect(raw.headers.get('content-type')).toBe('application/octet-stream');
    expect(raw.headers.get('content-disposition')).toBe(`attachment; filename="${hit.id}.bin"`);
    expect(raw.headers.get('content-security-policy')).toContain('sandbox');
    expect(raw.headers.get('x-content-type-options')).toBe('nosniff');
    const bytes = Buffer.from(await raw.arrayBuffer());
    expect(sent.some(({ value }) => Buffer.compare(value!, bytes) === 0)).toBe(true);
    const context = await audit.json<ContextAnswer>(`/api/v1/records/${hit.id}/context?before=3&after=2`);
    expect(context.record.id).toBe(hit.id);
    expect(context.before.length).toBeLessThanOrEqual(3);
    const conversations = [...context.before, context.record, ...context.after].map((view) => view.event?.conversation.id);
    expect(new Set(conversations).size).toBe(1);
  });

  it('is given back byte for byte when it is no event, and null is not empty', async () => {
    const { hits } = await search('is:unreadable', '&sort=oldest');
    expect(hits.map((hit) => hit.status)).toEqual(['null_value', 'empty', 'failed']);
    const raw = await Promise.all(hits.map((hit) => audit.get(`/api/v1/records/${hit.id}/raw`)));
    expect(raw.map(({ status }) => status)).toEqual([204, 200, 200]);
    expect(Buffer.from(await raw[1]!.arrayBuffer())).toHaveLength(0);
    expect(Buffer.from(await raw[2]!.arrayBuffer()).toString('hex')).toBe('ff003c');
  });

  it('that is not there is 404, and an id that is none 400', async () => {
    expect(await audit.json('/api/v1/records/local~messages~0~0~999999')).toMatchObject({ status: 404, code: 'record_missing' });
    expect(await audit.json('/api/v1/records/local~messages~9~0~1/context')).toMatchObject({ status: 404, code: 'record_missing' });
    expect(await audit.json('/api/v1/records/..%2F..%2Fetc')).toMatchObject({ status: 400, code: 'bad_request' });
  });

  it('is shown only after the access was sealed, with who saw what', async () => {
    const hit = (await search('合同', '&limit=1')).hits[0]!;
    await audit.get(`/api/v1/records/${hit.id}`);
    const events = await accesses();
    expect(events.slice(-2)).toMatchObject([
      { type: 'access.search', principal: `os:${userInfo().username}`, query: '合同', shown: [hit.id] },
      { type: 'access.record.opened', principal: `os:${userInfo().username}`, id: hit.id },
    ]);
  });
});

describe('captures', () => {
  const ask = (source: string, id: string): Promise<CaptureAnswer> =>
    audit.json(`/api/v1/captures?source=${encodeURIComponent(source)}&id=${encodeURIComponent(id)}`);
  const attribute = (record: (typeof sent)[number], name: string): string =>
    new TextDecoder().decode(record.headers.find(({ key }) => new TextDecoder().decode(key) === name)!.value);

  it('tells a producer that its event is sealed, and in which record', async () => {
    const record = sent[123]!;
    const answer = await ask(attribute(record, 'ce_source'), attribute(record, 'ce_id'));
    expect(answer).toMatchObject({
      state: expect.stringMatching(/^(sealed|anchored)$/),
      records: [{ chain: expect.stringMatching(/^msg\/local\/messages\//) }],
    });
    const raw = await audit.get(`/api/v1/records/${answer.records[0]!.id}/raw`);
    const digest = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');
    expect(digest(Buffer.from(await raw.arrayBuffer()))).toBe(digest(record.value!));
  });

  it('says unknown for what it does not hold, and whether something is still on its way', async () => {
    expect(await ask('/connectors/synthetic', 'no such id')).toMatchObject({ state: 'unknown', records: [], notYetSearchable: 0 });
    expect(await ask('', 'x')).toMatchObject({ status: 400 });
  });
});

describe('status', () => {
  it('names the archive, its chains with their heads, and what is searchable', async () => {
    const status = await audit.json<StatusAnswer>('/api/v1/status');
    expect(status).toMatchObject({
      archive: expect.stringMatching(/^[0-9a-f]{64}$/),
      name: 'Embedded archive',
      profile: 'embedded',
      timeZone: 'UTC',
      index: { available: true, documents: RECORDS + odd.length, notYetSearchable: 0 },
      gaps: [],
    });
    const offsets = status.chains.filter((chain) => chain.chain.startsWith('msg/')).map((chain) => Number(chain.nextOffset));
    expect(offsets.reduce((sum, offset) => sum + offset, 0)).toBe(RECORDS + odd.length);
  });

  it('is described, with everything else, in the OpenAPI document', async () => {
    const { paths } = await audit.json<{ paths: object }>('/openapi.json');
    expect(Object.keys(paths)).toEqual([
      '/api/v1/captures',
      '/api/v1/jobs/{id}',
      '/api/v1/jobs/{id}/report',
      '/api/v1/records/{id}',
      '/api/v1/records/{id}/context',
      '/api/v1/records/{id}/raw',
      '/api/v1/search',
      '/api/v1/status',
      '/api/v1/verifications',
      '/health',
      '/log/checkpoint',
      '/log/tile/{path}',
      '/metrics',
      '/openapi.json',
      '/ready',
    ]);
  });
});

describe('the zone of dates', () => {
  it('is what the environment says, and stands in every result', async () => {
    const shanghai = await suite.audit({ HOLDFAST_TIME_ZONE: 'Asia/Shanghai', HOLDFAST_WRITER_NAME: 'second' });
    await untilReady(shanghai);
    expect(await shanghai.json('/api/v1/search?q=budget')).toMatchObject({ timeZone: 'Asia/Shanghai' });
    expect((await shanghai.json<StatusAnswer>('/api/v1/status')).chains.map((chain) => chain.chain)).toContain('access/second');
  });
});
