/**
 * No byte of a token can be changed so that it still passes and says something else. Some bytes can be changed without a trace:
 * those outside of what the authority signed and of what leads to the root (docs/timestamps.md lists them). So the judgement
 * is over the meaning: whatever passes must say exactly what the untouched token says.
 */
import { createHash } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { checkToken, HttpTimestampAuthority } from '@holdfast/timestamp-rfc3161';
import { startLocalTsa } from '../../../deploy/local/local-tsa.mjs';
import type { LocalTsa, TsaOptions } from '../../../deploy/local/local-tsa.mjs';

const SLOW = 300_000;
const digest = new Uint8Array(createHash('sha256').update('checkpoint').digest());
// The lowest bit makes the most plausible neighbour, and is tried at every byte; any other change at every third.
const KINDS: [string, TsaOptions, number, (at: number) => number][] = [
  ['P-256, ESSCertIDv2', { key: 'p256' }, 1, () => 1],
  ['RSA, ESSCertID, intermediate', { key: 'rsa', essMd: 'sha1', intermediate: true }, 3, (at) => 1 + ((at * 37 + 11) % 255)],
];

describe.each(KINDS)('a token (%s)', (_, options, every, mask) => {
  let tsa: LocalTsa;
  let token: Uint8Array;
  beforeAll(async () => {
    tsa = await startLocalTsa(options);
    const authority = new HttpTimestampAuthority({ name: 'local', url: tsa.url, roots: [tsa.rootDer], clock: { now: () => new Date() } });
    token = await authority.stamp(digest);
  }, SLOW);
  afterAll(() => tsa.stop(), SLOW);

  it(
    'with any one byte changed is refused, or says the same',
    async () => {
      const original = await checkToken(token, digest, [tsa.rootDer]);
      expect(original).toMatchObject({ ok: true });
      const passed: number[] = [];
      for (let at = 0; at < token.length; at += every) {
        const changed = token.slice();
        changed[at] = (changed[at] ?? 0) ^ mask(at);
        const answer = await checkToken(changed, digest, [tsa.rootDer]);
        if (!answer.ok) continue;
        expect([at, answer]).toEqual([at, original]);
        passed.push(at);
      }
      // Versions, tags and the list of digests of the CMS frame: a few bytes, none of them in the signed time or a certificate on the path.
      expect(passed.length).toBeLessThan(40);
    },
    SLOW,
  );

  it(
    'cut anywhere, or with a byte added, is refused',
    async () => {
      for (let length = 0; length < token.length; length += 7)
        expect(await checkToken(token.slice(0, length), digest, [tsa.rootDer])).toMatchObject({ ok: false });
      expect(await checkToken(Uint8Array.from([...token, 0]), digest, [tsa.rootDer])).toMatchObject({ ok: false });
    },
    SLOW,
  );
});
