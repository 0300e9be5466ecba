import { describe, expect, it } from '@jest/globals';
import {
  claimKey,
  contentKey,
  contentPrefix,
  manifestKey,
  manifestPrefix,
  paddedSeq,
  parseContentKey,
  parseManifestKey,
  wrapKey,
  wrapPrefix,
} from './names.js';

const HASH = 'ab'.repeat(32);
const CHAINS = ['gov', 'access/api-0', 'msg/slack/chat.messages_v1/12/0', 'days/msg/a/b/0/0'];

describe('keys', () => {
  it.each(CHAINS)('of %s are read back as they were written', (chain) => {
    expect(parseManifestKey(manifestKey(chain, 12, HASH))).toEqual({ chain, seq: 12, hash: HASH });
    for (const cohort of [
      { className: 'ledger', period: '2026' },
      { className: 'sec-17a-4', period: '2033-01' },
      { className: 'a', period: '2033-12' },
      { className: 'class-2031', period: '2040-01' },
    ])
      expect(parseContentKey(contentKey(chain, 7, 3, cohort, HASH))).toEqual({ chain, seq: 7, no: 3, ...cohort, sha256: HASH });
    expect(manifestKey(chain, 1, HASH).startsWith(manifestPrefix(chain))).toBe(true);
    expect(contentKey(chain, 1, 0, { className: 'a', period: '2033-12' }, HASH).startsWith(contentPrefix(chain))).toBe(true);
    expect(claimKey(chain, 1)).toBe(`${chain}/0000000000000001`);
    const cohort = { className: 'a', period: '2033-12' };
    expect(wrapKey(chain, cohort, '2026-01-01', 'ff', 'kek')).toBe(`${wrapPrefix(chain, cohort, '2026-01-01')}ff/kek.jwe`);
  });

  it('sort as their numbers do', () => {
    const numbers = [0, 1, 9, 10, 99, 100, 12_345, Number.MAX_SAFE_INTEGER];
    expect(numbers.map(paddedSeq)).toEqual([...numbers.map(paddedSeq)].sort());
  });

  it.each([
    `m/gov/1/${HASH}.jws`,
    `m/gov/0000000000000001/${HASH}`,
    `m/gov/0000000000000001/${HASH.toUpperCase()}.jws`,
    `m/0000000000000001/${HASH}.jws`,
    `o/gov/0000000000000001/${HASH}.jws`,
    'genesis.jws',
    '',
  ])('of manifests are not %j', (key) => {
    expect(parseManifestKey(key)).toBeUndefined();
  });

  it.each([
    `o/gov/0000000000000001/0-a-2033-12-${HASH}`,
    `o/gov/0000000000000001/00-a-2033-12-${HASH}.hfo`,
    `o/gov/0000000000000001/0-A-2033-12-${HASH}.hfo`,
    `o/gov/0000000000000001/0-a-33-${HASH}.hfo`,
    `o/gov/0000000000000001/0-a-2033-12-${HASH.slice(2)}.hfo`,
    `m/gov/0000000000000001/${HASH}.jws`,
  ])('of content are not %j', (key) => {
    expect(parseContentKey(key)).toBeUndefined();
  });
});
