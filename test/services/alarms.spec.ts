import { readFile, readdir, rename, rm, unlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterEach, beforeEach, expect, it } from '@jest/globals';
import { openEmbedded } from '@holdfast/assembly';
import { IndexFollower } from '@holdfast/indexing';
import { until } from '@holdfast/test-kit';
import type { Readiness, SearchAnswer } from './answers.js';
import type { Service } from './running.js';
import { Suite, metric, synthetic, untilAlarm, untilIndexed, untilReady } from './running.js';

const RECORDS = 60;
let suite: Suite;

beforeEach(async () => {
  suite = new Suite();
  await suite.begin();
  await suite.fill(synthetic(RECORDS));
});
afterEach(() => suite.end());

/** Seals and indexes what is in the source, and stops. */
async function sealAll(): Promise<void> {
  const ingest = await suite.ingest();
  await untilIndexed(ingest, RECORDS);
  await ingest.stop();
}

/** Paths of the archive that match, ascending. */
async function files(pattern: RegExp): Promise<string[]> {
  const names = await readdir(suite.folder, { recursive: true });
  return names
    .filter((name) => pattern.test(name))
    .sort()
    .map((name) => join(suite.folder, name));
}

function inDatabase(name: string, statements: string): void {
  const database = new DatabaseSync(join(suite.folder, name));
  database.exec(statements);
  database.close();
}

async function flip(path: string): Promise<Uint8Array> {
  const bytes = await readFile(path);
  const damaged = Uint8Array.from(bytes);
  damaged[100] = (damaged[100] ?? 0) ^ 1;
  await replace(path, damaged);
  return bytes;
}

async function replace(path: string, bytes: Uint8Array): Promise<void> {
  await unlink(path);
  await writeFile(path, bytes);
}

async function untilCleared(service: Service): Promise<void> {
  await untilReady(service);
  await until(async () => (await service.json<Readiness>('/ready')).alarms.length === 0, 60_000, 'no alarm stands');
  expect(service.log.map(({ message }) => message)).toContain('alarm cleared');
}

it('SOURCE_LOST: records that were deleted before they were sealed stop their partition', async () => {
  await sealAll();
  await suite.fill(synthetic(RECORDS));
  inDatabase('source.sqlite', 'UPDATE partition SET low = high; DELETE FROM record');
  const ingest = await suite.ingest();
  expect((await untilAlarm(ingest, 'SOURCE_LOST')).whatToDo).toContain('accept-gap');
  expect((await ingest.get('/ready')).status).toBe(503);
  expect((await ingest.get('/health')).status).toBe(200);
});

it('SOURCE_RECREATED: another log under the same name stops sealing', async () => {
  await sealAll();
  await rm(join(suite.folder, 'source.sqlite'));
  await suite.fill(synthetic(RECORDS));
  expect((await untilAlarm(await suite.ingest(), 'SOURCE_RECREATED')).whatToDo).toContain('new-epoch');
});

it('SOURCE_DAMAGED: bytes that do not match their checksum are not sealed', async () => {
  inDatabase('source.sqlite', 'UPDATE record SET checksum = checksum + 1');
  const ingest = await suite.ingest();
  await untilAlarm(ingest, 'SOURCE_DAMAGED');
  expect(await metric(ingest, 'holdfast_sealed_records_total')).toBe(0);
});

it('CLAIMS_ROLLED_BACK: a chain whose claims are gone stops, and goes on when they are back', async () => {
  await sealAll();
  await suite.fill(synthetic(RECORDS));
  await sealAll();
  const [second = ''] = await files(/^claims\/msg.*0001$/);
  const first = second.replace(/1$/, '0');
  await rename(first, join(suite.folder, 'run', 'kept'));
  const ingest = await suite.ingest();
  expect((await untilAlarm(ingest, 'CLAIMS_ROLLED_BACK')).whatToDo).toContain('claims rebuild');
  await rename(join(suite.folder, 'run', 'kept'), first);
  await untilCleared(ingest);
});

it('CLAIM_UNREADABLE: a manifest that does not verify stops its chain, until it is restored', async () => {
  await sealAll();
  const [manifest = ''] = await files(/^vault\/m\/msg.*jws/);
  const whole = await flip(manifest);
  const ingest = await suite.ingest({ HOLDFAST_ROLES: 'seal' });
  await untilAlarm(ingest, 'CLAIM_UNREADABLE');
  await replace(manifest, whole);
  await untilCleared(ingest);
});

it('KEY_MISSING: sealing stops without the key of a cohort, until it is back', async () => {
  await sealAll();
  const [key = ''] = await files(/^keys\/kek\/standard\/.*json$/);
  const kept = join(suite.folder, 'run', 'kept.json');
  await rename(key, kept);
  const ingest = await suite.ingest({ HOLDFAST_ROLES: 'seal' });
  await untilAlarm(ingest, 'KEY_MISSING');
  await rename(kept, key);
  await untilCleared(ingest);
});

it('CONTENT_DAMAGED: a flipped byte in the vault stops the index and never sealing', async () => {
  const seal = await suite.ingest({ HOLDFAST_ROLES: 'seal' });
  await until(async () => (await metric(seal, 'holdfast_sealed_records_total')) === RECORDS, 60_000, 'everything is sealed');
  const [object = ''] = await files(/^vault\/o\/msg.*hfo/);
  const whole = await flip(object);
  const index = await suite.ingest({ HOLDFAST_ROLES: 'index' });
  expect((await untilAlarm(index, 'CONTENT_DAMAGED')).component).toBe('index');
  expect((await seal.get('/ready')).status).toBe(200);
  await replace(object, whole);
  await untilCleared(index);
  await untilIndexed(index, RECORDS);
});

it('INDEX_REBUILD_NEEDED: an index of another tokenizer is neither written nor searched', async () => {
  await sealAll();
  inDatabase('index.sqlite', "UPDATE generation SET tokenizer = '0-unicode-1.0'");
  await suite.fill(synthetic(RECORDS));
  expect((await untilAlarm(await suite.ingest(), 'INDEX_REBUILD_NEEDED')).whatToDo).toContain('index rebuild');
  const audit = await suite.audit();
  await untilReady(audit);
  expect(await audit.json('/api/v1/search?q=contract')).toMatchObject({ status: 503, code: 'index_rebuild_needed' });
});

it('a segment that closes while its keys are being made loses nothing', async () => {
  await suite.fill(synthetic(400));
  const ingest = await suite.ingest({ HOLDFAST_SEGMENT_MAX_AGE_MS: '10', HOLDFAST_SEGMENT_MAX_AGE_BUSY_MS: '10' });
  await untilIndexed(ingest, RECORDS + 400);
});

it('INDEX_DIFFERS: a document that is gone from the index is met by a sample, told with every search, and mended by a rebuild', async () => {
  await sealAll();
  inDatabase(
    'index.sqlite',
    'DELETE FROM text_1 WHERE rowid = 5; DELETE FROM document_1 WHERE number = 5; UPDATE generation SET documents = documents - 1',
  );
  const ingest = await suite.ingest({ HOLDFAST_INDEX_AUDIT_EVERY_MS: '100', HOLDFAST_INDEX_AUDIT_SEGMENTS: '50' });
  expect((await untilAlarm(ingest, 'INDEX_DIFFERS')).message).toContain('INDEX_DOCUMENT_MISSING');
  expect((await ingest.get('/ready')).status).toBe(200);
  expect(await metric(ingest, 'holdfast_index_audit_findings_total')).toBeGreaterThan(0);
  // The one that met it is gone: the index itself knows, and the next processes.
  await ingest.stop();
  const audit = await suite.audit();
  await untilReady(audit);
  await untilAlarm(audit, 'INDEX_DIFFERS');
  const found = await audit.json<SearchAnswer>('/api/v1/search?q=sent:2000-01-01..*');
  expect(found).toMatchObject({ total: RECORDS - 1, notInVault: [], index: { state: 'failed' } });
  expect(found.hits.length).toBeGreaterThan(0);
  expect(await audit.json('/api/v1/status')).toMatchObject({ index: { attestation: { state: 'failed' } } });
  const again = await suite.ingest({ HOLDFAST_INDEX_AUDIT_EVERY_MS: '100', HOLDFAST_INDEX_AUDIT_SEGMENTS: '0' });
  await untilAlarm(again, 'INDEX_DIFFERS');

  const opened = await openEmbedded(suite.folder);
  const index = opened.index();
  await index.open();
  await new IndexFollower({ ...opened, index, alarms: { raise: () => undefined, clear: () => undefined } }).rebuild();
  await index.close();
  await opened.close();
  for (const service of [again, audit]) await untilCleared(service);
  expect(await audit.json('/api/v1/search?q=sent:2000-01-01..*')).toMatchObject({ total: RECORDS, index: { state: 'ok' } });
});
