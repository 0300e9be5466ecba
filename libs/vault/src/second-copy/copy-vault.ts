import { HoldfastError } from '@holdfast/record';
import type { Clock } from '@holdfast/ports';
import { GENESIS_KEY, manifestPrefix, parseManifestKey } from '@holdfast/seal';
import type { Crypto } from '@holdfast/seal';
import { GOVERNANCE_CHAIN } from '../governance-log.js';
import { chainEnds, isBehind } from './chain-ends.js';
import type { ChainEnds } from './chain-ends.js';
import { copyClaims, isClaimed, refuseIfTakenOver } from './copy-claims.js';
import { CopyTally } from './copy-findings.js';
import type { CopyFinding } from './copy-findings.js';
import { ObjectCopier } from './copy-objects.js';
import type { CopyCounts } from './copy-objects.js';
import type { Sides } from './match-versions.js';
import { pairedKeys } from './paired-keys.js';
import type { KeyPair } from './paired-keys.js';
import { PROBE_PREFIX, sameArchive } from './same-archive.js';
import type { CopyStores, SourceStores } from './same-archive.js';
import { Transfers, inOrder } from './transfers.js';
import type { InFlight } from './transfers.js';

export interface CopyOptions {
  readonly crypto: Crypto;
  readonly clock: Clock;
  /** Also the claims: for a planned move, with every writer stopped. A mirror does without: they can be rebuilt. */
  readonly claims?: boolean;
  readonly inFlight?: InFlight;
  readonly signal?: AbortSignal;
  readonly onProgress?: (progress: CopyProgress) => void;
}

export interface CopyProgress extends Readonly<CopyCounts> {
  readonly looked: number;
  /** Where the run is. */
  readonly place: string;
}

/** What a run did, and what it could not do. */
export interface CopyReport extends Readonly<CopyCounts> {
  /** Archive id, hex. */
  readonly archive: string;
  /** The copy is the source as it stood then, by the clock of the source. */
  readonly asOf: string;
  readonly looked: number;
  readonly claims: number;
  /** Delete markers of the source, probes of store-check, and versions that were stored since `asOf`: not copied. */
  readonly markers: number;
  readonly probes: number;
  readonly later: number;
  readonly findings: readonly CopyFinding[];
  readonly findingsTotal: number;
}

const IN_FLIGHT: InFlight = { tasks: 8, bytes: 128 * 1024 * 1024 };
/** Manifests of one chain that are looked at ahead of the one that is being stored. */
const AHEAD = 4;
/** Log of a moment ago may speak of manifests that this run does not copy. S3 counts whole seconds. */
const LOG_PREFIX = 't/';
const LOG_CHAIN = 'log';
const LOG_MARGIN_MS = 1_000;

/**
 * Brings a copy of a vault up to what the source is now; run again, it does only what is missing. The source is never
 * written.
 *
 * What a kill leaves behind is in the order of storing: genesis (says whose copy this is), wraps, content, then manifests in
 * the order of their chains, gov first, then the log. So a half copy is an archive that ends early (and `verify` says where
 * content lies behind the end); it never is one with a hole in a chain, or with a manifest whose content is to come.
 * @throws HoldfastError `bad_configuration` for a destination that holds something else, `bad_request` for one that has gone
 * on by itself, `stopped`, `disk_full`, `store_unavailable`
 */
export async function copyVault(source: SourceStores, copy: CopyStores, options: CopyOptions): Promise<CopyReport> {
  const run = new CopyRun(source, copy, options);
  try {
    return await run.run();
  } finally {
    await run.transfers.settle();
  }
}

class CopyRun {
  readonly transfers: Transfers;
  readonly #source: SourceStores;
  readonly #copy: CopyStores;
  readonly #options: CopyOptions;
  readonly #tally = new CopyTally();
  readonly #counts: CopyCounts = { copied: 0, bytes: 0, relocked: 0, held: 0 };
  readonly #vault: ObjectCopier;
  readonly #wraps: ObjectCopier;
  readonly #sides: { readonly vault: Sides; readonly wraps: Sides };

  constructor(source: SourceStores, copy: CopyStores, options: CopyOptions) {
    this.#source = source;
    this.#copy = copy;
    this.#options = options;
    this.transfers = new Transfers(options.inFlight ?? IN_FLIGHT, options.signal);
    const common = { crypto: options.crypto, transfers: this.transfers, read: 'unnamed' as const };
    this.#sides = {
      vault: { ...common, name: 'vault', source: source.vault, copy: copy.vault },
      wraps: { ...common, name: 'wraps', source: source.wraps, copy: copy.wraps },
    };
    const now = (): Date => options.clock.now();
    this.#vault = new ObjectCopier(this.#sides.vault, copy.vault, this.#tally, this.#counts, now);
    this.#wraps = new ObjectCopier(this.#sides.wraps, copy.wraps, this.#tally, this.#counts, now);
  }

  async run(): Promise<CopyReport> {
    const archive = await sameArchive(this.#source, this.#copy, this.#options.crypto);
    if (this.#options.claims !== true && (await isClaimed(this.#copy.claims)))
      throw new HoldfastError(
        'bad_request',
        'The destination has claims: it is an archive in use, or was copied with its claims (then copy with claims again).',
      );
    const asOf = await this.#source.vault.now();
    const ends = new Map(await chainEnds(this.#source.vault));
    if (this.#options.claims === true) await refuseIfTakenOver(...this.#bothClaims(), ends);
    await this.#copyWhere('vault', GENESIS_KEY, ({ key }) => key === GENESIS_KEY);
    await this.#copyWhere('wraps', '', () => true);
    await this.#copyWhere('vault', '', (pair) => this.#isContent(pair, ends, asOf));
    await this.#copyManifests(ends);
    await this.#copyWhere('vault', LOG_PREFIX, (pair) => this.#isOldLog(pair, asOf, ends));
    const claims = this.#options.claims === true ? await copyClaims(...this.#bothClaims(), ends, this.#tally, this.transfers) : 0;
    const { looked, markers, probes, later, findings, findingsTotal } = this.#tally;
    return { archive, asOf: asOf.toISOString(), ...this.#counts, looked, claims, markers, probes, later, findings, findingsTotal };
  }

  #bothClaims(): [NonNullable<SourceStores['claims']>, NonNullable<CopyStores['claims']>] {
    const [here, there] = [this.#source.claims, this.#copy.claims];
    if (here === undefined || there === undefined)
      throw new HoldfastError('bad_configuration', 'Claims are copied from a claim store to a claim store.');
    return [here, there];
  }

  /** Copies what a listing shows and `isWanted`, several keys at once. */
  async #copyWhere(store: 'vault' | 'wraps', prefix: string, isWanted: (pair: KeyPair) => boolean): Promise<void> {
    const copier = store === 'vault' ? this.#vault : this.#wraps;
    const sides = this.#sides[store];
    for await (const pair of pairedKeys(sides.source, sides.copy, prefix)) {
      if (pair.key.startsWith(PROBE_PREFIX)) {
        this.#tally.probes += pair.source.length;
        continue;
      }
      if (!isWanted(pair)) continue;
      await this.transfers.start(() => copier.copy(pair));
      this.#progress(`${store}/${pair.key}`);
    }
    // Durable: everything of this step. What comes next may rely on it.
    await this.transfers.end();
  }

  /** Everything of the vault that has no step of its own. */
  #isContent(pair: KeyPair, ends: ChainEnds, asOf: Date): boolean {
    const { key } = pair;
    if (key === GENESIS_KEY || key.startsWith(LOG_PREFIX) || parseManifestKey(key) !== undefined) return false;
    return !this.#isLater(pair, isBehind(ends, key, !olderThan(pair, asOf)));
  }

  /** What the log said before the chains were listed; its batches count as a chain of their own for its claims. */
  #isOldLog(pair: KeyPair, asOf: Date, ends: Map<string, number>): boolean {
    if (this.#isLater(pair, !olderThan(pair, new Date(asOf.getTime() - LOG_MARGIN_MS)))) return false;
    const batch = /^t\/batch\/(\d{16})\//.exec(pair.key)?.[1];
    if (batch !== undefined && pair.source.length > 0) ends.set(LOG_CHAIN, Number(batch));
    return true;
  }

  #isLater(pair: KeyPair, later: boolean): boolean {
    if (later) this.#tally.later += pair.source.length;
    return later;
  }

  async #copyManifests(ends: ChainEnds): Promise<void> {
    // Alone and first: it registers the chains and introduces the keys of all others.
    if (ends.has(GOVERNANCE_CHAIN)) await this.#copyChain(GOVERNANCE_CHAIN, ends);
    for (const chain of ends.keys()) if (chain !== GOVERNANCE_CHAIN) await this.transfers.start(() => this.#copyChain(chain, ends));
    await this.transfers.end();
  }

  /** The manifests of one chain, each stored only after the one before it. */
  async #copyChain(chain: string, ends: ChainEnds): Promise<void> {
    await inOrder(
      this.#manifestsOf(chain, ends),
      AHEAD,
      (pair) => this.#vault.look(pair),
      async (deeds) => {
        await this.#vault.act(deeds);
        this.#progress(`vault/${manifestPrefix(chain)}`);
      },
    );
  }

  async *#manifestsOf(chain: string, ends: ChainEnds): AsyncGenerator<KeyPair> {
    const { source, copy } = this.#sides.vault;
    for await (const pair of pairedKeys(source, copy, manifestPrefix(chain))) {
      this.transfers.throwIfStopped();
      if (parseManifestKey(pair.key)?.chain !== chain) continue;
      if (pair.source.length === 0) {
        // Two futures of one archive are never mixed: whichever of the two is false, a person must look.
        this.#tally.add(
          'EXTRA',
          `vault/${pair.key}`,
          'the copy holds a manifest that the source has not: it has gone on by itself, or the source lost it. Nothing of this chain was copied behind it.',
        );
        return;
      }
      if (!this.#isLater(pair, isBehind(ends, pair.key, true))) yield pair;
    }
  }

  #progress(place: string): void {
    this.#options.onProgress?.({ ...this.#counts, looked: this.#tally.looked, place });
  }
}

function olderThan(pair: KeyPair, moment: Date): boolean {
  return pair.source.every(({ lastModified }) => lastModified < moment);
}
