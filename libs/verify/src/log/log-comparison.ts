import { equalBytes, toHex } from '@holdfast/seal';
import type { Anchors } from '../bundle/bundle-anchors.js';
import type { VerifyContext } from '../context.js';
import { finding } from '../findings.js';
import type { LogReport } from '../report.js';
import { ChainComparison, ChainInLog } from './chain-in-log.js';
import type { ComparedManifest } from './chain-in-log.js';
import { logKeysOf } from './log-keys-of.js';
import { verifyLog } from './verify-log.js';
import type { WalkedLog } from './verify-log.js';

/** The newest anchor may be this much older than the log's end before the report says so. */
const OLD_MS = 24 * 3_600_000;

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
      const keys = logKeysOf(context);
      if (!policy.logs.some(({ key }) => keys.some((own) => own.name === key.name && equalBytes(own.key, key.key))))
        context.add(finding('POLICY_MISMATCH', context.genesis.log.origin, 'no log of the policy is the log of this archive.'));
    }
    return new LogComparison(context, await verifyLog(context, anchors));
  }

  /** The hash that the log has for the last of its entries of `chain`, if that is number `seq`. */
  hashAt(chain: string, seq: number): string | undefined {
    const known = this.#log.chains.get(chain);
    return known?.next === seq + 1 ? toHex(known.hash) : undefined;
  }

  /** Takes part in the walk over `chain`; `done` when it has come to its end. */
  begin(chain: string): { readonly hooks: { readonly onSegment: (segment: ComparedManifest) => void }; readonly done: () => void } {
    const comparison = new ChainComparison(
      this.#context.crypto,
      chain,
      this.#log.chains.get(chain) ?? new ChainInLog(),
      this.#log.anchor?.heads.get(chain) ?? 0,
      this.#context.add,
    );
    this.#compared.add(chain);
    return {
      hooks: {
        onSegment: (segment) => {
          comparison.take(segment);
        },
      },
      done: () => {
        comparison.finish(this.#context.ends.get(chain)?.end ?? 0);
        this.#tail.segments += comparison.tail.segments;
        this.#tail.records += comparison.tail.records;
        this.#younger.segments += comparison.younger.segments;
        this.#younger.records += comparison.younger.records;
      },
    };
  }

  /** The chain `gov` was walked before the log could be. */
  compareGovernance(segments: readonly ComparedManifest[]): void {
    const { hooks, done } = this.begin('gov');
    for (const segment of segments) hooks.onSegment(segment);
    done();
    const last = segments.at(-1);
    // Before the log was read nothing but a claim said so.
    if (last !== undefined && this.hashAt('gov', last.manifest.seq) === last.hash)
      this.#context.collector.withdraw('PENDING', `gov ${last.manifest.seq}`);
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
