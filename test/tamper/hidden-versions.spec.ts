import { beforeEach, describe, expect, it } from '@jest/globals';
import { nodeCrypto as crypto } from '@holdfast/crypto-node';
import { GENESIS_CLAIM, GENESIS_KEY, toHex, utf8 } from '@holdfast/seal';
import { readHead, repairClaim } from '@holdfast/vault';
import { verifyArchive } from '@holdfast/verify';
import type { Evidence, VerifyOptions, VerifyReport } from '@holdfast/verify';
import { evidenceOf } from '../../apps/cli/src/evidence.js';
import { MemoryArchive, SOURCE, TOPIC } from '../harness/memory-archive.js';

/* What a store with versions and delete markers can hide (S3), and what a verifier with fewer rights still sees. */
const CHAIN = `msg/${SOURCE}/${TOPIC}/0/0`;
const LOCK = { mode: 'COMPLIANCE', retainUntil: new Date('2099-12-31T23:59:59Z') } as const;

let archive: MemoryArchive;

beforeEach(async () => {
  archive = await MemoryArchive.create({ partitions: 2 });
  for (const partition of [0, 1]) archive.append(6, { partition });
  await archive.finish('honest');
});

function judge(options: Partial<VerifyOptions> = {}, over: Partial<Evidence> = {}): Promise<VerifyReport> {
  const evidence = evidenceOf({
    ...archive.parts(),
    async *strays() {
      yield* [];
    },
  });
  return verifyArchive({ ...evidence, ...over }, { crypto, ...options });
}

async function first(store: 'vault' | 'wraps', prefix: string): Promise<{ readonly key: string; readonly version: string }> {
  for await (const version of archive[store].list(prefix)) return version;
  throw new Error(`nothing under ${prefix}`);
}

const named = (report: VerifyReport): string[] => report.findings.map(({ code, place }) => `${code} ${place}`);

describe('wraps under data keys that nobody uses', () => {
  it('are listed once a key; names and chains that are none are findings', async () => {
    const lock = { mode: 'GOVERNANCE', retainUntil: LOCK.retainUntil } as const;
    const put = (key: string): Promise<string> => archive.wraps.put(key, utf8('wrap'), lock);
    const unused = `${CHAIN}/standard/2033-01/2026-01-02/${'ab'.repeat(16)}/`;
    await put(`${unused}kek.jwe`);
    await put(`${unused}escrow.jwe`);
    const honest = await judge();
    expect(named(honest)).toEqual([]);
    expect(honest.notes.filter(({ code }) => code === 'ABANDONED_ATTEMPT').map(({ place }) => place)).toEqual([unused]);
    const used = (await first('wraps', CHAIN)).key.replace(/[^/]+$/, '');
    const orphans = [
      `${unused}other.jwe`,
      `${used}other.jwe`,
      `msg/no/chain/0/0/standard/2033-01/2026-01-02/${'ab'.repeat(16)}/kek.jwe`,
      `${CHAIN}/stray.bin`,
    ];
    for (const key of orphans) await put(key);
    expect(named(await judge()).sort()).toEqual(orphans.map((key) => `ORPHAN ${key}`).sort());
    // One chain is asked for: what others have is not looked at.
    expect(named(await judge({ chains: [`msg/${SOURCE}/${TOPIC}/1/0`] }))).toEqual([]);
  });
});

describe('delete markers', () => {
  it('on every kind of object are findings that name it', async () => {
    const keys = [
      GENESIS_KEY,
      (await first('vault', `m/${CHAIN}/0000000000000000`)).key,
      (await first('vault', `o/${CHAIN}/0000000000000000`)).key,
      (await first('vault', 'm/gov/')).key,
    ];
    for (const key of keys) archive.vault.hide(key);
    const wrap = (await first('wraps', CHAIN)).key;
    archive.wraps.hide(wrap);
    const report = await judge();
    expect(named(report).sort()).toEqual([...keys, wrap].map((key) => `DELETE_MARKER ${key}`).sort());
    // What they hide is read by its version all the same.
    expect(report.recordsOpened).toBe(report.records);
  });

  it('under names that nobody uses are findings too', async () => {
    const hash = 'ab'.repeat(32);
    for (const key of [`o/${CHAIN}/0000000000000000/0-standard-2033-01-${hash}.hfo`, `m/${CHAIN}/0000000000000009/${hash}.jws`, `s/${hash}.jws`]) {
      archive.vault.hide(key);
      expect(named(await judge())).toContain(`DELETE_MARKER ${key}`);
    }
  });
});

describe('names that do not belong', () => {
  it.each([
    [`m/${CHAIN}/odd`, 'ORPHAN'],
    [`m/${CHAIN}/0000000000000000/odd.jws`, 'ORPHAN'],
    [`o/${CHAIN}/0000000000000000/odd.hfo`, 'ORPHAN'],
    [`o/${CHAIN}/odd`, 'ORPHAN'],
    ['s/odd', 'ORPHAN'],
    [`s/${'ab'.repeat(32)}.jws`, 'OBJECT_DIFFERS'],
    ['t/checkpoint', 'ORPHAN'],
  ])('%s is %s', async (key, code) => {
    await archive.vault.put(key, utf8('put here'), LOCK);
    expect(named(await judge())).toContain(`${code} ${key}`);
  });

  it('in the wraps store, beside the wraps of a data key', async () => {
    const { key } = await first('wraps', CHAIN);
    const odd = key.replace(/[^/]+$/, 'other.jwe');
    await archive.wraps.put(odd, utf8('put here'), { ...LOCK, mode: 'GOVERNANCE' });
    expect(named(await judge())).toEqual([`ORPHAN ${odd}`]);
  });

  it('an attempt that is larger than any object may be is not read to its end', async () => {
    const key = `o/${CHAIN}/0000000000000009/0-standard-2033-01-${'ab'.repeat(32)}.hfo`;
    await archive.vault.put(key, utf8('large'), LOCK);
    let asked = 0;
    const report = await judge(
      {},
      {
        get: async (wanted, version, most) => {
          if (wanted === key) asked = most;
          return archive.vault.get(wanted, version);
        },
      },
    );
    expect(named(report)).toContain(`ORPHAN ${key}`);
    expect(asked).toBe(64 * 1024 * 1024);
  });
});

describe('the genesis', () => {
  it('is told among several by the id that the verifier holds, and by its claim', async () => {
    const other = await MemoryArchive.create();
    const { key, version } = await first('vault', GENESIS_KEY);
    const id = toHex(crypto.sha256(await archive.vault.get(key, version)));
    const strange = await (async (): Promise<Uint8Array> => {
      for await (const one of other.vault.list(GENESIS_KEY)) return other.vault.get(one.key, one.version);
      throw new Error('no genesis');
    })();
    await archive.vault.put(GENESIS_KEY, strange, LOCK);
    expect((await judge()).findings).toEqual([]);
    expect((await judge({ archiveId: id })).findings).toEqual([]);
    await archive.claims.remove(GENESIS_CLAIM);
    expect(named(await judge({ archiveId: id }))).toEqual([`CLAIMS_ROLLED_BACK ${GENESIS_CLAIM}`]);
    expect(named(await judge())).toEqual([`CLAIMS_ROLLED_BACK ${GENESIS_CLAIM}`, `GENESIS_INVALID ${GENESIS_KEY}`]);
    await archive.claims.create(GENESIS_CLAIM, Uint8Array.of(0xff, 0xfe));
    expect(named(await judge({ archiveId: id }))).toEqual([`CLAIM_DIFFERS ${GENESIS_CLAIM}`]);
  });

  it('that is listed and cannot be read is missing; one that is not locked is named', async () => {
    expect(named(await judge({}, { get: () => Promise.resolve(undefined) }))).toEqual([`GENESIS_MISSING ${GENESIS_KEY}`]);
    const unlocked = await judge({}, { head: async (key, version) => ({ ...(await archive.vault.head(key, version)), lock: null }) });
    expect(named(unlocked)).toContain(`LOCK_MISSING ${GENESIS_KEY}`);
    expect(new Set(unlocked.findings.map(({ code }) => code))).toEqual(new Set(['LOCK_MISSING']));
  });
});

describe('a verifier', () => {
  it('without claims says that the last numbers are pending, and judges everything else', async () => {
    const report = await judge({}, { claims: false, claim: () => Promise.reject(new Error('asked for a claim')) });
    expect(report.findings).toEqual([]);
    expect(report.notes.filter(({ code }) => code === 'PENDING').map(({ place }) => place)).toEqual([
      expect.stringMatching(/^gov /),
      expect.stringMatching(/^msg/),
      expect.stringMatching(/^msg/),
    ]);
    expect(report.recordsOpened).toBe(report.records);
    const head = await readHead((await archive.open()).archive, CHAIN, (await archive.open()).governance.keys);
    expect(report.partitions).toContainEqual(expect.objectContaining({ chain: CHAIN, segments: head.seqs, records: 6 }));
  });

  it('without keys says that content was not opened, and still finds what its hash tells', async () => {
    const report = await judge({}, { dataKey: () => Promise.resolve({ absent: true }) });
    expect(report.findings).toEqual([]);
    expect(report.skipped).toHaveLength(1);
    expect(report.recordsOpened).toBeLessThan(report.records + 100);
    const { key, version } = await first('vault', `o/${CHAIN}/`);
    archive.vault.tamper(key, version, (body) => body.map((byte, i) => (i === 30 ? byte ^ 1 : byte)));
    expect(named(await judge({}, { dataKey: () => Promise.resolve({ absent: true }) }))).toEqual([`OBJECT_DIFFERS ${key}`]);
    expect(named(await judge({ level: 4 }))).toEqual([`OBJECT_DIFFERS ${key}`]);
  });

  it('names a key that does not open, and one that opens something else', async () => {
    const refused = await judge({}, { dataKey: () => Promise.resolve({ refused: 'it does not open.' }) });
    expect(new Set(refused.findings.map(({ code }) => code))).toEqual(new Set(['WRAP_DAMAGED']));
    const wrong = await judge({}, { dataKey: () => Promise.resolve({ key: new Uint8Array(32) }) });
    expect(new Set(wrong.findings.map(({ code }) => code))).toEqual(new Set(['CONTENT_DAMAGED']));
  });

  it('looks at the chains that it is told to, and stops when it is told to', async () => {
    const other = `msg/${SOURCE}/${TOPIC}/1/0`;
    const { key, version } = await first('vault', `o/${other}/`);
    archive.vault.tamper(key, version, (body) => body.map((byte, i) => (i === 30 ? byte ^ 1 : byte)));
    const report = await judge({ chains: [CHAIN] });
    expect(report.findings).toEqual([]);
    expect(report.partitions.map(({ chain }) => chain)).toEqual([CHAIN]);
    const stop = new AbortController();
    const places: string[] = [];
    await expect(
      judge({
        signal: stop.signal,
        onProgress: ({ chain }) => {
          places.push(chain);
          if (chain !== 'gov') stop.abort();
        },
      }),
    ).rejects.toMatchObject({ code: 'stopped' });
    expect(places).toContain('gov');
  });

  it('keeps a thousand findings and counts the others', async () => {
    for (let i = 0; i < 1_100; i++) await archive.vault.put(`x/${i}`, utf8('x'), LOCK);
    const report = await judge();
    expect(report).toMatchObject({ ok: false, findingsTotal: 1_100 });
    expect(report.findings).toHaveLength(1_000);
  }, 30_000);

  it('believes nothing that is listed and not there', async () => {
    const { key } = await first('vault', `m/${CHAIN}/0000000000000000`);
    const report = await judge({}, { get: (wanted, version) => (wanted === key ? Promise.resolve(undefined) : archive.vault.get(wanted, version)) });
    expect(named(report)).toEqual(expect.arrayContaining([`MANIFEST_MISSING ${key}`, `MANIFEST_MISSING ${CHAIN} 0`]));
    const wrap = await first('wraps', CHAIN);
    expect(named(await judge({}, { wrap: () => Promise.resolve(undefined) }))).toContain(`WRAP_DAMAGED ${wrap.key}`);
    expect(named(await judge({}, { wrapState: () => Promise.resolve(undefined) }))).toContain(`LOCK_MISSING ${wrap.key}`);
  });
});

describe('a statement of a repair', () => {
  async function repaired(): Promise<string> {
    let last: { readonly key: string; readonly version: string } | undefined;
    for await (const version of archive.vault.list(`m/${CHAIN}/`)) last = version;
    archive.vault.destroy(last!.key, last!.version);
    const process = await archive.open();
    const { statement } = await repairClaim(process.archive, process.governance, {
      chain: CHAIN,
      reason: 'a broken disk',
      principal: 'os:tester',
      signStatement: (payload) => Promise.resolve(archive.keys.signRecovery(payload, 'holdfast-statement')),
    });
    return `s/${statement}.jws`;
  }

  it('is no finding; changed, removed or signed by another it is one', async () => {
    const key = await repaired();
    expect((await judge()).findings).toEqual([]);
    const { version } = await first('vault', key);
    archive.vault.tamper(key, version, (body) => body.map((byte, i) => (i === 9 ? byte ^ 1 : byte)));
    expect(named(await judge())).toEqual([`OBJECT_DIFFERS ${key}`]);
    archive.vault.destroy(key, version);
    expect(named(await judge())).toEqual([`OBJECT_MISSING ${key}`]);
    for (const bytes of [utf8(await archive.keys.sign(utf8('{}'), 'holdfast-statement')), utf8('not a statement')]) {
      const other = `s/${toHex(crypto.sha256(bytes))}.jws`;
      await archive.vault.put(other, bytes, LOCK);
      expect(named(await judge())).toContain(`STATEMENT_INVALID ${other}`);
    }
  });

  it('that gov does not name is a repair that was not finished', async () => {
    const bytes = utf8(archive.keys.signRecovery(utf8('{}'), 'holdfast-statement'));
    await archive.vault.put(`s/${toHex(crypto.sha256(bytes))}.jws`, bytes, LOCK);
    const report = await judge();
    expect(report.findings).toEqual([]);
    expect(report.notes.map(({ code }) => code)).toContain('ABANDONED_ATTEMPT');
  });
});
