import { concat, fromUtf8, utf8, viewOf } from '@holdfast/seal';
import type { Crypto } from '@holdfast/seal';
import { u32 } from './byte-reader.js';
import { fromBase64, textMalformed, toBase64 } from './base64.js';
import { verifyCosignature } from './cosignature.js';
import { COSIGNATURE, isKeyName } from './vkey.js';
import type { NoteSignature, VerifierKey } from './vkey.js';

/** A signed note (C2SP signed-note). Its text means nothing until a signature was verified. */
export interface Note {
  /** With the newline at its end. */
  readonly text: string;
  readonly signatures: readonly NoteSignature[];
}

export interface NoteLimits {
  readonly bytes: number;
  readonly signatures: number;
}

/** A known key that signed; `time`, in seconds, of a cosignature. */
export interface ValidSignature extends VerifierKey {
  readonly time?: number;
}

/** A verifier must take 16 signatures, and a post-quantum one has 5 kB. */
export const NOTE_LIMITS: NoteLimits = { bytes: 256 * 1024, signatures: 64 };

const EM_DASH = '—';
const LINE = /^— ([^ ]+) ([A-Za-z0-9+/=]+)$/;
/** Control characters but the newline. */
const CONTROL = /[\u0000-\u0009\u000b-\u001f]/;

/** @throws HoldfastError `checkpoint_malformed` */
export function parseNote(bytes: Uint8Array, limits: NoteLimits = NOTE_LIMITS): Note {
  const whole = parseText(bytes, limits);
  // The last empty line: a text may have some of its own.
  const end = whole.lastIndexOf('\n\n');
  if (end === -1) throw textMalformed('A note has no empty line before its signatures');
  const signatures = parseSignatureLines(whole.slice(end + 2), limits);
  if (signatures.length === 0) throw textMalformed('A note has no signature');
  return { text: whole.slice(0, end + 1), signatures };
}

/** Signature lines alone, as a witness answers them. @throws HoldfastError `checkpoint_malformed` */
export function parseSignatures(bytes: Uint8Array, limits: NoteLimits = NOTE_LIMITS): readonly NoteSignature[] {
  return parseSignatureLines(parseText(bytes, limits), limits);
}

/** @throws HoldfastError `checkpoint_malformed` for a text that cannot be one of a note */
export function formatNote(text: string, signatures: readonly NoteSignature[]): Uint8Array {
  const bytes = concat(utf8(`${text}\n`), formatSignatures(signatures));
  // Read back with room for these signatures alone: a text without its newline would lose lines to them.
  parseNote(bytes, { bytes: bytes.length, signatures: signatures.length });
  return bytes;
}

/** Signature lines alone, as a witness answers them. */
export function formatSignatures(signatures: readonly NoteSignature[]): Uint8Array {
  return utf8(signatures.map(({ name, keyId, signature }) => `${EM_DASH} ${name} ${toBase64(concat(u32(keyId), signature))}\n`).join(''));
}

/**
 * Which of `keys` have signed, each named once. Signatures of other keys are ignored; one of a known key that does not
 * verify spoils the note (C2SP signed-note, Signatures), and its name is answered.
 */
export function verifyNote(
  crypto: Crypto,
  note: Note,
  keys: readonly VerifierKey[],
): { readonly valid: readonly ValidSignature[] } | { readonly invalid: string } {
  const valid = new Map<VerifierKey, ValidSignature>();
  for (const { name, keyId, signature } of note.signatures) {
    const key = keys.find((one) => one.name === name && one.keyId === keyId);
    if (key === undefined) continue;
    if (key.type === COSIGNATURE) {
      const time = verifyCosignature(crypto, key, signature, note.text);
      if (time === undefined) return { invalid: name };
      // A witness may have signed again later; the first time is the one that proves more.
      const known = valid.get(key)?.time ?? time;
      valid.set(key, { ...key, time: Math.min(known, time) });
    } else {
      if (!crypto.verifyEd25519(key.key, utf8(note.text), signature)) return { invalid: name };
      valid.set(key, key);
    }
  }
  return { valid: [...valid.values()] };
}

function parseText(bytes: Uint8Array, limits: NoteLimits): string {
  if (bytes.length > limits.bytes) throw textMalformed(`A note has ${bytes.length} bytes, more than ${limits.bytes}`);
  let text: string;
  try {
    text = fromUtf8(bytes);
  } catch (cause) {
    throw textMalformed('A note is not UTF-8', cause);
  }
  if (CONTROL.test(text)) throw textMalformed('A note has a control character');
  return text;
}

function parseSignatureLines(text: string, limits: NoteLimits): readonly NoteSignature[] {
  if (text === '') return [];
  if (!text.endsWith('\n')) throw textMalformed('The last signature of a note does not end in a newline');
  const lines = text.slice(0, -1).split('\n');
  if (lines.length > limits.signatures) throw textMalformed(`A note has ${lines.length} signatures, more than ${limits.signatures}`);
  return lines.map((line) => {
    const [, name = '', encoded = ''] = LINE.exec(line) ?? [];
    const blob = fromBase64(encoded);
    if (blob === undefined || blob.length < 5 || !isKeyName(name)) throw textMalformed('A signature line of a note is malformed');
    return { name, keyId: viewOf(blob).getUint32(0), signature: blob.slice(4) };
  });
}
