import { HoldfastError } from '@holdfast/record';
import { equalBytes, fromHex, paddedSeq, toHex } from '@holdfast/seal';
import { CHECKPOINT_PREFIX, TOKEN_PREFIX, cosigners, logKeysOf, openCheckpoint, satisfies } from '@holdfast/tlog';
import type { OpenCheckpoint, VerifierKey } from '@holdfast/tlog';
import { CLOCKS_MS } from '../anchors.js';
import type { Anchors } from '../anchors.js';
import type { VerifyContext } from '../context.js';
import { finding } from '../findings.js';
import { LogCursor, checkLogLock, logObjects } from './log-object.js';
import type { LogObject } from './log-object.js';

/** Times of the log that were seen outside this much later are worth a note. */
const OLD_MS = 24 * 3_600_000;

/** A checkpoint that the verifier has a reason of his own to believe in. */
export interface Anchor {
  readonly size: number;
  /** Time of the newest tick under it, RFC 3339. */
  readonly time: string;
  /** Witnesses of the policy that co-signed it, as the policy calls them. */
  readonly witnesses: readonly string[];
  /** Subjects of the time-stamp authorities whose tokens over it are valid. */
  readonly authorities: readonly string[];
  /** The verifier brought this checkpoint himself. */
  readonly brought: boolean;
  /** Entries of each chain under it. */
  readonly heads: ReadonlyMap<string, number>;
}

/** The log after a batch. */
export interface LogPoint {
  readonly size: number;
  readonly root: Uint8Array;
  /** Time of the newest tick, milliseconds. */
  readonly time: number;
  /** To when everything of the log is locked that was stored then. */
  readonly least: Date;
  readonly heads: () => ReadonlyMap<string, number>;
}

interface Brought {
  readonly place: string;
  readonly size: number;
  readonly root: Uint8Array;
}

/**
 * Judges the stored checkpoints and those that the verifier brings, side by side with the walk over the batches: every one
 * must be the end of a batch.
 */
export class CheckpointWalk {
  readonly #context: VerifyContext;
  readonly #anchors: Anchors;
  readonly #stored: LogCursor;
  readonly #tokens: LogCursor;
  readonly #brought: Brought[];
  anchor: Anchor | undefined;
  signed = 0;
  /** Time of the first tick that nobody outside had seen yet, by the log's own clock. */
  #unseenSince: number | undefined;

  constructor(context: VerifyContext, anchors: Anchors) {
    this.#context = context;
    this.#anchors = anchors;
    this.#stored = new LogCursor(context, CHECKPOINT_PREFIX);
    this.#tokens = new LogCursor(context, TOKEN_PREFIX);
    this.#brought = this.#openBrought();
    if (anchors.policy !== undefined && (anchors.policy.tsas.length === 0 || anchors.timestampCheck === undefined))
      context.collector.skipped.add('Time-stamp tokens were not checked: the policy names no authority.');
  }

  /** Whether the log has signed exactly this size and root, as far as the vault or the verifier holds such a checkpoint. */
  async has(end: { readonly size: number; readonly root: Uint8Array } | undefined): Promise<boolean> {
    if (end === undefined) return false;
    if (this.#brought.some(({ size, root }) => size === end.size && equalBytes(root, end.root))) return true;
    for await (const object of logObjects(this.#context, `${CHECKPOINT_PREFIX}${paddedSeq(end.size)}-`)) {
      const open = object === undefined ? undefined : this.#open(object.bytes, this.#keys(end.size));
      if (typeof open === 'object' && open.checkpoint.size === end.size && equalBytes(open.checkpoint.root, end.root)) return true;
    }
    return false;
  }

  /** Everything that lies at or before this end of a batch. */
  async upTo(point: LogPoint): Promise<void> {
    for (let first = this.#brought[0]; first !== undefined && first.size <= point.size; first = this.#brought[0]) {
      this.#brought.shift();
      if (first.size === point.size && equalBytes(first.root, point.root)) this.#keep(point, { brought: true });
      else this.#forked(first.place, first.size, first.root, point);
    }
    let seen = Infinity;
    for (;;) {
      const object = await this.#stored.peek();
      if (object?.name.type !== 'checkpoint' || object.name.size > point.size) break;
      await this.#stored.take();
      seen = Math.min(seen, (await this.#judge(object, object.name, point)) ?? Infinity);
    }
    this.#checkGap(point.time, seen);
  }

  /**
   * Ticks say when; only who stands outside says that they do not say it afterwards. An archive that is written today and dated
   * back has everything but witnesses of those days. `seen`: the first time that somebody outside vouches for.
   */
  #checkGap(tick: number, seen: number): void {
    if (tick === 0) return;
    this.#unseenSince ??= tick;
    if (seen === Infinity) return;
    if (seen - this.#unseenSince > OLD_MS)
      this.#context.add(
        finding(
          'NOT_ANCHORED',
          this.#context.archiveHex,
          `what the log dates from ${timeOf(this.#unseenSince)} on was first seen outside at ${timeOf(seen)}: nothing but the archive says that it is not younger.`,
        ),
      );
    this.#unseenSince = undefined;
  }

  /**
   * What lies behind the end of the log: it was longer once. `whole`: the walk came to the end; `goesOn`: somebody has gone
   * on since it began; `reach`: entries with the longest batch that may be the last.
   */
  async finish(size: number, { whole, goesOn, reach }: { readonly whole: boolean; readonly goesOn: boolean; readonly reach: number }): Promise<void> {
    const { add } = this.#context;
    // The verifier held them before the walk began: whoever goes on meanwhile does not explain what is missing under them.
    for (const { place, size: mine } of this.#brought) {
      if (whole) add(finding('LOG_ROLLED_BACK', place, `it has ${mine} entries, the log only ${size}: its end was cut off.`));
    }
    for (let object = await this.#stored.take(); object !== undefined; object = await this.#stored.take()) {
      if (!whole || goesOn) continue;
      const open = this.#open(object.bytes, this.#keys());
      if (typeof open === 'string') add(finding('CHECKPOINT_INVALID', object.key, open));
      else if (open.checkpoint.size > reach)
        add(finding('LOG_ROLLED_BACK', object.key, `it has ${open.checkpoint.size} entries, the log only ${size}: its end was cut off.`));
    }
    for (let token = await this.#tokens.take(); token !== undefined; token = await this.#tokens.take())
      if (whole && !goesOn) add(finding('OBJECT_MISSING', token.key, 'the checkpoint under this time-stamp token is not there.'));
  }

  /** Answers the first time that somebody outside vouches for, if anybody does whom the verifier believes. */
  async #judge(object: LogObject, name: { readonly size: number; readonly hash: string }, point: LogPoint): Promise<number | undefined> {
    const { add, crypto } = this.#context;
    const { policy } = this.#anchors;
    const tokens = await this.#tokensOver(name);
    const open = this.#open(object.bytes, this.#keys(name.size));
    if (typeof open === 'string' || open.checkpoint.size !== name.size) {
      add(finding('CHECKPOINT_INVALID', object.key, typeof open === 'string' ? open : 'its size is not the one in its name.'));
      return undefined;
    }
    const { size, root } = open.checkpoint;
    if (size !== point.size || !equalBytes(root, point.root)) {
      this.#forked(object.key, size, root, point);
      return undefined;
    }
    this.signed = Math.max(this.signed, size);
    if (tokens.length > 0) await checkLogLock(this.#context, object, point.least);
    const stamped = await this.#authorities(tokens, point);
    const authorities = [...stamped.keys()];
    if (policy === undefined) return undefined;
    if (policy.logs.length > 0 && !policy.logs.some(({ key }) => key.name === open.signedBy.name && equalBytes(key.key, open.signedBy.key))) {
      add(finding('POLICY_MISMATCH', object.key, 'the checkpoint is not signed by a log of the policy.'));
      return undefined;
    }
    const found = cosigners(crypto, policy, open.note);
    if ('invalid' in found) {
      add(finding('CHECKPOINT_INVALID', object.key, `the co-signature of ${found.invalid} does not verify.`));
      return undefined;
    }
    for (const { name: witness, time } of found.valid) this.#checkTime(object.key, time * 1000 + 999, point, `the witness ${witness} co-signed`);
    const witnesses = found.valid.map(({ name: witness }) => witness);
    const quorum = policy.quorum !== 'none' && satisfies(policy, witnesses);
    if (!quorum && authorities.length === 0) return undefined;
    this.#keep(point, { witnesses: quorum ? witnesses : [], authorities });
    // One witness of a quorum may date back: the quorum has seen it when the last of them had.
    const cosigned = quorum ? Math.max(...found.valid.map(({ time }) => time * 1000)) : Infinity;
    return Math.min(cosigned, ...stamped.values());
  }

  /** Stored tokens have the order of their checkpoints; one before its turn stands over a checkpoint that is gone. */
  async #tokensOver(name: { readonly size: number; readonly hash: string }): Promise<LogObject[]> {
    const own: LogObject[] = [];
    for (;;) {
      const token = await this.#tokens.peek();
      if (token?.name.type !== 'token') return own;
      const { size, checkpoint } = token.name;
      if (size > name.size || (size === name.size && checkpoint > name.hash)) return own;
      await this.#tokens.take();
      if (size === name.size && checkpoint === name.hash) own.push(token);
      else this.#context.add(finding('OBJECT_MISSING', token.key, 'the checkpoint under this time-stamp token is not there.'));
    }
  }

  /** Authorities whose tokens are valid, and the first time that each says. */
  async #authorities(tokens: readonly LogObject[], point: LogPoint): Promise<ReadonlyMap<string, number>> {
    const { policy, timestampCheck: check } = this.#anchors;
    const found = new Map<string, number>();
    for (const token of tokens) {
      await checkLogLock(this.#context, token, point.least);
      if (token.name.type !== 'token' || policy === undefined || policy.tsas.length === 0 || check === undefined) continue;
      // Names are hashes: a token stands over the hash of its checkpoint's bytes, or of the token that it renews.
      const digest = fromHex(token.name.renews ?? token.name.checkpoint, 32);
      const checked = await check(
        token.bytes,
        digest,
        policy.tsas.map(({ certificate }) => certificate),
      );
      if (!checked.ok) {
        this.#context.add(finding('TOKEN_NOT_TRUSTED', token.key, checked.problem));
        continue;
      }
      this.#checkTime(token.key, checked.time.getTime(), point, `the time-stamp authority ${checked.authority} stamped it`);
      found.set(checked.authority, Math.min(found.get(checked.authority) ?? Infinity, checked.time.getTime()));
    }
    return found;
  }

  #checkTime(place: string, at: number, point: LogPoint, what: string): void {
    if (at + CLOCKS_MS >= point.time) return;
    this.#context.add(
      finding('TIME_IMPLAUSIBLE', place, `${what} at ${timeOf(at)}, before the tick of ${timeOf(point.time)} that is under the checkpoint.`),
    );
  }

  #keep(point: LogPoint, by: Partial<Pick<Anchor, 'witnesses' | 'authorities' | 'brought'>>): void {
    const before = this.anchor?.size === point.size ? this.anchor : undefined;
    const both = (one: readonly string[] = [], other: readonly string[] = []): string[] => [...new Set([...one, ...other])];
    this.anchor = {
      size: point.size,
      time: new Date(point.time).toISOString(),
      witnesses: both(before?.witnesses, by.witnesses),
      authorities: both(before?.authorities, by.authorities),
      brought: before?.brought === true || by.brought === true,
      heads: before?.heads ?? point.heads(),
    };
  }

  #forked(place: string, size: number, root: Uint8Array, point: LogPoint): void {
    const why = size === point.size ? `its root is ${toHex(root)}, that of the batches ${toHex(point.root)}` : 'no batch ends there';
    this.#context.add(finding('LOG_FORKED', place, `a signed checkpoint of ${size} entries is not of this log: ${why}.`));
  }

  #keys(size = 0): readonly VerifierKey[] {
    return logKeysOf(this.#context, this.#context.state, size);
  }

  #open(bytes: Uint8Array, keys: readonly VerifierKey[]): OpenCheckpoint | string {
    try {
      return openCheckpoint(this.#context.crypto, bytes, keys);
    } catch (error) {
      if (!(error instanceof HoldfastError)) throw error;
      return error.message;
    }
  }

  #openBrought(): Brought[] {
    const brought: Brought[] = [];
    (this.#anchors.checkpoints ?? []).forEach((bytes, i) => {
      const place = `checkpoint ${i + 1} of the verifier`;
      const open = this.#open(bytes, this.#keys());
      if (typeof open === 'string') this.#context.add(finding('CHECKPOINT_INVALID', place, open));
      else brought.push({ place, size: open.checkpoint.size, root: open.checkpoint.root });
    });
    return brought.sort((a, b) => a.size - b.size);
  }
}

function timeOf(ms: number): string {
  return new Date(ms).toISOString();
}
