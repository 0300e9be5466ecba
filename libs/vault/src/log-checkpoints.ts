import { HoldfastError } from '@holdfast/record';
import type { GovernanceState } from '@holdfast/governance';
import { CHECKPOINT_PREFIX, logKeysOf, openCheckpoint, parseLogKey } from '@holdfast/tlog';
import type { OpenCheckpoint } from '@holdfast/tlog';
import type { VersionId } from '@holdfast/ports';
import { paddedSeq, toHex } from '@holdfast/seal';
import type { Archive } from './archive.js';
import { unlessMissing } from './relocated.js';

/** A checkpoint as it is stored, its log signature verified. */
export interface StoredCheckpoint extends OpenCheckpoint {
  readonly key: string;
  readonly version: VersionId;
  readonly bytes: Uint8Array;
  /** SHA-256 of the bytes, hex. */
  readonly hash: string;
  readonly stored: Date;
}

interface Row {
  readonly key: string;
  readonly version: VersionId;
  readonly hash: string;
  readonly size: number;
  readonly stored: Date;
}

/** Checkpoints in the vault, the newest ones: listings begin where the last one ended. */
export class LogCheckpoints {
  readonly #archive: Archive;
  readonly #governance: { readonly state: GovernanceState };
  #newest: StoredCheckpoint | undefined;

  constructor(archive: Archive, governance: { readonly state: GovernanceState }) {
    this.#archive = archive;
    this.#governance = governance;
  }

  /**
   * The largest checkpoint in the vault that a log key has signed, of equal ones the one with most signatures. `near`: a size
   * that the log surely has passed, so that the first listing need not begin at 0.
   */
  async newest(near = 0): Promise<StoredCheckpoint | undefined> {
    if (this.#newest !== undefined) {
      this.#newest = (await this.#largest(this.#newest.checkpoint.size, Number.POSITIVE_INFINITY)) ?? this.#newest;
      return this.#newest;
    }
    for (let begin = near, end = Number.POSITIVE_INFINITY; ; [begin, end] = [Math.floor(begin / 2), begin]) {
      this.#newest = await this.#largest(begin, end);
      if (this.#newest !== undefined || begin === 0) return this.#newest;
    }
  }

  async #largest(begin: number, end: number): Promise<StoredCheckpoint | undefined> {
    const rows: Row[] = [];
    for await (const { key, version, deleteMarker, lastModified } of this.#archive.vault.list(CHECKPOINT_PREFIX, {
      after: `${CHECKPOINT_PREFIX}${paddedSeq(begin)}`,
    })) {
      const name = parseLogKey(key);
      if (name?.type !== 'checkpoint' || deleteMarker) continue;
      if (name.size >= end) break;
      rows.push({ key, version, hash: name.hash, size: name.size, stored: lastModified });
    }
    let best: StoredCheckpoint | undefined;
    for (const row of rows.reverse()) {
      if (best !== undefined && row.size < best.checkpoint.size) return best;
      const opened = await this.#open(row);
      if (opened !== undefined && opened.note.signatures.length > (best?.note.signatures.length ?? 0)) best = opened;
    }
    return best;
  }

  /** Undefined for what no log key has signed: whoever may write to the store can put anything there. `verify` tells of it. */
  async #open({ key, version, hash, size, stored }: Row): Promise<StoredCheckpoint | undefined> {
    const { vault, crypto } = this.#archive;
    const known = this.#newest;
    if (known?.key === key && known.version === version) return known;
    const bytes = await unlessMissing(vault.get(key, version));
    if (bytes === undefined || toHex(crypto.sha256(bytes)) !== hash) return undefined;
    try {
      const opened = openCheckpoint(crypto, bytes, logKeysOf(this.#archive, this.#governance.state, size));
      return opened.checkpoint.size === size ? { ...opened, key, version, bytes, hash, stored } : undefined;
    } catch (error) {
      if (error instanceof HoldfastError && (error.code === 'checkpoint_malformed' || error.code === 'checkpoint_refused')) return undefined;
      throw error;
    }
  }
}
