import { beforeEach, describe, expect, it } from '@jest/globals';
import { nodeCrypto as crypto } from '@holdfast/crypto-node';
import { CLAIM_TYP, MANIFEST_TYP, SegmentBuilder, claimKey, contentKey, manifestKey, toBase64Url, toHex, utf8 } from '@holdfast/seal';
import type { Manifest, ManifestObject } from '@holdfast/seal';
import { newEcPair, signCompact } from '@holdfast/test-kit';
import type { EcPair } from '@holdfast/test-kit';
import { readCommitted, readHead } from '@holdfast/vault';
import type { FindingCode } from '@holdfast/verify';
import { MemoryArchive, SOURCE, TOPIC } from '../harness/memory-archive.js';
import type { Process } from '../harness/memory-archive.js';

/*
 * Somebody who holds the manifest key and may write to the stores: nothing keeps him from appending, but what he appends
 * must follow the rules, or verify says so.
 */
const CHAIN = `msg/${SOURCE}/${TOPIC}/0/0`;
const ZEROS = '0'.repeat(64);

let archive: MemoryArchive;
let process: Process;
let last: Manifest;
let lastHash: string;

beforeEach(async () => {
  archive = await MemoryArchive.create();
  archive.append(8);
  await archive.finish('honest');
  process = await archive.open();
  const head = await readHead(process.archive, CHAIN, process.governance.keys);
  last = head.last!.manifest;
  lastHash = head.last!.hash;
});

/** The next manifest of the chain as an honest writer would make it, without records. */
function next(change: Partial<Manifest> = {}): Manifest {
  const now = new Date().toISOString();
  return {
    ...last,
    seq: last.seq + 1,
    prev: lastHash,
    first: last.next,
    next: last.next,
    records: 0,
    holes: { count: 0, sum: '0', losses: [] },
    root: toHex(crypto.sha256(new Uint8Array(0))),
    objects: [],
    governance: process.governance.head,
    time: now,
    clock: now,
    ...change,
  };
}

/** Stores a manifest and claims it, signed by the archive's key or by another. */
async function commit(
  manifest: Manifest,
  options: { readonly signer?: EcPair; readonly until?: Date; readonly claim?: boolean; readonly typ?: string } = {},
): Promise<string> {
  const { signer, until = process.governance.ledgerUntil(new Date()), claim = true, typ = MANIFEST_TYP } = options;
  const payload = utf8(JSON.stringify(manifest));
  const bytes = utf8(
    signer === undefined
      ? await archive.keys.sign(payload, typ)
      : signCompact({ alg: 'ES256', kid: signer.publicJwk.kid, typ }, payload, signer.privateJwk),
  );
  const hash = toHex(crypto.sha256(bytes));
  const version = await archive.vault.put(manifestKey(manifest.chain, manifest.seq, hash), bytes, { mode: 'COMPLIANCE', retainUntil: until });
  if (claim) {
    const body = { format: 'holdfast.claim/1', archive: process.archive.idHex, chain: manifest.chain, seq: manifest.seq, manifest: hash, version };
    await archive.claims.create(claimKey(manifest.chain, manifest.seq), utf8(await archive.keys.sign(utf8(JSON.stringify(body)), CLAIM_TYP)));
  }
  return hash;
}

/** A clear object of one record, as it may lie in gov only. */
function clearObject(chain: string, seq: number, change: Partial<ManifestObject> = {}): { readonly object: ManifestObject; readonly root: string } {
  const cohort = { className: 'ledger', classNumber: 0, period: String(new Date().getUTCFullYear()) };
  const builder = new SegmentBuilder(crypto, { archive: process.archive.id, chain, seq }, BigInt(last.next));
  builder.add({ offset: BigInt(last.next), timestamp: 1n, timestampType: 'create', key: null, value: utf8('{}'), headers: [] }, cohort, null);
  const segment = builder.finish();
  const [sealed] = segment.objects;
  if (sealed === undefined) throw new Error('no object');
  const object: ManifestObject = {
    no: 0,
    cohort: { class: 'ledger', number: 0, period: cohort.period },
    enc: 'none',
    records: 1,
    root: toHex(sealed.root),
    blocks: 1,
    size: sealed.bytes.length,
    sha256: toHex(sealed.sha256),
    trailer: sealed.trailer,
    directory: { root: toHex(sealed.directory.root), entries: 0, unattributed: { count: 1, root: toHex(sealed.directory.unattributed.root) } },
    retainUntil: '2099-12-31T23:59:59Z',
    inline: toBase64Url(sealed.bytes),
    ...change,
  };
  return { object, root: toHex(segment.root) };
}

async function codes(): Promise<FindingCode[]> {
  const { findings } = await archive.verify();
  return [...new Set(findings.map(({ code }) => code))].sort();
}

describe('a manifest with the right signature', () => {
  it('and the right facts is no finding', async () => {
    await commit(next());
    expect(await codes()).toEqual([]);
  });

  it.each<[string, () => Partial<Manifest>, FindingCode[]]>([
    ['another manifest before it', () => ({ prev: ZEROS }), ['CHAIN_LINK_BROKEN']],
    ['a first offset that does not follow', () => ({ first: '9', next: '9' }), ['OFFSETS_NOT_COVERED']],
    ['offsets that nothing covers', () => ({ next: '20' }), ['OFFSETS_NOT_COVERED']],
    ['an end before its beginning', () => ({ next: '5' }), ['OFFSETS_NOT_COVERED']],
    ['more records than its objects hold', () => ({ records: 1 }), ['MANIFEST_INVALID', 'OFFSETS_NOT_COVERED']],
    ['another segment root', () => ({ root: ZEROS }), ['MANIFEST_INVALID']],
    [
      'a loss that nobody accepted',
      () => ({ next: '12', holes: { count: 0, sum: '0', losses: [{ from: '8', to: '12', reason: 'because' }] } }),
      ['LOSS_NOT_ACCEPTED'],
    ],
    ['a time that falls', () => ({ time: '2020-01-01T00:00:00.000Z', clock: '2020-01-01T00:00:00.000Z' }), ['TIME_FALLS']],
    ['a time that is not the later of clock and time before', () => ({ time: '2099-01-01T00:00:00.000Z' }), ['TIME_FALLS']],
    ['a head of gov that is not there', () => ({ governance: { next: 99, hash: ZEROS } }), ['GOVERNANCE_HEAD_WRONG']],
    ['another hash of a head that is', () => ({ governance: { ...process.governance.head, hash: ZEROS } }), ['GOVERNANCE_HEAD_WRONG']],
    ['a head of gov before the last one', () => ({ governance: { next: 0, hash: process.archive.idHex } }), ['GOVERNANCE_HEAD_WRONG']],
    ['another log than its chain', () => ({ source: { cluster: 'another log' } }), ['CHAIN_UNREGISTERED']],
    ['an end of the chain that gov has not decided', () => ({ closing: { reason: 'r', successor: 'msg/x/y/0/1' } }), ['GOVERNANCE_INVALID']],
  ])('and %s', async (_what, change, expected) => {
    await commit(next(change()));
    expect(await codes()).toEqual(expected);
  });

  it('and content in the clear, in the manifest, of the wrong class', async () => {
    const { object, root } = clearObject(CHAIN, last.seq + 1);
    await commit(next({ objects: [object], records: 1, root, next: String(Number(last.next) + 1) }));
    expect(await codes()).toEqual(['CONTENT_DAMAGED', 'GOVERNANCE_INVALID']);
    const { findings } = await archive.verify();
    expect(findings.every(({ place }) => place.startsWith(`${CHAIN} ${last.seq + 1}`))).toBe(true);
  });

  it.each<[string, Partial<ManifestObject>, FindingCode[]]>([
    ['a number that is not its place', { no: 1 }, ['MANIFEST_INVALID', 'CONTENT_DAMAGED']],
    ['more records', { records: 2 }, ['MANIFEST_INVALID', 'OBJECT_MALFORMED']],
    ['another hash', { sha256: ZEROS }, ['OBJECT_DIFFERS']],
    ['bytes that are no base64url', { inline: 'A' }, ['OBJECT_MALFORMED']],
    ['a class that gov does not know', { cohort: { class: 'nobody', number: 7, period: '2033-01' } }, ['GOVERNANCE_INVALID']],
    ['another number of a class', { cohort: { class: 'standard', number: 7, period: '2033-01' } }, ['GOVERNANCE_INVALID']],
    [
      'a cohort that ends too early',
      { cohort: { class: 'standard', number: 1, period: '2026-12' }, retainUntil: '2026-12-31T23:59:59Z' },
      ['LOCK_SHORT'],
    ],
    [
      'a cohort that ends too late',
      { cohort: { class: 'standard', number: 1, period: '2040-01' }, retainUntil: '2040-01-31T23:59:59Z' },
      ['GOVERNANCE_INVALID'],
    ],
    [
      'a lock that is not the end of its cohort',
      { cohort: { class: 'trade', number: 2, period: '2028-11' }, retainUntil: '2028-11-30T00:00:00Z' },
      ['LOCK_SHORT'],
    ],
    ['a key that does not say what it is', { key: 'o/elsewhere', version: 'v' }, ['MANIFEST_INVALID']],
  ])('and an object of %s', async (_what, change, expected) => {
    const made = clearObject(CHAIN, last.seq + 1);
    const { inline, ...placed } = { ...made.object, ...change };
    const object = change.key === undefined ? { ...placed, inline: inline ?? '' } : placed;
    await commit(next({ objects: [object], records: 1, root: made.root, next: String(Number(last.next) + 1) }));
    expect(await codes()).toEqual(expect.arrayContaining(expected));
  });

  it('and an object that is not there, one that is locked too short, and one twice', async () => {
    const { object, root } = clearObject(CHAIN, last.seq + 1);
    const cohort = { className: 'trade', period: '2028-12' };
    const key = contentKey(CHAIN, last.seq + 1, 0, cohort, object.sha256);
    const { inline = '', ...rest } = object;
    const placed = {
      ...rest,
      cohort: { class: 'trade', number: 2, period: '2028-12' },
      retainUntil: '2028-12-31T23:59:59Z',
      key,
      version: 'nowhere',
    };
    await commit(next({ objects: [placed], records: 1, root, next: '9' }));
    expect(await codes()).toContain('OBJECT_MISSING');
    const version = await archive.vault.put(key, Buffer.from(inline, 'base64url'), {
      mode: 'GOVERNANCE',
      retainUntil: new Date('2026-12-31T23:59:59Z'),
    });
    last = { ...last, seq: last.seq + 1 };
    const again = contentKey(CHAIN, last.seq + 1, 0, cohort, object.sha256);
    const short = await archive.vault.put(again, Buffer.from(inline, 'base64url'), {
      mode: 'COMPLIANCE',
      retainUntil: new Date('2027-12-31T23:59:59Z'),
    });
    const hash = [...(await listed(`m/${CHAIN}/000000000000000${last.seq}/`))][0]!.key.slice(-68, -4);
    await commit(
      next({
        prev: hash,
        objects: [
          { ...placed, key: again, version: short },
          { ...placed, no: 1, key: again, version: short },
        ],
        first: '9',
        next: '10',
      }),
    );
    expect(await codes()).toEqual(expect.arrayContaining(['LOCK_SHORT', 'MANIFEST_INVALID']));
    expect(version).not.toBe('nowhere');
  });

  async function listed(prefix: string): Promise<{ key: string; version: string }[]> {
    const found: { key: string; version: string }[] = [];
    for await (const { key, version } of archive.vault.list(prefix)) found.push({ key, version });
    return found;
  }
});

describe('a chain', () => {
  it('that nobody registered, that obeys gov before its registration, or is of another log', async () => {
    await commit({ ...next(), chain: 'msg/stranger/t/0/0', seq: 0, prev: ZEROS, first: '0', next: '0' });
    expect(await codes()).toEqual(['CHAIN_UNREGISTERED']);
    const chain = 'msg/late/t/0/0';
    const before = process.governance.head;
    await process.governance.append(() => [
      { type: 'chain.registered', id: 'ab'.repeat(16), time: new Date().toISOString(), principal: 'os:tester', chain, cluster: 'their log' },
    ]);
    await commit({ ...next(), chain, seq: 0, prev: ZEROS, first: '0', next: '0', governance: before, source: { cluster: 'their log' } });
    const { findings } = await archive.verify();
    expect(findings.map(({ place }) => place)).toContain(`${chain} 0`);
    const other = 'msg/other/t/0/0';
    await process.governance.append(() => [
      { type: 'chain.registered', id: 'cd'.repeat(16), time: new Date().toISOString(), principal: 'os:tester', chain: other, cluster: 'their log' },
    ]);
    await commit({ ...next(), chain: other, seq: 0, prev: ZEROS, first: '0', next: '0', source: { cluster: 'my log' } });
    expect((await archive.verify()).findings.map(({ place }) => place)).toContain(`${other} 0`);
  });

  it('that begins anywhere but at 0, goes on behind its end, or misses a number', async () => {
    await commit(next({ seq: last.seq + 3, prev: ZEROS }));
    expect(await codes()).toEqual(expect.arrayContaining(['CHAIN_LINK_BROKEN', 'MANIFEST_MISSING']));
  });

  it('that is forked: two manifests of one number name two before them', async () => {
    await commit(next());
    await commit(next({ seq: last.seq + 2, prev: ZEROS }));
    await commit(next({ seq: last.seq + 2, prev: 'ab'.repeat(32) }), { claim: false });
    expect(await codes()).toEqual(expect.arrayContaining(['CHAIN_FORKED', 'CHAIN_LINK_BROKEN']));
  });

  it('whose claim names another manifest than the chain does', async () => {
    const one = await commit(next({ software: 'one' }), { claim: false });
    await commit(next({ software: 'two' }));
    await commit(next({ seq: last.seq + 2, prev: one }));
    expect(await codes()).toEqual(['CLAIM_DIFFERS']);
  });

  it('whose last number has several manifests is decided by its claim; the others are attempts', async () => {
    await commit(next({ software: 'one' }), { claim: false });
    await commit(next({ software: 'two' }));
    const report = await archive.verify();
    expect(report.findings).toEqual([]);
    expect(report.notes.map(({ code }) => code)).toContain('ABANDONED_ATTEMPT');
    expect(report.partitions).toMatchObject([{ segments: last.seq + 2 }]);
  });

  it('whose claim names what is not there', async () => {
    await archive.claims.create(
      claimKey(CHAIN, last.seq + 1),
      utf8(
        await archive.keys.sign(
          utf8(
            JSON.stringify({
              format: 'holdfast.claim/1',
              archive: process.archive.idHex,
              chain: CHAIN,
              seq: last.seq + 1,
              manifest: ZEROS,
              version: 'v',
            }),
          ),
          CLAIM_TYP,
        ),
      ),
    );
    expect(await codes()).toEqual(['MANIFEST_MISSING']);
    await commit(next(), { claim: false });
    expect(await codes()).toEqual(['CLAIM_UNREADABLE', 'MANIFEST_MISSING']);
  });

  it('with manifests locked too short, or not for good', async () => {
    await commit(next(), { until: new Date('2027-01-31T23:59:59Z') });
    expect(await codes()).toEqual(['LOCK_SHORT']);
  });
});

describe('a manifest key', () => {
  it('that gov introduces signs the very next segment of gov, and everything behind', async () => {
    const fresh = newEcPair();
    const base = { id: 'ef'.repeat(16), time: new Date().toISOString(), principal: 'os:tester' };
    await process.governance.append(() => [{ type: 'key.introduced', ...base, use: 'manifest', jwk: fresh.publicJwk }]);
    const gov = await readHead(process.archive, 'gov', process.governance.keys);
    const rotated = {
      ...archive.keys,
      sign: (payload: Uint8Array, typ: string) =>
        Promise.resolve(signCompact({ alg: 'ES256', kid: fresh.publicJwk.kid, typ }, payload, fresh.privateJwk)),
    };
    const after = await archive.open({ keys: Object.assign(Object.create(archive.keys) as typeof archive.keys, { sign: rotated.sign }) });
    await after.governance.append(() => [{ type: 'chain.registered', ...base, id: '12'.repeat(16), chain: 'access/rotated' }]);
    expect((await readCommitted(after.archive, 'gov', gov.seqs, after.governance.keys))?.manifest.seq).toBe(gov.seqs);
    expect(await codes()).toEqual([]);
    // A segment that obeys the head before the introduction cannot be signed by it.
    process = await archive.open();
    await commit(next({ governance: last.governance }), { signer: fresh });
    expect(await codes()).toContain('MANIFEST_INVALID');
  });

  it('that gov did not introduce signs nothing, and another type of document is no manifest', async () => {
    await commit(next(), { signer: newEcPair(), claim: false });
    expect(await codes()).toEqual(['MANIFEST_INVALID']);
    await commit(next(), { typ: CLAIM_TYP, claim: false });
    const { findings } = await archive.verify();
    expect(findings).toHaveLength(2);
  });
});

describe('governance', () => {
  it('with an event that contradicts what is sealed, or is none', async () => {
    const gov = await readHead(process.archive, 'gov', process.governance.keys);
    const base = { id: '34'.repeat(16), time: new Date().toISOString(), principal: 'os:tester' };
    const seal = async (seq: number, prev: string, first: bigint, values: readonly string[]): Promise<string> => {
      const cohort = { className: 'ledger', classNumber: 0, period: String(new Date().getUTCFullYear()) };
      const builder = new SegmentBuilder(crypto, { archive: process.archive.id, chain: 'gov', seq }, first);
      values.forEach((value, i) =>
        builder.add(
          { offset: first + BigInt(i), timestamp: 1n, timestampType: 'create', key: utf8('x'), value: utf8(value), headers: [] },
          cohort,
          null,
        ),
      );
      const segment = builder.finish();
      const [sealed] = segment.objects;
      const object = clearObject('gov', seq, {
        records: values.length,
        root: toHex(sealed!.root),
        size: sealed!.bytes.length,
        sha256: toHex(sealed!.sha256),
        trailer: sealed!.trailer,
        directory: { root: toHex(sealed!.directory.root), entries: 1, unattributed: { count: 0, root: toHex(sealed!.directory.unattributed.root) } },
        inline: toBase64Url(sealed!.bytes),
      }).object;
      const { source: _source, ...rest } = next();
      return commit({
        ...rest,
        chain: 'gov',
        seq,
        prev,
        first: first.toString(),
        next: segment.next.toString(),
        records: values.length,
        root: toHex(segment.root),
        objects: [object],
        governance: { next: seq, hash: prev },
      });
    };
    const first = BigInt(gov.last!.manifest.next);
    const hash = await seal(gov.seqs, gov.last!.hash, first, [JSON.stringify({ type: 'policy.set', ...base, defaultClass: 'nobody' })]);
    expect(await codes()).toEqual(['GOVERNANCE_INVALID']);
    await seal(gov.seqs + 1, hash, first + 1n, ['{"type":"what"}', '{ }', '['.repeat(50_000)]);
    const { findings } = await archive.verify();
    expect(findings.map(({ code, place }) => `${code} ${place}`)).toEqual([
      `GOVERNANCE_INVALID gov ${gov.seqs}`,
      `GOVERNANCE_INVALID gov offset ${first + 1n}`,
      `GOVERNANCE_INVALID gov offset ${first + 2n}`,
      `GOVERNANCE_INVALID gov offset ${first + 3n}`,
    ]);
    // Every process refuses it, and goes on refusing.
    for (let i = 0; i < 3; i++) await expect(process.governance.refresh()).rejects.toMatchObject({ code: 'chain_broken' });
  });
});
