import { existsSync } from 'node:fs';
import { chmod, copyFile, mkdtemp, readFile, readdir, rm, writeFile } from 'node:fs/promises';
import { once } from 'node:events';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { openEmbedded } from '@holdfast/assembly';
import { syntheticEvents } from '@holdfast/connectors';
import { SeededRandom, until } from '@holdfast/test-kit';
import { sealAll, SETTINGS, TOPIC } from '../harness/sealed-folder.js';
import { holdfast, startHoldfast } from '../harness/holdfast-process.js';

const PATIENCE_MS = 300_000;
const random = new SeededRandom(Number(process.env['HOLDFAST_TEST_SEED'] ?? 20261122));

let folder: string;
let data: string;

interface Report {
  readonly ok: boolean;
  readonly findings: readonly { readonly code: string; readonly place: string }[];
  readonly texts: Readonly<Record<string, unknown>>;
  readonly seconds?: number;
}

const path = (name: string): string => join(folder, name);

/** What a run tells, but for the time that it took. */
function told(out: string): Report {
  const { seconds: _seconds, ...rest } = JSON.parse(out) as Report;
  return rest;
}

async function someObject(): Promise<string> {
  const files = (await readdir(join(data, 'vault', 'o', 'msg'), { recursive: true, withFileTypes: true })).filter((entry) => entry.isFile());
  const [entry] = files.filter(({ name }) => !name.endsWith('.state')).sort((a, b) => (a.parentPath < b.parentPath ? -1 : 1));
  if (entry === undefined) throw new Error('there is no object');
  return join(entry.parentPath, entry.name);
}

describe('holdfast verify', () => {
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'holdfast-verify-e2e-'));
    data = path('archive');
    const opened = await openEmbedded(data, SETTINGS);
    const sink = opened.sink();
    await sink.append(TOPIC, [...syntheticEvents({ records: 1_500, seed: 7, conversations: 20 })]);
    await sink.close();
    // Small segments, so that there is something to interrupt.
    await sealAll(opened, 10);
    await opened.close();
  }, PATIENCE_MS);
  afterAll(() => rm(folder, { recursive: true, force: true }));

  it(
    'tells after kills and Ctrl-C at random moments what it tells undisturbed',
    async () => {
      const state = path('state.json');
      const args = ['verify', '--data', data, '--json', '--state', state];
      const whole = told((await holdfast('verify', '--data', data, '--json')).out);
      expect(whole).toMatchObject({ ok: true, findings: [] });
      let stops = 0;
      // Each run is stopped behind a state of its own, the last few not at all: a slow machine writes few of them.
      for (let run = 0; run < 6; run++) {
        const before = existsSync(state) ? await readFile(state, 'utf8') : '';
        const child = startHoldfast(args);
        const closed = once(child, 'close');
        const current = async (): Promise<string> => (existsSync(state) ? readFile(state, 'utf8').catch(() => before) : before);
        await until(async () => child.exitCode !== null || (await current()) !== before, PATIENCE_MS, 'a state is kept, or the run ends');
        if (child.exitCode !== null) break;
        const signal = random.chance(0.5) ? 'SIGKILL' : 'SIGINT';
        child.kill(signal);
        const [code] = (await closed) as [number | null];
        if (code === 0) break;
        stops++;
        if (signal === 'SIGINT') expect(code).toBe(2);
        expect(existsSync(state)).toBe(true);
      }
      expect(stops).toBeGreaterThan(0);
      const last = await holdfast(...args);
      expect(told(last.out)).toEqual(whole);
      expect(existsSync(state)).toBe(false);
    },
    PATIENCE_MS,
  );

  it(
    'refuses a state that is none, or of another question',
    async () => {
      await writeFile(path('none.json'), '{}');
      expect(await holdfast('verify', '--data', data, '--state', path('none.json'))).toMatchObject({ code: 78 });
    },
    PATIENCE_MS,
  );

  it(
    'walks ranges of chains, and says what it did not look at',
    async () => {
      const chain = `msg/test/${TOPIC}/0/0`;
      const { code, out } = await holdfast('verify', '--data', data, '--json', '--chains', `${chain}:3-5`);
      expect([code, JSON.parse(out)]).toMatchObject([0, { ok: true, assumed: [{ chain, seq: 2 }], partitions: [{ chain, segments: 2 }] }]);
      expect((await holdfast('verify', '--data', data, '--chains', 'msg/no/such')).code).toBe(1);
    },
    PATIENCE_MS,
  );

  it(
    'signs reports with a key of the auditor, and sees when one was changed',
    async () => {
      const [report, key] = [path('report.jws'), path('auditor.json')];
      const made = await holdfast('verify', '--data', data, '--level', '3', '--report', report, '--sign', '--sign-key', key);
      expect(made).toMatchObject({ code: 0, err: expect.stringContaining('A new key of yours was made') });
      const { kid } = JSON.parse(await readFile(key, 'utf8')) as { kid: string };
      expect(await holdfast('verify', '--check-report', report, '--sign-key', key)).toMatchObject({
        code: 0,
        out: expect.stringContaining(`Signed by ${kid}`),
      });
      // Never over another one.
      expect((await holdfast('verify', '--data', data, '--report', report)).code).toBe(78);
      const [header = '', payload = '', signature = ''] = (await readFile(report, 'utf8')).split('.');
      const text = Buffer.from(payload, 'base64url').toString('utf8').replace('"records":1', '"records":2');
      await writeFile(path('forged.jws'), `${header}.${Buffer.from(text).toString('base64url')}.${signature}`);
      expect(await holdfast('verify', '--check-report', path('forged.jws'))).toMatchObject({
        code: 1,
        out: expect.stringContaining('Do not rely on this report'),
      });
      await writeFile(path('text.json'), text);
      expect(await holdfast('verify', '--check-report', path('text.json'))).toMatchObject({
        code: 0,
        out: expect.stringContaining('It is not signed'),
      });
      await holdfast('verify', '--data', data, '--level', '1', '--report', path('other.jws'), '--sign', '--sign-key', path('other.json'));
      expect((await holdfast('verify', '--check-report', path('other.jws'), '--sign-key', key)).code).toBe(1);
    },
    PATIENCE_MS,
  );

  it(
    'does not sign with a key of the archive',
    async () => {
      const { keys } = JSON.parse(await readFile(join(data, 'keys', 'manifest.jwks.json'), 'utf8')) as { keys: readonly object[] };
      await writeFile(path('theirs.json'), JSON.stringify(keys[0]));
      const refused = await holdfast(
        'verify',
        '--data',
        data,
        '--level',
        '1',
        '--report',
        path('theirs.jws'),
        '--sign',
        '--sign-key',
        path('theirs.json'),
      );
      expect(refused).toMatchObject({ code: 78, err: expect.stringContaining('cannot vouch for itself') });
      expect(existsSync(path('theirs.jws'))).toBe(false);
    },
    PATIENCE_MS,
  );

  it(
    'says of each code what it means and what to do, in two languages, and keeps it in the report',
    async () => {
      const object = await someObject();
      await copyFile(object, path('saved'));
      await chmod(object, 0o600);
      const bytes = await readFile(object);
      bytes[bytes.length >> 1] = (bytes[bytes.length >> 1] ?? 0) ^ 1;
      await writeFile(object, bytes);
      const english = await holdfast('verify', '--data', data, '--lang', 'en', '--report', path('bad.json'));
      expect(english.code).toBe(1);
      expect(english.out).toMatch(/finding.*FINDINGS \(\d+\)\n\nOBJECT_DIFFERS \(1\)\n {2}Met: {3}.+\n {2}Means: .+\n {2}Do: {4}.+\n {2}- o\/msg\//s);
      const chinese = await holdfast('verify', '--data', data, '--lang', 'zh-CN');
      expect(chinese.out).toMatch(/发现 \(\d+\)\n\nOBJECT_DIFFERS \(1\)\n {2}所见： .+\n {2}含义： .+\n {2}处理： /s);
      const document = JSON.parse(await readFile(path('bad.json'), 'utf8')) as { report: Report; texts: Record<string, unknown>; summary: unknown[] };
      expect(document.report.findings).toContainEqual(expect.objectContaining({ code: 'OBJECT_DIFFERS' }));
      expect(Object.keys(document.texts)).toContain('OBJECT_DIFFERS');
      expect((await holdfast('verify', '--check-report', path('bad.json'))).code).toBe(1);
      await copyFile(path('saved'), object);
    },
    PATIENCE_MS,
  );
});
