import { HoldfastError } from '@holdfast/record';
import { equalBytes, leafHash, toHex } from '@holdfast/seal';
import type { Crypto } from '@holdfast/seal';
import { encodeBatch, parseBatch } from './batch.js';
import type { Batch } from './batch.js';
import { logMalformed } from './byte-reader.js';
import { encodeEntry, parseEntry } from './entry.js';
import type { LogEntry, ManifestEntry, TickEntry, UnknownEntry } from './entry.js';
import { Heads } from './heads.js';
import type { ChainHead } from './heads.js';
import { encodeState, parseState } from './state.js';
import type { LogState } from './state.js';
import { TreeEdge } from './tree.js';
import type { FullTile } from './tree.js';

/** What the log's rules say about manifests, from whoever has read them. A member left out is not checked. */
export interface LogFacts {
  /** Chains that the first `govNext` segments of `gov` register, `gov` itself not counted. */
  readonly registered?: (govNext: number) => number;
  /** Whether the first `govNext` segments of `gov` register `chain`. */
  readonly isRegistered?: (chain: string, govNext: number) => boolean;
  /** The governance head that this manifest names. */
  readonly governanceOf?: (entry: ManifestEntry) => { readonly next: number; readonly hash: Uint8Array };
}

/** Where the log ends: what the next batch goes on from. */
export interface LogEnd {
  /** Number of the next batch. */
  readonly no: number;
  /** Hash of the last batch; the archive id before the first. */
  readonly previous: Uint8Array;
  /** Entries. */
  readonly size: number;
  /** Time of the last batch, 0 before the first. */
  readonly time: number;
  readonly tick: TickEntry | undefined;
}

export interface AppliedBatch {
  readonly batch: Batch;
  readonly hash: Uint8Array;
  /** In the order of the batch; the first has index `batch.sizeBefore`. */
  readonly entries: readonly (LogEntry | UnknownEntry)[];
  /** Size of the log after it; its root is `batch.root`. */
  readonly size: number;
  /** Tiles that it filled. */
  readonly tiles: readonly FullTile[];
}

export interface NewBatch {
  readonly bytes: Uint8Array;
  readonly hash: Uint8Array;
  readonly no: number;
  readonly size: number;
  readonly root: Uint8Array;
}

/**
 * The log as a fold over its batches, one after the other: the notary, those who follow it and the verifier share these
 * rules (docs/transparency-log.md sections 1 and 2). A method that throws has changed nothing.
 */
export class LogFold {
  readonly #crypto: Crypto;
  readonly #archive: Uint8Array;
  readonly #heads: Heads;
  #edge: TreeEdge;
  #end: LogEnd;
  /** Number of `gov` entries before the last tick. */
  #govAtTick = 0;

  private constructor(crypto: Crypto, archive: Uint8Array, edge: TreeEdge, heads: Heads, end: LogEnd) {
    this.#crypto = crypto;
    this.#archive = archive;
    this.#edge = edge;
    this.#heads = heads;
    this.#end = end;
  }

  /** The log before its first batch. */
  static empty(crypto: Crypto, archive: Uint8Array): LogFold {
    const end = { no: 0, previous: archive, size: 0, time: 0, tick: undefined };
    return new LogFold(crypto, archive, new TreeEdge(crypto), new Heads(), end);
  }

  /**
   * Goes on from a stored state. Nobody has to trust it: everything in it must lead to the batch that it names, whose
   * bytes these are. That the batch is a committed one is for the caller to know.
   * @throws HoldfastError `log_malformed`; `log_differs` when state and batch do not belong together
   */
  static resume(crypto: Crypto, archive: Uint8Array, state: Uint8Array | LogState, batchBytes: Uint8Array): LogFold {
    const { archive: named, batch: name, edge, heads } = state instanceof Uint8Array ? parseState(crypto, state) : state;
    const batch = parseBatch(batchBytes);
    const hash = crypto.sha256(batchBytes);
    if (!equalBytes(named, archive) || !equalBytes(batch.archive, archive)) throw differs('a state is of another archive');
    if (name.no !== batch.no || !equalBytes(name.hash, hash)) throw differs(`the state of batch ${name.no} is not of this batch`);
    if (edge.size !== batch.sizeBefore + batch.entries.length || !equalBytes(edge.root(), batch.root)) {
      throw differs(`the tree in the state of batch ${name.no} is another one`);
    }
    const [tick] = batch.entries.slice(-1).map((entry) => parseEntry(entry));
    if (tick?.type !== 'tick') throw differs(`batch ${name.no} has no tick, which a state belongs to`);
    if (tick.chains !== heads.size || !equalBytes(tick.headsRoot, heads.root(crypto))) {
      throw differs(`the heads in the state of batch ${name.no} are others`);
    }
    const end = { no: batch.no + 1, previous: hash, size: edge.size, time: batch.time, tick };
    const fold = new LogFold(crypto, archive, edge.copy(), heads.copy(), end);
    fold.#govAtTick = heads.next('gov');
    return fold;
  }

  get end(): LogEnd {
    return this.#end;
  }

  /** Root of the whole tree. */
  root(): Uint8Array {
    return this.#edge.root();
  }

  head(chain: string): ChainHead | undefined {
    return this.#heads.get(chain);
  }

  /** Number of entries of `chain`. */
  next(chain: string): number {
    return this.#heads.next(chain);
  }

  /** Heads of all chains, bytewise by name. */
  heads(): Iterable<readonly [string, ChainHead]> {
    return this.#heads.list();
  }

  /** The right edge of the tree: partial tiles of every level. A copy. */
  edge(): TreeEdge {
    return this.#edge.copy();
  }

  /** A fold of its own that begins here. */
  copy(): LogFold {
    const other = new LogFold(this.#crypto, this.#archive, this.#edge.copy(), this.#heads.copy(), this.#end);
    other.#govAtTick = this.#govAtTick;
    return other;
  }

  /** The bytes of the state after the last batch. @throws HoldfastError `log_malformed` unless that batch ended in a tick */
  state(): Uint8Array {
    const { no, previous, time, tick } = this.#end;
    if (tick?.time !== time) throw logMalformed('only a batch that ends in a tick has a state');
    return encodeState({ archive: this.#archive, batch: { no: no - 1, hash: previous }, edge: this.#edge, heads: this.#heads });
  }

  /**
   * Takes the next batch. `hash` is the one under which it is known (key, claim), when the caller has one.
   * @throws HoldfastError `log_malformed` when it breaks the format or a rule; `log_differs` when it is of another log, or
   * does not continue this one, or its root is not that of its entries
   */
  applyBatch(bytes: Uint8Array, hash?: Uint8Array, facts: LogFacts = {}): AppliedBatch {
    const own = this.#crypto.sha256(bytes);
    if (hash !== undefined && !equalBytes(own, hash)) throw differs(`a batch has the hash ${toHex(own)}, not ${toHex(hash)}`);
    const batch = parseBatch(bytes);
    const { no, previous, size, time } = this.#end;
    if (!equalBytes(batch.archive, this.#archive)) throw differs('a batch is of another archive');
    if (batch.no !== no) throw differs(`batch ${batch.no} stands where batch ${no} belongs`);
    if (!equalBytes(batch.previous, previous)) throw differs(`batch ${no} follows another batch than the one before it`);
    if (batch.sizeBefore !== size) throw differs(`batch ${no} begins at entry ${batch.sizeBefore}, not at ${size}`);
    if (batch.time < time) throw logMalformed(`the time of batch ${no} lies before that of the batch before it`);
    const edge = this.#edge.copy();
    const tiles: FullTile[] = [];
    const entries = this.#keepHeads(() => {
      const taken = batch.entries.map((one, i) => {
        const entry = parseEntry(one);
        if (entry.type === 'manifest') this.#takeManifest(entry, facts);
        if (entry.type === 'tick') this.#checkTick(entry, batch, i, facts);
        edge.append(leafHash(this.#crypto, one), (tile) => tiles.push(tile));
        return entry;
      });
      if (!equalBytes(edge.root(), batch.root)) throw differs(`the root of batch ${no} is not that of its entries`);
      return taken;
    });
    const last = entries.at(-1);
    this.#edge = edge;
    if (last?.type === 'tick') this.#govAtTick = this.next('gov');
    this.#end = { no: no + 1, previous: own, size: edge.size, time: batch.time, tick: last?.type === 'tick' ? last : this.#end.tick };
    return { batch, hash: own, entries, size: edge.size, tiles };
  }

  /**
   * The next batch as this log would have it: `manifests`, then a tick when `registered` says how many chains are. Nothing
   * changes: a batch counts only once its claim is won, and then applyBatch takes it.
   * @throws HoldfastError `log_malformed` when the rules do not allow it
   */
  buildBatch(time: number, manifests: readonly ManifestEntry[], registered?: number, facts: LogFacts = {}): NewBatch {
    const { no, previous, size: sizeBefore } = this.#end;
    const edge = this.#edge.copy();
    const entries = this.#keepHeads(() => {
      for (const entry of manifests) this.#takeManifest(entry, facts);
      const tick =
        registered === undefined
          ? []
          : [{ type: 'tick', time, registered, chains: this.#heads.size, headsRoot: this.#heads.root(this.#crypto) } as const];
      return [...manifests, ...tick].map(encodeEntry);
    }, 'always back');
    for (const entry of entries) edge.append(leafHash(this.#crypto, entry));
    const root = edge.root();
    const bytes = encodeBatch({ archive: this.#archive, no, previous, time, sizeBefore, root, entries });
    // The same rules that everybody else will hold it to.
    const { hash } = this.copy().applyBatch(bytes, undefined, facts);
    return { bytes, hash, no, size: edge.size, root };
  }

  /** Rules for manifests: 1 in Heads, 2 and 3 here. */
  #takeManifest(entry: ManifestEntry, { governanceOf, isRegistered }: LogFacts): void {
    const govNext = this.next('gov');
    const { chain, seq } = entry;
    if (seq === 0 && chain !== 'gov' && isRegistered?.(chain, govNext) === false) {
      throw logMalformed(`the chain ${chain} begins before the segment of gov that registers it`);
    }
    const named = governanceOf?.(entry);
    if (named !== undefined && named.next > govNext) {
      throw logMalformed(`number ${seq} of the chain ${chain} stands before the governance head ${named.next} that it names`);
    }
    // Older heads of gov are compared by whoever has its manifests: the log keeps only the last hash of a chain.
    const last = this.head('gov')?.hash;
    if (named !== undefined && last !== undefined && named.next === govNext && !equalBytes(named.hash, last)) {
      throw differs(`number ${seq} of the chain ${chain} names another governance head than the log has`);
    }
    this.#journal.push([chain, this.head(chain)]);
    this.#heads.apply(entry);
  }

  #checkTick(tick: TickEntry, batch: Batch, i: number, { registered }: LogFacts): void {
    const where = `the tick of batch ${batch.no}`;
    if (i !== batch.entries.length - 1) throw logMalformed(`${where} is not its last entry`);
    if (tick.time !== batch.time) throw logMalformed(`${where} has another time than the batch`);
    const before = this.#end.tick;
    if (before !== undefined && tick.time <= before.time) throw logMalformed(`${where} is not later than the tick before it`);
    if (tick.chains !== this.#heads.size) throw logMalformed(`${where} counts ${tick.chains} chains, not ${this.#heads.size}`);
    if (!equalBytes(tick.headsRoot, this.#heads.root(this.#crypto))) throw logMalformed(`${where} has another root of the heads`);
    const govNext = this.next('gov');
    const expected = registered?.(govNext);
    if (expected !== undefined && tick.registered !== expected) {
      throw logMalformed(`${where} counts ${tick.registered} registered chains, not ${expected}`);
    }
    // Known without reading governance: registrations come from entries of gov, and are never taken back.
    const known = before?.registered ?? 0;
    if (tick.registered < known || (govNext === this.#govAtTick && tick.registered !== known)) {
      throw logMalformed(`${where} counts ${tick.registered} registered chains, the one before it ${known}`);
    }
  }

  /** Heads that the batch in hand has changed, as they were. */
  #journal: (readonly [string, ChainHead | undefined])[] = [];

  /** Runs `work`; puts the heads back when it throws, or always. */
  #keepHeads<T>(work: () => T, when: 'on failure' | 'always back' = 'on failure'): T {
    this.#journal = [];
    let done = false;
    try {
      const result = work();
      done = true;
      return result;
    } finally {
      if (!done || when === 'always back') for (const [chain, head] of this.#journal.reverse()) this.#heads.set(chain, head);
    }
  }
}

function differs(what: string): HoldfastError {
  return new HoldfastError('log_differs', `The log differs: ${what}.`);
}
