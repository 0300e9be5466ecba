import type { Clock } from '@holdfast/ports';
import { HoldfastError } from '@holdfast/record';
import { equalBytes, fromUtf8 } from '@holdfast/seal';
import type { Crypto } from '@holdfast/seal';
import {
  LOG_SIGNATURE,
  WITNESS_SIZE_TYPE,
  cosign,
  formatNote,
  formatSignatures,
  judgeAddCheckpoint,
  openCheckpoint,
  parseAddCheckpoint,
  parseCheckpointText,
  parseNote,
} from '@holdfast/tlog';
import type { AddCheckpoint, Checkpoint, Note, NoteSignature, VerifierKey } from '@holdfast/tlog';
import { logId } from './witness-folder.js';
import type { Held, WitnessFolder } from './witness-folder.js';

/** What a person who runs a witness wants to hear. */
export type WitnessEvent =
  | { readonly event: 'first_cosigned'; readonly checkpoint: Checkpoint }
  /** The log has signed two roots of one size; both checkpoints are kept. */
  | { readonly event: 'fork'; readonly held: Checkpoint; readonly other: Checkpoint }
  | { readonly event: 'fault'; readonly error: unknown };

export interface CosigningWitnessOptions {
  readonly crypto: Crypto;
  readonly clock: Clock;
  readonly folder: WitnessFolder;
  /** Keys of the logs that it co-signs; a log may have several. */
  readonly logs: readonly VerifierKey[];
  readonly report: (event: WitnessEvent) => void;
}

/** An answer as HTTP has it; `body` is text. */
export interface WitnessReply {
  readonly status: number;
  readonly type: string;
  readonly body: string;
}

const TEXT = 'text/plain; charset=utf-8';

/** A witness without its web server: decides, remembers, co-signs. */
export class CosigningWitness {
  readonly #options: CosigningWitnessOptions;
  readonly #keys = new Map<string, readonly VerifierKey[]>();
  /** The last turn of each log. Requests for one log must not overlap: between judging and remembering another would be judged by the old memory. */
  readonly #turns = new Map<string, Promise<unknown>>();

  /** @throws HoldfastError `bad_configuration` */
  constructor(options: CosigningWitnessOptions) {
    this.#options = options;
    for (const key of options.logs) {
      if (key.type !== LOG_SIGNATURE) throw new HoldfastError('bad_configuration', `The vkey of ${key.name} is one of a witness, not of a log.`);
      this.#keys.set(key.name, [...(this.#keys.get(key.name) ?? []), key]);
    }
    if (this.#keys.size === 0)
      throw new HoldfastError('bad_configuration', 'Name at least one log: --log VKEY, or --policy FILE with a line that begins with log.');
  }

  /** Answers the body of an add-checkpoint; never rejects for anything that is in it. */
  async addCheckpoint(body: Uint8Array): Promise<WitnessReply> {
    let request: AddCheckpoint;
    try {
      request = parseAddCheckpoint(body);
    } catch (error) {
      if (error instanceof HoldfastError) return refusal(400, error.message);
      throw error;
    }
    const origin = originOf(request.checkpoint);
    // Nothing is remembered of a log that is not known, so there is nothing to wait for, and no turn to keep for it.
    if (origin === undefined || !this.#keys.has(origin)) return this.#decide(request);
    const turn = (this.#turns.get(origin) ?? Promise.resolve()).then(() => this.#decide(request));
    // The next one goes on after a failure; the failure itself belongs to the caller of this turn.
    const settled = turn.then(
      () => undefined,
      () => undefined,
    );
    this.#turns.set(origin, settled);
    return turn;
  }

  /** The signed note that it holds of a log. */
  checkpoint(id: string): Uint8Array | undefined {
    return this.#options.folder.held(id)?.bytes;
  }

  /** When everything that was begun is answered. */
  async settled(): Promise<void> {
    await Promise.all(this.#turns.values());
  }

  async #decide(request: AddCheckpoint): Promise<WitnessReply> {
    const { crypto, clock, folder, report } = this.#options;
    const memory = { logKeys: (origin: string) => this.#keys.get(origin) ?? [], held: (origin: string) => folder.held(logId(crypto, origin)) };
    const judged = judgeAddCheckpoint(crypto, memory, request);
    if (!('accept' in judged)) {
      if (judged.status === 409) return { status: 409, type: WITNESS_SIZE_TYPE, body: `${judged.size}\n` };
      if (judged.status === 422) await this.#lookForFork(request.checkpoint);
      return refusal(judged.status, judged.why);
    }
    const { checkpoint, note } = judged.accept;
    const { key, sign } = folder.key;
    const cosignature = await cosign(key, Math.floor(clock.now().getTime() / 1000), note.text, sign);
    const before = folder.held(logId(crypto, checkpoint.origin));
    // The same once more, perhaps because the first answer was lost: it is remembered already, and whoever repeats a public
    // checkpoint must not keep the disk busy.
    if (before?.size !== checkpoint.size) {
      // Not durable: a crash here forgets the co-signature, which nobody has seen; the log asks again with the same old size.
      await folder.keep({ ...checkpoint, bytes: this.#cosigned(note, cosignature) });
      // Durable: a crash here loses the answer; the log asks again, is told the new size (409), and gets its co-signature then.
      if (before === undefined) report({ event: 'first_cosigned', checkpoint });
    }
    return { status: 200, type: TEXT, body: fromUtf8(formatSignatures([cosignature])) };
  }

  /** With the log's own signatures, which are verified, and ours; lines of others could say anything. */
  #cosigned(note: Note, cosignature: NoteSignature): Uint8Array {
    const keys = this.#options.logs;
    const ofLog = note.signatures.filter(({ name, keyId }) => keys.some((key) => key.name === name && key.keyId === keyId));
    return formatNote(note.text, [...ofLog, cosignature]);
  }

  /** A proof that does not hold may be a mistake; a second root of one size, signed by the log, is none. */
  async #lookForFork(bytes: Uint8Array): Promise<void> {
    const { crypto, folder, logs, report } = this.#options;
    const { checkpoint, note, signedBy } = openCheckpoint(crypto, bytes, logs);
    const held = folder.held(logId(crypto, checkpoint.origin));
    if (held?.size !== checkpoint.size || equalBytes(held.root, checkpoint.root)) return;
    const other: Held = {
      ...checkpoint,
      bytes: formatNote(
        note.text,
        note.signatures.filter(({ name, keyId }) => name === signedBy.name && keyId === signedBy.keyId),
      ),
    };
    if (await folder.keepFork(held, other)) report({ event: 'fork', held, other: checkpoint });
  }
}

/** Undefined when it is no checkpoint; the judge says why. */
function originOf(bytes: Uint8Array): string | undefined {
  try {
    return parseCheckpointText(parseNote(bytes).text).origin;
  } catch (error) {
    if (error instanceof HoldfastError) return undefined;
    throw error;
  }
}

function refusal(status: number, why: string): WitnessReply {
  return { status, type: TEXT, body: `${why}\n` };
}
