import { fork } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { createHash } from 'node:crypto';
import { fileURLToPath } from 'node:url';
import { SOFTWARE } from '@holdfast/assembly';
import { randomBytes } from '@holdfast/crypto-node';
import type { Logger } from '@holdfast/platform';
import { HoldfastError } from '@holdfast/record';
import type { LedgerWriter } from '@holdfast/vault';
import { reportDocument } from '@holdfast/verify';
import type { ReportDocument, VerifyReport } from '@holdfast/verify';
import type { VerificationMessage, VerificationProgress, VerificationTask } from './verification-messages.js';

/** Jobs that ended and are still told about; a report can have megabytes. */
const MOST_ENDED = 5;
const SEAL_WITHIN_MS = 30_000;
const PROCESS_MIB = 256;

/** Next to this file when it runs from `dist`; tests, which run from sources, name the built one. */
export const VERIFICATION_PROCESS = new URL('./verification-process.js', import.meta.url);

export interface VerificationsOptions {
  readonly access: Pick<LedgerWriter, 'append'>;
  readonly logger: Logger;
  /** The program that verifies. */
  readonly program: URL;
  /** Where the archive is, and whom its owner believes. */
  readonly place: Pick<VerificationTask, 'folder' | 'policyPath'>;
}

export type JobState = 'running' | 'done' | 'failed' | 'cancelled';

export interface Job {
  readonly id: string;
  readonly kind: 'verification';
  readonly level: number;
  readonly chains: string | undefined;
  readonly startedAt: string;
  state: JobState;
  endedAt?: string;
  progress?: VerificationProgress;
  document?: ReportDocument & { readonly report: VerifyReport };
  error?: { readonly code: string; readonly message: string };
}

/** Verifications that the API starts: one at a time, each in a process of its own. */
export class Verifications {
  readonly #options: VerificationsOptions;
  readonly #jobs = new Map<string, Job>();
  #running: { readonly job: Job; readonly child: ChildProcess; readonly ended: Promise<void> } | undefined;
  /** A start that is being sealed: the place is taken. */
  #starting = false;

  constructor(options: VerificationsOptions) {
    this.#options = options;
  }

  /**
   * Starts one, after the access is sealed.
   * @throws HoldfastError `busy` while another one runs
   */
  async start(principal: string, { level, chains }: { readonly level: number; readonly chains: string | undefined }): Promise<Job> {
    if (this.#running !== undefined || this.#starting) throw new HoldfastError('busy', 'A verification is running; one runs at a time.');
    this.#starting = true;
    try {
      const job: Job = {
        id: Buffer.from(randomBytes(16)).toString('hex'),
        kind: 'verification',
        level,
        chains,
        startedAt: new Date().toISOString(),
        state: 'running',
      };
      await this.#seal(principal, job, 'started', {});
      this.#launch(principal, job);
      this.#remember(job);
      return job;
    } finally {
      this.#starting = false;
    }
  }

  /** @throws HoldfastError `job_missing` */
  find(id: string): Job {
    const job = this.#jobs.get(id);
    if (job === undefined)
      throw new HoldfastError('job_missing', 'There is no such job. Jobs do not outlive a restart of the service, and only the last ones are kept.');
    return job;
  }

  /** Resolves when nothing of it runs any more; nothing happens to a job that has ended. @throws HoldfastError `job_missing` */
  async cancel(id: string): Promise<Job> {
    const job = this.find(id);
    const running = this.#running;
    if (running?.job !== job || job.state !== 'running') return job;
    job.state = 'cancelled';
    // It only reads: nothing is left half done.
    running.child.kill('SIGKILL');
    await running.ended;
    return job;
  }

  /** Before the archive is closed. */
  async stop(): Promise<void> {
    if (this.#running !== undefined) await this.cancel(this.#running.job.id);
  }

  #launch(principal: string, job: Job): void {
    const { program, place } = this.#options;
    const child = fork(fileURLToPath(program), [], {
      execArgv: ['--disable-warning=ExperimentalWarning', `--max-old-space-size=${PROCESS_MIB}`],
      stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
    });
    let stderr = '';
    child.stderr?.on('data', (chunk: Buffer) => {
      stderr = (stderr + chunk.toString()).slice(-2_000);
    });
    let answer: Extract<VerificationMessage, { type: 'report' | 'failed' }> | undefined;
    child.on('message', (message) => {
      // Our own program, started by us.
      const said = message as VerificationMessage;
      switch (said.type) {
        case 'ready':
          child.send({ ...place, level: job.level, ...(job.chains !== undefined && { chains: job.chains }) } satisfies VerificationTask);
          break;
        case 'progress':
          job.progress = said.progress;
          break;
        case 'report':
        case 'failed':
          answer = said;
      }
    });
    // A program that cannot be started has an error and no exit; one that was, `close` in any case.
    const ended = new Promise<void>((resolve) => {
      child.once('error', () => resolve());
      child.once('close', () => resolve());
    }).then(() => this.#end(principal, job, answer, stderr));
    this.#running = { job, child, ended };
  }

  /** What came of it is sealed before anybody is told. */
  async #end(
    principal: string,
    job: Job,
    answer: Extract<VerificationMessage, { type: 'report' | 'failed' }> | undefined,
    stderr: string,
  ): Promise<void> {
    const { logger } = this.#options;
    const document = job.state === 'cancelled' || answer?.type !== 'report' ? undefined : documentOf(job, answer);
    let state: JobState = job.state === 'cancelled' ? 'cancelled' : document === undefined ? 'failed' : 'done';
    let error = answer?.type === 'failed' ? { code: answer.code, message: answer.message } : undefined;
    if (state === 'failed') {
      error ??= { code: 'internal', message: 'The verification ended without an answer. The log has the details.' };
      logger.error({ jobId: job.id, code: error.code, detail: stderr }, 'verification failed');
    }
    try {
      const { report } = document ?? {};
      await this.#seal(principal, job, 'ended', {
        state,
        ...(report !== undefined && {
          ok: report.ok,
          findings: report.findingsTotal,
          sha256: createHash('sha256').update(JSON.stringify(document)).digest('hex'),
        }),
      });
    } catch (failure) {
      if (!(failure instanceof HoldfastError)) throw failure;
      // What is not sealed is not shown.
      state = 'failed';
      error = { code: failure.code, message: `What was found could not be sealed, so it is not shown: ${failure.message}` };
    }
    job.endedAt = new Date().toISOString();
    job.state = state;
    if (state === 'done' && document !== undefined) job.document = document;
    if (state === 'failed' && error !== undefined) job.error = error;
    this.#running = undefined;
  }

  #remember(job: Job): void {
    this.#jobs.set(job.id, job);
    const ended = [...this.#jobs.values()].filter(({ state }) => state !== 'running');
    for (const { id } of ended.slice(0, Math.max(0, ended.length - MOST_ENDED))) this.#jobs.delete(id);
  }

  async #seal(principal: string, { id, level, chains }: Job, what: 'started' | 'ended', facts: object): Promise<void> {
    const asked = { level, ...(chains !== undefined && { chains }) };
    await this.#options.access.append(
      {
        subject: 'verification',
        value: { type: `access.verification.${what}`, id, time: new Date().toISOString(), principal, ...asked, ...facts },
      },
      AbortSignal.timeout(SEAL_WITHIN_MS),
    );
  }
}

function documentOf(
  job: Job,
  { report, seconds }: Extract<VerificationMessage, { type: 'report' }>,
): ReportDocument & { readonly report: VerifyReport } {
  const asked = { level: job.level, checkpoints: [], claims: true, ...(job.chains !== undefined && { chains: job.chains }) };
  return { ...reportDocument(report, { time: new Date().toISOString(), software: SOFTWARE, asked, seconds }), report };
}
