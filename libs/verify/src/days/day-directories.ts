import { parseMessageChain } from '@holdfast/record';
import { daysChain, messageChainOf } from '@holdfast/seal';
import { quietly } from '../context.js';
import type { VerifyContext } from '../context.js';
import type { ChainHooks } from '../verify-chain.js';
import { DayComparison } from './day-comparison.js';
import type { DayProgress } from './day-comparison.js';
import { DaysChain } from './days-chain.js';

/** Takes part in the walk over a chain; `done` when it has come to its end. */
export interface DayWalk {
  readonly hooks: ChainHooks;
  readonly done: () => void;
  /** How far the comparison of a message chain came, when `next` is walked next. */
  readonly progress?: (next: number) => Omit<DayProgress, 'hash'>;
}

const NOTHING: DayWalk = { hooks: {}, done: () => undefined };

/** Each days chain right before its message chain, so that only one is held in memory. */
export function daysFirst(chains: readonly string[]): string[] {
  const key = (chain: string): string => `${messageChainOf(chain) ?? chain} ${messageChainOf(chain) === undefined ? 1 : 0}`;
  return [...chains].sort((a, b) => (key(a) < key(b) ? -1 : 1));
}

/** Judges days chains, and compares each with the message chain that is walked next. */
export class DayDirectories {
  readonly #context: VerifyContext;
  #walked: { readonly about: string; readonly days: DaysChain } | undefined;

  constructor(context: VerifyContext) {
    this.#context = context;
  }

  /** `before`: how far an earlier run came; or that it has judged this days chain. */
  async begin(chain: string, before?: DayProgress | 'quietly'): Promise<DayWalk> {
    const { level, selected, collector } = this.#context;
    // Their events lie in objects.
    if (level < 4) return NOTHING;
    const about = messageChainOf(chain);
    if (about !== undefined) {
      const days = new DaysChain(before === 'quietly' ? quietly(this.#context) : this.#context, about);
      this.#walked = { about, days };
      if (selected?.includes(about) === false) collector.skipped.add('Day directories were not compared with message chains that were not walked.');
      return { hooks: days.hooks, done: () => undefined };
    }
    if (parseMessageChain(chain) === undefined || selected?.includes(daysChain(chain)) === false) return NOTHING;
    const days = this.#walked?.about === chain ? this.#walked.days : undefined;
    this.#walked = undefined;
    const comparison = new DayComparison(
      this.#context,
      chain,
      days?.parts ?? [],
      (await days?.labelKeys()) ?? new Map<string, Uint8Array>(),
      typeof before === 'object' ? before : undefined,
    );
    return {
      // Rebuilt directories cost time and memory; without a sealed one there is nothing to compare them with.
      hooks: days === undefined ? { onSegment: comparison.hooks.onSegment } : comparison.hooks,
      done: () => {
        comparison.done();
      },
      progress: (next) => comparison.progress(next),
    };
  }
}
