import { HoldfastError } from '@holdfast/record';
import { CLAIM_TYP, claimKey, claimSchema, parseDocument, parseJws, verifyJws } from '@holdfast/seal';
import type { Claim } from '@holdfast/seal';
import { signerOf } from './closed-keys.js';
import type { VerifyContext } from './context.js';
import { finding } from './findings.js';

/** The claim of a number of a chain, or of a batch of the log: `unknown` without a claim store; a claim that does not verify is a finding. */
export async function readClaim(context: VerifyContext, chain: string, seq: number): Promise<Claim | 'absent' | 'unknown' | 'invalid'> {
  const { evidence } = context;
  if (!evidence.claims) return 'unknown';
  const bytes = await evidence.claim(claimKey(chain, seq));
  if (bytes === undefined) return 'absent';
  try {
    const jws = parseJws(bytes);
    const claim = parseDocument(claimSchema, jws.payload);
    const signer = signerOf(context, jws.kid, { chain, seq });
    const right = claim.archive === context.archiveHex && claim.chain === chain && claim.seq === seq;
    if (right && signer !== undefined && verifyJws(context.crypto, jws, CLAIM_TYP, signer)) return claim;
  } catch (error) {
    if (!(error instanceof HoldfastError)) throw error;
  }
  context.add(finding('CLAIM_UNREADABLE', `${chain} ${seq}`, 'its claim does not verify.'));
  return 'invalid';
}
