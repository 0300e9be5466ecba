import { HoldfastError } from '@holdfast/record';
import { concat, emptyRoot, equalBytes, utf8 } from '@holdfast/seal';
import type { Crypto } from '@holdfast/seal';
import { fromDecimal, textMalformed, toBase64 } from './base64.js';
import { openCheckpoint, parseCheckpointText } from './checkpoint.js';
import type { Checkpoint } from './checkpoint.js';
import { NOTE_LIMITS, parseNote } from './note.js';
import type { Note } from './note.js';
import { splitHead } from './text-head.js';
import { hashLine } from './tlog-proof.js';
import { checkConsistency } from './tree.js';
import type { VerifierKey } from './vkey.js';

/** Body of `POST <prefix>/add-checkpoint` (C2SP tlog-witness). */
export interface AddCheckpoint {
  /** Tree size of the checkpoint that the witness has co-signed last; 0 for none. */
  readonly old: number;
  /** Consistency proof from it. */
  readonly proof: readonly Uint8Array[];
  /** The checkpoint as it is stored. */
  readonly checkpoint: Uint8Array;
}

/** What a witness knows; it answers one request for a log after the other. */
export interface WitnessMemory {
  /** The keys it trusts for a log of this origin; none when it does not know the log. */
  readonly logKeys: (origin: string) => readonly VerifierKey[];
  /** The checkpoint of that origin that it has co-signed last. */
  readonly held: (origin: string) => Pick<Checkpoint, 'size' | 'root'> | undefined;
}

/** `accept`: store it, durably and in place of the one that was held, then co-sign its text. */
export type WitnessAnswer =
  | { readonly accept: { readonly checkpoint: Checkpoint; readonly note: Note } }
  | { readonly status: 400 | 403 | 404 | 422; readonly why: string }
  /** The answer's body is `size` and a newline, its type WITNESS_SIZE_TYPE. */
  | { readonly status: 409; readonly why: string; readonly size: number };

export const WITNESS_SIZE_TYPE = 'text/x.tlog.size';
/** More than any request needs: 63 hashes and a checkpoint. */
export const MAX_ADD_CHECKPOINT = NOTE_LIMITS.bytes + 8192;
const MAX_PROOF = 63;

export function encodeAddCheckpoint({ old, proof, checkpoint }: AddCheckpoint): Uint8Array {
  return concat(utf8([`old ${old}`, ...proof.map(toBase64), '', ''].join('\n')), checkpoint);
}

/** @throws HoldfastError `checkpoint_malformed`: the status is 400 */
export function parseAddCheckpoint(body: Uint8Array): AddCheckpoint {
  if (body.length > MAX_ADD_CHECKPOINT) throw textMalformed('A request to a witness is too long');
  const { lines, rest } = splitHead(body, 'A request to a witness');
  const [first, ...hashes] = lines;
  const old = first?.startsWith('old ') === true ? fromDecimal(first.slice(4)) : undefined;
  if (old === undefined) throw textMalformed('A request to a witness does not begin with the old size');
  if (hashes.length > MAX_PROOF) throw textMalformed('A request to a witness has more than 63 hashes');
  return { old, proof: hashes.map((line) => hashLine(line, 'A request to a witness')), checkpoint: rest };
}

/** What a witness does with a request (C2SP tlog-witness, add-checkpoint): the checks in the order of the specification. */
export function judgeAddCheckpoint(crypto: Crypto, memory: WitnessMemory, { old, proof, checkpoint: bytes }: AddCheckpoint): WitnessAnswer {
  let checkpoint: Checkpoint;
  let note: Note;
  try {
    note = parseNote(bytes);
    checkpoint = parseCheckpointText(note.text);
  } catch (error) {
    return { status: 400, why: messageOf(error) };
  }
  const { origin, size, root } = checkpoint;
  const keys = memory.logKeys(origin);
  if (keys.length === 0) return { status: 404, why: `The log ${origin} is not known here.` };
  try {
    openCheckpoint(crypto, bytes, keys);
  } catch (error) {
    return { status: 403, why: messageOf(error) };
  }
  if (old > size) return { status: 400, why: `The old size ${old} is larger than the checkpoint's ${size}.` };
  const held = memory.held(origin) ?? { size: 0, root: emptyRoot(crypto) };
  if (old !== held.size) return { status: 409, why: `The size held here is ${held.size}, not ${old}.`, size: held.size };
  if (old === size && !equalBytes(held.root, root)) return { status: 422, why: `Two roots of one size, ${size}: the log is forked.` };
  if (!checkConsistency(crypto, held.size, held.root, size, root, proof)) {
    return { status: 422, why: `The proof from size ${old} to ${size} does not hold.` };
  }
  return { accept: { checkpoint, note } };
}

/** The size in the body of a 409. @throws HoldfastError `checkpoint_malformed` */
export function parseWitnessSize(text: string): number {
  const size = text.endsWith('\n') ? fromDecimal(text.slice(0, -1)) : undefined;
  if (size === undefined) throw textMalformed('A witness answered 409 without the size it holds');
  return size;
}

function messageOf(error: unknown): string {
  if (error instanceof HoldfastError) return error.message;
  throw error;
}
