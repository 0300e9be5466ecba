/**
 * The judgement over a token, offline. Uses WebCrypto and nothing else of its platform, so that it also runs in the verifier
 * inside a browser. What is checked and why: `docs/timestamps.md`.
 */
import type { TimestampCheck, Timestamp } from '@holdfast/ports';
import { Certificate, isoText } from './certificate.js';
import { checkChain } from './chain.js';
import { sameBytes } from './der.js';
import { SHA_256 } from './oids.js';
import { openToken } from './signed-token.js';
import { problemText, TokenProblem } from './token-problem.js';
import { parseTstInfo, TOLERANCE_MS } from './tst-info.js';

export const checkToken: TimestampCheck = async (token, digest, roots, at) => {
  try {
    const trusted = roots.map((der) => new Certificate(der, 'a configured root'));
    return (await judged(token, digest, trusted, at)).timestamp;
  } catch (error) {
    // Whatever the parsers throw over hostile bytes, the answer is the same: this proves nothing.
    return { ok: false, problem: problemText(error) };
  }
};

/** @throws TokenProblem */
export async function judged(
  token: Uint8Array,
  digest: Uint8Array,
  roots: readonly Certificate[],
  at: Date | undefined,
): Promise<{ readonly timestamp: Timestamp; readonly nonce: bigint | undefined }> {
  const { content, signer, others } = await openToken(token);
  const { time, policy, serial, nonce, imprint } = parseTstInfo(content);
  if (imprint.algorithm !== SHA_256) throw new TokenProblem('the token stamps a digest other than SHA-256');
  if (digest.length !== 32 || !sameBytes(imprint.digest, digest)) throw new TokenProblem('the token stamps another digest');
  signer.checkSignsTimestamps();
  if (at !== undefined && !(time.getTime() <= at.getTime() + TOLERANCE_MS))
    throw new TokenProblem(`the time of the token, ${isoText(time)}, lies after ${isoText(at)}`);
  await checkChain(signer, others, roots, at === undefined ? [time] : [time, at]);
  return {
    timestamp: { ok: true, time, authority: signer.subject, certificateEnds: signer.ends, policy, serial: serialText(serial) },
    nonce,
  };
}

/** Whole bytes in upper case, as `openssl ts` prints it. */
function serialText(serial: bigint): string {
  const digits = (serial < 0n ? -serial : serial).toString(16).toUpperCase();
  return `${serial < 0n ? '-' : ''}0x${digits.length % 2 === 0 ? digits : `0${digits}`}`;
}
