import { HoldfastError } from '@holdfast/record';
import { utf8 } from '@holdfast/seal';
import type { Crypto } from '@holdfast/seal';
import { fromBase64, fromDecimal, textMalformed, toBase64 } from './base64.js';
import type { Signer } from './cosignature.js';
import { formatNote, parseNote, verifyNote } from './note.js';
import type { Note } from './note.js';
import { LOG_SIGNATURE, isKeyName } from './vkey.js';
import type { NoteSignature, VerifierKey } from './vkey.js';

/** Size and root of a log at some moment (C2SP tlog-checkpoint). */
export interface Checkpoint {
  readonly origin: string;
  readonly size: number;
  readonly root: Uint8Array;
}

/** A checkpoint whose log signature was verified. */
export interface OpenCheckpoint {
  readonly checkpoint: Checkpoint;
  readonly note: Note;
  readonly signedBy: VerifierKey;
}

/** @throws HoldfastError `checkpoint_malformed` for values that a checkpoint cannot carry */
export function formatCheckpointText(checkpoint: Checkpoint): string {
  const text = `${checkpoint.origin}\n${checkpoint.size}\n${toBase64(checkpoint.root)}\n`;
  parseCheckpointText(text);
  return text;
}

/**
 * Exactly three lines in their one spelling. Extension lines are refused: not every kind of cosignature covers them.
 * @throws HoldfastError `checkpoint_malformed`
 */
export function parseCheckpointText(text: string): Checkpoint {
  const [whole, origin = '', decimal = '', encoded = ''] = /^([^\n]*)\n([^\n]*)\n([^\n]*)\n$/.exec(text) ?? [];
  if (whole === undefined) throw textMalformed('A checkpoint must have exactly three lines');
  if (!isKeyName(origin)) throw textMalformed('The origin of a checkpoint is empty, or has a space or a plus');
  const size = fromDecimal(decimal);
  if (size === undefined)
    throw textMalformed(`The tree size ${JSON.stringify(decimal.slice(0, 40))} of a checkpoint is no decimal in its one spelling`);
  const root = fromBase64(encoded);
  if (root?.length !== 32) throw textMalformed('The root of a checkpoint is not 32 bytes in base64');
  return { origin, size, root };
}

/**
 * Reads a checkpoint and checks that one of `logKeys` signed it under its own name. Other signatures stay in the note,
 * for verifyNote and cosigners.
 * @throws HoldfastError `checkpoint_malformed`; `checkpoint_refused` without a good signature, or with a bad one, of a log key
 */
export function openCheckpoint(crypto: Crypto, bytes: Uint8Array, logKeys: readonly VerifierKey[]): OpenCheckpoint {
  const note = parseNote(bytes);
  const checkpoint = parseCheckpointText(note.text);
  const found = verifyNote(
    crypto,
    note,
    logKeys.filter(({ type }) => type === LOG_SIGNATURE),
  );
  if ('invalid' in found) throw refused(`The signature of ${found.invalid} on a checkpoint is wrong`);
  // The origin names the log: a key must not speak for a log of another name.
  const signedBy = found.valid.find(({ name }) => name === checkpoint.origin);
  if (signedBy === undefined) throw refused(`No known key of ${checkpoint.origin} has signed its checkpoint`);
  return { checkpoint, note, signedBy };
}

/** Signs a checkpoint with the key of its log. @throws HoldfastError `checkpoint_malformed`, `checkpoint_refused` when the signature is wrong */
export async function signCheckpoint(crypto: Crypto, checkpoint: Checkpoint, key: VerifierKey, sign: Signer): Promise<Uint8Array> {
  const text = formatCheckpointText(checkpoint);
  const signature = await sign(utf8(text));
  const bytes = formatNote(text, [{ name: key.name, keyId: key.keyId, signature }]);
  // Published, a wrong signature would make every verifier refuse the log; a key ring may have been rotated meanwhile.
  openCheckpoint(crypto, bytes, [key]);
  return bytes;
}

/** The same checkpoint with `more` signatures behind its own; one that is there already is not added again. */
export function addSignatures(note: Note, more: readonly NoteSignature[]): Uint8Array {
  const lineOf = ({ name, keyId, signature }: NoteSignature): string => `${name} ${keyId} ${toBase64(signature)}`;
  const all = new Map([...note.signatures, ...more].map((one) => [lineOf(one), one]));
  return formatNote(note.text, [...all.values()]);
}

function refused(what: string): HoldfastError {
  return new HoldfastError('checkpoint_refused', `${what}.`);
}
