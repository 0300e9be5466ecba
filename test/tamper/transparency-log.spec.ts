import { beforeEach, describe, expect, it } from '@jest/globals';
import { nodeCrypto as crypto } from '@holdfast/crypto-node';
import { Notary } from '@holdfast/notary';
import { CLAIM_TYP, encodeDocument, toHex, utf8 } from '@holdfast/seal';
import { MemoryAuthority, MemoryWitness, TestClock } from '@holdfast/test-kit';
import {
  BATCH_PREFIX,
  CHECKPOINT_PREFIX,
  LOG_CHAIN,
  STATE_PREFIX,
  TILE_PREFIX,
  TOKEN_PREFIX,
  batchKey,
  checkpointKey,
  logKeysOf,
  signCheckpoint,
} from '@holdfast/tlog';
import type { Policy } from '@holdfast/tlog';
import { LogFollower } from '@holdfast/vault';
import { verifyArchive } from '@holdfast/verify';
import type { Anchors, TimestampCheck, VerifyReport } from '@holdfast/verify';
import { evidenceOf } from '../../apps/cli/src/evidence.js';
import { MemoryArchive, TestAlarms, TOPIC, SOURCE } from '../harness/memory-archive.js';

// Attacks on the log and on what lies under it (docs/threat-model.md). The attacker is the operator: he has the disks of the
// store, the claims, and every key but those of the witnesses and authorities.

const MINUTE_MS = 60_000;
const CHAIN = `msg/${SOURCE}/${TOPIC}/0/0`;
const LOCK = { mode: 'COMPLIANCE' as const, retainUntil: new Date('2060-01-01T00:00:00Z') };

let clock: TestClock;
let memory: MemoryArchive;
let witness: MemoryWitness;
let authority: MemoryAuthority;

/** The checkpoint that the witness saw last, as an auditor would ask it for it. */
let witnessed: Uint8Array;

const policy = (): Policy => ({
  logs: [],
  witnesses: [{ name: 'w', key: witness.key }],
  groups: [],
  quorum: 'w',
  tsas: [{ name: 't', certificate: Uint8Array.of(1) }],
});

const timestampCheck: TimestampCheck = async (token, digest) => {
  const certificateEnds = await MemoryAuthority.inspect(token, digest);
  if (certificateEnds === undefined) return { ok: false, problem: 'the token does not stand over this digest.' };
  return { ok: true, time: clock.now(), authority: 't', certificateEnds, policy: '1.2.3', serial: '0x1' };
};

async function seal(group: string, text = 'record'): Promise<void> {
  memory.append(6, { text });
  await memory.finish(group);
}

async function notarise(asked = true): Promise<void> {
  clock.advance(MINUTE_MS);
  const anchors = asked
    ? {
        policy: policy(),
        witnesses: [witness],
        authorities: [authority],
        inspect: (token: Uint8Array, digest: Uint8Array) => MemoryAuthority.inspect(token, digest),
      }
    : {};
  const notary = new Notary({ ...(await memory.open()), alarms: new TestAlarms(), ...anchors });
  const published = await notary.untilCovered();
  if (published === undefined) throw new Error('nothing was published');
  if (asked) witnessed = published.bytes;
}

function verify(anchors: Anchors = {}, over: { readonly withoutClaims?: boolean } = {}): Promise<VerifyReport> {
  const parts = memory.parts();
  const evidence = evidenceOf({
    ...parts,
    claims: over.withoutClaims === true ? undefined : parts.claims,
    async *strays() {
      yield* [];
    },
  });
  return verifyArchive(evidence, { crypto, anchors });
}

const codes = ({ findings }: VerifyReport): string[] => [...new Set(findings.map(({ code }) => code))].sort();
const believing = (): Anchors => ({ policy: policy(), timestampCheck });
const holding = (): Anchors => ({ checkpoints: [witnessed] });

interface Snapshot {
  readonly vault: ReadonlySet<string>;
  readonly claims: ReadonlySet<string>;
}

async function snapshot(): Promise<Snapshot> {
  const vault = new Set<string>();
  for await (const { key, version } of memory.vault.list('')) vault.add(`${key} ${version}`);
  const claims = new Set<string>();
  for await (const key of memory.claims.list('')) claims.add(key);
  return { vault, claims };
}

/** An older state of the stores is put back: everything newer is gone, locks or not. */
async function restore({ vault, claims }: Snapshot): Promise<void> {
  for (const { key, version } of await listed('')) if (!vault.has(`${key} ${version}`)) memory.vault.destroy(key, version);
  const now: string[] = [];
  for await (const key of memory.claims.list('')) now.push(key);
  for (const key of now) if (!claims.has(key)) await memory.claims.remove(key);
}

async function listed(prefix: string): Promise<{ readonly key: string; readonly version: string }[]> {
  const found: { readonly key: string; readonly version: string }[] = [];
  for await (const { key, version } of memory.vault.list(prefix)) found.push({ key, version });
  return found;
}

describe('the transparency log, attacked by who runs the archive', () => {
  beforeEach(async () => {
    clock = new TestClock();
    memory = await MemoryArchive.create({ clock });
    witness = new MemoryWitness(crypto, 'w', logKeysOf((await memory.open()).archive));
    witness.time = Math.floor(clock.now().getTime() / 1000) + 10 * 60;
    authority = new MemoryAuthority('t', clock, new Date('2040-01-01T00:00:00Z'));
    await seal('one');
    await notarise();
    await seal('two');
    await notarise();
  });

  it('is whole before anybody touches it, and anchored for who believes the witness', async () => {
    expect(await verify()).toMatchObject({ ok: true, anchored: false, findings: [] });
    const report = await verify(believing());
    expect(report).toMatchObject({ ok: true, anchored: true, skipped: [] });
    expect(report.log).toMatchObject({ anchor: { witnesses: ['w'], brought: false }, tail: { segments: 0 }, younger: { segments: 0, records: 0 } });
    expect(await verify(holding())).toMatchObject({ ok: true, anchored: true, log: { anchor: { brought: true } } });
  });

  it('says how much is younger than the newest anchor, and than the log', async () => {
    await seal('three');
    await notarise(false);
    await seal('four');
    const { ok, anchored, log } = await verify(believing());
    expect({ ok, anchored }).toEqual({ ok: true, anchored: true });
    expect(log?.tail).toEqual({ segments: 2, records: 6 });
    expect(log?.younger).toEqual({ segments: 4, records: 12 });
  });

  it.each([BATCH_PREFIX, CHECKPOINT_PREFIX, STATE_PREFIX, TOKEN_PREFIX])(
    'every object under %s: each byte changed is a finding that names it',
    async (prefix) => {
      for (const { key, version } of await listed(prefix)) {
        const { length } = await memory.vault.get(key, version);
        for (let i = 0; i < length; i += Math.max(1, Math.floor(length / 40))) {
          memory.vault.tamper(key, version, (body) => body.map((byte, at) => (at === i ? byte ^ 4 : byte)));
          const { findings } = await verify();
          expect([key, i, findings.some(({ place }) => place === key)]).toEqual([key, i, true]);
          memory.vault.tamper(key, version, (body) => body.map((byte, at) => (at === i ? byte ^ 4 : byte)));
        }
      }
      expect(await verify()).toMatchObject({ ok: true });
    },
  );

  it('full tiles: changed, cut or swapped is a finding that names them; removed they can be made again', async () => {
    const notary = new Notary({ ...(await memory.open()), alarms: new TestAlarms() });
    for (let ticks = 0; ticks < 260; ticks++) {
      clock.advance(MINUTE_MS);
      await notary.step();
    }
    const tiles = await listed(TILE_PREFIX);
    expect(tiles.map(({ key }) => key)).toEqual(['t/tile/0/000', 't/tile/entries/000']);
    const [hashes, entries] = await Promise.all(tiles.map(({ key, version }) => memory.vault.get(key, version)));
    for (const { key, version } of tiles) {
      const whole = await memory.vault.get(key, version);
      const other = key.includes('entries') ? hashes : entries;
      for (const bytes of [whole.map((byte, i) => (i === 77 ? byte ^ 1 : byte)), whole.subarray(0, -1), other ?? whole]) {
        memory.vault.tamper(key, version, () => Uint8Array.from(bytes));
        const { findings } = await verify();
        expect(findings.map(({ code, place }) => `${code} ${place}`)).toEqual([`LOG_DIFFERS ${key}`]);
      }
      memory.vault.tamper(key, version, () => whole);
      await memory.vault.put(key, Uint8Array.of(1), LOCK);
      expect(new Set((await verify()).findings.map(({ code, place }) => `${code} ${place}`))).toEqual(new Set([`LOG_DIFFERS ${key}`]));
      for (const row of await listed(key)) memory.vault.destroy(row.key, row.version);
      expect((await verify()).findings).toEqual([]);
    }
  }, 180_000);

  it('a batch that is removed is missed, the first, one in the middle and the last', async () => {
    await seal('three');
    await notarise();
    const batches = await listed(BATCH_PREFIX);
    expect(batches.length).toBeGreaterThan(2);
    for (const { key, version } of [batches[0], batches[1], batches.at(-1)].flatMap((one) => one ?? [])) {
      const body = await memory.vault.get(key, version);
      memory.vault.destroy(key, version);
      expect(codes(await verify())).toContain('LOG_BATCH_MISSING');
      await memory.vault.put(key, body, LOCK);
      expect(codes(await verify())).toEqual([]);
    }
  });

  it('the end of a chain is cut off with its claims: the log remembers it', async () => {
    const last = (await listed(`m/${CHAIN}/`)).at(-1);
    const seq = Number(/\/(\d{16})\//.exec(last?.key ?? '')?.[1]);
    memory.vault.destroy(last?.key ?? '', last?.version ?? '');
    await memory.claims.remove(`${CHAIN}/${String(seq).padStart(16, '0')}`);
    const { findings } = await verify();
    expect(findings.find(({ code }) => code === 'MANIFEST_MISSING')?.place).toBe(`${CHAIN} ${seq}`);
  });

  it('the whole archive is rolled back to an older state: nobody alone can tell, and who holds a newer checkpoint can', async () => {
    const before = await snapshot();
    await seal('three');
    await notarise();
    await restore(before);
    // Without a witness it is a consistent archive: this is what an auditor must know (threat model, "What we do not defend").
    expect(await verify()).toMatchObject({ ok: true, anchored: false });
    expect(codes(await verify(holding()))).toEqual(['LOG_ROLLED_BACK']);
    // And the log cannot go on unseen: the witness refuses, and nothing new is anchored.
    await seal('other', 'changed');
    await expect(notarise()).rejects.toMatchObject({ code: expect.stringMatching(/^log_(rolled_back|forked)$/) });
  });

  it('the claim of its last batch is removed: the checkpoint over it says that it was there', async () => {
    const no = (await listed(BATCH_PREFIX)).length - 1;
    await memory.claims.remove(`${LOG_CHAIN}/${String(no).padStart(16, '0')}`);
    for (const anchors of [{}, believing(), holding()]) {
      const { findings, anchored } = await verify(anchors);
      expect(findings.map(({ code, place }) => `${code} ${place}`)).toEqual([`CLAIMS_ROLLED_BACK ${LOG_CHAIN} ${no}`]);
      expect(anchored).toBe('policy' in anchors || 'checkpoints' in anchors);
    }
  });

  it('it is rolled back, and batches that nobody has claimed make it look alive: who holds a newer checkpoint sees it', async () => {
    const before = await snapshot();
    const { archive, governance } = await memory.open();
    const follower = new LogFollower(archive, governance);
    await follower.refresh();
    await seal('three');
    await notarise();
    await restore(before);
    // As a notary leaves them that is about to win its claim, or has just lost it.
    for (const text of ['one', 'another']) {
      const { no, bytes, hash } = follower.fold.buildBatch(clock.now().getTime(), [
        { type: 'manifest', chain: CHAIN, seq: follower.fold.next(CHAIN), hash: crypto.sha256(utf8(text)) },
      ]);
      await memory.vault.put(batchKey(no, toHex(hash)), bytes, LOCK);
      expect(await verify(believing())).toMatchObject({ ok: true, anchored: true });
      expect(codes(await verify(holding()))).toEqual(['LOG_ROLLED_BACK']);
      expect(codes(await verify(holding(), { withoutClaims: true }))).toContain(text === 'one' ? 'MANIFEST_MISSING' : 'LOG_ROLLED_BACK');
    }
  });

  it('all of it is written anew below what is anchored, with every key of the archive: it holds against nobody who was outside', async () => {
    const anchored = await Promise.all(
      [CHECKPOINT_PREFIX, TOKEN_PREFIX].map(async (prefix) =>
        Promise.all((await listed(prefix)).map(async ({ key, version }) => ({ key, body: await memory.vault.get(key, version) }))),
      ),
    );
    const first = (await listed(`m/${CHAIN}/`))[0];
    // Everything but the genesis and what gov sealed at the beginning is gone, and other records take the same offsets.
    const kept = new Set([...(await snapshot()).vault].filter((row) => /^(?:genesis|m\/gov\/|o\/gov\/)/.test(row)));
    await restore({ vault: kept, claims: new Set([...(await snapshot()).claims].filter((key) => /^(?:genesis|gov)\//.test(key))) });
    memory.log.recreate(TOPIC, 1);
    memory.append(12, { text: 'never said' });
    await memory.finish('forger');
    await notarise(false);
    expect((await listed(`m/${CHAIN}/`))[0]?.key).not.toBe(first?.key);
    // To whoever has nothing from outside it is an archive like any other.
    expect(await verify()).toMatchObject({ ok: true, anchored: false });
    expect(await verify(believing())).toMatchObject({ ok: true, anchored: false });
    // The auditor's own checkpoint, or the co-signed ones and tokens that the forger would like to show: each forks from it.
    expect(codes(await verify(holding())).some((code) => code === 'LOG_FORKED' || code === 'LOG_ROLLED_BACK')).toBe(true);
    for (const { key, body } of anchored.flat()) await memory.vault.put(key, body, LOCK);
    const shown = await verify(believing());
    expect(codes(shown).some((code) => code === 'LOG_FORKED' || code === 'LOG_ROLLED_BACK')).toBe(true);
    expect(shown.anchored).toBe(false);
    // And what a witness remembers is not co-signed anew.
    await expect(notarise()).rejects.toMatchObject({ code: expect.stringMatching(/^log_(rolled_back|forked)$/) });
  });

  it('history is written anew with the real keys: it forks from what a witness has seen', async () => {
    const before = await snapshot();
    await seal('three');
    await notarise();
    await restore(before);
    await seal('other', 'what was never said');
    // All keys of the archive are the attacker's; he asks no witness.
    await notarise(false);
    expect(await verify()).toMatchObject({ ok: true, anchored: false });
    const held = codes(await verify(holding()));
    expect(held.some((code) => code === 'LOG_FORKED' || code === 'LOG_ROLLED_BACK')).toBe(true);
    // Everything under the older anchor still counts; what is new is not anchored.
    const report = await verify(believing());
    expect(report.anchored).toBe(true);
    expect(report.log?.younger.segments).toBeGreaterThan(0);
  });

  it('two signed checkpoints of one size with different roots are a fork, whoever signed them', async () => {
    const { archive } = await memory.open();
    const [key] = logKeysOf(archive);
    if (key === undefined) throw new Error('no log key');
    const size = (await verify()).log?.size ?? 0;
    const bytes = await signCheckpoint(crypto, { origin: key.name, size, root: crypto.sha256(utf8('another')) }, key, (text) =>
      archive.keys.signCheckpoint(text),
    );
    expect(codes(await verify({ checkpoints: [bytes] }))).toEqual(['LOG_FORKED']);
    await memory.vault.put(checkpointKey(size, toHex(crypto.sha256(bytes))), bytes, LOCK);
    expect(codes(await verify())).toEqual(['LOG_FORKED']);
  });

  it('the log names another manifest than the chain has, in a batch with a valid claim', async () => {
    const opened = await memory.open();
    const follower = new LogFollower(opened.archive, opened.governance);
    await follower.refresh();
    await seal('three');
    const { fold } = follower;
    const lie = fold.buildBatch(clock.now().getTime(), [
      { type: 'manifest', chain: CHAIN, seq: fold.next(CHAIN), hash: crypto.sha256(utf8('a lie')) },
    ]);
    const hash = toHex(lie.hash);
    const version = await memory.vault.put(batchKey(lie.no, hash), lie.bytes, LOCK);
    const claim = { format: 'holdfast.claim/1' as const, archive: opened.archive.idHex, chain: LOG_CHAIN, seq: lie.no, manifest: hash, version };
    await memory.claims.create(`${LOG_CHAIN}/${String(lie.no).padStart(16, '0')}`, utf8(await memory.keys.sign(encodeDocument(claim), CLAIM_TYP)));
    expect(codes(await verify())).toContain('LOG_DIFFERS');
  });

  it('a co-signature or token from before a tick under the checkpoint is backdated', async () => {
    witness.time = Math.floor(clock.now().getTime() / 1000) - 86_400;
    await seal('three');
    await notarise();
    expect(codes(await verify(believing()))).toEqual(['TIME_IMPLAUSIBLE']);
  });

  it('an archive that is written today and dated back is consistent, and whoever believes a witness is told what he has not seen', async () => {
    // The clock of machine and store, the ticks and all keys are the forger's; the day on which the witness signs is not.
    const DAY_MS = 86_400_000;
    const began = clock.now().getTime();
    const older = await verify(believing());
    expect(older.notes.map(({ code }) => code)).not.toContain('NOT_ANCHORED');
    for (let day = 0; day < 3; day++) {
      clock.advance(30 * DAY_MS);
      await seal(`dated back ${day}`);
      await notarise(false);
    }
    expect(await verify()).toMatchObject({ ok: true, anchored: false });
    // At the end a tick of today, over which the witness signs: everything before it looks anchored.
    clock.advance(30 * DAY_MS);
    witness.time = Math.floor(clock.now().getTime() / 1000) + 60;
    await seal('today');
    await notarise();
    const { ok, anchored, notes } = await verify(believing());
    expect({ ok, anchored }).toEqual({ ok: true, anchored: true });
    const [note, ...more] = notes.filter(({ code }) => code === 'NOT_ANCHORED');
    expect(more).toEqual([]);
    expect(note?.message).toContain(`dates from ${new Date(began + 30 * DAY_MS + MINUTE_MS).toISOString()} on was first seen outside at`);
  });

  it('claims are gone altogether: the log says what was committed', async () => {
    const report = await verify({}, { withoutClaims: true });
    expect(report.findings).toEqual([]);
    // Every chain is under the log, so nothing is pending.
    expect(report.notes.filter(({ code }) => code === 'PENDING')).toEqual([]);
  });

  it('an object of the log whose lock is short or missing is a finding', async () => {
    const [batch] = await listed(BATCH_PREFIX);
    const body = await memory.vault.get(batch?.key ?? '', batch?.version ?? '');
    memory.vault.destroy(batch?.key ?? '', batch?.version ?? '');
    await memory.vault.put(batch?.key ?? '', body, { mode: 'COMPLIANCE', retainUntil: new Date(clock.now().getTime() + 86_400_000) });
    expect(codes(await verify())).toEqual(['LOCK_SHORT']);
  });

  it('a policy of another archive or of another log is a mismatch', async () => {
    expect(codes(await verify({ policy: { ...policy(), archive: 'ab'.repeat(32) } }))).toContain('POLICY_MISMATCH');
    const other = { ...witness.key, type: 1 as const, name: 'other/log' };
    expect(codes(await verify({ policy: { ...policy(), logs: [{ key: other }] } }))).toContain('POLICY_MISMATCH');
  });
});
