import { describe, expect, it } from '@jest/globals';
import { claimKey, manifestKey, utf8 } from '@holdfast/seal';
import fc from 'fast-check';
import { smallArchive } from '../test/small-archive.js';
import { countClaims, readHead } from './head.js';

const CHAIN = 'msg/a/b/0/0';
const HASH = 'ab'.repeat(32);
const LOCK = { mode: 'COMPLIANCE', retainUntil: new Date('2099-12-31T23:59:59Z') } as const;

describe('the head of a chain', () => {
  it('is found for every length from 0 to 40, from every hint, without reading every claim', async () => {
    const { parts, archive } = await smallArchive();
    let reads = 0;
    parts.claims.faults = {
      before: (op) => {
        if (op === 'read') reads++;
      },
    };
    for (let length = 0; length <= 40; length++) {
      for (let hint = 0; hint <= length + 3; hint++) expect(await countClaims(archive, CHAIN, hint)).toBe(length);
      reads = 0;
      await countClaims(archive, CHAIN);
      expect(reads).toBeLessThanOrEqual(2 * Math.ceil(Math.log2(length + 2)) + 2);
      reads = 0;
      await countClaims(archive, CHAIN, length);
      expect(reads).toBeLessThanOrEqual(2);
      await parts.claims.create(claimKey(CHAIN, length), utf8('claim'));
    }
  });

  it('with holes in its claims is a head or an alarm, and looking always ends', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.uniqueArray(fc.nat(25), { maxLength: 20 }),
        fc.uniqueArray(fc.nat(27), { maxLength: 20 }),
        fc.nat(28),
        async (claims, manifests, hint) => {
          const { parts, archive, governance } = await smallArchive();
          for (const seq of claims) await parts.claims.create(claimKey(CHAIN, seq), utf8('claim'));
          for (const seq of manifests) await parts.vault.put(manifestKey(CHAIN, seq, HASH), utf8('manifest'), LOCK);
          try {
            const { seqs } = await readHead(archive, CHAIN, governance.keys, hint);
            // No claim at all, and nothing stored behind the first number: the one case in which an empty chain may begin.
            expect(seqs).toBe(0);
            expect(manifests.every((seq) => seq === 0)).toBe(true);
          } catch (error) {
            expect((error as { code: string }).code).toMatch(/^claim(s_rolled_back|_unreadable)$/);
          }
        },
      ),
      { numRuns: 25 },
    );
  }, 30_000);

  it('of gov is its last segment', async () => {
    const { archive, governance } = await smallArchive();
    const head = await readHead(archive, 'gov', governance.keys);
    expect(head.seqs).toBe(governance.head.next);
    expect(head.last).toMatchObject({ hash: governance.head.hash, manifest: { chain: 'gov', seq: head.seqs - 1 } });
  });

  it('is read again when another writer goes on meanwhile', async () => {
    const { parts, archive } = await smallArchive();
    await parts.vault.put(manifestKey(CHAIN, 1, HASH), utf8('manifest'), LOCK);
    let looked = 0;
    parts.claims.faults = {
      // The other writer wins number 0 between our first look and the second.
      after: async (op, key) => {
        if (op === 'read' && key === claimKey(CHAIN, 0) && ++looked === 1) await parts.claims.create(key, utf8('theirs'));
      },
    };
    await expect(readHead(archive, CHAIN, () => undefined)).rejects.toMatchObject({ code: 'claim_unreadable' });
    expect(looked).toBeGreaterThan(1);
  });
});
