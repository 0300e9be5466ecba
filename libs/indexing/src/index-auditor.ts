import type { Alarms, IndexFailure } from '@holdfast/ports';
import { TOKENIZER_VERSION } from '@holdfast/query';
import { HoldfastError } from '@holdfast/record';
import { pause } from '@holdfast/vault';
import { attestIndex } from './attest-index.js';
import type { AttestParts, AttestReport } from './attest-index.js';
import { recordAttestation } from './record-attestation.js';

export interface IndexAuditorOptions extends AttestParts {
  readonly alarms: Alarms;
  /** A sample is taken this often, milliseconds. */
  readonly everyMs: number;
  /** Segments of a sample; 0: none are taken, and only the mark of earlier attestations is watched. */
  readonly segments: number;
  /** Hears of every sample. */
  readonly onSample?: (report: AttestReport) => void;
  /** Hears why no sample could be taken now. */
  readonly onSkipped?: (error: HoldfastError) => void;
}

/** Counters of an auditor. */
export interface AuditCounts {
  samples: number;
  segments: number;
  documents: number;
  findings: number;
}

/** Documents of a segment that a sample compares member by member: a sample costs the same whatever the segments hold. */
const RECORDS_OF_A_SEGMENT = 1_000;
/** How often the mark is looked at in between: an attestation or a rebuild elsewhere may have ended it. */
const LOOK_MS = 10_000;

/**
 * Compares a random sample of the index with the vault, again and again. The seed of each sample is drawn when it is taken,
 * so that nobody knows which segments come next, and told, so that it can be taken again.
 */
export class IndexAuditor {
  readonly #options: IndexAuditorOptions;
  readonly #abort = new AbortController();
  readonly counts: AuditCounts = { samples: 0, segments: 0, documents: 0, findings: 0 };
  #running: Promise<void> = Promise.resolve();
  /** The mark that the standing alarm is about: a look does not take the details of a sample away. */
  #told: string | undefined;

  constructor(options: IndexAuditorOptions) {
    this.#options = options;
  }

  start(): void {
    this.#running = this.#run();
  }

  async stop(): Promise<void> {
    this.#abort.abort();
    await this.#running;
  }

  /** One sample. */
  async sample(): Promise<void> {
    const { archive, index, segments, onSample } = this.#options;
    const seed = new DataView(archive.random(4).slice().buffer).getUint32(0);
    const report = await attestIndex({
      ...this.#options,
      sample: { segments, records: RECORDS_OF_A_SEGMENT, seed },
      signal: this.#abort.signal,
    });
    this.counts.samples++;
    this.counts.segments += report.segments;
    this.counts.documents += report.compared;
    this.counts.findings += report.findingsTotal;
    onSample?.(report);
    this.#show(await recordAttestation(index, report, archive.clock.now()), report);
  }

  /** Raises or clears the alarm as the mark in the index says: it outlives every process. */
  async look(): Promise<void> {
    this.#show((await this.#options.index.status()).failure);
  }

  async #run(): Promise<void> {
    const { signal } = this.#abort;
    const { everyMs, segments, onSkipped } = this.#options;
    let next = Date.now();
    while (!signal.aborted) {
      try {
        await this.look();
        if (segments > 0 && Date.now() >= next) {
          next = Date.now() + everyMs;
          if ((await this.#options.index.status()).tokenizer === TOKENIZER_VERSION) await this.sample();
        }
      } catch (error) {
        // The follower meets the same fault and raises the alarm; here it only means that nothing can be compared now.
        onSkipped?.(
          error instanceof HoldfastError
            ? error
            : new HoldfastError('index_unavailable', 'a sample failed for an unforeseen reason.', { cause: error }),
        );
      }
      // Rejects only when this is stopped.
      await pause(Math.min(everyMs, LOOK_MS), signal).catch(() => undefined);
    }
  }

  #show(failure: IndexFailure | undefined, report?: AttestReport): void {
    const { alarms } = this.#options;
    if (failure === undefined) {
      this.#told = undefined;
      alarms.clear('INDEX_DIFFERS', 'index');
      return;
    }
    const [first] = report?.findings ?? [];
    const told = first === undefined ? '' : ` Sample ${report?.seed ?? 0}: ${first.code} ${first.place}: ${first.message}`;
    if (report === undefined && this.#told === failure.since) return;
    this.#told = failure.since;
    alarms.raise(
      'INDEX_DIFFERS',
      'index',
      'warning',
      `The search index has differed from the vault since ${failure.since} (${failure.findings} findings).${told}`,
    );
  }
}
