import { beforeEach, describe, expect, it } from '@jest/globals';
import type { KeyStatement } from '@holdfast/governance';
import { Notary } from '@holdfast/notary';
import type { KeyRing } from '@holdfast/ports';
import { SegmentBuilder, ecKeySchema, edKeySchema } from '@holdfast/seal';
import { newEcPair, signCompact } from '@holdfast/test-kit';
import type { MemoryKeyRing } from '@holdfast/test-kit';
import {
  ChainWriter,
  KEY_STATEMENT_TYP,
  closeLogKey,
  closeManifestKey,
  closeStolenKey,
  introduceCohorts,
  introduceKeks,
  introduceKey,
  prepareClosing,
  prepareRecovery,
  readHead,
  recoveryKeysOf,
  renewHeads,
  sealRecovery,
  statementBytes,
} from '@holdfast/vault';
import type { KeyTools } from '@holdfast/vault';
import { MemoryArchive, SOURCE, TOPIC, TestAlarms } from '../harness/memory-archive.js';
import type { Process } from '../harness/memory-archive.js';
import { MortalProcess } from '../harness/mortal-process.js';
import type { Fate } from '../harness/mortal-process.js';

const CHAIN = `msg/${SOURCE}/${TOPIC}/0/0`;
const CHANGES = / (put|create|sign|signCheckpoint) /;
const FATES: readonly Fate[] = ['killed before', 'killed after', 'failed before', 'failed after'];
const AT_ONCE = 8;
type Next = ReturnType<MemoryKeyRing['nextManifestKey']>;

const tools = (opened: Process): KeyTools => ({ ...opened, principal: 'os:tester' });
const findings = async (archive: MemoryArchive): Promise<string[]> => (await archive.verify()).findings.map(({ code, place }) => `${code} ${place}`);

async function sealed(records = 8): Promise<MemoryArchive> {
  const archive = await MemoryArchive.create();
  await more(archive, 'first', records);
  return archive;
}

async function more(archive: MemoryArchive, group: string, records = 8): Promise<void> {
  archive.append(records);
  await archive.finish(group);
}

async function cover(opened: Process): Promise<void> {
  await new Notary({ ...opened, alarms: new TestAlarms() }).untilCovered();
}

/** A whole rotation; what was done before is not done again. */
async function rotate(opened: Process, next: Next, old: string): Promise<void> {
  await introduceKey(tools(opened), 'manifest', ecKeySchema.parse(next.jwk));
  next.activate();
  await renewHeads(tools(opened));
  await cover(opened);
  expect(await closeManifestKey(tools(opened), old, 'rotated')).toEqual({ closed: true, waiting: [] });
}

/** What a store reports unavailable is tried again; a process that is gone ends it. */
async function again(work: () => Promise<void>, process: MortalProcess): Promise<void> {
  for (;;) {
    const died = Promise.withResolvers<undefined>();
    const timer = setInterval(() => {
      if (process.dead) died.resolve(undefined);
    }, 2);
    try {
      await Promise.race([work(), died.promise]);
      return;
    } catch (error) {
      const { code } = error as { readonly code?: string };
      if (code !== 'store_unavailable' && code !== 'key_missing') throw error;
    } finally {
      clearInterval(timer);
    }
  }
}

/** The key ring of a process that has not heard of a rotation. */
function keptBack(ring: MemoryKeyRing, over: Partial<KeyRing>): KeyRing {
  return {
    manifestKey: () => ring.manifestKey(),
    logKey: () => ring.logKey(),
    recoveryKeys: () => ring.recoveryKeys(),
    sign: (payload, typ) => ring.sign(payload, typ),
    signCheckpoint: (text) => ring.signCheckpoint(text),
    wrap: (dataKey, context) => ring.wrap(dataKey, context),
    unwrap: (jwe, context) => ring.unwrap(jwe, context),
    cohorts: () => ring.cohorts(),
    ...over,
  };
}

describe('the key that signs manifests', () => {
  it('is replaced while records are sealed: everything verifies, and the old one signs nothing any more', async () => {
    const archive = await sealed();
    const opened = await archive.open();
    await cover(opened);
    const old = (await archive.keys.manifestKey()).kid;
    const next = archive.keys.nextManifestKey();
    const alarms = new TestAlarms();
    const worker = archive.worker(await archive.open(), alarms, { group: 'all the time' });
    await worker.start();
    archive.append(20);
    await rotate(opened, next, old);
    archive.append(20);
    await archive.untilSealed(worker, alarms);
    await worker.stop();
    await cover(opened);
    expect(await archive.problems()).toEqual([]);
    expect(await findings(archive)).toEqual([]);
    const entry = (await archive.open()).governance.state.manifestKeys.get(old);
    expect(entry?.closed?.has(CHAIN)).toBe(true);
    expect(entry?.closed?.has('log')).toBe(true);
    await expect(closeManifestKey(tools(opened), next.jwk.kid, 'no')).rejects.toMatchObject({ code: 'bad_request' });
  }, 120_000);

  it('is not closed while a chain still goes on under it', async () => {
    const archive = await sealed();
    const opened = await archive.open();
    const old = (await archive.keys.manifestKey()).kid;
    const next = archive.keys.nextManifestKey();
    await introduceKey(tools(opened), 'manifest', ecKeySchema.parse(next.jwk));
    await expect(closeManifestKey(tools(opened), old, 'early')).rejects.toMatchObject({ code: 'bad_request' });
    next.activate();
    expect(await closeManifestKey(tools(opened), old, 'early')).toEqual({ closed: false, waiting: [CHAIN] });
    expect(await renewHeads(tools(opened))).toBe(1);
    expect(await renewHeads(tools(opened))).toBe(0);
    expect(await closeManifestKey(tools(opened), old, 'now')).toEqual({ closed: true, waiting: [] });
    await more(archive, 'behind');
    expect(await archive.problems()).toEqual([]);
  }, 60_000);

  it.each(FATES)(
    'is replaced, the process %s at every step: the next one ends it, and nothing is wrong',
    async (fate) => {
      const probe = new MortalProcess(() => undefined);
      const first = await sealed();
      await rotate(await probe.open(first), first.keys.nextManifestKey(), (await first.keys.manifestKey()).kid);
      const chosen = probe.calls.flatMap((call, i) => (CHANGES.test(call) ? [i + 1] : []));
      expect(chosen.length).toBeGreaterThan(8);
      const found: string[] = [];
      await Promise.all(
        Array.from({ length: AT_ONCE }, async () => {
          for (let number = chosen.shift(); number !== undefined; number = chosen.shift()) {
            const fatal = number;
            const archive = await sealed();
            const old = (await archive.keys.manifestKey()).kid;
            const next = archive.keys.nextManifestKey();
            const process = new MortalProcess((_call, at) => (at === fatal ? fate : undefined));
            await again(async () => rotate(await process.open(archive), next, old), process);
            await rotate(await archive.open(), next, old);
            await more(archive, 'afterwards');
            await cover(await archive.open());
            for (const problem of [...(await archive.problems()), ...(await findings(archive))])
              found.push(`${fate} ${probe.calls[fatal - 1] ?? ''}: ${problem}`);
          }
        }),
      );
      expect(found).toEqual([]);
    },
    300_000,
  );
});

describe('somebody who has kept the old key', () => {
  let archive: MemoryArchive;
  /** A process with the key ring of before. */
  let thief: Process;
  let old: string;

  beforeEach(async () => {
    archive = await sealed();
    const sign = archive.keys.signer();
    const manifestKey = await archive.keys.manifestKey();
    old = manifestKey.kid;
    const keys = keptBack(archive.keys, { sign, manifestKey: () => Promise.resolve(manifestKey) });
    thief = await archive.open({ keys });
  });

  /** Appends an empty segment without looking at what gov says now. */
  async function append(): Promise<void> {
    const head = await readHead(thief.archive, CHAIN, (await archive.open()).governance.keys);
    const writer = new ChainWriter(thief.archive, thief.clock, CHAIN, head);
    const rules = { ...(await archive.open()).governance.rules(), keys: () => thief.archive.genesis.manifestKey };
    const builder = new SegmentBuilder(thief.archive.crypto, { archive: thief.archive.id, chain: CHAIN, seq: head.seqs }, writer.nextOffset);
    const staged = await writer.stage(head.seqs, builder.finish(), rules, await thief.clock.now());
    expect(await writer.commit(staged, rules)).toBeDefined();
  }

  it('appends after it was closed: verify says so, readers stop there, and its honest holder refuses to sign', async () => {
    const next = archive.keys.nextManifestKey();
    await rotate(await archive.open(), next, old);
    await thief.governance.refresh();
    const head = await readHead(thief.archive, CHAIN, thief.governance.keys);
    await append();
    const found = await findings(archive);
    expect(found.filter((one) => one.startsWith('KEY_CLOSED'))).toHaveLength(1);
    expect(found).toContain(`CLAIM_UNREADABLE ${CHAIN} ${head.seqs}`);
    await expect(readHead((await archive.open()).archive, CHAIN, thief.governance.keys)).rejects.toMatchObject({ code: 'claim_unreadable' });
    await expect(renewHeads({ ...tools(thief) })).rejects.toMatchObject({ code: 'claim_unreadable' });
  }, 60_000);

  it('appended before it was found out: what nobody vouches for is named, and the archive goes on', async () => {
    const opened = await archive.open();
    const vouched = new Map([
      ['gov', opened.governance.head.next],
      [CHAIN, (await readHead(opened.archive, CHAIN, opened.governance.keys)).seqs],
    ]);
    await append();
    const next = archive.keys.nextManifestKey();
    await introduceKey(tools(opened), 'manifest', ecKeySchema.parse(next.jwk));
    next.activate();
    await renewHeads(tools(opened));
    const statement = await prepareClosing(tools(opened), old, vouched, 'laptop stolen');
    const signed = archive.keys.signRecovery(statementBytes(statement), KEY_STATEMENT_TYP);
    await expect(closeStolenKey(tools(opened), statement, [])).rejects.toMatchObject({ code: 'bad_request' });
    await expect(closeStolenKey(tools(opened), { ...statement, reason: 'another' }, [signed])).rejects.toMatchObject({ code: 'bad_request' });
    await expect(
      closeStolenKey(tools(opened), statement, [await archive.keys.sign(statementBytes(statement), KEY_STATEMENT_TYP)]),
    ).rejects.toMatchObject({
      code: 'bad_request',
    });
    await closeStolenKey(tools(opened), statement, [signed]);
    await closeStolenKey(tools(opened), statement, [signed]);
    await more(archive, 'behind');
    const found = await findings(archive);
    // The forged segment, and the segment of gov that introduced the new key: it is signed by the stolen one, of need.
    expect(found.filter((one) => one.includes(`m/${CHAIN}/`))).toEqual([expect.stringContaining('KEY_DISPUTED')]);
    expect(found.every((one) => one.startsWith('KEY_DISPUTED'))).toBe(true);
    expect((await archive.problems()).every((problem) => problem.startsWith('KEY_DISPUTED'))).toBe(true);
  }, 60_000);

  it('goes on after the statement was prepared: it must be prepared anew', async () => {
    const opened = await archive.open();
    const next = archive.keys.nextManifestKey();
    await introduceKey(tools(opened), 'manifest', ecKeySchema.parse(next.jwk));
    next.activate();
    const statement = await prepareClosing(tools(opened), old, 'all', 'laptop stolen');
    await append();
    const signed = archive.keys.signRecovery(statementBytes(statement), KEY_STATEMENT_TYP);
    await expect(closeStolenKey(tools(opened), statement, [signed])).rejects.toMatchObject({ code: 'bad_request' });
  }, 60_000);

  it('closes a key of the archive without the people: verify asks for their statements', async () => {
    const opened = await archive.open();
    const next = archive.keys.nextManifestKey();
    await introduceKey(tools(opened), 'manifest', ecKeySchema.parse(next.jwk));
    next.activate();
    await renewHeads(tools(opened));
    await opened.governance.append(() => [
      {
        type: 'key.closed',
        id: 'ab'.repeat(16),
        time: new Date().toISOString(),
        principal: 'os:thief',
        use: 'manifest',
        kid: old,
        chains: [{ chain: CHAIN, next: 1, accepted: 0 }],
        reason: 'mine now',
        statements: ['cd'.repeat(32)],
      },
    ]);
    const found = await findings(archive);
    expect(found).toContain(`OBJECT_MISSING s/${'cd'.repeat(32)}.jws`);
    expect(found.some((one) => one.startsWith('STATEMENT_INVALID gov'))).toBe(true);
  }, 60_000);
});

describe('keys of cohorts', () => {
  it('that the ring got later are introduced once, and a second KEK of a cohort opens and seals', async () => {
    const archive = await sealed();
    const opened = await archive.open();
    expect(await introduceCohorts(tools(opened))).toEqual([]);
    const cohort = { className: 'standard', period: '2199-01' };
    archive.keys.add(cohort);
    expect(await introduceCohorts(tools(opened))).toEqual([cohort]);
    expect(await introduceCohorts(tools(await archive.open()))).toEqual([]);
    await introduceKeks(tools(opened), [{ cohort, kek: 'another-key-of-it' }]);
    expect(opened.governance.state.cohortKeys.get('standard/2199-01')).toEqual([expect.any(String), 'another-key-of-it']);
    expect(await findings(archive)).toEqual([]);
  }, 60_000);
});

describe('recovery keys', () => {
  it('are replaced by what the old ones sign, and by nothing else', async () => {
    const archive = await sealed();
    const opened = await archive.open();
    const pair = newEcPair();
    const sign = (statement: KeyStatement): string => archive.keys.signRecovery(statementBytes(statement), KEY_STATEMENT_TYP);
    const jwk = ecKeySchema.parse(pair.publicJwk);
    const introduction = prepareRecovery(tools(opened), { action: 'introduce', kid: jwk.kid });
    const own = signCompact({ alg: 'ES256', kid: jwk.kid, typ: KEY_STATEMENT_TYP }, statementBytes(introduction), pair.privateJwk);
    await expect(sealRecovery(tools(opened), introduction, [own], jwk)).rejects.toMatchObject({ code: 'bad_request' });
    await sealRecovery(tools(opened), introduction, [sign(introduction)], jwk);
    const [old] = await archive.keys.recoveryKeys();
    const end = prepareRecovery(tools(opened), { action: 'close', kid: old?.kid ?? '', reason: 'left the company' });
    const signedByNew = signCompact({ alg: 'ES256', kid: jwk.kid, typ: KEY_STATEMENT_TYP }, statementBytes(end), pair.privateJwk);
    // Two are valid now, so two must sign.
    await expect(sealRecovery(tools(opened), end, [signedByNew])).rejects.toMatchObject({ code: 'bad_request' });
    await sealRecovery(tools(opened), end, [signedByNew, sign(end)]);
    await sealRecovery(tools(opened), end, [signedByNew]);
    expect([...recoveryKeysOf(opened.archive, opened.governance.state).keys()]).toEqual([jwk.kid]);
    const again = prepareRecovery(tools(opened), { action: 'introduce', kid: newEcPair().publicJwk.kid });
    await expect(sealRecovery(tools(opened), again, [sign(again)], jwk)).rejects.toMatchObject({ code: 'bad_request' });
    expect(await findings(archive)).toEqual([]);
  }, 60_000);
});

describe('the key of the log', () => {
  it('is replaced: old and new checkpoints verify, and one of the old key behind its end does not', async () => {
    const archive = await sealed();
    const opened = await archive.open();
    await cover(opened);
    const old = (await archive.keys.logKey()).kid;
    const signOld = archive.keys.checkpointSigner();
    const next = archive.keys.nextLogKey();
    await expect(closeLogKey(tools(opened), old, 'early')).rejects.toMatchObject({ code: 'bad_request' });
    next.activate();
    expect(await closeLogKey(tools(opened), old, 'early')).toEqual({ closed: false, waiting: ['log'] });
    await expect(more(archive, 'unknown').then(() => cover(opened))).rejects.toMatchObject({ code: 'key_missing' });
    await introduceKey(tools(opened), 'log', edKeySchema.parse(next.jwk));
    await cover(opened);
    for (let times = 0; times < 2; times++) expect(await closeLogKey(tools(opened), old, 'rotated')).toEqual({ closed: true, waiting: [] });
    await more(archive, 'behind');
    await cover(await archive.open());
    expect(await findings(archive)).toEqual([]);
    await more(archive, 'with the old one');
    const keys = keptBack(archive.keys, { signCheckpoint: signOld, logKey: () => Promise.resolve(opened.archive.genesis.log.key) });
    await expect(cover(await archive.open({ keys }))).rejects.toMatchObject({ code: 'key_missing' });
  }, 60_000);
});
