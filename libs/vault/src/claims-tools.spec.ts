import { describe, expect, it } from '@jest/globals';
import { claimKey, toHex, utf8 } from '@holdfast/seal';
import { unavailable } from '@holdfast/test-kit';
import { anotherProcess, smallArchive } from '../test/small-archive.js';
import type { Small } from '../test/small-archive.js';
import { LedgerWriter } from './ledger-writer.js';
import { readCommitted } from './manifests.js';
import { readHead } from './head.js';
import { rebuildClaims } from './rebuild-claims.js';
import { STATEMENT_TYP, repairClaim } from './repair-claim.js';

const CHAIN = 'access/test';

/** An archive with five segments in one more chain. */
async function filled(): Promise<Small> {
  const small = await smallArchive();
  const writer = new LedgerWriter(small.archive, small.clock, small.governance, small.dataKeys, CHAIN);
  for (let n = 0; n < 5; n++) await writer.append({ subject: 's', value: { n } });
  return small;
}

async function hashes(small: Pick<Small, 'parts'>, chain: string): Promise<(string | undefined)[]> {
  const { archive, governance } = await anotherProcess(small.parts);
  const { seqs } = await readHead(archive, chain, governance.keys);
  return Promise.all(Array.from({ length: seqs }, async (_, seq) => (await readCommitted(archive, chain, seq, governance.keys))?.hash));
}

async function manifestOf(small: Small, seq: number): Promise<{ key: string; version: string }> {
  for await (const { key, version } of small.parts.vault.list(`m/${CHAIN}/${String(seq).padStart(16, '0')}/`)) return { key, version };
  throw new Error('no manifest');
}

describe('claims', () => {
  it('are made again from the manifests, all of them or the ones that are gone', async () => {
    const small = await filled();
    const before = [await hashes(small, 'gov'), await hashes(small, CHAIN)];
    const all: string[] = [];
    for await (const key of small.parts.claims.list('')) if (!key.startsWith('genesis')) all.push(key);
    for (const lost of [all, all.filter((_, i) => i % 2 === 0), all.slice(-1), []]) {
      for (const key of lost) await small.parts.claims.remove(key);
      const { archive, governance } = await anotherProcess(small.parts);
      const rebuilt = await rebuildClaims(archive, governance);
      expect(rebuilt).toMatchObject({ chains: 2, undecided: [] });
      expect(rebuilt.made).toBe(lost.length);
      expect([await hashes(small, 'gov'), await hashes(small, CHAIN)]).toEqual(before);
    }
  });

  it('of a last number with several manifests, or of a chain with a hole, are left to a person', async () => {
    const small = await filled();
    const lost = {
      ...small.archive,
      claims: {
        ...small.archive.claims,
        create: () => Promise.resolve('exists' as const),
        read: () => Promise.resolve(utf8('x')),
        list: () => small.parts.claims.list(''),
      },
    };
    // A second honest manifest of number 4: its writer lost.
    await small.parts.claims.remove(claimKey(CHAIN, 4));
    const other = new LedgerWriter({ ...lost, claims: small.parts.claims }, small.clock, small.governance, small.dataKeys, CHAIN);
    await other.append({ subject: 's', value: { n: 'another 4' } });
    await small.parts.claims.remove(claimKey(CHAIN, 4));
    const { archive, governance } = await anotherProcess(small.parts);
    const rebuilt = await rebuildClaims(archive, governance);
    expect(rebuilt.undecided).toMatchObject([{ chain: CHAIN, seq: 4 }]);
    expect(rebuilt.undecided[0]?.candidates).toHaveLength(2);
    const { key, version } = await manifestOf(small, 2);
    small.parts.vault.destroy(key, version);
    for (const seq of [2, 3]) await small.parts.claims.remove(claimKey(CHAIN, seq));
    expect((await rebuildClaims(archive, governance)).undecided).toMatchObject([{ chain: CHAIN, seq: 3 }]);
    expect(await small.parts.claims.read(claimKey(CHAIN, 3))).toBeUndefined();
  });

  it('say so when the store is not sure', async () => {
    const small = await filled();
    await small.parts.claims.remove(claimKey(CHAIN, 4));
    small.parts.claims.faults = {
      before: (op) => {
        if (op === 'create') throw unavailable();
      },
    };
    await expect(rebuildClaims(small.archive, small.governance)).rejects.toMatchObject({ code: 'store_unavailable' });
  });
});

describe('a repair', () => {
  const options = (small: Small, more: { readonly manifest?: string } = {}): Parameters<typeof repairClaim>[2] => ({
    chain: CHAIN,
    reason: 'a broken disk',
    principal: 'os:tester',
    signStatement: (payload) => Promise.resolve(small.parts.keys.signRecovery(payload, STATEMENT_TYP)),
    ...more,
  });

  it('is refused where there is nothing to repair', async () => {
    const small = await filled();
    await expect(repairClaim(small.archive, small.governance, options(small))).rejects.toMatchObject({ code: 'bad_request' });
    await expect(repairClaim(small.archive, small.governance, { ...options(small), chain: 'access/nobody' })).rejects.toMatchObject({
      code: 'bad_request',
    });
  });

  it('gives the number back when its manifest is gone, and leaves a locked statement that gov names', async () => {
    const small = await filled();
    const { key, version } = await manifestOf(small, 4);
    small.parts.vault.destroy(key, version);
    await expect(readHead(small.archive, CHAIN, small.governance.keys)).rejects.toMatchObject({ code: 'claim_unreadable' });
    const repaired = await repairClaim(small.archive, small.governance, options(small));
    expect(repaired).toMatchObject({ seq: 4, manifest: undefined });
    expect((await readHead(small.archive, CHAIN, small.governance.keys)).seqs).toBe(4);
    const { governance } = await anotherProcess(small.parts);
    expect(governance.head.next).toBe(small.governance.head.next);
    for await (const version of small.parts.vault.list(`s/${repaired.statement}.jws`))
      expect(await small.parts.vault.head(version.key, version.version)).toMatchObject({ lock: { mode: 'COMPLIANCE' } });
    const writer = new LedgerWriter(small.archive, small.clock, small.governance, small.dataKeys, CHAIN);
    expect((await writer.append({ subject: 's', value: { n: 'again' } })).manifest.seq).toBe(4);
  });

  it('takes the manifest that follows the chain when the claim itself is spoiled', async () => {
    const small = await filled();
    const before = await hashes(small, CHAIN);
    await small.parts.claims.remove(claimKey(CHAIN, 4));
    await small.parts.claims.create(claimKey(CHAIN, 4), utf8('spoiled'));
    expect(await repairClaim(small.archive, small.governance, options(small))).toMatchObject({ seq: 4, manifest: before[4] });
    expect(await hashes(small, CHAIN)).toEqual(before);
  });

  it('of several manifests wants one to be named', async () => {
    const small = await filled();
    await small.parts.claims.remove(claimKey(CHAIN, 4));
    const writer = new LedgerWriter(small.archive, small.clock, small.governance, small.dataKeys, CHAIN);
    const { hash } = await writer.append({ subject: 's', value: { n: 'another 4' } });
    await small.parts.claims.remove(claimKey(CHAIN, 4));
    await small.parts.claims.create(claimKey(CHAIN, 4), utf8('spoiled'));
    await expect(repairClaim(small.archive, small.governance, options(small))).rejects.toMatchObject({ code: 'bad_request' });
    await expect(repairClaim(small.archive, small.governance, options(small, { manifest: toHex(new Uint8Array(32)) }))).rejects.toMatchObject({
      code: 'bad_request',
    });
    expect(await repairClaim(small.archive, small.governance, options(small, { manifest: hash }))).toMatchObject({ manifest: hash });
    expect((await hashes(small, CHAIN))[4]).toBe(hash);
  });
});
