import { concat, fromBase64Url, utf8, viewOf } from '@holdfast/seal';
import type { Crypto, Genesis } from '@holdfast/seal';
import { fromBase64, textMalformed, toBase64 } from './base64.js';

/** Ed25519 over the text of a note; Ed25519 of a witness, time-stamped (C2SP signed-note, tlog-cosignature). */
export type SignatureType = 1 | 4;
export const LOG_SIGNATURE = 1;
export const COSIGNATURE = 4;

/** A key that signatures of notes are checked with. */
export interface VerifierKey {
  readonly name: string;
  readonly keyId: number;
  readonly type: SignatureType;
  /** 32 bytes. */
  readonly key: Uint8Array;
}

/** One signature line. */
export interface NoteSignature {
  readonly name: string;
  readonly keyId: number;
  /** What stands behind the key id; its form depends on the kind of the key. */
  readonly signature: Uint8Array;
}

/** Non-empty, without Unicode spaces and `+`; control characters cannot stand in a note at all. */
const NAME = /^[^\p{White_Space}\p{Cc}+]+$/u;

/** Whether `name` can be that of a key, and so the origin of a log. */
export function isKeyName(name: string): boolean {
  return NAME.test(name) && name.isWellFormed();
}

/** `SHA-256(name ‖ 0x0A ‖ type ‖ key)[:4]` (C2SP signed-note, Signatures). */
export function keyIdOf(crypto: Crypto, name: string, type: number, key: Uint8Array): number {
  return viewOf(crypto.sha256(concat(utf8(`${name}\n`), Uint8Array.of(type), key))).getUint32(0);
}

/** @throws HoldfastError `checkpoint_malformed` for a name or key that cannot be one */
export function verifierKey(crypto: Crypto, name: string, type: SignatureType, key: Uint8Array): VerifierKey {
  if (!isKeyName(name)) throw textMalformed(`${JSON.stringify(name)} cannot be the name of a key: it is empty, or has a space or a plus`);
  if (key.length !== 32) throw textMalformed(`The key ${name} has ${key.length} bytes, not 32`);
  return { name, keyId: keyIdOf(crypto, name, type, key), type, key };
}

/** `<name>+<key id, 8 hex digits>+<base64 of type and key>` (C2SP signed-note, Verifier keys). */
export function formatVkey({ name, keyId, type, key }: VerifierKey): string {
  return `${name}+${keyId.toString(16).padStart(8, '0')}+${toBase64(concat(Uint8Array.of(type), key))}`;
}

/** @throws HoldfastError `checkpoint_malformed`: not a vkey, another kind of key, or an id that is not its own */
export function parseVkey(crypto: Crypto, text: string): VerifierKey {
  const [, name = '', keyId, encoded = ''] = /^([^+]*)\+([0-9a-f]{8})\+(.+)$/s.exec(text) ?? [];
  const material = fromBase64(encoded);
  const shown = JSON.stringify(text.slice(0, 200));
  if (keyId === undefined || material === undefined) throw textMalformed(`${shown} is not a vkey (name+hash+key)`);
  const type = material[0];
  if (type !== LOG_SIGNATURE && type !== COSIGNATURE) throw textMalformed(`The vkey ${shown} is no Ed25519 key of a log or of a witness`);
  const parsed = verifierKey(crypto, name, type, material.slice(1));
  if (parsed.keyId !== Number.parseInt(keyId, 16)) {
    throw textMalformed(`The vkey ${shown} is damaged: its hash ${keyId} does not belong to its key`);
  }
  return parsed;
}

/** The key of an archive's log, as its genesis names it. @throws HoldfastError `checkpoint_malformed` for an origin that cannot be one */
export function logKeyOf(crypto: Crypto, { origin, key }: Genesis['log']): VerifierKey {
  return verifierKey(crypto, origin, LOG_SIGNATURE, fromBase64Url(key.x));
}

/** What `gov` says of the keys of the log, by kid. */
export interface LogKeyState {
  readonly logKeys: ReadonlyMap<string, { readonly kid: string; readonly x: string }>;
  /** Keys that sign no checkpoint of more entries than `size`. */
  readonly closedLogKeys: ReadonlyMap<string, { readonly size: number }>;
}

const NOTHING_SAID: LogKeyState = { logKeys: new Map(), closedLogKeys: new Map() };

/**
 * The keys that checkpoints of `size` entries may be signed with: that of the genesis, those of `gov`; closed ones end at a
 * size. With size 0 all there ever were. @throws HoldfastError `checkpoint_malformed` for an origin or key that cannot be one
 */
export function logKeysOf(
  { crypto, genesis }: { readonly crypto: Crypto; readonly genesis: Pick<Genesis, 'log'> },
  state: LogKeyState = NOTHING_SAID,
  size = 0,
): readonly VerifierKey[] {
  const { origin, key } = genesis.log;
  const open = (kid: string): boolean => size <= (state.closedLogKeys.get(kid)?.size ?? Number.POSITIVE_INFINITY);
  const later = [...state.logKeys.values()].filter(({ kid }) => kid !== key.kid && open(kid));
  return [
    ...(open(key.kid) ? [logKeyOf(crypto, genesis.log)] : []),
    ...later.map(({ x }) => verifierKey(crypto, origin, LOG_SIGNATURE, fromBase64Url(x))),
  ];
}
