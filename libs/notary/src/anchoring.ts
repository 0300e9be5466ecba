import type { Alarms } from '@holdfast/ports';
import { paddedSeq } from '@holdfast/seal';
import { CHECKPOINT_PREFIX, LOG_CHAIN, TOKEN_PREFIX, parseLogKey, parseNote } from '@holdfast/tlog';
import type { Policy } from '@holdfast/tlog';
import { unlessMissing } from '@holdfast/vault';
import type { Archive } from '@holdfast/vault';
import { isWitnessed } from './checkpointing.js';

/** Newest checkpoints that are looked at for a quorum when a process starts. */
const MOST_LOOKED_AT = 64;

export interface AnchoringParts {
  readonly archive: Archive;
  readonly alarms: Alarms;
  readonly policy: Policy | undefined;
  /** Alarm when the newest anchor is older, milliseconds. */
  readonly after: number | undefined;
  /** Somebody outside is asked at all. */
  readonly any: boolean;
}

/** Since when nobody outside has signed: what is younger could be rewritten by somebody who holds all keys and all disks. */
export class Anchoring {
  readonly #parts: AnchoringParts;
  #at: number | undefined;
  #known = false;

  constructor(parts: AnchoringParts) {
    this.#parts = parts;
  }

  /** When the newest anchor was stored, milliseconds since 1970. */
  get at(): number | undefined {
    return this.#at;
  }

  note(at: number | undefined): void {
    if (at !== undefined && at > (this.#at ?? 0)) this.#at = at;
  }

  /** After witnesses and authorities were asked. `near`: a size that the log has passed. */
  async judge(near: number): Promise<void> {
    const { any, after, archive, alarms } = this.#parts;
    if (!any || after === undefined) return;
    if (!this.#known) {
      this.note(await this.#lastToken(near));
      this.note(await this.#lastWitnessed(near));
      this.#known = true;
    }
    const since = this.#at ?? Date.parse(archive.genesis.created);
    const now = archive.clock.now().getTime();
    if (now - since <= after) alarms.clear('NOT_ANCHORED', LOG_CHAIN);
    else {
      const what = this.#at === undefined ? 'Nobody outside has ever signed the log' : 'Nobody outside has signed the log';
      alarms.raise('NOT_ANCHORED', LOG_CHAIN, 'warning', `${what} since ${new Date(since).toISOString()}.`);
    }
  }

  async #lastToken(near: number): Promise<number | undefined> {
    for (let begin = near; ; begin = Math.floor(begin / 2)) {
      let last: number | undefined;
      for await (const row of this.#parts.archive.vault.list(TOKEN_PREFIX, { after: `${TOKEN_PREFIX}${paddedSeq(begin)}` })) {
        if (parseLogKey(row.key)?.type === 'token' && !row.deleteMarker) last = Math.max(last ?? 0, row.lastModified.getTime());
      }
      if (last !== undefined || begin === 0) return last;
    }
  }

  async #lastWitnessed(near: number): Promise<number | undefined> {
    const { archive, policy } = this.#parts;
    const rows: { readonly key: string; readonly version: string; readonly stored: number }[] = [];
    for await (const { key, version, deleteMarker, lastModified } of archive.vault.list(CHECKPOINT_PREFIX, {
      after: `${CHECKPOINT_PREFIX}${paddedSeq(near)}`,
    })) {
      if (deleteMarker || parseLogKey(key)?.type !== 'checkpoint') continue;
      rows.push({ key, version, stored: lastModified.getTime() });
      if (rows.length > MOST_LOOKED_AT) rows.shift();
    }
    for (const { key, version, stored } of rows.reverse()) {
      const bytes = await unlessMissing(archive.vault.get(key, version));
      // Only a hint for an alarm: whether the log signed it too was looked at where it matters.
      if (bytes !== undefined && isWitnessed(archive.crypto, policy, parseNote(bytes))) return stored;
    }
    return undefined;
  }
}
