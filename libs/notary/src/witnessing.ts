import { HoldfastError } from '@holdfast/record';
import type { Witness } from '@holdfast/ports';
import { utf8 } from '@holdfast/seal';
import { consistencyProof, parseSignatures, verifyNote } from '@holdfast/tlog';
import type { Note, NoteSignature, Policy } from '@holdfast/tlog';
import type { Archive, LogFollower, StoredCheckpoint } from '@holdfast/vault';
import { LogTiles } from '@holdfast/vault';

/** What a witness has answered counts this long; then the checkpoint goes out without it. */
const TIME_LIMIT_MS = 10_000;
const MOST_TRIES = 4;

/** A checkpoint that asks for co-signatures. */
export interface Witnessed {
  readonly note: Note;
  readonly bytes: Uint8Array;
  readonly size: number;
}

/** What the witnesses gave. */
export interface Cosigned {
  readonly signatures: readonly NoteSignature[];
  /** Names of the policy. */
  readonly names: readonly string[];
}

/**
 * Asks the witnesses of the policy, all at once. One that is away is left out; one that knows another history stops
 * everything, because a second history under our key would be worse than none.
 */
export class Witnessing {
  readonly #archive: Archive;
  readonly #log: LogFollower;
  readonly #witnesses: readonly Witness[];
  readonly #policy: Policy | undefined;
  readonly #warn: (sentence: string) => void;
  /** Sizes that witnesses have said they hold. */
  readonly #held = new Map<string, number>();
  #offered = false;

  constructor(archive: Archive, log: LogFollower, witnesses: readonly Witness[], policy: Policy | undefined, warn: (sentence: string) => void) {
    this.#archive = archive;
    this.#log = log;
    this.#witnesses = witnesses;
    this.#policy = policy;
    this.#warn = warn;
  }

  get any(): boolean {
    return this.#witnesses.length > 0;
  }

  /**
   * Once before the first new signature of a process: the newest checkpoint of the store, signed long ago, is offered again.
   * A witness that holds more than the log, or something else, tells that an older copy of the stores was restored, before
   * anything is signed that would contradict what was signed then.
   * @throws HoldfastError `log_forked`, `log_rolled_back`
   */
  async offer(newest: StoredCheckpoint | undefined, signal?: AbortSignal): Promise<void> {
    if (this.#offered || newest === undefined) return;
    await this.ask({ note: newest.note, bytes: newest.bytes, size: newest.checkpoint.size }, signal);
  }

  /** @throws HoldfastError `log_forked`, `log_rolled_back` */
  async ask(checkpoint: Witnessed, signal?: AbortSignal): Promise<Cosigned> {
    const limit = AbortSignal.any([AbortSignal.timeout(TIME_LIMIT_MS), ...(signal === undefined ? [] : [signal])]);
    const answers = await Promise.allSettled(this.#witnesses.map((witness) => this.#askOne(witness, checkpoint, limit)));
    const signatures: NoteSignature[] = [];
    const names: string[] = [];
    for (const [i, answer] of answers.entries()) {
      const name = this.#witnesses[i]?.name ?? '';
      if (answer.status === 'fulfilled') {
        if (answer.value === undefined) continue;
        signatures.push(answer.value);
        names.push(name);
      } else this.#leftOut(name, answer.reason);
    }
    this.#offered = true;
    return { signatures, names };
  }

  /** Rethrows what is no mere absence. */
  #leftOut(name: string, reason: unknown): void {
    if (!(reason instanceof HoldfastError)) throw reason;
    if (!['witness_unavailable', 'witness_refused', 'checkpoint_malformed', 'stopped'].includes(reason.code)) throw reason;
    // It may hold something else than we think; the conflict tells us next time.
    this.#held.delete(name);
    this.#warn(`The witness ${name} has not co-signed: ${reason.message}`);
  }

  /** Undefined when another notary was there with a larger checkpoint. */
  async #askOne(witness: Witness, { note, bytes, size }: Witnessed, signal: AbortSignal): Promise<NoteSignature | undefined> {
    const { crypto } = this.#archive;
    let old = Math.min(this.#held.get(witness.name) ?? 0, size);
    let tiles = new LogTiles(this.#archive, this.#log);
    let believed = true;
    for (let tries = 0; tries < MOST_TRIES; tries++) {
      const answer = await witness.addCheckpoint(old, await consistencyProof(crypto, tiles, old, size), bytes, signal);
      switch (answer.outcome) {
        case 'cosigned':
          this.#held.set(witness.name, size);
          return this.#verified(witness.name, note, answer.signatures);
        case 'conflict':
          await this.#checkHeld(witness.name, answer.size);
          this.#held.set(witness.name, answer.size);
          if (answer.size > size) return undefined;
          old = answer.size;
          break;
        case 'inconsistent':
          // Perhaps a stored tile was changed: what the batches make counts.
          if (!believed)
            throw new HoldfastError(
              'log_forked',
              `the witness ${witness.name} holds a checkpoint of size ${old} that this log does not continue; nothing is signed until a person has looked.`,
            );
          believed = false;
          tiles = new LogTiles(this.#archive, this.#log, { fromBatches: true });
      }
    }
    throw new HoldfastError('witness_refused', `it named another size each of ${MOST_TRIES} times.`);
  }

  /** A witness cannot hold more than was signed, and only what is in the log is ever signed. */
  async #checkHeld(name: string, size: number): Promise<void> {
    if (size <= this.#log.fold.end.size) return;
    await this.#log.refresh();
    if (size <= this.#log.fold.end.size) return;
    throw new HoldfastError(
      'log_rolled_back',
      `the witness ${name} holds a checkpoint of size ${size}, the log in the store has ${this.#log.fold.end.size} entries; nothing is signed until a person has looked.`,
    );
  }

  /** The one signature that the policy's key of this witness has made. @throws HoldfastError `witness_refused` */
  #verified(name: string, note: Note, lines: string): NoteSignature {
    const { crypto } = this.#archive;
    const key = this.#policy?.witnesses.find((witness) => witness.name === name)?.key;
    const found = parseSignatures(utf8(lines)).find((one) => one.name === key?.name && one.keyId === key.keyId);
    if (key === undefined || found === undefined)
      throw new HoldfastError('witness_refused', 'it answered without a signature of the key in the policy.');
    const judged = verifyNote(crypto, { text: note.text, signatures: [found] }, [key]);
    if ('invalid' in judged || judged.valid.length === 0) throw new HoldfastError('witness_refused', 'its signature does not verify.');
    return found;
  }
}
