import { orderOf } from '@holdfast/ports';
import type { IndexFailure, IndexStatus, RecordIndex } from '@holdfast/ports';
import { TOKENIZER_VERSION } from '@holdfast/query';
import { HoldfastError, kindOf, parseMessageChain } from '@holdfast/record';
import { countClaims, readCommitted } from '@holdfast/vault';
import type { Archive, Committed, GovernanceLog, SegmentReader } from '@holdfast/vault';
import { attestSegment } from './attest-segment.js';
import type { SegmentAttestation } from './attest-segment.js';
import { choose } from './choose.js';
import { IndexFindings } from './index-findings.js';
import type { IndexFinding } from './index-findings.js';

/** Segments of one chain, `to` not included; without bounds everything that the index covers. */
export interface ChainRange {
  readonly chain: string;
  readonly from?: number;
  readonly to?: number;
}

export interface AttestParts {
  readonly archive: Archive;
  readonly governance: GovernanceLog;
  readonly reader: SegmentReader;
  readonly index: RecordIndex;
}

export interface AttestOptions extends AttestParts {
  /** Absent: every chain, whole. */
  readonly chains?: readonly ChainRange[];
  /** Only so many segments of those, chosen with `seed`. */
  readonly sample?: { readonly segments: number; readonly records?: number; readonly seed: number };
  readonly onProgress?: (progress: AttestProgress) => void;
  readonly signal?: AbortSignal;
}

export interface AttestProgress {
  readonly chain: string;
  readonly segments: number;
  readonly documents: number;
  readonly findings: number;
}

export interface AttestReport {
  readonly generation: string;
  /** No findings, and everything that was to be read could be read. */
  readonly ok: boolean;
  /** Everything that the index covers was compared, and everything that it holds. */
  readonly whole: boolean;
  /** Chain ranges that are done, `to` not included: what was stopped goes on behind them. */
  readonly done: readonly Required<ChainRange>[];
  readonly stopped: boolean;
  readonly segments: number;
  /** Documents that the segments have, and how many of them were compared member by member. */
  readonly documents: number;
  readonly compared: number;
  readonly seed?: number;
  readonly findingsTotal: number;
  /** The first 1,000. */
  readonly findings: readonly IndexFinding[];
  /** Segments whose content in the vault does not verify: nothing can be said of the index there; `verify` judges the vault. */
  readonly unreadable: readonly { readonly place: string; readonly message: string }[];
  /** The mark of an earlier attestation, as it stood when this one began. */
  readonly failure?: IndexFailure;
}

/**
 * Compares the index with the vault, both ways: every document that the vault's segments make is in the index as the
 * follower would write it, and the index holds nothing else. Reads verified segments, chain by chain; memory does not grow
 * with the archive. Writes nothing: `recordAttestation` stores what came of it.
 * @throws HoldfastError `index_unavailable`, also when a rebuild replaced the index meanwhile; `store_unavailable`
 */
export async function attestIndex(options: AttestOptions): Promise<AttestReport> {
  const { index, governance } = options;
  // The index first: what it covers was sealed before, so the vault seen after it can only have more.
  const status = await index.status();
  await governance.refresh();
  const run = new Attestation(options, status);
  await run.all();
  if ((await index.status()).position.generation !== status.position.generation) {
    throw new HoldfastError('index_unavailable', 'the index was rebuilt while it was compared: compare the new one');
  }
  return run.report();
}

class Attestation {
  readonly #options: AttestOptions;
  readonly #status: IndexStatus;
  readonly #findings = new IndexFindings();
  readonly #done: Required<ChainRange>[] = [];
  readonly #unreadable: { readonly place: string; readonly message: string }[] = [];
  readonly #signal: AbortSignal;
  #segments = 0;
  #documents = 0;
  #compared = 0;
  #stopped = false;

  constructor(options: AttestOptions, status: IndexStatus) {
    this.#options = options;
    this.#status = status;
    this.#signal = options.signal ?? new AbortController().signal;
  }

  get #whole(): boolean {
    return this.#options.chains === undefined && this.#options.sample === undefined;
  }

  report(): AttestReport {
    const { sample } = this.#options;
    const { failure, position } = this.#status;
    return {
      generation: position.generation,
      ok: this.#findings.total === 0 && this.#unreadable.length === 0,
      whole: this.#whole && !this.#stopped,
      done: this.#done,
      stopped: this.#stopped,
      segments: this.#segments,
      documents: this.#documents,
      compared: this.#compared,
      ...(sample !== undefined && { seed: sample.seed }),
      findingsTotal: this.#findings.total,
      findings: this.#findings.listed,
      unreadable: this.#unreadable,
      ...(failure !== undefined && { failure }),
    };
  }

  async all(): Promise<void> {
    const { tokenizer } = this.#status;
    if (tokenizer !== TOKENIZER_VERSION) {
      // Every token could differ and no document be altered: nothing more can be said.
      this.#findings.add('INDEX_TOKENIZER_DIFFERS', 'index', `It was made by tokenizer ${tokenizer}, this is ${TOKENIZER_VERSION}.`);
      return;
    }
    for (const sentence of await this.#options.index.inspect(this.#whole)) this.#findings.add('INDEX_SCHEMA_DIFFERS', 'index', sentence);
    await this.#cursor();
    await this.#strangers();
    try {
      await (this.#options.sample === undefined ? this.#ranges() : this.#sample(this.#options.sample));
    } catch (error) {
      if (!this.#signal.aborted || !(error instanceof HoldfastError) || error.code !== 'stopped') throw error;
      this.#stopped = true;
    }
  }

  /** The cursor may not claim segments that were never sealed: what is sealed there later would be skipped. */
  async #cursor(): Promise<void> {
    const { archive, governance } = this.#options;
    const { chains, governance: folded } = this.#status.position;
    if (folded > governance.head.next) this.#ahead('gov', folded, governance.head.next);
    for (const [chain, next] of Object.entries(chains)) {
      const sealed = this.#searched(chain) ? await countClaims(archive, chain, next) : 0;
      if (next > sealed) this.#ahead(chain, next, sealed);
    }
  }

  #ahead(chain: string, next: number, sealed: number): void {
    this.#findings.add('INDEX_CURSOR_AHEAD', chain, `Its cursor covers ${next} segments, and ${sealed} are sealed: what is sealed next is skipped.`);
  }

  #searched(chain: string): boolean {
    return this.#options.governance.state.chains.has(chain) && parseMessageChain(chain) !== undefined;
  }

  /** Documents under names that are no message chains. */
  async #strangers(): Promise<void> {
    const { index } = this.#options;
    for await (const chain of index.heldChains()) {
      if (this.#searched(chain)) continue;
      for await (const { id } of index.held(chain, '', undefined)) {
        this.#findings.add('INDEX_DOCUMENT_EXTRA', chain, `The index holds ${id} under a chain that is not registered.`, { id });
      }
    }
  }

  /** What the index covers of the chains that were asked for. */
  #plan(): Required<ChainRange>[] {
    const { governance, chains } = this.#options;
    const asked = chains ?? [...governance.state.chains.keys()].filter((chain) => this.#searched(chain)).map((chain) => ({ chain }));
    return asked.map((range: ChainRange) => {
      if (!this.#searched(range.chain)) throw new HoldfastError('bad_request', `${range.chain} is not a message chain of this archive.`);
      const covered = this.#status.position.chains[range.chain] ?? 0;
      return { chain: range.chain, from: range.from ?? 0, to: Math.min(range.to ?? covered, covered) };
    });
  }

  async #ranges(): Promise<void> {
    const work = this.#plan().map((range) => ({ range, done: { ...range, to: range.from } }));
    // All of them from the beginning: what is stopped names the chains that were not begun, too.
    this.#done.push(...work.map(({ done }) => done));
    for (const { range, done } of work) {
      const { chain, from, to } = range;
      let at = from === 0 ? '' : undefined;
      for (let seq = from; seq < to; seq++) {
        this.#stopIf();
        at = await this.#segment(chain, seq, { mostRecords: Infinity, seed: 0 }, at);
        done.to = seq + 1;
      }
      if (to === (this.#status.position.chains[chain] ?? 0)) await this.#beyond(chain, to, at);
    }
  }

  async #sample({ segments, records = Infinity, seed }: NonNullable<AttestOptions['sample']>): Promise<void> {
    const plan = this.#plan();
    const total = plan.reduce((sum, { from, to }) => sum + Math.max(0, to - from), 0);
    const chosen = [...choose(total, segments, seed)].sort((a, b) => a - b);
    let begins = 0;
    for (const { chain, from, to } of plan) {
      const ends = begins + Math.max(0, to - from);
      for (const number of chosen) {
        if (number < begins || number >= ends) continue;
        this.#stopIf();
        const seq = from + number - begins;
        await this.#segment(chain, seq, { mostRecords: records, seed }, undefined);
        this.#done.push({ chain, from: seq, to: seq + 1 });
      }
      begins = ends;
    }
  }

  #stopIf(): void {
    if (this.#signal.aborted) throw new HoldfastError('stopped', 'the attestation was stopped');
  }

  /**
   * One segment; `at` is where the segment before it ended, when that is known.
   * @returns order of the first place behind it, undefined when that is not known
   */
  async #segment(
    chain: string,
    seq: number,
    much: Pick<SegmentAttestation, 'mostRecords' | 'seed'>,
    at: string | undefined,
  ): Promise<string | undefined> {
    const { archive, governance, reader, index, onProgress } = this.#options;
    let committed: Committed | undefined;
    try {
      committed = await readCommitted(archive, chain, seq, governance.keys);
      // Covered by the cursor and not sealed: `INDEX_CURSOR_AHEAD` has said so.
      if (committed === undefined) return at;
      const { manifest } = committed;
      const from = at ?? orderOf(BigInt(manifest.first), 0, '');
      const { documents, compared } = await attestSegment({ reader, index, findings: this.#findings, signal: this.#signal, ...much }, manifest, from);
      this.#documents += documents;
      this.#compared += compared;
    } catch (error) {
      if (!(error instanceof HoldfastError) || kindOf(error) !== 'integrity' || error.code === 'index_rebuild_needed') throw error;
      this.#unreadable.push({ place: `${chain} ${seq}`, message: error.message });
    }
    this.#segments++;
    onProgress?.({ chain, segments: this.#segments, documents: this.#documents, findings: this.#findings.total });
    return committed === undefined ? undefined : orderOf(BigInt(committed.manifest.next), 0, '');
  }

  /**
   * What the index holds behind its cursor. Documents of sealed segments may be there, hidden: a writer that was killed left
   * them, and the next one takes them over, so they are compared when the cursor covers them. Anything else is extra.
   */
  async #beyond(chain: string, covered: number, at: string | undefined): Promise<void> {
    const { archive, governance, index } = this.#options;
    if (at === undefined && covered > 0) return;
    const sealed = await countClaims(archive, chain, covered);
    const last = sealed === 0 ? undefined : await readCommitted(archive, chain, sealed - 1, governance.keys);
    const end = orderOf(BigInt(last?.manifest.next ?? 0), 0, '');
    for await (const { id, seq, order } of index.held(chain, at ?? '', undefined)) {
      if (seq >= covered && seq < sealed && order < end) continue;
      this.#findings.add('INDEX_DOCUMENT_EXTRA', chain, `The index holds ${id}, and nothing of that id is sealed.`, { id });
    }
  }
}
