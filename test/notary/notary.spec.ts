import { beforeEach, describe, expect, it } from '@jest/globals';
import { nodeCrypto } from '@holdfast/crypto-node';
import { Notary } from '@holdfast/notary';
import type { NotaryOptions } from '@holdfast/notary';
import type { ObjectVersion } from '@holdfast/ports';
import { CLAIM_TYP, claimKey, encodeDocument, manifestKey, toHex, utf8 } from '@holdfast/seal';
import { MemoryAuthority, MemoryWitness, TestClock, collect, unavailable } from '@holdfast/test-kit';
import {
  BATCH_PREFIX,
  CHECKPOINT_PREFIX,
  LOG_CHAIN,
  STATE_PREFIX,
  TOKEN_PREFIX,
  batchKey,
  cosigners,
  encodeBatch,
  logKeysOf,
  parseBatch,
  parseLogKey,
} from '@holdfast/tlog';
import type { Policy } from '@holdfast/tlog';
import { LogFollower, readCommitted, readHead, rebuildClaims } from '@holdfast/vault';
import { logProblems } from '../harness/logged.js';
import { MemoryArchive, SOURCE, TOPIC, TestAlarms } from '../harness/memory-archive.js';

const CHAIN = `msg/${SOURCE}/${TOPIC}/0/0`;
const OTHER = `msg/${SOURCE}/${TOPIC}/1/0`;
const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;

let clock: TestClock;
let archive: MemoryArchive;
let alarms: TestAlarms;
let groups = 0;

beforeEach(async () => {
  clock = new TestClock();
  archive = await MemoryArchive.create({ clock, partitions: 2 });
  alarms = new TestAlarms();
  await seal();
});

async function seal(): Promise<void> {
  archive.append(4, { partition: 0 });
  archive.append(4, { partition: 1 });
  await archive.finish(`group ${String(groups++)}`);
}

async function notary(options: Partial<NotaryOptions> = {}): Promise<Notary> {
  return new Notary({ ...(await archive.open()), alarms, ...options });
}

async function rows(prefix: string): Promise<ObjectVersion[]> {
  return collect(archive.vault.list(prefix));
}

async function witness(name: string): Promise<MemoryWitness> {
  const process = await archive.open();
  return new MemoryWitness(nodeCrypto, name, logKeysOf(process.archive, process.governance.state));
}

function policyOf(...witnesses: MemoryWitness[]): Policy {
  const names = witnesses.map(({ name }) => name);
  return {
    logs: [],
    witnesses: witnesses.map(({ name, key }) => ({ name, key })),
    groups: [{ name: 'g', threshold: names.length, members: names }],
    quorum: 'g',
    tsas: [],
  };
}

describe('the notary', () => {
  it('brings every manifest into the log, ends with a tick, signs it, and does nothing when nothing is new', async () => {
    const first = await notary();
    const newest = await first.untilCovered();
    expect(newest?.checkpoint.size).toBe(first.size);
    expect(await logProblems(archive)).toEqual([]);
    const again = await notary();
    expect((await again.untilCovered())?.key).toBe(newest?.key);
    expect(again.counts).toEqual({ batches: 0, entries: 0, checkpoints: 0, claimsLost: 0 });
    expect([...alarms.standing]).toEqual([]);
  });

  it('adds a tick every minute although nothing is sealed, and a state every hour', async () => {
    const one = await notary();
    await one.step();
    for (let minute = 0; minute < 62; minute++) {
      clock.advance(MINUTE_MS);
      await one.step();
    }
    expect(one.counts.batches).toBe(63);
    expect((await rows(STATE_PREFIX)).length).toBe(2);
    expect(await logProblems(archive)).toEqual([]);
    const resumed = new LogFollower((await archive.open()).archive, (await archive.open()).governance);
    await resumed.refresh();
    expect(resumed.resumedAt).toBeGreaterThan(60);
  });

  it('stores full tiles once, from which every tree can be read', async () => {
    const one = await notary();
    for (let minute = 0; minute < 600; minute++) {
      await one.step({ tick: 'when due' });
      clock.advance(MINUTE_MS);
    }
    const tiles = (await rows('t/tile/')).map(({ key }) => key);
    expect(tiles).toEqual(['t/tile/0/000', 't/tile/0/001', 't/tile/entries/000', 't/tile/entries/001']);
    const two = await notary();
    clock.advance(MINUTE_MS);
    await two.step();
    expect((await rows('t/tile/')).length).toBe(4);
    expect(await logProblems(archive)).toEqual([]);
  }, 60_000);

  it('keeps in-between checkpoints for two days, anchors for good', async () => {
    const one = await notary();
    await one.untilCovered();
    await seal();
    await one.step();
    const before = await rows(CHECKPOINT_PREFIX);
    expect(before.length).toBe(2);
    clock.advance(47 * HOUR_MS);
    await one.step();
    expect((await rows(CHECKPOINT_PREFIX)).length).toBe(3);
    clock.advance(2 * HOUR_MS);
    await one.step();
    await one.step();
    const left = (await rows(CHECKPOINT_PREFIX)).map(({ key }) => key);
    expect(left).toContain(before[0]?.key);
    expect(left).not.toContain(before[1]?.key);
    expect(archive.vault.refused).toEqual([]);
    expect(await logProblems(archive)).toEqual([]);
  });

  it("refuses to sign with a key that is not the log's", async () => {
    const other = await MemoryArchive.create({ clock });
    const mine = await archive.open();
    const keys = {
      ...proxy(mine.archive.keys),
      logKey: () => other.keys.logKey(),
      signCheckpoint: (text: Uint8Array) => other.keys.signCheckpoint(text),
    };
    const process = await archive.open({ keys });
    await expect(new Notary({ ...process, alarms }).untilCovered()).rejects.toMatchObject({ code: 'key_missing' });
    expect(await rows(CHECKPOINT_PREFIX)).toEqual([]);
  });
});

/** The ring as plain functions, so that one can be replaced. */
function proxy(ring: Awaited<ReturnType<MemoryArchive['open']>>['archive']['keys']): typeof ring {
  return {
    manifestKey: () => ring.manifestKey(),
    logKey: () => ring.logKey(),
    recoveryKeys: () => ring.recoveryKeys(),
    cohorts: () => ring.cohorts(),
    sign: (payload, typ) => ring.sign(payload, typ),
    signCheckpoint: (text) => ring.signCheckpoint(text),
    wrap: (dataKey, context) => ring.wrap(dataKey, context),
    unwrap: (jwe, context) => ring.unwrap(jwe, context),
  };
}

describe('a manifest that does not pass', () => {
  const others = async (): Promise<number> => {
    const { archive: opened, governance } = await archive.open();
    const log = new LogFollower(opened, governance);
    await log.refresh();
    return log.fold.next(OTHER);
  };

  it('stops its chain only, until what it lacks is there', async () => {
    await seal();
    const process = await archive.open();
    const { manifest } = (await readCommitted(process.archive, CHAIN, 0, process.governance.keys))!;
    const { key, version } = manifest.objects[0]!;
    const bytes = await archive.vault.get(key!, version!);
    archive.vault.destroy(key!, version!);
    const one = await notary();
    await one.untilCovered();
    expect([...alarms.standing.keys()]).toEqual([`LOG_CHAIN_STOPPED ${CHAIN}`]);
    expect(await others()).toBeGreaterThan(0);
    expect(await logProblems(archive, { stopped: [CHAIN] })).toEqual([]);
    await seal();
    const before = await others();
    await one.untilCovered();
    expect(await others()).toBeGreaterThan(before);
    // Restored from a copy, under another version id.
    await archive.vault.put(key!, bytes, { mode: 'COMPLIANCE', retainUntil: new Date(manifest.objects[0]!.retainUntil) });
    clock.advance(2 * MINUTE_MS);
    await one.untilCovered();
    expect([...alarms.standing]).toEqual([]);
    expect(await logProblems(archive)).toEqual([]);
  });

  it.each([
    ['a wrong signature', 'claim_unreadable', (jws: string) => `${jws.slice(0, -8)}AAAAAAAA`],
    ['other bytes', 'claim_unreadable', (jws: string) => jws.slice(0, -1)],
  ])('because of %s never gets into the log', async (_what, _code, change) => {
    const process = await archive.open();
    const head = await readHead(process.archive, CHAIN, process.governance.keys);
    const jws = await process.archive.keys.sign(
      encodeDocument({ ...head.last!.manifest, seq: head.seqs, prev: head.last!.hash, objects: [] }),
      'holdfast-manifest',
    );
    await claim(process.archive, head.seqs, utf8(change(jws)));
    await (await notary()).untilCovered();
    expect([...alarms.standing.keys()]).toEqual([`LOG_CHAIN_STOPPED ${CHAIN}`]);
    expect(await others()).toBeGreaterThan(0);
  });

  it('because of a broken link, or a lock that is too short, never gets into the log', async () => {
    const process = await archive.open();
    const head = await readHead(process.archive, CHAIN, process.governance.keys);
    const { manifest } = head.last!;
    const wrong = { ...manifest, seq: head.seqs, first: manifest.next, records: 0, objects: [], holes: { count: 0, sum: '0', losses: [] } };
    const jws = await process.archive.keys.sign(encodeDocument(wrong), 'holdfast-manifest');
    await claim(process.archive, head.seqs, utf8(jws));
    await (await notary()).untilCovered();
    expect(alarms.standing.get(`LOG_CHAIN_STOPPED ${CHAIN}`)).toMatch(/CHAIN_LINK_BROKEN/);
  });

  async function claim(opened: Awaited<ReturnType<MemoryArchive['open']>>['archive'], seq: number, bytes: Uint8Array): Promise<void> {
    const hash = toHex(nodeCrypto.sha256(bytes));
    const version = await archive.vault.put(manifestKey(CHAIN, seq, hash), bytes, {
      mode: 'COMPLIANCE',
      retainUntil: new Date('2040-01-01T00:00:00Z'),
    });
    const body = { format: 'holdfast.claim/1' as const, archive: opened.idHex, chain: CHAIN, seq, manifest: hash, version };
    await archive.claims.create(claimKey(CHAIN, seq), utf8(await opened.keys.sign(encodeDocument(body), CLAIM_TYP)));
  }
});

describe('a store that has lost what was signed', () => {
  const signed = async (): Promise<number> => (await rows(CHECKPOINT_PREFIX)).length;

  /** A new process must raise `code`, and sign and claim nothing. */
  async function refuses(code: string, options: Partial<NotaryOptions> = {}): Promise<void> {
    const before = [await signed(), (await rows(BATCH_PREFIX)).length];
    await seal();
    const one = await notary(options);
    await expect(one.untilCovered()).rejects.toMatchObject({ code });
    clock.advance(2 * MINUTE_MS);
    await expect(one.step()).rejects.toMatchObject({ code });
    expect([await signed(), (await rows(BATCH_PREFIX)).length]).toEqual(before);
    const abort = new AbortController();
    const running = one.run(abort.signal);
    while (alarms.standing.size === 0) await new Promise((resolve) => setTimeout(resolve, 5));
    abort.abort();
    await running;
    expect([...alarms.standing.keys()].map((key) => key.split(' ')[0])).toEqual([code.toUpperCase()]);
  }

  beforeEach(async () => {
    for (let i = 0; i < 3; i++) {
      await (await notary()).untilCovered();
      await seal();
      clock.advance(MINUTE_MS);
    }
    await (await notary()).untilCovered();
  });

  it('claims of the log rolled back by one', async () => {
    await archive.claims.remove(claimKey(LOG_CHAIN, 3));
    await refuses('log_rolled_back');
  });

  it('claims of the log rolled back by two, and the checkpoints with them', async () => {
    for (const no of [2, 3]) await archive.claims.remove(claimKey(LOG_CHAIN, no));
    for (const { key, version } of (await rows(CHECKPOINT_PREFIX)).slice(1)) archive.vault.destroy(key, version);
    await refuses('log_rolled_back');
  });

  it('goes on when its claims were made again from its batches', async () => {
    const { archive: opened, governance } = await archive.open();
    // An abandoned attempt beside the last batch: which one counts is what was signed.
    const [last] = (await rows(BATCH_PREFIX)).slice(-1);
    const attempt = await archive.vault.get(last!.key, last!.version);
    const other = encodeBatch({ ...parseBatch(attempt), time: parseBatch(attempt).time + 1 });
    await archive.vault.put(batchKey(3, toHex(nodeCrypto.sha256(other))), other, {
      mode: 'COMPLIANCE',
      retainUntil: new Date('2040-01-01T00:00:00Z'),
    });
    for (let no = 0; no < 4; no++) await archive.claims.remove(claimKey(LOG_CHAIN, no));
    const before = await rows(CHECKPOINT_PREFIX);
    const rebuilt = await rebuildClaims(opened, governance);
    expect(rebuilt).toMatchObject({ made: 3, undecided: [{ chain: LOG_CHAIN, seq: 3 }] });
    archive.vault.destroy(batchKey(3, toHex(nodeCrypto.sha256(other))), (await rows(batchKey(3, toHex(nodeCrypto.sha256(other)))))[0]!.version);
    expect(await rebuildClaims(opened, governance)).toMatchObject({ made: 1, undecided: [] });
    await seal();
    await (await notary()).untilCovered();
    expect((await rows(CHECKPOINT_PREFIX)).length).toBe(before.length + 1);
    expect(await logProblems(archive)).toEqual([]);
  });

  it('a batch that was removed', async () => {
    for (const { key, version } of await rows(BATCH_PREFIX))
      if (parseLogKey(key)?.type === 'batch' && key.includes('/0000000000000003/')) archive.vault.destroy(key, version);
    await refuses('log_rolled_back');
  });

  it('an older copy of everything, against a witness that remembers', async () => {
    const w = await witness('w');
    const options = { policy: policyOf(w), witnesses: [w] };
    await seal();
    await (await notary(options)).untilCovered();
    // Batches 3 and 4, with claims and checkpoints, were never there.
    for (const no of [3, 4]) await archive.claims.remove(claimKey(LOG_CHAIN, no));
    for (const { key, version } of await rows(BATCH_PREFIX)) if (/\/000000000000000[34]\//.test(key)) archive.vault.destroy(key, version);
    for (const { key, version } of (await rows(CHECKPOINT_PREFIX)).slice(3)) archive.vault.destroy(key, version);
    await refuses('log_rolled_back', options);
  });

  it('another history of the same length, against a witness that remembers', async () => {
    const w = await witness('w');
    const options = { policy: policyOf(w), witnesses: [w] };
    await seal();
    await (await notary(options)).untilCovered();
    for (const no of [3, 4]) await archive.claims.remove(claimKey(LOG_CHAIN, no));
    for (const { key, version } of await rows(BATCH_PREFIX)) if (/\/000000000000000[34]\//.test(key)) archive.vault.destroy(key, version);
    for (const { key, version } of (await rows(CHECKPOINT_PREFIX)).slice(3)) archive.vault.destroy(key, version);
    // Whoever holds the keys goes on without the witness.
    const alone = await notary();
    while (alone.size <= w.held('test/log')) {
      clock.advance(MINUTE_MS);
      await alone.step();
    }
    await refuses('log_forked', options);
  });
});

describe('the anchors of a checkpoint', () => {
  it('are co-signatures of every witness that answers, and the quorum locks it for good', async () => {
    const [a, b] = [await witness('a'), await witness('b')];
    const policy = policyOf(a, b);
    const warnings: string[] = [];
    const options = { policy, witnesses: [a, b], warn: (sentence: string) => void warnings.push(sentence) };
    const one = await notary(options);
    const newest = (await one.untilCovered())!;
    expect(cosigners(nodeCrypto, policy, newest.note)).toMatchObject({ valid: [{ name: 'a' }, { name: 'b' }] });
    const { lock } = await archive.vault.head(newest.key, newest.version);
    expect(lock?.retainUntil.getTime()).toBeGreaterThan(clock.now().getTime() + 365 * 24 * HOUR_MS);
    b.before = () => {
      throw Object.assign(unavailable(), { code: 'witness_unavailable' });
    };
    clock.advance(MINUTE_MS);
    await one.step();
    expect(cosigners(nodeCrypto, policy, (await one.newest())!.note)).toMatchObject({ valid: [{ name: 'a' }] });
    expect(warnings).toHaveLength(1);
    b.before = () => undefined;
    clock.advance(MINUTE_MS);
    await one.step();
    expect(cosigners(nodeCrypto, policy, (await one.newest())!.note)).toMatchObject({ valid: [{ name: 'a' }, { name: 'b' }] });
    expect(b.asked.map(({ outcome }) => outcome)).toEqual(['cosigned', '409', 'cosigned']);
    expect(await logProblems(archive)).toEqual([]);
  });

  it('are tokens of every authority once an hour, asked again while one is away, renewed before a certificate ends', async () => {
    const ends = new Date(clock.now().getTime() + 40 * 24 * HOUR_MS);
    const [a, b] = [new MemoryAuthority('a', clock, ends), new MemoryAuthority('b', clock, ends)];
    const one = await notary({ authorities: [a, b], inspect: (token, digest) => MemoryAuthority.inspect(token, digest) });
    b.before = () => {
      throw Object.assign(unavailable(), { code: 'timestamp_unavailable' });
    };
    await one.untilCovered();
    expect((await rows(TOKEN_PREFIX)).length).toBe(1);
    b.before = () => undefined;
    for (let minute = 0; minute < 59; minute++) {
      clock.advance(MINUTE_MS);
      await one.step();
    }
    expect((await rows(TOKEN_PREFIX)).length).toBe(2);
    clock.advance(MINUTE_MS);
    await one.step();
    expect((await rows(TOKEN_PREFIX)).length).toBe(4);
    a.certificateEnds = b.certificateEnds = new Date(clock.now().getTime() + 4000 * 24 * HOUR_MS);
    clock.advance(20 * 24 * HOUR_MS);
    for (let i = 0; i < 3; i++) {
      clock.advance(MINUTE_MS);
      await one.step();
    }
    const names = (await rows(TOKEN_PREFIX)).map(({ key }) => parseLogKey(key));
    expect(names.filter((name) => name?.type === 'token' && name.renews !== undefined)).toHaveLength(4);
    clock.advance(25 * HOUR_MS);
    await one.step();
    const later = (await rows(TOKEN_PREFIX)).map(({ key }) => parseLogKey(key));
    expect(later.filter((name) => name?.type === 'token' && name.renews !== undefined)).toHaveLength(4);
  });

  it('are missed by an alarm, which ends with the next one', async () => {
    const w = await witness('w');
    w.before = () => {
      throw Object.assign(unavailable(), { code: 'witness_unavailable' });
    };
    const options = { policy: policyOf(w), witnesses: [w], notAnchoredMs: 24 * HOUR_MS };
    const one = await notary(options);
    await one.untilCovered();
    expect([...alarms.standing]).toEqual([]);
    clock.advance(25 * HOUR_MS);
    await one.step();
    expect([...alarms.standing.keys()]).toEqual(['NOT_ANCHORED log']);
    w.before = () => undefined;
    clock.advance(MINUTE_MS);
    await one.step();
    expect([...alarms.standing]).toEqual([]);
    // A new process finds the anchor in the store.
    const two = await notary(options);
    clock.advance(MINUTE_MS);
    w.before = () => {
      throw Object.assign(unavailable(), { code: 'witness_unavailable' });
    };
    await two.step();
    expect([...alarms.standing]).toEqual([]);
  });
});

describe('a writer that takes over a chain', () => {
  it('stops when the log holds more of it than is claimed', async () => {
    await (await notary()).untilCovered();
    const { archive: opened, governance } = await archive.open();
    const { seqs } = await readHead(opened, CHAIN, governance.keys, 0, governance.log);
    const gone = await readCommitted(opened, CHAIN, seqs - 1, governance.keys);
    await archive.claims.remove(claimKey(CHAIN, seqs - 1));
    // Its manifest alone would be an abandoned attempt.
    expect((await readHead(opened, CHAIN, governance.keys)).seqs).toBe(seqs - 1);
    expect(gone).toBeDefined();
    const late = await archive.open();
    await expect(readHead(late.archive, CHAIN, late.governance.keys, 0, late.governance.log)).rejects.toMatchObject({ code: 'claims_rolled_back' });
  });
});
