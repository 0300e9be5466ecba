import { spawnSync } from 'node:child_process';
import { mkdir, mkdtemp, readFile, readdir, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { anchorSettings, openEmbedded, openNotary } from '@holdfast/assembly';
import type { AnchorSettings } from '@holdfast/assembly';
import { parseBundleIndex, parseObjectProof } from '@holdfast/bundle';
import type { BundleIndex } from '@holdfast/bundle';
import { syntheticEvents } from '@holdfast/connectors';
import { nodeCrypto as crypto } from '@holdfast/crypto-node';
import { openBundle, openExporter } from '@holdfast/discovery';
import { decodeRecord, fromUtf8 } from '@holdfast/seal';
import { describeWith, needed } from '@holdfast/test-kit';
import { readCommitted } from '@holdfast/vault';
import { verifyBundle } from '@holdfast/verify';
import type { BundleReport } from '@holdfast/verify';
import { z } from 'zod';
import { clusterArchive } from '../acceptance/archive-under-test.mjs';
import { holdfast as holdfastOn, holdfastJson } from '../acceptance/programs.mjs';
import { holdfast } from '../harness/holdfast-process.js';
import { NEEDS_PYTHON } from '../harness/python.js';
import { NEEDS, SEED, freshName } from './run.js';

const RECORDS = 2_000;
const PATIENCE_MS = 240_000;

let folder = '';
let data = '';
/** Kafka key → ids of its records, read from the vault one by one. */
const byKey = new Map<string, string[]>();

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'holdfast-bundles-'));
  data = join(folder, 'archive');
  await run('generate', '--data', data, '--records', String(RECORDS), '--conversations', '25', '--seed', String(SEED));
  await run('ingest', '--until-idle', '--data', data);
  const opened = await openEmbedded(data);
  await opened.governance.refresh();
  for (const chain of opened.governance.state.chains.keys()) {
    if (!chain.startsWith('msg/')) continue;
    for (let seq = 0; ; seq++) {
      const committed = await readCommitted(opened.archive, chain, seq, opened.governance.keys);
      if (committed === undefined) break;
      await opened.reader.walk(committed.manifest, () => (plain, start, end) => {
        const { record } = decodeRecord(plain.slice(start, end));
        const key = record.key === null ? '' : fromUtf8(record.key);
        byKey.set(key, [...(byKey.get(key) ?? []), `${chain.slice(4).replaceAll('/', '~')}~${record.offset}`]);
      });
    }
  }
  await opened.close();
}, PATIENCE_MS);
afterAll(() => rm(folder, { recursive: true, force: true }));

async function run(...args: string[]): Promise<string> {
  const { code, out, err } = await holdfast(...args);
  expect([args.join(' '), code, code === 0 ? '' : err]).toEqual([args.join(' '), 0, '']);
  return out;
}

/** Exit code and the sentence. */
async function refused(...args: string[]): Promise<readonly [number | null, string]> {
  const { code, err } = await holdfast('bundle', '--data', data, ...args);
  return [code, err.trim()];
}

const fileOf = (name: string): string => join(folder, `${name}.zip`);

interface Made {
  readonly records: { readonly shown: number; readonly withheld: number; readonly outside: number };
  readonly log: { readonly size: number };
  readonly complete?: string;
  readonly search?: { readonly hits: number; readonly younger: number };
}

async function bundle(name: string, ...args: string[]): Promise<Made> {
  return JSON.parse(await run('bundle', '--data', data, '--json', '-o', fileOf(name), ...args)) as Made;
}

/** As an auditor: another process, and no archive on the machine. */
async function verified(name: string, ...args: string[]): Promise<BundleReport> {
  const away = `${data}.away`;
  await rename(data, away);
  try {
    const { out } = await holdfast('verify', '--json', '--bundle', fileOf(name), ...args);
    return JSON.parse(out) as BundleReport;
  } finally {
    await rename(away, data);
  }
}

async function entriesOf(name: string): Promise<Map<string, Uint8Array>> {
  const { entries, close } = await openBundle(fileOf(name));
  const found = new Map<string, Uint8Array>();
  for (const each of entries.names()) found.set(each, (await entries.read(each))!);
  await close();
  return found;
}

async function indexOf(name: string): Promise<BundleIndex> {
  return parseBundleIndex((await entriesOf(name)).get('bundle.json')!);
}

function verifyMap(entries: ReadonlyMap<string, Uint8Array>): Promise<BundleReport> {
  return verifyBundle({ names: () => [...entries.keys()], read: async (name) => entries.get(name) }, { crypto });
}

/** A conversation with many records, and one with few. */
function keys(): readonly [string, string] {
  const sorted = [...byKey].sort(([, a], [, b]) => b.length - a.length);
  return [sorted[0]![0], sorted.at(-1)![0]];
}

describe('a bundle of a conversation', () => {
  it(
    'has every record of it that the vault has, and verifies without the archive',
    async () => {
      for (const [i, key] of keys().entries()) {
        const made = await bundle(`conversation-${i}`, '--conversation', key);
        expect(made).toMatchObject({ records: { shown: byKey.get(key)!.length, withheld: 0, outside: 0 }, complete: 'yes' });
        const listed = (await indexOf(`conversation-${i}`)).records.map(({ id }) => id);
        expect(listed.sort()).toEqual([...byKey.get(key)!].sort());
        const report = await verified(`conversation-${i}`);
        expect([report.findings, report.complete, report.records.proven]).toEqual([[], 'yes', listed.length]);
      }
    },
    PATIENCE_MS,
  );

  it(
    'is found by its exact key, also when there is none with it',
    async () => {
      const [key] = keys();
      const hex = Buffer.from(key).toString('hex');
      expect((await bundle('by-key', '--key-hex', hex, '--lang', 'zh-CN', '--zone', 'Asia/Shanghai')).records.shown).toBe(byKey.get(key)!.length);
      expect((await verified('by-key')).findings).toEqual([]);
      expect(await bundle('nobody', '--key', 'nobody:at:all')).toMatchObject({ records: { shown: 0 }, complete: 'yes' });
      expect(await verified('nobody')).toMatchObject({ ok: true, complete: 'yes' });
    },
    PATIENCE_MS,
  );

  it(
    'shows a period, and proves the rest',
    async () => {
      const [key] = keys();
      const total = byKey.get(key)!.length;
      const made = await bundle('period', '--conversation', key, '--to', '2000-01-01');
      expect(made.records).toEqual({ shown: 0, withheld: 0, outside: total });
      expect(await verified('period')).toMatchObject({ ok: true, complete: 'yes', records: { outside: total } });
    },
    PATIENCE_MS,
  );
});

describe('a bundle of a query or of named records', () => {
  it(
    'has what a search finds',
    async () => {
      const made = await bundle('query', '--query', 'contract OR 合同');
      const found = JSON.parse(await run('search', '--data', data, '--json', 'contract OR 合同', '--limit', '1')) as { total: number };
      expect(made.search).toMatchObject({ hits: found.total, younger: 0 });
      expect(await verified('query')).toMatchObject({ ok: true, scope: 'query', complete: 'not claimed', records: { proven: made.records.shown } });
    },
    PATIENCE_MS,
  );

  it(
    'is the same bytes again at the same position',
    async () => {
      const { log } = await bundle('once', '--query', 'budget');
      await bundle('between', '--query', 'budget');
      await bundle('again', '--query', 'budget', '--at', String(log.size));
      const [once, again] = await Promise.all([readFile(fileOf('once')), readFile(fileOf('again'))]);
      expect(again.equals(once)).toBe(true);
    },
    PATIENCE_MS,
  );

  it(
    'says in one sentence what it cannot do, and leaves no file',
    async () => {
      const before = await readdir(folder);
      const ids = join(folder, 'unknown');
      await writeFile(ids, `${[...byKey.values()][0]![0]!.replace(/\d+$/, '999999')}\n`);
      const withhold = join(folder, 'withhold-none');
      await writeFile(withhold, '# nothing\nwhat privileged\n');
      const out = fileOf('none');
      expect(await refused('--ids', ids, '-o', out)).toEqual([1, expect.stringMatching(/^The archive holds no record .*\.$/)]);
      expect(await refused('--query', 'zzzzqqqq', '-o', out)).toEqual([1, 'There is nothing to export: the query matches no record.']);
      expect(await refused('--query', 'a AND', '-o', out)).toEqual([1, expect.stringContaining('E_MISSING_RIGHT')]);
      expect(await refused('--conversation', 'nobody', '-o', out)).toEqual([1, expect.stringContaining('has no conversation "nobody"')]);
      expect(await refused('--query', 'budget', '--withhold', withhold, '-o', out)).toEqual([1, expect.stringMatching(/^Line 2 of the withheld/)]);
      expect(await refused('--query', 'budget', '-o', join(folder, 'no', 'where'))).toEqual([78, expect.stringContaining('cannot be written')]);
      expect(await refused('--query', 'budget', '-o', fileOf('once'))).toEqual([78, expect.stringContaining('exists already')]);
      expect(await refused('--query', 'budget', '--at', '2', '-o', out)).toEqual([1, expect.stringContaining('no tick at 2 entries')]);
      expect(await refused('-o', out)).toEqual([78, expect.stringContaining('one of --query')]);
      expect(await refused('--query', 'budget', '--zone', 'Mars/Olympus', '-o', out)).toEqual([1, expect.stringContaining('no time zone')]);
      expect((await readdir(folder)).sort()).toEqual([...before, 'unknown', 'withhold-none'].sort());
    },
    PATIENCE_MS,
  );

  it(
    'leaves no file when it is stopped',
    async () => {
      const opened = await openEmbedded(data);
      const index = opened.index();
      await index.open();
      const target = join(folder, 'stopped');
      await mkdir(target);
      const stop = new AbortController();
      const making = openExporter(opened, index, 'test').export('os:test', { kind: 'query', query: 'budget' }, join(target, 'b.zip'), {
        signal: stop.signal,
        onProgress: () => {
          stop.abort();
        },
      });
      await expect(making).rejects.toMatchObject({ code: 'stopped' });
      expect(await readdir(target)).toEqual([]);
      await index.close();
      await opened.close();
    },
    PATIENCE_MS,
  );
});

describe('withheld and redacted records', () => {
  it(
    'keep their place, and are proven to whom their bytes and salts are given',
    async () => {
      const [, key] = keys();
      const ids = byKey.get(key)!;
      const [first, second] = [ids[0]!, ids[1]!];
      await writeFile(join(folder, 'withhold'), `${first} privileged advice of counsel\n`);
      await writeFile(join(folder, 'redact'), `${JSON.stringify({ id: second, text: 'the [name] was paid' })}\n`);
      await bundle('whole', '--key', key);
      const made = await bundle('less', '--key', key, '--withhold', join(folder, 'withhold'), '--redact', join(folder, 'redact'));
      expect(made.records).toEqual({ shown: ids.length - 2, withheld: 2, outside: 0 });
      const transcript = fromUtf8((await entriesOf('less')).get('transcript.html')!);
      expect(transcript).toContain('advice of counsel');
      expect(transcript).toContain('the [name] was paid');
      expect(await verified('less')).toMatchObject({ ok: true, complete: 'yes', copies: 1, records: { withheld: 2 } });

      const shown = await entriesOf('whole');
      const disclosed = join(folder, 'disclosed');
      const record = (await indexOf('whole')).records.find(({ id }) => id === first)!;
      const stem = `${record.chain}/${record.offset.padStart(20, '0')}`;
      const proofs = [...shown].filter(([name]) => name.startsWith(`proofs/${record.chain}/`)).map(([, bytes]) => parseObjectProof(bytes));
      const leaf = proofs.flatMap(({ leaves }) => leaves).find((each) => Buffer.from(each.leaf).readBigUInt64BE(2) === BigInt(record.offset))!;
      await mkdir(dirname(join(disclosed, stem)), { recursive: true });
      await writeFile(join(disclosed, `${stem}.rec`), shown.get(`records/${stem}.rec`)!);
      await writeFile(join(disclosed, `${stem}.salt`), leaf.salt!);
      expect(await verified('less', '--disclose', disclosed)).toMatchObject({ ok: true, disclosed: [{ offset: record.offset, proven: true }] });
      await writeFile(join(disclosed, `${stem}.rec`), shown.get(`records/${stem}.rec`)!.slice(1));
      expect(await verified('less', '--disclose', disclosed)).toMatchObject({ ok: false, disclosed: [{ proven: false }] });
    },
    PATIENCE_MS,
  );
});

describe('a bundle that was changed', () => {
  it(
    'is found out: each entry flipped, missing, under another name',
    async () => {
      const entries = await entriesOf('conversation-1');
      expect((await verifyMap(entries)).findings).toEqual([]);
      // Nobody should use the verifier of a bundle; the page has its own published hash.
      const names = [...entries.keys()].filter((name) => name !== 'verify.html');
      for (const [i, name] of names.entries()) {
        const bytes = entries.get(name)!;
        const at = (i * 7919 + SEED) % bytes.length;
        const flipped = new Map(entries).set(name, bytes.with(at, bytes[at]! ^ 1));
        expect([name, at, (await verifyMap(flipped)).ok]).toEqual([name, at, false]);
        if (i % 5 !== 0) continue;
        const without = new Map(entries);
        without.delete(name);
        expect([name, (await verifyMap(without)).ok]).toEqual([name, false]);
        expect([name, (await verifyMap(without.set(`${name}x`, bytes))).ok]).toEqual([name, false]);
      }
    },
    PATIENCE_MS,
  );

  it(
    'is a finding and not a fault, also when it is no zip file any more',
    async () => {
      const bytes = await readFile(fileOf('conversation-1'));
      for (const [name, broken] of [
        ['cut', bytes.subarray(0, bytes.length - 100)],
        ['text', Buffer.from('no zip at all')],
        ['empty', Buffer.alloc(0)],
        ['flipped', bytes.with(Math.floor(bytes.length / 3), bytes[Math.floor(bytes.length / 3)]! ^ 255)],
      ] as const) {
        await writeFile(fileOf(`broken-${name}`), broken);
        const { code, out } = await holdfast('verify', '--json', '--bundle', fileOf(`broken-${name}`));
        expect([name, code, (JSON.parse(out) as BundleReport).findingsTotal > 0]).toEqual([name, 1, true]);
      }
      expect((await holdfast('verify', '--bundle', fileOf('not-there'))).code).toBe(78);
    },
    PATIENCE_MS,
  );
});

describeWith(NEEDS_PYTHON, 'a program of a stranger', () => {
  it('follows every shown record to the checkpoint by hashes alone', () => {
    for (const [name, says] of [
      ['query', 'lead to the checkpoint'],
      ['conversation-0', `${byKey.get(keys()[0])!.length} records are those of`],
    ] as const) {
      const script = fileURLToPath(new URL('../vectors/reader/check_bundle.py', import.meta.url));
      const { status, stdout, stderr } = spawnSync(needed('HOLDFAST_PYTHON'), [script, fileOf(name), folder], { encoding: 'utf8' });
      expect([status, stderr]).toEqual([0, '']);
      expect(stdout).toContain(says);
    }
  });
});

describe('what the verifier holds himself', () => {
  it(
    'anchors bundle and archive',
    async () => {
      const entries = await entriesOf('conversation-0');
      const kept = join(folder, 'checkpoint');
      await writeFile(kept, entries.get('log/checkpoint')!);
      const policy = join(folder, 'policy');
      await writeFile(policy, `archive ${(await indexOf('conversation-0')).archive}\nquorum none\n`);
      expect(await verified('conversation-0', '--checkpoint', kept, '--policy', policy)).toMatchObject({ ok: true, anchored: true });
      const ofArchive = await run('verify', '--data', data, '--checkpoint', kept, '--policy', policy);
      expect(ofArchive).toContain('by a checkpoint of yours');
      await writeFile(policy, `archive ${'ab'.repeat(32)}\nquorum none\n`);
      expect((await verified('conversation-0', '--policy', policy)).findings.map(({ code }) => code)).toEqual(['POLICY_MISMATCH']);
    },
    PATIENCE_MS,
  );

  it(
    'the archive has an account of every export',
    async () => {
      const opened = await openEmbedded(data);
      await opened.governance.refresh();
      const types: string[] = [];
      for (let seq = 0; ; seq++) {
        const committed = await readCommitted(opened.archive, 'access/cli', seq, opened.governance.keys);
        if (committed === undefined) break;
        await opened.reader.walk(committed.manifest, () => (plain, start, end) => {
          const { record } = decodeRecord(plain.slice(start, end));
          const event = JSON.parse(fromUtf8(record.value!)) as { type: string; sha256?: string };
          if (event.type === 'access.bundle.exported') expect(event.sha256).toMatch(/^[0-9a-f]{64}$/);
          types.push(event.type);
        });
      }
      await opened.close();
      const count = (type: string): number => types.filter((each) => each === type).length;
      expect(count('access.bundle.exported')).toBeGreaterThanOrEqual(5);
      // An export that failed was begun.
      expect(count('access.bundle.started')).toBeGreaterThan(count('access.bundle.exported'));
    },
    PATIENCE_MS,
  );
});

describeWith(NEEDS, 'a bundle on the real servers', () => {
  it(
    'verifies without them, and tells of records that are younger than the log',
    async () => {
      const archive = await clusterArchive(process.env, { name: freshName('bundles'), folder: join(folder, 'cluster'), partitions: 2 });
      const append = async (records: number, seed: number): Promise<void> => {
        const opened = await archive.open();
        const sink = opened.sink();
        await sink.append(archive.topic, [...syntheticEvents({ records, seed, conversations: 5 })]);
        await sink.close();
        await opened.close();
        await holdfastJson(archive, ['ingest', '--until-idle']);
      };
      await append(500, SEED);
      const opened = await archive.open();
      await opened.governance.refresh();
      const alarms = { raise: () => undefined, clear: () => undefined };
      const checkpoint = await (await openNotary(opened, anchors(), { alarms })).untilCovered();
      await opened.close();
      const file = (name: string): string => join(archive.folder, `${name}.zip`);
      const made = (await holdfastJson(archive, ['bundle', '--query', 'contract OR 合同', '-o', file('query')])) as Made;
      expect(made).toMatchObject({ scope: 'query', log: { size: checkpoint!.checkpoint.size }, search: { younger: 0 } });
      expect(made.search!.hits).toBeGreaterThan(0);
      const { hits } = (await holdfastJson(archive, ['search', 'contract', '--limit', '1'])) as { hits: { id: string }[] };
      const { record } = (await holdfastJson(archive, ['show', hits[0]!.id])) as { record: { key: { text: string } } };
      const whole = await holdfastJson(archive, ['bundle', '--conversation', record.key.text, '-o', file('conversation')]);
      expect(whole).toMatchObject({ complete: 'yes' });
      for (const name of ['query', 'conversation']) {
        const report = JSON.parse(await run('verify', '--json', '--bundle', file(name))) as BundleReport;
        expect([name, report.findings]).toEqual([name, []]);
      }

      const before = new Set(await idsOf(archive, 'contract'));
      // Sealed and searchable, and in no checkpoint yet: in a cluster the service audit makes the next one.
      await append(500, SEED + 1);
      const later = (await holdfastJson(archive, ['bundle', '--query', 'contract OR 合同', '-o', file('later')])) as Made;
      expect(later.search!.hits).toBe(made.search!.hits);
      expect(later.search!.younger).toBeGreaterThan(0);
      const young = (await idsOf(archive, 'contract')).find((id) => !before.has(id))!;
      await writeFile(join(archive.folder, 'ids'), young);
      const { code, stderr } = await holdfastOn(archive, ['bundle', '--ids', join(archive.folder, 'ids'), '-o', file('young')]);
      expect([code, stderr]).toEqual([1, expect.stringContaining('cannot be proven yet')]);
    },
    PATIENCE_MS,
  );
});

async function idsOf(archive: Awaited<ReturnType<typeof clusterArchive>>, query: string): Promise<string[]> {
  return (await holdfastOn(archive, ['search', query, '--ids'])).stdout.trim().split('\n');
}

/** Nobody anchors. */
function anchors(): AnchorSettings {
  return z.object(anchorSettings).parse({});
}
