import { beforeAll, describe, expect, it } from '@jest/globals';
import { DERIVED_TYP, assembleBundle, certificateOf, encodeBundleIndex, encodeRedactedCopy, parseBundleIndex, readmeOf } from '@holdfast/bundle';
import { nodeCrypto as crypto } from '@holdfast/crypto-node';
import { toHex, utf8 } from '@holdfast/seal';
import { CONVERSATION, SeededRandom, bundleParts, exampleArchive, signCompact } from '@holdfast/test-kit';
import type { Policy } from '@holdfast/tlog';
import { verifyBundle } from '../src/index.js';
import type { BundleReport } from '../src/index.js';

/**
 * Every entry of a bundle is removed, emptied, doubled, swapped and has bits flipped. First as somebody does who only has a hex
 * editor; then as a forger who makes the lists and hashes of the bundle again, so that the proofs alone must notice.
 */
const SEED = Number(process.env['HOLDFAST_TEST_SEED'] ?? 20261122);
/** Entries up to this size have each byte flipped, of longer ones so many bytes, anywhere. */
const SMALL = 90;
const SAMPLE = 24;
/** No proof covers them: the verifier inside of the bundle, and what the archive only suggests. */
const NOT_COVERED = ['verify.html', 'log/policy'];

let entries: Map<string, Uint8Array>;
let policy: Policy;

beforeAll(async () => {
  const example = await exampleArchive(crypto);
  const { archive, checkpoint, time } = example;
  const parts = bundleParts(crypto, archive, {
    checkpoint,
    time,
    scope: { kind: 'conversation', key: toHex(utf8(CONVERSATION)), to: '2026-03-01T07:20:00.000Z' },
    select: ({ offset }, chain) => {
      if (offset === 11n) return { state: 'outside' };
      return offset === 2n && chain.endsWith('/0/0') ? { state: 'withheld', reason: 'redacted', note: 'a note' } : { state: 'shown' };
    },
    policy: example.policyText,
    tokens: [utf8('a token')],
  });
  const { signer } = archive;
  const payload = encodeRedactedCopy({
    format: 'holdfast.derived/1',
    archive: toHex(archive.id),
    chain: 'msg/a/chat/0/0',
    offset: '2',
    text: '[removed]',
    reason: 'redacted',
  });
  const copy = utf8(signCompact({ alg: 'ES256', kid: signer.publicJwk.kid, typ: DERIVED_TYP }, payload, signer.privateJwk));
  entries = assembleBundle(crypto, {
    ...parts,
    records: parts.records.map((record) => (record.state === 'withheld' ? { ...record, copy } : record)),
  });
  ({ policy } = example);
});

function verify(changed: ReadonlyMap<string, Uint8Array>, names = [...changed.keys()]): Promise<BundleReport> {
  return verifyBundle({ names: () => names, read: async (name) => changed.get(name) }, { crypto, policy });
}

/** Lists, certificate and README made again over what is there: the container agrees with itself. */
function relisted(changed: Map<string, Uint8Array>): Map<string, Uint8Array> {
  const { files: _files, ...facts } = parseBundleIndex(entries.get('bundle.json')!);
  const filesOf = (): { name: string; sha256: string; size: number }[] =>
    [...changed]
      .filter(([name]) => name !== 'bundle.json' && name !== 'verify.html')
      .map(([name, bytes]) => ({ name, sha256: toHex(crypto.sha256(bytes)), size: bytes.length }));
  changed.set('README.txt', readmeOf(facts));
  changed.set('certificate.txt', certificateOf(crypto, facts, filesOf()));
  changed.set('bundle.json', encodeBundleIndex({ ...facts, files: filesOf() }));
  return changed;
}

const flipped = (bytes: Uint8Array, at: number, bit: number): Uint8Array => bytes.with(at, bytes[at]! ^ (1 << bit));

describe(`a bundle of which something was changed (HOLDFAST_TEST_SEED=${SEED})`, () => {
  it('verifies before', async () => {
    const report = await verify(entries);
    expect(report).toMatchObject({ findings: [], anchored: true, complete: 'yes', copies: 1, records: { shown: 5, withheld: 1, outside: 1 } });
    expect((await verify(relisted(new Map(entries)))).findings).toEqual([]);
  });

  it('by removing, emptying or doubling an entry', async () => {
    for (const name of entries.keys()) {
      const rest = new Map(entries);
      rest.delete(name);
      const removed = await verify(rest);
      const emptied = await verify(new Map(entries).set(name, new Uint8Array(0)));
      const doubled = await verify(entries, [...entries.keys(), name]);
      // Nobody should use the verifier of a bundle, so its absence or its bytes say nothing.
      const own = name === 'verify.html';
      expect({ name, removed: removed.ok, emptied: emptied.ok, doubled: doubled.ok }).toEqual({ name, removed: own, emptied: own, doubled: false });
    }
  });

  it('by removing or emptying an entry and making the lists again', async () => {
    const made = ['README.txt', 'certificate.txt', 'bundle.json'];
    for (const name of entries.keys()) {
      if (NOT_COVERED.includes(name) || made.includes(name) || name.startsWith('log/tokens/')) continue;
      const rest = new Map(entries);
      rest.delete(name);
      const removed = await verify(relisted(rest));
      const emptied = await verify(relisted(new Map(entries).set(name, new Uint8Array(0))));
      expect({ name, removed: removed.ok, emptied: emptied.ok }).toEqual({ name, removed: false, emptied: false });
    }
  });

  it('by swapping two entries, with the lists made again', async () => {
    const random = new SeededRandom(SEED);
    const names = [...entries.keys()].filter(
      (name) => !NOT_COVERED.includes(name) && !['README.txt', 'certificate.txt', 'bundle.json'].includes(name),
    );
    for (let i = 0; i < 60; i++) {
      const [one, two] = [random.pick(names), random.pick(names)];
      if (one === two) continue;
      const swapped = new Map(entries).set(one, entries.get(two)!).set(two, entries.get(one)!);
      expect([one, two, (await verify(relisted(swapped))).ok]).toEqual([one, two, false]);
    }
  }, 120_000);

  it('in any byte', async () => {
    const random = new SeededRandom(SEED);
    for (const [name, bytes] of entries) {
      if (name === 'verify.html') continue;
      for (const at of positions(random, bytes)) {
        const report = await verify(new Map(entries).set(name, flipped(bytes, at, random.int(0, 7))));
        expect([name, at, report.ok]).toEqual([name, at, false]);
      }
    }
  }, 600_000);

  it('in any byte, with the lists made again', async () => {
    const random = new SeededRandom(SEED + 1);
    for (const [name, bytes] of entries) {
      // Made again by the forger; and what no proof covers.
      if ([...NOT_COVERED, 'README.txt', 'certificate.txt', 'bundle.json'].includes(name)) continue;
      for (const at of positions(random, bytes)) {
        const bit = random.int(0, 7);
        const report = await verify(relisted(new Map(entries).set(name, flipped(bytes, at, bit))));
        // A co-signature of which the name or key was changed is one of somebody unknown: the quorum is missing then.
        const noticed = name === 'log/checkpoint' ? !report.ok || !report.anchored : !report.ok;
        expect([name, at, bit, noticed]).toEqual([name, at, bit, true]);
      }
    }
  }, 600_000);
});

function positions(random: SeededRandom, bytes: Uint8Array): number[] {
  if (bytes.length <= SMALL) return Array.from(bytes.keys());
  return Array.from({ length: SAMPLE }, () => random.int(0, bytes.length - 1));
}
