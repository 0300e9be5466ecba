import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { createHash } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { until } from '@holdfast/test-kit';
import { openEmbedded } from '@holdfast/assembly';
import { decodeRecord, fromUtf8 } from '@holdfast/seal';
import { readCommitted } from '@holdfast/vault';
import { Suite, synthetic, untilIndexed, untilReady, untilSearchable } from './running.js';
import type { Service } from './running.js';

const PATIENCE_MS = 120_000;
const RECORDS = 400;

interface JobAnswer {
  readonly id: string;
  readonly state: string;
  readonly code?: string;
  readonly detail?: string;
  readonly result?: {
    readonly ok: boolean;
    readonly records: number;
    readonly findings: number;
    readonly report: string;
    readonly summary: unknown[];
    readonly counts: Readonly<Record<string, number>>;
  };
  readonly error?: unknown;
}

const suite = new Suite();
let audit: Service;

async function send(
  method: string,
  path: string,
  body?: object,
): Promise<{ readonly status: number; readonly headers: Headers; readonly job: JobAnswer }> {
  const response = await fetch(`${audit.url}${path}`, {
    method,
    ...(body !== undefined && { headers: { 'Content-Type': 'application/json' }, body: JSON.stringify(body) }),
  });
  return { status: response.status, headers: response.headers, job: (await response.json()) as JobAnswer };
}

async function untilEnded(id: string): Promise<JobAnswer> {
  let job: JobAnswer | undefined;
  await until(
    async () => {
      ({ job } = await send('GET', `/api/v1/jobs/${id}`));
      return job.state !== 'running';
    },
    PATIENCE_MS,
    'the job ends',
  );
  if (job === undefined) throw new Error('no job');
  return job;
}

/** Events of `access/audit` about verifications. */
async function accesses(): Promise<Record<string, unknown>[]> {
  const opened = await openEmbedded(suite.folder);
  const events: Record<string, unknown>[] = [];
  for (let seq = 0; ; seq++) {
    const committed = await readCommitted(opened.archive, 'access/audit', seq, opened.governance.keys);
    if (committed === undefined) break;
    await opened.reader.walk(committed.manifest, () => (plain, start, end) => {
      const { value } = decodeRecord(plain.slice(start, end)).record;
      events.push(JSON.parse(fromUtf8(value ?? new Uint8Array(0))) as Record<string, unknown>);
    });
  }
  await opened.close();
  return events.filter(({ type }) => String(type).startsWith('access.verification.'));
}

describe('verifications on request', () => {
  beforeAll(async () => {
    await suite.begin();
    await suite.fill(synthetic(RECORDS));
    const ingest = await suite.ingest();
    audit = await suite.audit();
    await untilReady(audit);
    await untilIndexed(ingest, RECORDS);
    await untilSearchable(audit, RECORDS);
    await ingest.stop();
  }, PATIENCE_MS);
  afterAll(() => suite.end(), PATIENCE_MS);

  it(
    'run as jobs, are sealed, and answer a report',
    async () => {
      const started = await send('POST', '/api/v1/verifications', {});
      expect(started.status).toBe(202);
      const { id } = started.job;
      expect(started.headers.get('location')).toBe(`/api/v1/jobs/${id}`);
      expect(await accesses()).toMatchObject([{ type: 'access.verification.started', id, level: 6 }]);
      expect(await send('POST', '/api/v1/verifications', {})).toMatchObject({ status: 409, job: { code: 'busy' } });
      // The service answers others meanwhile.
      expect((await audit.get('/api/v1/status')).status).toBe(200);
      const job = await untilEnded(id);
      // By code first: it says more than a number when it fails.
      expect(job.result?.counts).toEqual({ NOT_ANCHORED: 1 });
      expect(job).toMatchObject({ state: 'done', result: { ok: true, findings: 0 } });
      expect(job.result?.records).toBeGreaterThanOrEqual(RECORDS);
      const response = await audit.get(job.result?.report ?? '');
      expect(response.headers.get('content-disposition')).toMatch(/^attachment; filename="holdfast-report-/);
      const text = await response.text();
      expect(JSON.parse(text)).toMatchObject({ format: 'holdfast-report/1', asked: { level: 6 }, report: { ok: true }, summary: [{}, {}] });
      const sha256 = createHash('sha256').update(text).digest('hex');
      expect((await accesses()).at(-1)).toMatchObject({ type: 'access.verification.ended', id, state: 'done', ok: true, sha256 });
    },
    PATIENCE_MS,
  );

  it(
    'take a part of the archive, and refuse what is none',
    async () => {
      const { job } = await send('POST', '/api/v1/verifications', { level: 3, chains: ['msg/local/messages/0/0:0-1'] });
      const ended = await untilEnded(job.id);
      expect(ended).toMatchObject({ state: 'done', result: { ok: true } });
      expect(await send('POST', '/api/v1/verifications', { chains: ['a b'] })).toMatchObject({ status: 400, job: { code: 'bad_request' } });
      const unknown = await send('POST', '/api/v1/verifications', { chains: ['msg/nowhere'] });
      expect(await untilEnded(unknown.job.id)).toMatchObject({ state: 'failed', error: { code: 'bad_request' } });
    },
    PATIENCE_MS,
  );

  it(
    'are cancelled, and make room for the next',
    async () => {
      const { job } = await send('POST', '/api/v1/verifications', {});
      expect(await send('DELETE', `/api/v1/jobs/${job.id}`)).toMatchObject({ status: 200, job: { state: expect.stringMatching(/cancelled|done/) } });
      const next = await send('POST', '/api/v1/verifications', { level: 1 });
      expect(next.status).toBe(202);
      expect(await untilEnded(next.job.id)).toMatchObject({ state: 'done' });
    },
    PATIENCE_MS,
  );

  it(
    'say that a job is gone after a restart',
    async () => {
      const { job } = await send('POST', '/api/v1/verifications', { level: 1 });
      await untilEnded(job.id);
      await audit.stop();
      audit = await suite.audit();
      await untilReady(audit);
      const answer = await send('GET', `/api/v1/jobs/${job.id}`);
      expect(answer).toMatchObject({ status: 404, job: { code: 'job_missing', detail: expect.stringContaining('restart') } });
    },
    PATIENCE_MS,
  );

  it(
    'find what was put into the vault',
    async () => {
      await writeFile(join(suite.folder, 'vault', 'stray'), 'x');
      const { job } = await send('POST', '/api/v1/verifications', {});
      const ended = await untilEnded(job.id);
      expect(ended).toMatchObject({ state: 'done', result: { ok: false, counts: { STRAY: 1 } } });
    },
    PATIENCE_MS,
  );
});
