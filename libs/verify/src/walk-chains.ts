import { HoldfastError } from '@holdfast/record';
import { messageChainOf } from '@holdfast/seal';
import type { VerifyContext } from './context.js';
import { quietly } from './context.js';
import { DayDirectories, daysFirst } from './days/day-directories.js';
import type { DayWalk } from './days/day-directories.js';
import { finding } from './findings.js';
import type { LogComparison, LogWalkOfChain } from './log/log-comparison.js';
import { manifestBefore, manifestWith } from './manifest-before.js';
import { checkUnusedWraps } from './unused-wraps.js';
import { endOf, isStored, verifyChain } from './verify-chain.js';
import type { Boundary, ChainHooks, Walked } from './verify-chain.js';
import type { ChainUnderWay, VerifyProgress, WalkedChain } from './verify-progress.js';

/** Walks on until no listing has missed anything. */
export async function verifyToTheEnd(context: VerifyContext, chain: string, hooks: ChainHooks = {}, before?: Walked, to?: number): Promise<Walked> {
  let walked = await verifyChain(context, chain, hooks, before, to);
  while (walked.again) walked = await verifyChain(context, chain, hooks, walked, to);
  return walked;
}

export interface ChainsWalkOptions {
  readonly log: LogComparison | undefined;
  /** How far an earlier run came. */
  readonly before: Pick<VerifyProgress, 'chains' | 'current'> | undefined;
  /** Told at every moment at which the run may be interrupted. */
  readonly onBoundary: ((progress: () => Pick<VerifyProgress, 'chains' | 'current'>) => Promise<void>) | undefined;
  readonly onChain: (chain: string) => void;
}

/** Walks the chains one after the other, and knows at every moment how it could go on. */
export class ChainsWalk {
  readonly #context: VerifyContext;
  readonly #options: ChainsWalkOptions;
  readonly #days: DayDirectories;
  readonly #before: ReadonlyMap<string, WalkedChain>;
  readonly #done: WalkedChain[] = [];

  constructor(context: VerifyContext, options: ChainsWalkOptions) {
    this.#context = context;
    this.#options = options;
    this.#days = new DayDirectories(context);
    this.#before = new Map((options.before?.chains ?? []).map((walked) => [walked.chain, walked]));
    for (const { chain, signed, next, seen } of this.#before.values()) {
      context.signed.set(chain, new Map(Object.entries(signed)));
      if (seen !== undefined) context.ends.set(chain, { end: next, seen });
    }
  }

  async run(chains: readonly string[]): Promise<void> {
    const { selected, collector } = this.#context;
    for (const chain of daysFirst(chains)) {
      const range = selected === undefined ? { from: 0 } : selected.rangeOf(chain);
      if (range === undefined) continue;
      this.#options.onChain(chain);
      const before = this.#before.get(chain);
      if (before !== undefined) await this.#again(before);
      else if (range.from === 0 && range.to === undefined) await this.#whole(chain);
      else {
        collector.skipped.add(
          `Of the chain ${chain} only segments ${range.to === undefined ? `from ${range.from} on` : `${range.from} to ${range.to - 1}`} were walked; its unused data keys and day directories were not looked at.`,
        );
        await this.#part(chain, range);
      }
    }
  }

  async #whole(chain: string): Promise<void> {
    const current = this.#currentOf(chain);
    const days = await this.#days.begin(chain, current?.days);
    if (current?.days !== undefined) await this.#warmUp(chain, current.days, current.next, days.hooks);
    await this.#walk(chain, { from: 0, current, days });
  }

  /** Directories of the day under way follow from its first segment on. */
  async #warmUp(chain: string, { from, hash }: NonNullable<ChainUnderWay['days']>, to: number, hooks: ChainHooks): Promise<void> {
    if (from >= to) return;
    const last = from === 0 ? undefined : await this.#stillThere(chain, from, hash);
    await verifyChain(quietly(this.#context), chain, hooks, { last, records: 0, first: 0, again: false, interrupted: true }, to);
  }

  async #part(chain: string, { from, to }: { readonly from: number; readonly to?: number }): Promise<void> {
    const current = this.#currentOf(chain);
    const last = from === 0 || current !== undefined ? undefined : await manifestBefore(this.#context, chain, from);
    if (from > 0 && current === undefined && last === undefined) return;
    await this.#walk(chain, { from, current, ...(last !== undefined && { last }), ...(to !== undefined && { to }) });
    this.#context.dataKeys.delete(chain);
  }

  async #walk(
    chain: string,
    part: {
      readonly from: number;
      readonly to?: number;
      readonly last?: Walked['last'];
      readonly current: ChainUnderWay | undefined;
      readonly days?: DayWalk;
    },
  ): Promise<void> {
    const { from, to, current, days } = part;
    const context = this.#context;
    const log = this.#options.log?.begin(chain, {
      from,
      ...(to !== undefined && { to }),
      ...(current?.log !== undefined && { state: current.log }),
    });
    let before: Walked = { last: part.last, records: 0, first: from, again: false };
    if (current !== undefined) {
      const last = current.hash === undefined ? undefined : await this.#stillThere(chain, current.next, current.hash);
      before = { last, records: current.records, first: from, again: false, interrupted: true };
      context.dataKeys.set(chain, new Set(current.dataKeys));
      context.signed.set(chain, new Map(Object.entries(current.signed)));
    }
    /** Where the day under way began. */
    let day = current?.days;
    const walked = await verifyToTheEnd(
      context,
      chain,
      {
        ...days?.hooks,
        onSegment: (segment) => {
          log?.take(segment);
          days?.hooks.onSegment?.(segment);
          const { seq, prev } = segment.manifest;
          const progress = days?.progress?.(seq + 1);
          if (progress !== undefined) day = { ...progress, hash: progress.from === seq ? prev : (day?.hash ?? '') };
        },
        onBoundary: async (at) => {
          // A days chain is short, and is walked again with its message chain.
          if (messageChainOf(chain) !== undefined) return;
          await this.#tell(() => ({
            ...this.#stateOf(chain, at, log),
            first: from,
            records: at.records,
            dataKeys: [...(context.dataKeys.get(chain) ?? [])],
            ...(day !== undefined && { days: day }),
          }));
        },
      },
      before,
      to,
    );
    const end = endOf(walked.last);
    log?.done(end);
    days?.done();
    if (context.level >= 5 && from === 0 && to === undefined) await checkUnusedWraps(context, chain);
    this.#done.push(this.#stateOf(chain, { next: end, hash: walked.last?.hash }, log));
    await this.#tell();
  }

  /** A chain that an earlier run has walked: still there, and still what the log says. What it has got since is not judged. */
  async #again(before: WalkedChain): Promise<void> {
    const context = this.#context;
    const { chain, next, hash, log: state } = before;
    if (hash !== undefined) await this.#stillThere(chain, next, hash);
    const { log } = this.#options;
    const range = context.selected?.rangeOf(chain);
    if (log !== undefined) {
      log.begin(chain, { ...range, ...(state !== undefined && { state }) }).done();
      const length = log.lengthOf(chain);
      if (length > next && range?.to === undefined) {
        const logged = context.loggedAt(chain, length - 1);
        if (logged === undefined || (await manifestWith(context, chain, length - 1, logged)) === undefined)
          context.add(
            finding(
              'MANIFEST_MISSING',
              `${chain} ${next}`,
              `the log has manifests of this chain up to number ${length - 1}: the end of the chain was removed.`,
            ),
          );
      }
    }
    if (before.seen !== undefined && (await isStored(context, chain, before.seen)))
      context.collector.skipped.add('Chains that went on after an earlier run had walked them were judged to where they ended then.');
    this.#done.push(before);
    const about = messageChainOf(chain);
    if (about === undefined || this.#before.has(about) || range?.from !== undefined) return;
    // Judged, but its message chain, which comes next, will be compared with what it says.
    const days = await this.#days.begin(chain, 'quietly');
    await verifyToTheEnd(quietly(context), chain, days.hooks);
  }

  /** @throws HoldfastError `chain_broken` */
  async #stillThere(chain: string, next: number, hash: string): Promise<NonNullable<Walked['last']>> {
    const manifest = await manifestWith(this.#context, chain, next - 1, hash);
    if (manifest !== undefined) return manifest;
    throw new HoldfastError(
      'chain_broken',
      `The manifest ${chain} ${next - 1} that the earlier run has judged is not there any more: verify from the beginning.`,
    );
  }

  #currentOf(chain: string): ChainUnderWay | undefined {
    const current = this.#options.before?.current;
    return current?.chain === chain ? current : undefined;
  }

  #stateOf(chain: string, { next, hash }: Pick<Boundary, 'next' | 'hash'>, log: LogWalkOfChain | undefined): WalkedChain {
    const { signed, ends } = this.#context;
    const seen = ends.get(chain)?.seen;
    return {
      chain,
      next,
      signed: Object.fromEntries(signed.get(chain) ?? []),
      ...(hash !== undefined && { hash }),
      ...(seen !== undefined && { seen }),
      ...(log !== undefined && { log: log.state() }),
    };
  }

  async #tell(current?: () => ChainUnderWay): Promise<void> {
    await this.#options.onBoundary?.(() => ({ chains: [...this.#done], ...(current !== undefined && { current: current() }) }));
  }
}
