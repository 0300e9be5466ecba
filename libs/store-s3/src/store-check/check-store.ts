import { HoldfastError } from '@holdfast/record';
import { checkClaimsBucket, checkVaultBucket, createMissing } from '../buckets.js';
import { S3Fault, toHoldfastError } from '../s3-fault.js';
import type { S3Connection } from '../s3-options.js';
import { Bench } from './bench.js';
import { catalogue } from './catalogue.js';
import { sweep, sweepBuckets, tidy } from './clean-up.js';
import { inPool } from './pool.js';
import { notTried, refused, Unseen, type Leftover, type Outcome, type PromiseReport, type StoreReport } from './report.js';
import type { Probe } from './probe.js';

const PATIENCE_S = 120;
/** More than the 1,000 rows that servers put on a page. */
const MANY = 1200;
/** Leftovers that a report names one by one. */
const MOST_LEFT = 50;

export interface StoreCheckTarget {
  readonly connection: S3Connection;
  /** The bucket with Object Lock. */
  readonly vault: string;
  /** The unversioned bucket. */
  readonly claims: string;
}

export interface StoreCheckSettings {
  /** Everything, with waiting for locks to end: about a minute. Otherwise what a start can afford: a few seconds. */
  readonly full?: boolean;
  /** A full check: makes the two buckets where they are missing, and buckets for what must not be tried on others'. */
  readonly create?: boolean;
  /** Only these promises. */
  readonly only?: readonly string[];
  /** The longest wait for one lock to end, in seconds; default 120. */
  readonly patienceS?: number;
  /** Versions in the long listing; default 1,200. */
  readonly many?: number;
  /** Ends the check early: what is under way comes to its end, and what was made is removed as far as it can be. */
  readonly signal?: AbortSignal;
  /** Called after each promise. */
  readonly onProgress?: (done: number, total: number, latest: PromiseReport) => void;
  /** Told what is being waited for. */
  readonly onWaiting?: (sentence: string) => void;
}

/** The promises that there are, without trying any. */
export function promisesOf(): readonly Omit<Probe, 'run'>[] {
  return catalogue(true).map(({ name, group, promise, meaning, reliedOn, quick }) => ({ name, group, promise, meaning, reliedOn, quick }));
}

/**
 * Tries on the real buckets what an S3 store promises. It leaves objects of a few bytes under `store-check/` that are locked
 * for at most a minute (the next check removes them), so it may run as often as one likes. A full check removes what it can
 * itself, and says what stays.
 * @throws HoldfastError `bad_configuration` for buckets that cannot be used, `store_unavailable`
 */
export async function checkStore(target: StoreCheckTarget, settings: StoreCheckSettings = {}): Promise<StoreReport> {
  const { connection, vault, claims } = target;
  const full = settings.full === true;
  const mayCreate = full && settings.create === true;
  const startedAt = new Date().toISOString();
  const probes = chosen(full, settings.only);
  const { patienceS = PATIENCE_S, many = MANY, signal, onWaiting } = settings;
  const bench = Bench.open({ connection, vault, claims, mayCreate, patienceS, many, signal, onWaiting });
  try {
    const made = mayCreate
      ? await createMissing(bench.calls, connection, [
          { bucket: vault, locked: true },
          { bucket: claims, locked: false },
        ])
      : [];
    await checkVaultBucket(bench.calls, vault);
    await checkClaimsBucket(bench.calls, claims);
    await bench.syncClock();
    await sweep(bench);
    if (mayCreate) await sweepBuckets(bench);
    if (full) await bench.learnLeastLock();
    let done = 0;
    const promises = await inPool(probes, async (probe) => {
      const report = await reportOf(probe, bench, full);
      done += 1;
      settings.onProgress?.(done, probes.length, report);
      return report;
    });
    const left = full ? await tidy(bench, made) : [];
    const unseen = promises.filter((one) => one.reliedOn && (one.result === 'not_tried' || one.result === 'refused'));
    return {
      endpoint: connection.endpoint ?? `AWS ${connection.region}`,
      startedAt,
      vault,
      claims,
      depth: full ? 'full' : 'quick',
      interrupted: bench.stopped,
      promises,
      refused: promises.some((one) => one.reliedOn && one.result === 'broken'),
      untried: unseen.map((one) => one.name),
      left: latestFirst(left).slice(0, MOST_LEFT),
      leftTotal: left.length,
    };
  } catch (error) {
    throw toHoldfastError(error, 'check the store', vault);
  } finally {
    bench.calls.close();
  }
}

/** The error that a refused report amounts to: what is broken, in one sentence. */
export function storeRefusal(report: StoreReport): HoldfastError | undefined {
  if (!report.refused) return undefined;
  const names = report.promises.filter((one) => one.reliedOn && one.result === 'broken').map((one) => one.name);
  return new HoldfastError('store_refused', `the object store breaks what an archive relies on: ${names.join(', ')}`);
}

function chosen(full: boolean, only: readonly string[] | undefined): readonly Probe[] {
  const all = catalogue(full);
  if (only === undefined) return all;
  const unknown = only.find((name) => all.every((probe) => probe.name !== name));
  if (unknown !== undefined) throw new HoldfastError('bad_configuration', `there is no promise ${JSON.stringify(unknown)}`);
  return all.filter(({ name }) => only.includes(name));
}

async function reportOf(probe: Probe, shared: Bench, full: boolean): Promise<PromiseReport> {
  const { name, group, promise, meaning, reliedOn } = probe;
  const bench = shared.forProbe();
  const outcome = shared.stopped
    ? notTried('the check was interrupted')
    : full || probe.quick
      ? await run(probe, bench)
      : notTried('only in a full check');
  return { name, group, promise, meaning, reliedOn, ...outcome, answers: bench.answers };
}

async function run(probe: Probe, bench: Bench): Promise<Outcome> {
  try {
    return await probe.run(bench);
  } catch (error) {
    if (error instanceof Unseen) return error.outcome;
    // A server fault or a right that is missing says nothing about the promise.
    if (error instanceof HoldfastError) return notTried(error.message);
    const fault = S3Fault.of(error);
    const { status } = fault;
    if (status === undefined || status >= 500) return notTried(`could not be tried: ${fault.message}`);
    bench.answers.push({ status, code: fault.reason });
    return refused(`what it takes to try it was refused (${fault.message})`);
  }
}

function latestFirst(left: readonly Leftover[]): readonly Leftover[] {
  return [...left].sort((a, b) => ((a.until ?? '~') < (b.until ?? '~') ? 1 : -1));
}
