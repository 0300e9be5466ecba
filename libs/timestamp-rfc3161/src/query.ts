/** TimeStampReq and TimeStampResp, RFC 3161 §2.4. */
import { Integer, Null, OctetString } from 'asn1js';
import { AlgorithmIdentifier, MessageImprint, PKIStatusInfo, TimeStampReq } from 'pkijs';
import { membersOf, parseDer, rawBytes } from './der.js';
import { SHA_256 } from './oids.js';
import { TokenProblem } from './token-problem.js';

/** 64 random bits: an answer to another query, recorded earlier, is not taken for ours. */
export function newNonce(): bigint {
  return crypto.getRandomValues(new BigUint64Array(1))[0] ?? 0n;
}

export function encodeQuery(digest: Uint8Array, nonce: bigint, policy?: string): Uint8Array<ArrayBuffer> {
  const query = new TimeStampReq({
    version: 1,
    messageImprint: new MessageImprint({
      hashAlgorithm: new AlgorithmIdentifier({ algorithmId: SHA_256, algorithmParams: new Null() }),
      hashedMessage: new OctetString({ valueHex: digest.slice() }),
    }),
    nonce: Integer.fromBigInt(nonce),
    // The certificate comes with the token: it must verify in ten years, from its own bytes and a root.
    certReq: true,
    ...(policy === undefined ? {} : { reqPolicy: policy }),
  });
  return new Uint8Array(query.toSchema().toBER());
}

/** PKIFailureInfo, RFC 3161 §2.4.2: bit → meaning. */
const FAILURES: Readonly<Record<number, string>> = {
  0: 'digest algorithm not supported',
  2: 'request not permitted',
  5: 'request not understood',
  14: 'time source not available',
  15: 'policy not supported',
  16: 'extension not supported',
  17: 'additional information not available',
  25: 'system failure',
};
/** Faults of the authority itself, that pass. */
const PASSING = new Set([14, 25]);
const STATUS: readonly string[] = ['granted', 'granted with changes', 'rejected', 'waiting', 'revocation announced', 'revoked'];

export type Answer =
  | { readonly kind: 'token'; readonly token: Uint8Array<ArrayBuffer> }
  | { readonly kind: 'refused'; readonly reason: string; readonly passing: boolean };

/** @throws TokenProblem for an answer that cannot be read */
export function parseAnswer(bytes: Uint8Array): Answer {
  const [status, token] = membersOf(parseDer(bytes, 'the answer'));
  if (status === undefined) throw new TokenProblem('the answer is not a time-stamp response');
  const info = new PKIStatusInfo({ schema: status });
  const code: number = info.status;
  // `granted` and `grantedWithMods` carry a token, no other does (§2.4.2); what was changed is seen when the token is checked.
  if (code === 0 || code === 1) {
    if (token === undefined) throw new TokenProblem('the answer says granted and carries no token');
    return { kind: 'token', token: rawBytes(token) };
  }
  const failures = failureBits(info.failInfo?.valueBlock.valueHexView);
  const reasons = failures.map((bit) => FAILURES[bit] ?? `failure ${bit}`);
  return {
    kind: 'refused',
    // Not the free text of the authority: it would be somebody else's words in our logs.
    reason: [STATUS[code] ?? `status ${code}`, ...reasons].join(', '),
    passing: code === WAITING || failures.some((bit) => PASSING.has(bit)),
  };
}
const WAITING = 3;

function failureBits(bytes: Uint8Array | undefined): readonly number[] {
  return [...(bytes ?? [])].flatMap((byte, index) => [0, 1, 2, 3, 4, 5, 6, 7].filter((bit) => byte & (0x80 >> bit)).map((bit) => index * 8 + bit));
}
