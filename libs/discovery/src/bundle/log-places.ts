import { HoldfastError } from '@holdfast/record';
import { LogFold, STATE_PREFIX, parseBatch, parseEntry, parseLogKey, parseState } from '@holdfast/tlog';
import { readAhead, unlessMissing } from '@holdfast/vault';
import type { Archive, LogFollower } from '@holdfast/vault';

/** Where a manifest stands in the log. */
export interface LoggedPlace {
  readonly chain: string;
  readonly seq: number;
  readonly index: number;
  readonly entry: Uint8Array;
}

const AT_ONCE = 8;
/** States kept in memory, some 60 bytes a chain each. */
const MOST_STATES = 64;

interface StateRow {
  readonly no: number;
  readonly key: string;
  readonly version: string;
}

/**
 * Finds the entries of manifests. The log has no register of them; the states of every hour say how far each chain was, so
 * halving over them leads to the hour, and the batches of that hour are read. A wrong state only leads to the wrong hour, where
 * nothing is found: then the log is read from its beginning.
 * @throws HoldfastError `log_differs` for a manifest that the log does not have
 */
export async function locateManifests(
  archive: Archive,
  log: LogFollower,
  end: { readonly size: number; readonly batches: number },
  wanted: ReadonlyMap<string, ReadonlySet<number>>,
): Promise<LoggedPlace[]> {
  const left = new Map([...wanted].map(([chain, seqs]) => [chain, new Set(seqs)]));
  const found: LoggedPlace[] = [];
  const states = new StateList(archive, await statesBefore(archive, end.batches));
  // By the batch that the search begins with; several of one hour are found together.
  const begins = new Set<number>();
  for (const [chain, seqs] of wanted) for (const seq of seqs) begins.add(await states.begin(chain, seq));
  const sorted = [...begins].sort((a, b) => a - b);
  for (const [i, begin] of sorted.entries()) await scan(begin, Math.min(states.endOf(begin), end.batches), sorted[i + 1]);
  if (left.size > 0) await scan(0, end.batches, undefined);
  for (const [chain, seqs] of left) throw new HoldfastError('log_differs', `The log does not have the manifest ${chain} ${Math.min(...seqs)}.`);
  return found;

  async function scan(begin: number, before: number, next: number | undefined): Promise<void> {
    // Of an hour that another search takes anyway nothing is read twice.
    const stop = next === undefined ? before : Math.min(before, next);
    for await (const bytes of readAhead(begin, AT_ONCE, async (no) => (no < stop ? (await log.batch(no)).bytes : undefined))) {
      if (left.size === 0) return;
      const { sizeBefore, entries } = parseBatch(bytes);
      entries.forEach((entry, i) => {
        const parsed = parseEntry(entry);
        if (parsed.type !== 'manifest' || left.get(parsed.chain)?.delete(parsed.seq) !== true) return;
        if (left.get(parsed.chain)?.size === 0) left.delete(parsed.chain);
        if (sizeBefore + i < end.size) found.push({ chain: parsed.chain, seq: parsed.seq, index: sizeBefore + i, entry });
        else throw new HoldfastError('log_differs', `The manifest ${parsed.chain} ${parsed.seq} is younger than the checkpoint.`);
      });
    }
  }
}

/** The log at the newest state of at most `size` entries, or at its beginning. */
export async function resumeBefore(archive: Archive, log: LogFollower, size: number): Promise<LogFold> {
  const { crypto, id, vault } = archive;
  const rows = await statesBefore(archive, log.fold.end.no);
  let low = 0;
  let high = rows.length;
  let best = LogFold.empty(crypto, id);
  while (low < high) {
    const middle = (low + high) >> 1;
    const row = rows[middle];
    if (row === undefined) break;
    const bytes = await unlessMissing(vault.get(row.key, row.version));
    const fold = bytes === undefined ? undefined : await resumed(archive, log, row.no, bytes);
    if (fold !== undefined && fold.end.size <= size) {
      best = fold;
      low = middle + 1;
    } else high = middle;
  }
  return best;
}

async function resumed({ crypto, id }: Archive, log: LogFollower, no: number, state: Uint8Array): Promise<LogFold | undefined> {
  const { bytes } = await log.batch(no);
  try {
    return LogFold.resume(crypto, id, state, bytes);
  } catch (error) {
    // Nobody trusts a state: without it more batches are read.
    if (error instanceof HoldfastError && (error.code === 'log_malformed' || error.code === 'log_differs')) return undefined;
    throw error;
  }
}

/** States of the log by number, read when they are looked at. */
class StateList {
  readonly #archive: Archive;
  readonly #rows: readonly StateRow[];
  readonly #nexts = new Map<number, ReadonlyMap<string, number>>();

  constructor(archive: Archive, rows: readonly StateRow[]) {
    this.#archive = archive;
    this.#rows = rows;
  }

  /** Number of the first batch that may hold a manifest. */
  async begin(chain: string, seq: number): Promise<number> {
    let low = 0;
    let high = this.#rows.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      const nexts = await this.#read(middle);
      // A state that cannot be read says nothing; going back further is always right.
      if (nexts !== undefined && (nexts.get(chain) ?? 0) <= seq) low = middle + 1;
      else high = middle;
    }
    return low === 0 ? 0 : (this.#rows[low - 1]?.no ?? -1) + 1;
  }

  /** Number of the batch behind the hour that begins with `begin`. */
  endOf(begin: number): number {
    return (this.#rows.find(({ no }) => no >= begin)?.no ?? Number.MAX_SAFE_INTEGER - 1) + 1;
  }

  async #read(at: number): Promise<ReadonlyMap<string, number> | undefined> {
    const known = this.#nexts.get(at);
    const row = this.#rows[at];
    if (known !== undefined || row === undefined) return known;
    const bytes = await unlessMissing(this.#archive.vault.get(row.key, row.version));
    const nexts = bytes === undefined ? undefined : nextsOf(this.#archive, bytes);
    if (nexts === undefined) return undefined;
    this.#nexts.set(at, nexts);
    if (this.#nexts.size > MOST_STATES) this.#nexts.delete(this.#nexts.keys().next().value ?? 0);
    return nexts;
  }
}

function nextsOf({ crypto }: Archive, bytes: Uint8Array): ReadonlyMap<string, number> | undefined {
  try {
    return new Map([...parseState(crypto, bytes).heads.list()].map(([chain, { next }]) => [chain, next]));
  } catch (error) {
    // Nobody trusts a state: without it more batches are read.
    if (error instanceof HoldfastError && error.code === 'log_malformed') return undefined;
    throw error;
  }
}

async function statesBefore(archive: Archive, batches: number): Promise<StateRow[]> {
  const rows: StateRow[] = [];
  for await (const { key, version, deleteMarker } of archive.vault.list(STATE_PREFIX)) {
    const name = parseLogKey(key);
    if (name?.type === 'state' && !deleteMarker && name.no < batches) rows.push({ no: name.no, key, version });
  }
  return rows;
}
