import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { describeWith, needed } from '@holdfast/test-kit';
import { expect, it } from '@jest/globals';
import { NEEDS_PYTHON } from '../harness/python.js';

const reader = fileURLToPath(new URL('reader/', import.meta.url));
const vectors = fileURLToPath(new URL('format-v1.json', import.meta.url));
const goldenRecords = fileURLToPath(new URL('golden-v1.json', import.meta.url));
const golden = fileURLToPath(new URL('golden-v1/', import.meta.url));
/** Twenty seconds of pure Python on a quiet core. */
const PATIENCE_MS = 600_000;

interface Ran {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

function python(...args: readonly string[]): Promise<Ran> {
  const env = { ...process.env, PYTHONDONTWRITEBYTECODE: '1', PYTHONIOENCODING: 'utf-8' };
  return new Promise((resolve, reject) => {
    execFile(needed('HOLDFAST_PYTHON'), args, { cwd: reader, env, maxBuffer: 1 << 26 }, (error, out, err) => {
      const code = error === null ? 0 : error.code;
      if (typeof code === 'number') resolve({ code, out, err });
      else reject(new Error('python did not run to its end', { cause: error }));
    });
  });
}

interface Summary {
  readonly archive: string;
  readonly chains: Readonly<Record<string, { readonly segments: number; readonly records: number }>>;
  readonly records: number;
  readonly opened: number;
  readonly unclaimed: readonly string[];
  readonly abandoned: readonly string[];
  readonly findings: readonly { readonly code: string; readonly where: string; readonly message: string }[];
}

interface Golden {
  readonly archive: string;
  readonly chains: Readonly<Record<string, { readonly records: readonly (readonly [offset: string, sha256: string])[] }>>;
}

async function verify(...options: readonly string[]): Promise<Summary> {
  const { out } = await python('holdfast_reader.py', 'verify', golden, ...options);
  return JSON.parse(out) as Summary;
}

describeWith(NEEDS_PYTHON, 'second reader, from the documents alone', () => {
  it('has primitives that agree with their standards', async () => {
    const { code, err } = await python('-m', 'unittest', 'test_reader');
    expect({ code, err }).toEqual({ code: 0, err: expect.stringContaining('OK') });
  });

  it('agrees with the vectors of the format', async () => {
    const { code, out, err } = await python('holdfast_reader.py', 'vectors', '../format-v1.json');
    expect({ code, out, err }).toEqual({ code: 0, out: expect.stringContaining(' 0 failed'), err: '' });
  });

  it('writes the same vectors again', async () => {
    const { out } = await python('write_vectors.py');
    expect(out).toBe(await readFile(vectors, 'utf8'));
  });

  it('reads the records that golden-v1.json names', async () => {
    const expected = JSON.parse(await readFile(goldenRecords, 'utf8')) as Golden;
    const { out } = await python('holdfast_reader.py', 'dump', golden, '--archive', expected.archive);
    const wanted = Object.entries(expected.chains).flatMap(([chain, { records }]) =>
      records.map(([offset, sha256]) => JSON.stringify({ chain, offset, sha256 })),
    );
    expect(out.trimEnd().split('\n')).toEqual(wanted);
  });

  it('opens every record of the golden archive and finds nothing', async () => {
    const summary = await verify();
    expect(summary.findings).toEqual([]);
    expect(summary.records).toBeGreaterThan(600);
    expect(summary.opened).toBe(summary.records);
    expect(summary.unclaimed).toEqual([]);
  });

  it('finds nothing without keys, and opens only what is clear', async () => {
    const summary = await verify('--no-keys');
    expect(summary.findings).toEqual([]);
    expect(summary.opened).toBe(summary.chains['gov']?.records);
  });

  it('refuses the archive under another archive id', async () => {
    const summary = await verify('--archive', '0'.repeat(64));
    expect(summary.findings.map(({ code }) => code)).toContain('GENESIS');
  });

  it(
    'notices every change of one file, without keys',
    async () => {
      const { code, out } = await python('tamper.py', golden, '--no-keys', '--rounds', '2', '--seed', process.env['HOLDFAST_TEST_SEED'] ?? '1');
      expect({ code, out }).toEqual({ code: 0, out: expect.stringContaining(' 0 missed') });
    },
    PATIENCE_MS,
  );

  it(
    'notices every change of a wrap, with keys',
    async () => {
      const args = ['--kind', 'KEK wrap', '--kind', 'escrow wrap', '--rounds', '1', '--seed', process.env['HOLDFAST_TEST_SEED'] ?? '1'];
      const { code, out } = await python('tamper.py', golden, ...args);
      expect({ code, out }).toEqual({ code: 0, out: expect.stringContaining(' 0 missed') });
    },
    PATIENCE_MS,
  );
});
