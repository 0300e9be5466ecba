import { beforeAll, describe, expect, it } from '@jest/globals';
import { nodeCrypto as crypto } from '@holdfast/crypto-node';
import { CLAIM_TYP, MANIFEST_TYP, claimKey, manifestKey, toHex, utf8 } from '@holdfast/seal';
import type { Manifest } from '@holdfast/seal';
import { readHead } from '@holdfast/vault';
import fc from 'fast-check';
import { MemoryArchive, SOURCE, TOPIC } from '../harness/memory-archive.js';
import type { Process } from '../harness/memory-archive.js';

/*
 * Manifests that carry the right signature and anything else: whatever stands in them, verify answers with findings and
 * never throws, and no reader or writer crashes, hangs or takes them.
 */
const CHAIN = `msg/${SOURCE}/${TOPIC}/0/0`;
const RUNS = Number(process.env['HOLDFAST_TEST_HOSTILE'] ?? 250);

let archive: MemoryArchive;
let opened: Process;
let last: { readonly manifest: Manifest; readonly hash: string };

beforeAll(async () => {
  archive = await MemoryArchive.create();
  archive.append(8);
  await archive.finish('honest');
  opened = await archive.open();
  last = (await readHead(opened.archive, CHAIN, opened.governance.keys)).last!;
});

const ODD: readonly unknown[] = [
  0,
  1,
  2,
  -1,
  0.5,
  65_535,
  65_536,
  2 ** 31,
  2 ** 32 - 1,
  2 ** 32,
  2 ** 53 - 1,
  2 ** 53,
  '',
  '0',
  '1',
  '01',
  '-1',
  '9223372036854775807',
  '9223372036854775808',
  '../../x',
  'a/../b',
  'x'.repeat(300),
  '0'.repeat(64),
  'ff'.repeat(32),
  'none',
  'A256GCM',
  'ledger',
  'standard',
  'trade',
  '2026',
  '2026-11',
  '2027-11',
  '0000-01',
  '9999-12',
  '0000-01-01T00:00:00.000Z',
  '9999-12-31T23:59:59.999Z',
  '9999-12-31T23:59:59Z',
  '1970-01-01T00:00:00Z',
  'AAAA',
  '\u0000',
  '\ud800',
  '合同',
  null,
  true,
  [],
  {},
  [[]],
  '__proto__',
];

/** Every place of a document, as a path. */
function paths(value: unknown, at: readonly (string | number)[] = []): (readonly (string | number)[])[] {
  if (typeof value !== 'object' || value === null) return [at];
  const entries = Array.isArray(value) ? [...value.entries()] : Object.entries(value);
  return [at, ...entries.flatMap(([name, member]) => paths(member, [...at, name]))];
}

/** A copy with one place changed: set to a value, removed, or doubled in its list. */
function changed(value: unknown, [name, ...rest]: readonly (string | number)[], change: (member: unknown) => unknown): unknown {
  if (name === undefined) return change(value);
  if (Array.isArray(value)) {
    const list = value.map((member: unknown, i) => (i === name ? changed(member, rest, change) : member)).filter((member) => member !== undefined);
    return list;
  }
  // An earlier change took the place away.
  if (typeof value !== 'object' || value === null) return value;
  const object = value as Record<string, unknown>;
  const member = changed(object[name], rest, change);
  return Object.fromEntries(Object.entries({ ...object, [name]: member }).filter(([, each]) => each !== undefined));
}

async function withManifest<T>(document: unknown, work: () => Promise<T>): Promise<T> {
  const seq = last.manifest.seq + 1;
  const bytes = utf8(await archive.keys.sign(utf8(JSON.stringify(document)), MANIFEST_TYP));
  const hash = toHex(crypto.sha256(bytes));
  const key = manifestKey(CHAIN, seq, hash);
  const version = await archive.vault.put(key, bytes, { mode: 'COMPLIANCE', retainUntil: new Date('2099-12-31T23:59:59Z') });
  const body = { format: 'holdfast.claim/1', archive: opened.archive.idHex, chain: CHAIN, seq, manifest: hash, version };
  await archive.claims.create(claimKey(CHAIN, seq), utf8(await archive.keys.sign(utf8(JSON.stringify(body)), CLAIM_TYP)));
  try {
    return await work();
  } finally {
    archive.vault.destroy(key, version);
    await archive.claims.remove(claimKey(CHAIN, seq));
  }
}

describe('a manifest that says anything', () => {
  it('never crashes the verifier, and is never taken for right when it is not what its content is', async () => {
    // The last real manifest once more, as if it were the next one: its content is real, everything else may be wrong.
    const base: unknown = { ...last.manifest, seq: last.manifest.seq + 1, prev: last.hash };
    const places = paths(base);
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.tuple(fc.nat(places.length - 1), fc.constantFrom(...ODD, undefined)), { minLength: 1, maxLength: 3 }),
        async (changes) => {
          const document = changes.reduce((value, [place, odd]) => changed(value, places[place] ?? [], () => odd), base);
          if (document === undefined) return;
          await withManifest(document, async () => {
            const report = await archive.verify();
            // Its offsets are those of the segment before it: it can never be right.
            expect(report.ok).toBe(false);
            await readHead(opened.archive, CHAIN, opened.governance.keys).then(
              async ({ last: head }) => {
                await opened.reader
                  .walk(head!.manifest, () => () => undefined)
                  .catch((error: unknown) => expect(error).toMatchObject({ name: 'HoldfastError' }));
                await opened.reader.open(head!.manifest, 5n).catch((error: unknown) => expect(error).toMatchObject({ name: 'HoldfastError' }));
              },
              (error: unknown) => expect(error).toMatchObject({ code: 'claim_unreadable' }),
            );
          });
        },
      ),
      { numRuns: RUNS },
    );
    expect((await archive.verify()).findings).toEqual([]);
  }, 120_000);
});
