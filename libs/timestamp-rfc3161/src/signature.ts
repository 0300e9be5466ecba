/** One signature by one public key, with WebCrypto, by an allow-list of algorithms. */
import { fromBER, Integer } from 'asn1js';
import { RSASSAPSSParams } from 'pkijs';
import type { AlgorithmIdentifier } from 'pkijs';
import { membersOf, oidText } from './der.js';
import { digestName } from './oids.js';
import { TokenProblem } from './token-problem.js';

const RSA_KEY = '1.2.840.113549.1.1.1';
const RSA_PSS = '1.2.840.113549.1.1.10';
const MGF_1 = '1.2.840.113549.1.1.8';
const EC_KEY = '1.2.840.10045.2.1';

/** Signature algorithm → digest, RFC 8017 §A.2.4 and RFC 5758 §3.2. */
const RSA_WITH: Readonly<Record<string, string>> = {
  '1.2.840.113549.1.1.11': 'SHA-256',
  '1.2.840.113549.1.1.12': 'SHA-384',
  '1.2.840.113549.1.1.13': 'SHA-512',
};
const ECDSA_WITH: Readonly<Record<string, string>> = {
  '1.2.840.10045.4.3.2': 'SHA-256',
  '1.2.840.10045.4.3.3': 'SHA-384',
  '1.2.840.10045.4.3.4': 'SHA-512',
};
const CURVES: Readonly<Record<string, { readonly namedCurve: string; readonly bytes: number }>> = {
  '1.2.840.10045.3.1.7': { namedCurve: 'P-256', bytes: 32 },
  '1.3.132.0.34': { namedCurve: 'P-384', bytes: 48 },
  '1.3.132.0.35': { namedCurve: 'P-521', bytes: 66 },
};
const MIN_RSA_BITS = 2048;

/** Types of WebCrypto, which has no import of its own that both browsers and servers know. */
type ImportAlgorithm = Parameters<typeof crypto.subtle.importKey>[2];
type ImportedKey = Awaited<ReturnType<typeof crypto.subtle.importKey>>;

export interface PublicKey {
  /** DER SubjectPublicKeyInfo. */
  readonly spki: Uint8Array<ArrayBuffer>;
  readonly algorithm: AlgorithmIdentifier;
}

/**
 * Whether `signature` over `data` is by `key`. `digest` is the digest algorithm of a CMS signer, whose signature algorithm may
 * name the key type only (RFC 3370 §3.2); where both name one they must agree.
 * @throws TokenProblem for an algorithm that is unknown or too weak
 */
export async function isSignedBy(
  key: PublicKey,
  algorithm: AlgorithmIdentifier,
  signature: Uint8Array<ArrayBuffer>,
  data: Uint8Array<ArrayBuffer>,
  digest?: string,
): Promise<boolean> {
  const oid = algorithm.algorithmId;
  const rsa = RSA_WITH[oid] ?? (oid === RSA_KEY ? digest : undefined);
  if (rsa !== undefined) return isRsa(key, { name: 'RSASSA-PKCS1-v1_5', hash: rsa }, 0, signature, data, digest);
  if (oid === RSA_PSS) {
    const { hash, saltLength } = pssParameters(algorithm);
    return isRsa(key, { name: 'RSA-PSS', hash }, saltLength, signature, data, digest);
  }
  const ecdsa = ECDSA_WITH[oid];
  if (ecdsa !== undefined) return isEcdsa(key, ecdsa, signature, data, digest);
  throw new TokenProblem(`the signature algorithm ${oid} is not accepted (RSA or ECDSA with SHA-256, SHA-384 or SHA-512 are)`);
}

async function isRsa(
  { spki, algorithm: keyType }: PublicKey,
  algorithm: { readonly name: string; readonly hash: string },
  saltLength: number,
  signature: Uint8Array<ArrayBuffer>,
  data: Uint8Array<ArrayBuffer>,
  digest = algorithm.hash,
): Promise<boolean> {
  if (keyType.algorithmId !== RSA_KEY) throw new TokenProblem('the key of a certificate does not fit the signature made with it');
  if (digest !== algorithm.hash) throw new TokenProblem('the token names two digest algorithms');
  const key = await imported(spki, algorithm);
  const bits = 'modulusLength' in key.algorithm ? Number(key.algorithm.modulusLength) : 0;
  if (!(bits >= MIN_RSA_BITS)) throw new TokenProblem(`an RSA key of ${bits} bits is too weak (${MIN_RSA_BITS} are needed)`);
  return crypto.subtle.verify({ name: algorithm.name, saltLength }, key, signature, data);
}

async function isEcdsa(
  { spki, algorithm: keyType }: PublicKey,
  hash: string,
  signature: Uint8Array<ArrayBuffer>,
  data: Uint8Array<ArrayBuffer>,
  digest = hash,
): Promise<boolean> {
  if (keyType.algorithmId !== EC_KEY) throw new TokenProblem('the key of a certificate does not fit the signature made with it');
  if (digest !== hash) throw new TokenProblem('the token names two digest algorithms');
  const curve = CURVES[oidText(keyType.algorithmParams)];
  if (curve === undefined) throw new TokenProblem('a key on an elliptic curve other than P-256, P-384 and P-521 is not accepted');
  const key = await imported(spki, { name: 'ECDSA', namedCurve: curve.namedCurve });
  const flat = flatEcdsa(signature, curve.bytes);
  return flat !== undefined && crypto.subtle.verify({ name: 'ECDSA', hash }, key, flat, data);
}

async function imported(spki: Uint8Array<ArrayBuffer>, algorithm: ImportAlgorithm): Promise<ImportedKey> {
  try {
    return await crypto.subtle.importKey('spki', spki, algorithm, false, ['verify']);
  } catch (error) {
    throw new TokenProblem('the public key of a certificate cannot be used', { cause: error });
  }
}

/** DER SEQUENCE of two INTEGERs → the two numbers side by side, as WebCrypto wants them; undefined when it is none. */
function flatEcdsa(signature: Uint8Array<ArrayBuffer>, bytes: number): Uint8Array<ArrayBuffer> | undefined {
  const { offset, result } = fromBER(signature);
  const numbers = membersOf(result);
  if (offset !== signature.length || numbers.length !== 2) return undefined;
  const flat = new Uint8Array(2 * bytes);
  for (const [index, number] of numbers.entries()) {
    if (!(number instanceof Integer)) return undefined;
    const value = number.toBigInt();
    const digits = value.toString(16).padStart(2 * bytes, '0');
    if (value <= 0n || digits.length > 2 * bytes) return undefined;
    flat.set(
      Uint8Array.from({ length: bytes }, (_, at) => Number.parseInt(digits.slice(2 * at, 2 * at + 2), 16)),
      index * bytes,
    );
  }
  return flat;
}

/** RFC 4055 §3.1. The defaults are SHA-1, so that everything must be stated. */
function pssParameters(algorithm: AlgorithmIdentifier): { readonly hash: string; readonly saltLength: number } {
  const { hashAlgorithm, maskGenAlgorithm, saltLength, trailerField } = new RSASSAPSSParams({ schema: algorithm.algorithmParams });
  const hash = digestName(hashAlgorithm.algorithmId);
  const maskHash = digestName(oidText(membersOf(maskGenAlgorithm.algorithmParams)[0]));
  if (hash === undefined || maskGenAlgorithm.algorithmId !== MGF_1 || maskHash !== hash || trailerField !== 1)
    throw new TokenProblem('the RSA-PSS parameters of a signature are not accepted (one digest of SHA-256, SHA-384 or SHA-512 for all)');
  return { hash, saltLength };
}
