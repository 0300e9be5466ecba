import { describe, expect, it } from '@jest/globals';
import { nodeCrypto as crypto } from '@holdfast/crypto-node';
import { CLAIM_TYP, SegmentBuilder, claimKey, utf8 } from '@holdfast/seal';
import { ChainWriter, readHead } from '@holdfast/vault';
import fc from 'fast-check';
import { MemoryArchive, SOURCE, TOPIC, TestAlarms } from '../harness/memory-archive.js';

/* Sealed governance events and claims that say anything: verify answers, and every process refuses them in the same way. */
const RUNS = Number(process.env['HOLDFAST_TEST_HOSTILE'] ?? 250) / 5;
const CHAIN = `msg/${SOURCE}/${TOPIC}/0/0`;

describe('events of gov that say anything', () => {
  it('are folded by everybody or refused by everybody, and verify says which', async () => {
    const base = { id: 'ab'.repeat(16), time: '2026-01-01T00:00:00.000Z', principal: 'os:x' };
    const odd = fc.oneof(
      fc.jsonValue({ maxDepth: 3 }),
      fc.record(
        {
          type: fc.constantFrom(
            'class.defined',
            'policy.set',
            'chain.registered',
            'source.gap.accepted',
            'source.epoch.opened',
            'key.introduced',
            'archive.created',
          ),
          id: fc.constant(base.id),
          time: fc.constant(base.time),
          principal: fc.constant(base.principal),
          name: fc.constantFrom('standard', 'new', 'ledger', ''),
          number: fc.constantFrom(0, 1, 2, 3, 70_000, -1),
          months: fc.constantFrom(1, 12, 1200, 1e9),
          lengthenMonths: fc.constantFrom(0, 2, 1200),
          defaultClass: fc.constantFrom('standard', 'nobody'),
          chain: fc.constantFrom(CHAIN, 'access/x', '', '../x', 'gov'),
        },
        { requiredKeys: ['type'] },
      ),
    );
    await fc.assert(
      fc.asyncProperty(fc.array(odd, { minLength: 1, maxLength: 4 }), async (values) => {
        const archive = await MemoryArchive.create();
        archive.append(2);
        await archive.finish('honest');
        const { archive: opened, clock, governance } = await archive.open();
        const head = await readHead(opened, 'gov', governance.keys);
        const writer = new ChainWriter(opened, clock, 'gov', head);
        const now = await clock.now();
        const builder = new SegmentBuilder(crypto, { archive: opened.id, chain: 'gov', seq: head.seqs }, writer.nextOffset);
        const cohort = { className: 'ledger', classNumber: 0, period: String(now.getUTCFullYear()) };
        values.forEach((value, i) =>
          builder.add(
            {
              offset: writer.nextOffset + BigInt(i),
              timestamp: 1n,
              timestampType: 'create',
              key: null,
              value: utf8(JSON.stringify(value)),
              headers: [],
            },
            cohort,
            null,
          ),
        );
        const rules = governance.rules();
        await writer.commit(await writer.stage(head.seqs, builder.finish(), rules, now), rules);
        const report = await archive.verify();
        const folds = await Promise.all(
          [1, 2].map(async () => (await archive.open().catch((error: unknown) => error as { code?: string })) as { code?: string }),
        );
        expect(folds.map(({ code }) => code)).toEqual([folds[0]!.code, folds[0]!.code]);
        // What verify calls wrong is what stops every process, and nothing else.
        expect(report.findings.some(({ code }) => code === 'GOVERNANCE_INVALID')).toBe(folds[0]!.code !== undefined);
        if (folds[0]!.code !== undefined) expect(folds[0]!.code).toMatch(/^(chain_broken|format_malformed)$/);
      }),
      { numRuns: RUNS },
    );
  }, 120_000);
});

describe('a claim that says anything', () => {
  it('stops its chain with an alarm, and crashes nobody', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.oneof(
          fc.uint8Array({ minLength: 1, maxLength: 300 }).map((bytes) => ({ bytes })),
          fc.jsonValue({ maxDepth: 2 }).map((json) => ({ json })),
          fc
            .record({
              format: fc.constant('holdfast.claim/1'),
              archive: fc.constantFrom('0'.repeat(64), 'x'),
              chain: fc.constantFrom(CHAIN, 'gov'),
              seq: fc.nat(9),
              manifest: fc.constantFrom('0'.repeat(64), 'x'),
              version: fc.string(),
            })
            .map((json) => ({ json })),
        ),
        async (body) => {
          const archive = await MemoryArchive.create();
          archive.append(2);
          await archive.finish('honest');
          const bytes = 'bytes' in body ? body.bytes : utf8(await archive.keys.sign(utf8(JSON.stringify(body.json)), CLAIM_TYP));
          const opened = await archive.open();
          const { seqs } = await readHead(opened.archive, CHAIN, opened.governance.keys);
          await archive.claims.create(claimKey(CHAIN, seqs), bytes);
          const report = await archive.verify();
          expect(report.findings.map(({ place }) => place)).toContain(`${CHAIN} ${seqs}`);
          await expect(readHead(opened.archive, CHAIN, opened.governance.keys)).rejects.toMatchObject({ code: 'claim_unreadable' });
        },
      ),
      { numRuns: RUNS },
    );
    expect(new TestAlarms().raised).toEqual([]);
  }, 120_000);
});
