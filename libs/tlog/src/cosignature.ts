import { concat, utf8, viewOf } from '@holdfast/seal';
import type { Crypto } from '@holdfast/seal';
import { u64 } from './byte-reader.js';
import { textMalformed } from './base64.js';
import { COSIGNATURE } from './vkey.js';
import type { NoteSignature, VerifierKey } from './vkey.js';

/** What stands behind the key id of a cosignature/v1. */
export interface Cosignature {
  /** Seconds since 1970-01-01 UTC. */
  readonly time: number;
  readonly signature: Uint8Array;
}

/** Signs bytes with a private key that this library never sees. */
export type Signer = (data: Uint8Array) => Promise<Uint8Array>;

/** `u64 time ‖ signature`; undefined when `blob` has another length or a time beyond 2^53 − 1 (C2SP tlog-cosignature, Format). */
export function parseCosignature(blob: Uint8Array): Cosignature | undefined {
  if (blob.length !== 72) return undefined;
  const time = viewOf(blob).getBigUint64(0);
  return time > BigInt(Number.MAX_SAFE_INTEGER) ? undefined : { time: Number(time), signature: blob.subarray(8) };
}

/** What a witness signs: header, time and the text of the checkpoint (C2SP tlog-cosignature, Ed25519 signed message). */
export function cosignatureMessage(time: number, text: string): Uint8Array {
  return utf8(`cosignature/v1\ntime ${time}\n${text}`);
}

/** The time of a valid cosignature of `key` over `text`; undefined when it is not valid. */
export function verifyCosignature(crypto: Crypto, key: VerifierKey, blob: Uint8Array, text: string): number | undefined {
  const parsed = parseCosignature(blob);
  if (parsed === undefined || key.type !== COSIGNATURE) return undefined;
  return crypto.verifyEd25519(key.key, cosignatureMessage(parsed.time, text), parsed.signature) ? parsed.time : undefined;
}

/** Co-signs the text of a checkpoint at `time`, in seconds. @throws HoldfastError `checkpoint_malformed` when the key is no witness's */
export async function cosign(key: VerifierKey, time: number, text: string, sign: Signer): Promise<NoteSignature> {
  if (key.type !== COSIGNATURE) throw textMalformed(`The key ${key.name} is not one of a witness`);
  const signature = await sign(cosignatureMessage(time, text));
  return { name: key.name, keyId: key.keyId, signature: concat(u64(time), signature) };
}
