import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { entryName, parseEntryName } from './names.js';

const CHAIN = 'msg/slack/im.events_1/12/0';
const HASH = 'ab'.repeat(32);
const PLACES = [
  { kind: 'index' },
  { kind: 'readme' },
  { kind: 'verifier' },
  { kind: 'gov-manifest', seq: 3 },
  { kind: 'gov-object', seq: 3, no: 10 },
  { kind: 'token', hash: HASH },
  { kind: 'manifest', chain: CHAIN, seq: 4 },
  { kind: 'object-proof', chain: CHAIN, seq: 4, no: 0 },
  { kind: 'record', chain: CHAIN, offset: 2n ** 63n - 1n },
  { kind: 'derived', chain: CHAIN, offset: 0n },
  { kind: 'attachment', sha256: HASH },
] as const;

describe('names of entries', () => {
  it('say what an entry is, each in one way', () => {
    for (const place of PLACES) expect(parseEntryName(entryName(place))).toEqual(place);
    expect(entryName(PLACES[8])).toBe(`records/${CHAIN}/09223372036854775807.rec`);
  });

  it.each([
    '',
    'bundle.JSON',
    './bundle.json',
    'gov/3.jws',
    'gov/0000000000000003-01.hfo',
    `manifests/gov/0000000000000000.jws`,
    `manifests/msg/a/../0/0/0000000000000000.jws`,
    `records/${CHAIN}/1.rec`,
    `records/${CHAIN}/x/00000000000000000001.rec`,
    `log/tokens/${HASH.toUpperCase()}.tst`,
    `proofs/${CHAIN}/9999999999999999-0.json`,
    'transcript.html\n',
  ])('that no bundle has are refused: %j', (name) => {
    expect(parseEntryName(name)).toBeUndefined();
  });

  it('are read from anything without fail', () => {
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string(),
          fc.tuple(fc.constantFrom('gov', 'records', 'proofs'), fc.string()).map((parts) => parts.join('/')),
        ),
        (name) => {
          const place = parseEntryName(name);
          if (place !== undefined) expect(entryName(place)).toBe(name);
        },
      ),
    );
  });
});
