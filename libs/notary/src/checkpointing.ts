import { HoldfastError } from '@holdfast/record';
import { equalBytes, fromBase64Url, paddedSeq, toHex } from '@holdfast/seal';
import {
  BATCH_PREFIX,
  LOG_SIGNATURE,
  addSignatures,
  checkConsistency,
  checkpointKey,
  consistencyProof,
  cosigners,
  logKeysOf,
  parseLogKey,
  parseNote,
  satisfies,
  signCheckpoint,
  verifierKey,
} from '@holdfast/tlog';
import type { Note, Policy, VerifierKey } from '@holdfast/tlog';
import { LogCheckpoints, LogTiles } from '@holdfast/vault';
import type { Archive, GovernanceLog, LogFollower, StoredCheckpoint } from '@holdfast/vault';
import type { Witnessing } from './witnessing.js';

const HOUR_MS = 3_600_000;
/** In-between checkpoints are kept this long. */
export const KEPT_MS = 48 * HOUR_MS;

/** A checkpoint that was stored now. */
export interface Published {
  readonly size: number;
  readonly bytes: Uint8Array;
  /** SHA-256, hex. */
  readonly hash: string;
  /** Locked to the horizon. */
  readonly anchor: boolean;
  /** The first of its hour (UTC) by this process: the one to time-stamp. */
  readonly hourly: boolean;
  /** A quorum of witnesses has co-signed it. */
  readonly witnessed: boolean;
}

export interface CheckpointingParts {
  readonly archive: Archive;
  readonly governance: GovernanceLog;
  readonly log: LogFollower;
  readonly witnessing: Witnessing;
  readonly policy: Policy | undefined;
}

/** Signs the log's size and root, after everything that was signed before was found to belong to it. */
export class Checkpointing {
  readonly #parts: CheckpointingParts;
  readonly #stored: LogCheckpoints;
  /** Checkpoint that was found consistent: the log in memory only grows, so it stays so. */
  #consistent = '';
  #anchorHour: number | undefined;

  constructor(parts: CheckpointingParts) {
    this.#parts = parts;
    this.#stored = new LogCheckpoints(parts.archive, parts.governance);
  }

  /** The newest stored checkpoint. */
  newest(): Promise<StoredCheckpoint | undefined> {
    return this.#stored.newest(this.#parts.log.resumedAt);
  }

  /**
   * The largest checkpoint must be one of this log, and no larger than it. `thorough`: neither may a batch lie behind the end,
   * because a notary stores batch m only after it has read claim m−1.
   * @throws HoldfastError `log_rolled_back`, `log_forked`: nothing may be claimed or signed
   */
  async check(thorough: boolean): Promise<StoredCheckpoint | undefined> {
    const newest = await this.newest();
    if (newest !== undefined) await this.#checkNewest(newest);
    if (thorough) await this.#checkBatches();
    return newest;
  }

  async #checkBatches(): Promise<void> {
    const { log } = this.#parts;
    const { no } = log.fold.end;
    for await (const { key, deleteMarker } of this.#parts.archive.vault.list(BATCH_PREFIX, { after: `${BATCH_PREFIX}${paddedSeq(no)}0` })) {
      const name = parseLogKey(key);
      if (deleteMarker || name?.type !== 'batch' || name.no <= no) continue;
      // Second look: another notary may have gone on meanwhile.
      await log.refresh();
      if (log.fold.end.no > no) return;
      throw new HoldfastError(
        'log_rolled_back',
        `the vault holds batch ${name.no} of the log but claim ${no} is absent: claims were lost or rolled back; nothing is signed.`,
      );
    }
  }

  /** Signs the log as it is now, when it has grown since the `newest` checkpoint; asks the witnesses when `witnessed`. */
  async publish(newest: StoredCheckpoint | undefined, witnessed: boolean, signal?: AbortSignal): Promise<Published | undefined> {
    const { archive, governance, log, witnessing, policy } = this.#parts;
    const { crypto, genesis, keys, vault, clock } = archive;
    const { size } = log.fold.end;
    if (size === 0 || (newest !== undefined && newest.checkpoint.size >= size)) return undefined;
    const checkpoint = { origin: genesis.log.origin, size, root: log.fold.root() };
    // Durable: the batch and its claim, which lead to this size and root and to no other. So whatever is signed here is signed
    // equally by every notary and after every restart.
    const alone = await signCheckpoint(crypto, checkpoint, await this.#key(size), (text) => keys.signCheckpoint(text));
    const note = parseNote(alone);
    const { signatures } = witnessed ? await witnessing.ask({ note, bytes: alone, size }, signal) : { signatures: [] };
    const bytes = addSignatures(note, signatures);
    const quorum = isWitnessed(crypto, policy, parseNote(bytes));
    const now = clock.now();
    const hour = Math.floor(now.getTime() / HOUR_MS);
    const hourly = hour !== this.#anchorHour;
    const anchor = quorum || hourly;
    const hash = toHex(crypto.sha256(bytes));
    const retainUntil = anchor ? governance.ledgerUntil(now) : new Date(Math.ceil((now.getTime() + KEPT_MS) / 1000) * 1000);
    // Durable afterwards: what was signed. Before, and after a crash here, the next run signs the same again; witnesses that
    // have co-signed meanwhile say so by a conflict, and co-sign what follows.
    await vault.put(checkpointKey(size, hash), bytes, { mode: 'COMPLIANCE', retainUntil });
    if (anchor) this.#anchorHour = hour;
    return { size, bytes, hash, anchor, hourly, witnessed: quorum };
  }

  /** The key that signs now, which must be one that verifiers take for this log. @throws HoldfastError `key_missing` */
  async #key(size: number): Promise<VerifierKey> {
    const { archive, governance } = this.#parts;
    const { crypto, keys, genesis } = archive;
    const { x, kid } = await keys.logKey();
    const key = verifierKey(crypto, genesis.log.origin, LOG_SIGNATURE, fromBase64Url(x));
    if (!logKeysOf(archive, governance.state, size).some(({ keyId, key: known }) => keyId === key.keyId && equalBytes(known, key.key)))
      throw new HoldfastError('key_missing', `the key ring holds the log key ${kid}, which is not one of this archive's log, or is closed.`);
    return key;
  }

  async #checkNewest({ key, checkpoint }: StoredCheckpoint): Promise<void> {
    if (key === this.#consistent) return;
    const { archive, log } = this.#parts;
    const { size, root } = checkpoint;
    if (size > log.fold.end.size) await log.refresh();
    if (size > log.fold.end.size)
      throw new HoldfastError(
        'log_rolled_back',
        `a checkpoint of size ${size} was signed, the log in the store has ${log.fold.end.size} entries: claims or batches were lost or rolled back; nothing is signed.`,
      );
    const holds = async (fromBatches: boolean): Promise<boolean> => {
      const { end } = log.fold;
      const proof = await consistencyProof(archive.crypto, new LogTiles(archive, log, { fromBatches }), size, end.size);
      return checkConsistency(archive.crypto, size, root, end.size, log.fold.root(), proof);
    };
    // Stored tiles may have been changed; then what the batches make counts.
    if (!(await holds(false)) && !(await holds(true)))
      throw new HoldfastError('log_forked', `the signed checkpoint ${key} does not belong to the log in the store; nothing is signed.`);
    this.#consistent = key;
  }
}

/** Whether witnesses of the policy make its quorum on this note; a policy that asks for none anchors nothing. */
export function isWitnessed(crypto: Archive['crypto'], policy: Policy | undefined, note: Note): boolean {
  if (policy === undefined || policy.quorum === 'none') return false;
  const found = cosigners(crypto, policy, note);
  return (
    'valid' in found &&
    satisfies(
      policy,
      found.valid.map(({ name }) => name),
    )
  );
}

/** The text of a checkpoint for people: origin, size and root. */
export function textOf(bytes: Uint8Array): string {
  return parseNote(bytes).text;
}
