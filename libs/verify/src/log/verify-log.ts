import { HoldfastError } from '@holdfast/record';
import { horizonMonths } from '@holdfast/governance';
import { claimKey, equalBytes, retainUntil, toHex } from '@holdfast/seal';
import {
  BATCH_PREFIX,
  LOG_CHAIN,
  LogFold,
  STATE_PREFIX,
  TILE_WIDTH,
  batchPrefix,
  encodeEntries,
  parseBatch,
  parseEntry,
  tileKey,
} from '@holdfast/tlog';
import type { AppliedBatch, Batch, LogFacts, TileName } from '@holdfast/tlog';
import type { VerifyContext } from '../context.js';
import { finding } from '../findings.js';
import { readClaim } from '../read-claim.js';
import { ChainInLog } from './chain-in-log.js';
import { CheckpointWalk } from './checkpoint-walk.js';
import type { Anchor } from './checkpoint-walk.js';
import { LogCursor, checkLogLock } from './log-object.js';
import type { LogObject } from './log-object.js';
import type { Anchors } from '../anchors.js';

/** What was judged of the log, for those who judge the chains. */
export interface WalkedLog {
  /** Entries. */
  readonly size: number;
  readonly batches: number;
  /** Time of the newest tick, RFC 3339. */
  readonly time: string | undefined;
  readonly chains: ReadonlyMap<string, ChainInLog>;
  /** Newest checkpoint that the verifier has a reason to believe in. */
  readonly anchor: Anchor | undefined;
  /** Size of the newest signed checkpoint. */
  readonly signed: number;
}

/**
 * Judges the transparency log from its first batch (docs/transparency-log.md section 8). Memory holds the heads of the
 * chains, the right edge of the tree and a few batches, whatever the log's size.
 */
export async function verifyLog(context: VerifyContext, anchors: Anchors): Promise<WalkedLog> {
  return new LogWalk(context, anchors).run();
}

class LogWalk {
  readonly #context: VerifyContext;
  readonly #checkpoints: CheckpointWalk;
  readonly #states: LogCursor;
  readonly #chains = new Map<string, ChainInLog>();
  readonly #fold: LogFold;
  #facts: LogFacts = {};
  /** Entries of the entries tile that is not full yet. */
  #entries: Uint8Array[] = [];
  #batches = 0;
  /** Batches of the last number that nothing says to be committed. */
  #undecided: readonly LogObject[] = [];

  constructor(context: VerifyContext, anchors: Anchors) {
    this.#context = context;
    this.#fold = LogFold.empty(context.crypto, context.archive);
    this.#checkpoints = new CheckpointWalk(context, anchors);
    this.#states = new LogCursor(context, STATE_PREFIX);
  }

  async run(): Promise<WalkedLog> {
    const batches = new LogCursor(this.#context, BATCH_PREFIX);
    let whole = true;
    try {
      whole = await this.#walk(batches);
    } finally {
      await batches.close();
    }
    const { no, size: end } = this.#fold.end;
    const goesOn = whole && (await this.#goesOn(no));
    await this.#checkpoints.finish(end, { whole, goesOn, reach: Math.max(end, ...this.#undecided.map((one) => endOf(one)?.size ?? 0)) });
    whole = whole && !goesOn;
    for (let left = await this.#states.take(); left !== undefined; left = await this.#states.take())
      if (whole) this.#context.add(finding('LOG_DIFFERS', left.key, 'it is the state of a batch that the log does not have.'));
    const { size, tick } = this.#fold.end;
    return {
      size,
      batches: this.#batches,
      time: tick === undefined ? undefined : new Date(tick.time).toISOString(),
      chains: this.#chains,
      anchor: this.#checkpoints.anchor,
      signed: this.#checkpoints.signed,
    };
  }

  #tickTime(): number {
    return this.#fold.end.tick?.time ?? 0;
  }

  /** False when the walk had to end before the log does. */
  async #walk(batches: LogCursor): Promise<boolean> {
    const { add, signal } = this.#context;
    for (;;) {
      if (signal?.aborted === true) throw new HoldfastError('stopped', 'the verification was stopped.');
      const { no } = this.#fold.end;
      const candidates = await this.#candidates(batches, no);
      const ahead = await batches.peek();
      if (candidates.length === 0) {
        const claimed = await this.#claim(no);
        if (ahead === undefined && claimed === undefined) return true;
        // A batch that was stored after the listing began: the log goes on, and is judged up to here.
        if (ahead === undefined && (await this.#isStored(no))) return true;
        add(
          finding(
            'LOG_BATCH_MISSING',
            `${LOG_CHAIN} ${no}`,
            'this batch of the transparency log is not there: what is behind it cannot be judged, and the log was cut or damaged.',
          ),
        );
        return false;
      }
      const chosen = await this.#choose(no, candidates, ahead);
      if (chosen === undefined) return true;
      if (!(await this.#apply(chosen))) return false;
    }
  }

  async #isStored(no: number): Promise<boolean> {
    for await (const { deleteMarker } of this.#context.evidence.list(batchPrefix(no))) if (!deleteMarker) return true;
    return false;
  }

  /** Whether somebody went on behind what was walked while it was walked: then a longer checkpoint is no sign of a loss. */
  async #goesOn(no: number): Promise<boolean> {
    const { evidence } = this.#context;
    // Nothing is signed before its claim is there. A batch without one, whoever put it there, hides nothing.
    if (evidence.claims) return (await evidence.claim(claimKey(LOG_CHAIN, no))) !== undefined;
    const seen = new Set(this.#undecided.map(({ key }) => key));
    for await (const { key, deleteMarker } of evidence.list(batchPrefix(no))) if (!deleteMarker && !seen.has(key)) return true;
    return this.#isStored(no + 1);
  }

  async #candidates(batches: LogCursor, no: number): Promise<LogObject[]> {
    const found: LogObject[] = [];
    for (;;) {
      const object = await batches.peek();
      if (object?.name.type !== 'batch' || object.name.no > no) return found;
      await batches.take();
      found.push(object);
    }
  }

  /** Which batch of a number is committed (section 2); undefined when none is yet. */
  async #choose(no: number, candidates: readonly LogObject[], ahead: LogObject | undefined): Promise<LogObject | undefined> {
    const { add, collector, evidence } = this.#context;
    const claimed = await this.#claim(no);
    const place = `${LOG_CHAIN} ${no}`;
    const named = ahead?.name.type === 'batch' && ahead.name.no === no + 1 ? previousOf(ahead) : undefined;
    const byNext = candidates.find((candidate) => named !== undefined && hashOf(candidate) === named);
    const byClaim = candidates.find((candidate) => claimed !== undefined && hashOf(candidate) === claimed);
    let chosen = byNext ?? byClaim;
    if (claimed !== undefined && claimed !== 'invalid' && chosen !== byClaim)
      add(finding('CLAIM_DIFFERS', place, 'its claim names another batch than the log goes on from.'));
    if (claimed === undefined && evidence.claims && byNext !== undefined)
      add(finding('CLAIMS_ROLLED_BACK', place, 'its successor exists, but its claim is gone: "holdfast claims rebuild" restores it.'));
    if (chosen === undefined && claimed === undefined) {
      const signed = await Promise.all(candidates.map((candidate) => this.#checkpoints.has(endOf(candidate))));
      chosen = candidates[signed.indexOf(true)];
      if (evidence.claims) {
        // Only what is claimed is ever signed; the claim is read again, because it may have come since.
        if (chosen !== undefined && (await this.#claim(no)) === undefined)
          add(finding('CLAIMS_ROLLED_BACK', place, 'a checkpoint is signed over it, but its claim is gone: "holdfast claims rebuild" restores it.'));
      } else if (chosen === undefined && candidates.length === 1) {
        chosen = candidates[0];
        add(finding('PENDING', place, 'the last batch of the log; without claims nothing says that it was committed.'));
      }
    }
    if (chosen === undefined) this.#undecided = candidates;
    for (const other of candidates) if (other !== chosen) add(finding('ABANDONED_ATTEMPT', other.key, 'a batch of a notary that lost its claim.'));
    if (chosen === undefined && typeof claimed === 'string') add(finding('LOG_BATCH_MISSING', place, 'the batch that its claim names is not there.'));
    else if (chosen === undefined) collector.skipped.add('The last batch of the log is an attempt that nobody has claimed yet.');
    return chosen;
  }

  /** Hash of the batch that the claim of a number names; `invalid` when the claim is none. */
  async #claim(no: number): Promise<string | undefined> {
    const claim = await readClaim(this.#context, LOG_CHAIN, no);
    if (typeof claim === 'object') return claim.manifest;
    return claim === 'invalid' ? claim : undefined;
  }

  async #apply(object: LogObject): Promise<boolean> {
    const { crypto, state, add } = this.#context;
    await this.#knowGovernance(object);
    let applied: AppliedBatch;
    try {
      applied = this.#fold.applyBatch(object.bytes, undefined, this.#facts);
    } catch (error) {
      if (!(error instanceof HoldfastError)) throw error;
      add(finding(error.code === 'log_differs' ? 'LOG_DIFFERS' : 'LOG_MALFORMED', object.key, error.message));
      return false;
    }
    this.#batches++;
    let govNext = this.#chains.get('gov')?.next ?? 0;
    for (const entry of applied.entries) {
      if (entry.type === 'manifest') {
        let chain = this.#chains.get(entry.chain);
        if (chain === undefined) {
          chain = new ChainInLog(this.#context.marks(entry.chain));
          this.#chains.set(entry.chain, chain);
        }
        chain.take(crypto, entry.hash, govNext);
        if (entry.chain === 'gov') govNext = chain.next;
      } else if (entry.type !== 'tick') {
        add(finding('LOG_ENTRY_UNKNOWN', object.key, 'it has an entry of a type that this version does not know.'));
      }
    }
    const least = retainUntil(new Date(applied.batch.time), horizonMonths(state.classesAt(govNext).values()));
    await checkLogLock(this.#context, object, least);
    await this.#checkTiles(applied, least);
    await this.#checkStates(applied, least);
    await this.#checkpoints.upTo({ size: applied.size, root: applied.batch.root, time: this.#tickTime(), least, heads: this.#heads });
    this.#context.progress();
    return true;
  }

  readonly #heads = (): ReadonlyMap<string, number> => new Map([...this.#chains].map(([chain, { next }]) => [chain, next]));

  /** The rules about registrations need `gov` as far as the batch in hand names it. */
  async #knowGovernance(object: LogObject): Promise<void> {
    const { ends, state } = this.#context;
    const known = (): number => ends.get('gov')?.end ?? 0;
    const needed = this.#fold.next('gov') + entriesOfGov(object);
    if (needed > known()) await this.#context.followGovernance();
    // What the log names beyond gov's end is MANIFEST_MISSING, found when the chains are compared.
    this.#facts =
      needed > known()
        ? {}
        : {
            registered: (govNext) => [...state.chains.values()].filter(({ from }) => from <= govNext).length,
            isRegistered: (chain, govNext) => (state.chains.get(chain)?.from ?? Infinity) <= govNext,
          };
  }

  /** Stored tiles are those that the batches make. One that is not there can be made again at any time. */
  async #checkTiles({ tiles, batch }: AppliedBatch, least: Date): Promise<void> {
    for (const { level, n, bytes } of tiles) await this.#checkTile({ level, n, width: TILE_WIDTH }, bytes, least);
    let at = batch.sizeBefore;
    for (const entry of batch.entries) {
      this.#entries.push(entry);
      at++;
      if (at % TILE_WIDTH !== 0) continue;
      await this.#checkTile({ level: 'entries', n: at / TILE_WIDTH - 1, width: TILE_WIDTH }, encodeEntries(this.#entries), least);
      this.#entries = [];
    }
  }

  async #checkTile(tile: TileName, bytes: Uint8Array, least: Date): Promise<void> {
    const key = tileKey(tile);
    const stored = new LogCursor(this.#context, key);
    for (let object = await stored.take(); object !== undefined; object = await stored.take()) {
      if (object.key !== key) continue;
      if (!equalBytes(object.bytes, bytes)) this.#context.add(finding('LOG_DIFFERS', key, 'this tile is not what the batches make.'));
      else await checkLogLock(this.#context, object, least);
    }
  }

  async #checkStates({ batch }: AppliedBatch, least: Date): Promise<void> {
    for (;;) {
      const object = await this.#states.peek();
      if (object?.name.type !== 'state' || object.name.no > batch.no) return;
      await this.#states.take();
      // Only a batch that ends in a tick has a state.
      const made = object.name.no === batch.no && this.#fold.end.tick?.time === batch.time ? this.#fold.state() : undefined;
      if (made !== undefined && equalBytes(made, object.bytes)) await checkLogLock(this.#context, object, least);
      else this.#context.add(finding('LOG_DIFFERS', object.key, 'this state is not what the batches make.'));
    }
  }
}

function hashOf({ name }: LogObject): string {
  return name.type === 'batch' ? name.hash : '';
}

/** The batch as far as it can be read; why it cannot be is found when it is applied. */
function readBatch(object: LogObject): Batch | undefined {
  try {
    return parseBatch(object.bytes);
  } catch (error) {
    if (!(error instanceof HoldfastError)) throw error;
    return undefined;
  }
}

function previousOf(object: LogObject): string | undefined {
  const batch = readBatch(object);
  return batch === undefined ? undefined : toHex(batch.previous);
}

function endOf(object: LogObject): { readonly size: number; readonly root: Uint8Array } | undefined {
  const batch = readBatch(object);
  return batch === undefined ? undefined : { size: batch.sizeBefore + batch.entries.length, root: batch.root };
}

function entriesOfGov(object: LogObject): number {
  return (readBatch(object)?.entries ?? []).filter((bytes) => {
    const entry = parseEntry(bytes);
    return entry.type === 'manifest' && entry.chain === 'gov';
  }).length;
}
