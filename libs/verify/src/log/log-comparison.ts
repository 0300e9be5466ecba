import { HoldfastError } from '@holdfast/record';
import { equalBytes, toHex } from '@holdfast/seal';
import { logKeysOf } from '@holdfast/tlog';
import type { Anchors } from '../anchors.js';
import type { VerifyContext } from '../context.js';
import { finding } from '../findings.js';
import type { LogReport } from '../report.js';
import { ChainComparison } from './chain-comparison.js';
import type { ComparedManifest, ComparisonState } from './chain-comparison.js';
import { ChainInLog } from './chain-in-log.js';
import { verifyLog } from './verify-log.js';
import type { WalkedLog } from './verify-log.js';

/** The newest anchor may be this much older than the log's end before the report says so. */
const OLD_MS = 24 * 3_600_000;

export interface BeginOptions {
  readonly from?: number;
  readonly to?: number;
  readonly state?: ComparisonState;
}

/** A chain as it is compared with the log. */
export interface LogWalkOfChain {
  readonly take: (segment: ComparedManifest) => void;
  readonly state: () => ComparisonState;
  /** `end`: the number that the walk came to, where it came to the end of what was asked. */
  readonly done: (end?: number) => void;
}

/** The log, judged, and the chains as they are compared with it one after the other. */
export class LogComparison {
  readonly #context: VerifyContext;
  readonly #log: WalkedLog;
  readonly #tail = { segments: 0, records: 0 };
  readonly #younger = { segments: 0, records: 0 };
  readonly #compared = new Set<string>();

  private constructor(context: VerifyContext, log: WalkedLog) {
    this.#context = context;
    this.#log = log;
  }

  static async walk(context: VerifyContext, anchors: Anchors): Promise<LogComparison> {
    const { policy } = anchors;
    if (policy !== undefined && policy.logs.length > 0) {
      const keys = logKeysOf(context, context.state);
      if (!policy.logs.some(({ key }) => keys.some((own) => own.name === key.name && equalBytes(own.key, key.key))))
        context.add(finding('POLICY_MISMATCH', context.genesis.log.origin, 'no log of the policy is the log of this archive.'));
    }
    return new LogComparison(context, await verifyLog(context, anchors));
  }

  /** The hash that the log has for number `seq` of `chain`, if that is its last, or one that was marked. */
  hashAt(chain: string, seq: number): string | undefined {
    const mark = this.#log.chains.get(chain)?.at(seq + 1);
    return mark === undefined ? undefined : toHex(mark.hash);
  }

  /** Takes part in the walk over `chain`, all of it or a range, or goes on with one; `done` when it has come to its end. */
  begin(chain: string, { from = 0, to, state }: BeginOptions = {}): LogWalkOfChain {
    const anchored = this.#log.anchor?.heads.get(chain) ?? 0;
    if (state !== undefined && anchored < state.anchored)
      throw new HoldfastError(
        'chain_broken',
        `${chain} was anchored up to number ${state.anchored} before the interruption, now up to ${anchored}: verify from the beginning.`,
      );
    const comparison = new ChainComparison({
      crypto: this.#context.crypto,
      chain,
      log: this.#log.chains.get(chain) ?? new ChainInLog(),
      anchored,
      add: this.#context.add,
      from,
      ...(to !== undefined && { to }),
      ...(state !== undefined && { state }),
    });
    this.#compared.add(chain);
    return {
      take: (segment) => {
        comparison.take(segment);
      },
      state: () => comparison.state,
      done: (end) => {
        if (end !== undefined) comparison.finish(end);
        this.#tail.segments += comparison.tail.segments;
        this.#tail.records += comparison.tail.records;
        this.#younger.segments += comparison.younger.segments;
        this.#younger.records += comparison.younger.records;
      },
    };
  }

  /** Chains that the log knows. */
  chains(): string[] {
    return [...this.#log.chains.keys()];
  }

  /** Entries of the chain in the log. */
  lengthOf(chain: string): number {
    return this.#log.chains.get(chain)?.next ?? 0;
  }

  /** The chain `gov` was walked before the log could be. */
  compareGovernance(): void {
    const { heads, ends, collector } = this.#context;
    const comparison = this.begin('gov');
    // Its governance heads were checked when it was walked: a segment of gov obeys exactly what lies before it.
    for (const { seq, hash, records } of heads.segments())
      comparison.take({ manifest: { seq, records, governance: { next: seq, hash: heads.get(seq) ?? '' } }, hash });
    const end = ends.get('gov')?.end ?? 0;
    comparison.done(end);
    // Before the log was read nothing but a claim said so.
    if (end > 0 && this.hashAt('gov', end - 1) === heads.get(end)) collector.withdraw('PENDING', `gov ${end - 1}`);
  }

  /** After all chains: those that only the log knows, and what the report says of the log. */
  finish(): LogReport {
    const { add, selected, archiveHex } = this.#context;
    for (const [chain, { next }] of this.#log.chains)
      if (!this.#compared.has(chain) && selected?.includes(chain) !== false)
        add(finding('MANIFEST_MISSING', `${chain} 0`, `the log has ${next} manifests of this chain, and the vault has nothing of it.`));
    const { size, batches, time, signed, anchor } = this.#log;
    if (anchor === undefined)
      add(
        finding(
          'NOT_ANCHORED',
          archiveHex,
          `${batches === 0 ? 'there is no transparency log yet; ' : ''}self-consistent only: no checkpoint that a witness, a time-stamp authority or you hold was compared. Compare archive id and log key by hand.`,
        ),
      );
    else if (time !== undefined && Date.parse(time) - Date.parse(anchor.time) > OLD_MS)
      add(finding('NOT_ANCHORED', archiveHex, `the newest anchored checkpoint is of ${anchor.time}, the log goes on to ${time}.`));
    return {
      size,
      batches,
      ...(time !== undefined && { time }),
      signed,
      ...(anchor !== undefined && {
        anchor: { size: anchor.size, time: anchor.time, witnesses: anchor.witnesses, authorities: anchor.authorities, brought: anchor.brought },
      }),
      tail: this.#tail,
      younger: this.#younger,
    };
  }
}
