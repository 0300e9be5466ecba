import { HoldfastError } from '@holdfast/record';
import { standing } from '@holdfast/governance';
import type { ManifestKeyEntry } from '@holdfast/governance';
import { MANIFEST_TYP, manifestSchema, parseDocument, parseJws, verifyJws } from '@holdfast/seal';
import type { Crypto, Manifest, ParsedJws, PublicKey } from '@holdfast/seal';
import type { FindingCode } from './findings.js';

/** Keys that may sign manifests. */
export interface Signers {
  /** Valid from the first segment on. */
  readonly genesis: PublicKey;
  /** Valid from the head of `gov` that introduced it (design 4.9). */
  readonly introduced: (kid: string) => ManifestKeyEntry | undefined;
}

export interface JudgedManifest {
  readonly manifest: Manifest;
  /** The key that signed it. */
  readonly kid: string;
  /** Its key was stolen by then, as two people have stated: it stands in its chain, and nobody vouches for it. */
  readonly disputed?: true;
}

export interface BadManifest {
  readonly code: FindingCode;
  readonly problem: string;
  /** Nobody has introduced its key, as far as the verifier has read `gov`. */
  readonly signerUnknown?: true;
}

/** What a manifest says by itself: format, place, signature. */
export function judgeManifest(
  crypto: Crypto,
  bytes: Uint8Array,
  place: { readonly archive: string; readonly chain: string; readonly seq: number },
  signers: Signers,
): JudgedManifest | BadManifest {
  let jws: ParsedJws;
  let manifest: Manifest;
  try {
    jws = parseJws(bytes);
    manifest = parseDocument(manifestSchema, jws.payload);
  } catch (error) {
    if (!(error instanceof HoldfastError)) throw error;
    return { code: error.message.includes('suite') ? 'UNKNOWN_SUITE' : 'MANIFEST_INVALID', problem: `${error.message}.` };
  }
  if (manifest.archive !== place.archive || manifest.chain !== place.chain || manifest.seq !== place.seq) {
    return { code: 'MANIFEST_INVALID', problem: 'it names another archive, chain or number.' };
  }
  const ofGenesis = jws.kid === signers.genesis.kid;
  const introduced = signers.introduced(jws.kid);
  const signer = ofGenesis ? signers.genesis : introduced?.jwk;
  if (signer === undefined) {
    return { code: 'MANIFEST_INVALID', problem: 'it is signed by a key that gov has not introduced.', signerUnknown: true };
  }
  if (!verifyJws(crypto, jws, MANIFEST_TYP, signer)) return { code: 'MANIFEST_INVALID', problem: 'its signature does not verify.' };
  if (introduced === undefined) return { manifest, kid: jws.kid };
  if (!ofGenesis && manifest.governance.next < introduced.from) {
    return { code: 'MANIFEST_INVALID', problem: 'it is signed by a key that had not been introduced at its governance head.' };
  }
  const how = standing(introduced, place.chain, place.seq);
  if (how === 'closed')
    return { code: 'KEY_CLOSED', problem: `it is signed by the key ${jws.kid}, which was closed before this number of the chain.` };
  return { manifest, kid: jws.kid, ...(how === 'disputed' && { disputed: true }) };
}
