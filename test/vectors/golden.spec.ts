import { readFile } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { openEmbedded } from '@holdfast/assembly';
import type { OpenedArchive } from '@holdfast/assembly';
import { nodeCrypto } from '@holdfast/crypto-node';
import { openDiscovery } from '@holdfast/discovery';
import { IndexFollower } from '@holdfast/indexing';
import { toHex } from '@holdfast/seal';
import { readCommitted } from '@holdfast/vault';
import { verifyArchive } from '@holdfast/verify';
import { withEvidence } from '../../apps/cli/src/evidence.js';
import { goldenCopy } from '../harness/golden.js';

/** What every later release must find in the golden archive. */
interface Expected {
  readonly archive: string;
  readonly chains: Readonly<
    Record<string, { readonly segments: number; readonly next: string; readonly records: readonly (readonly [string, string])[] }>
  >;
}

let golden: Awaited<ReturnType<typeof goldenCopy>>;
let expected: Expected;
let opened: OpenedArchive;

beforeAll(async () => {
  golden = await goldenCopy();
  expected = JSON.parse(await readFile(new URL('golden-v1.json', import.meta.url), 'utf8')) as Expected;
}, 30_000);
afterAll(async () => {
  await opened.close();
  await golden.remove();
});

describe('the golden archive of format version 1', () => {
  it('verifies without a finding, under the archive id that is written down', async () => {
    const report = await withEvidence({ data: golden.folder, environment: {} }, (evidence) =>
      verifyArchive(evidence, { crypto: nodeCrypto, archiveId: expected.archive }),
    );
    expect(report).toMatchObject({ ok: true, archive: expected.archive, findings: [], skipped: [] });
    expect(report.recordsOpened).toBe(report.records);
    expect(report.chains).toBe(Object.keys(expected.chains).length);
    const message = Object.entries(expected.chains).filter(([chain]) => chain.startsWith('msg/'));
    expect(report.partitions.map(({ chain, segments, records, next }) => ({ chain, segments, records, next }))).toEqual(
      message.map(([chain, { segments, next, records }]) => ({ chain, segments, records: records.length, next })),
    );
  });

  it('holds the very records that are written down', async () => {
    opened = await openEmbedded(golden.folder);
    expect(opened.archive.idHex).toBe(expected.archive);
    for (const [chain, { segments, records }] of Object.entries(expected.chains)) {
      const met: [string, string][] = [];
      for (let seq = 0; seq < segments; seq++) {
        const committed = await readCommitted(opened.archive, chain, seq, opened.governance.keys);
        await opened.reader.walk(committed!.manifest, () => (plain, start, end, head) => {
          met.push([head.offset.toString(), toHex(nodeCrypto.sha256(plain.subarray(start, end)))]);
        });
      }
      // Object by object within a segment; in the file by offset.
      met.sort(([a], [b]) => Number(a) - Number(b));
      expect({ chain, records: met }).toEqual({ chain, records });
    }
  });

  it('can be indexed and searched, and what is shown is proven', async () => {
    const index = opened.index();
    const raised: string[] = [];
    await new IndexFollower({ ...opened, index, alarms: { raise: (code) => raised.push(code), clear: () => undefined } }).catchUp();
    const discovery = openDiscovery(opened, index, 'golden');
    const found = await discovery.search('os:tester', '合同', { limit: 20, sort: 'newest', idsOnly: false });
    expect(found).toMatchObject({ ok: true, unindexed: 0 });
    if (!found.ok) throw new Error('the query was refused');
    expect(found.total).toBeGreaterThanOrEqual(5);
    expect(found.hits.map((hit) => JSON.stringify(hit))).toEqual(found.hits.map(() => expect.stringContaining('合同')));
    const [first] = found.hits;
    expect(await discovery.open('os:tester', first!.id)).toMatchObject({ id: first!.id });
    const unreadable = await discovery.search('os:tester', 'is:unreadable', { limit: 20, sort: 'newest', idsOnly: true });
    expect(unreadable).toMatchObject({ ok: true });
    expect(raised).toEqual([]);
    await index.close();
    // What was searched and opened is sealed behind what was there.
    const report = await withEvidence({ data: golden.folder, environment: {} }, (evidence) => verifyArchive(evidence, { crypto: nodeCrypto }));
    expect(report.findings).toEqual([]);
  });
});
