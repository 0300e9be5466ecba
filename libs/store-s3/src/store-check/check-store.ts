import { DeleteObjectCommand, ListObjectsV2Command, PutObjectLegalHoldCommand } from '@aws-sdk/client-s3';
import { HoldfastError } from '@holdfast/record';
import { checkClaimsBucket, checkVaultBucket } from '../buckets.js';
import { S3Fault, toHoldfastError } from '../s3-fault.js';
import { listVersions } from '../s3-list.js';
import type { S3Connection } from '../s3-options.js';
import { Bench, CHECK_PREFIX } from './bench.js';
import { claimProbes } from './claim-probes.js';
import { lockProbes } from './lock-probes.js';
import { objectProbes } from './object-probes.js';
import { notTried, type Outcome, type Probe, type PromiseReport, type StoreReport } from './report.js';

/** Probes at one time: waiting for locks to end takes most of a full check. */
const POOL = 6;
/** Leftovers removed by one check: about those of two. */
const SWEPT = 1000;
const SWEEP_AGE_MS = 10 * 60_000;

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
  /** Called after each promise. */
  readonly onProgress?: (done: number, total: number, latest: PromiseReport) => void;
}

/**
 * Tries on the real buckets what an S3 store promises. It leaves objects of a few bytes under `store-check/` that are locked
 * for at most a minute (the next check removes them), so it may run as often as one likes.
 * @throws HoldfastError `bad_configuration` for buckets that cannot be used, `store_unavailable`
 */
export async function checkStore(target: StoreCheckTarget, settings: StoreCheckSettings = {}): Promise<StoreReport> {
  const full = settings.full === true;
  const bench = new Bench(target.connection, target.vault, target.claims);
  try {
    await checkVaultBucket(bench.calls, target.vault);
    await checkClaimsBucket(bench.calls, target.claims);
    await bench.syncClock();
    await sweep(bench);
    const probes = [...claimProbes(full), ...lockProbes, ...objectProbes];
    let done = 0;
    const promises = await inPool(probes, async (probe) => {
      const { name, promise, reliedOn } = probe;
      const report: PromiseReport = {
        name,
        promise,
        reliedOn,
        ...(full || probe.quick ? await run(probe, bench) : notTried('only in a full check')),
      };
      done += 1;
      settings.onProgress?.(done, probes.length, report);
      return report;
    });
    const refused = promises.some((one) => one.reliedOn && one.result === 'broken');
    const untried = promises.filter((one) => one.reliedOn && one.result === 'not_tried').map((one) => one.name);
    return { vault: target.vault, claims: target.claims, depth: full ? 'full' : 'quick', promises, refused, untried };
  } catch (error) {
    throw toHoldfastError(error, 'check the store', target.vault);
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

async function run(probe: Probe, bench: Bench): Promise<Outcome> {
  try {
    return await probe.run(bench);
  } catch (error) {
    // A server fault or a right that is missing says nothing about the promise.
    if (error instanceof HoldfastError) return notTried(error.message);
    return notTried(`could not be tried: ${S3Fault.of(error).message}`);
  }
}

/** Removes what earlier checks left, as far as its locks have ended. What cannot be removed yet stays: the next check is coming. */
async function sweep(bench: Bench): Promise<void> {
  // Younger things may belong to a check that runs at this moment: two services that start together.
  const before = new Date((await bench.serverTime()).getTime() - SWEEP_AGE_MS);
  const rows: { readonly Key: string; readonly VersionId: string }[] = [];
  for await (const row of listVersions(bench.calls, bench.vault, 1000, CHECK_PREFIX, undefined)) {
    if (row.lastModified > before) continue;
    rows.push({ Key: row.key, VersionId: row.version });
    if (rows.length === SWEPT) break;
  }
  await inPool(rows, async (row) => {
    const where = { Bucket: bench.vault, ...row };
    const refusal = await bench.refusal(bench.calls.retried((client) => client.send(new DeleteObjectCommand(where))));
    // A check that was killed may have left a hold; without it the next check removes the version.
    if (refusal === undefined) return;
    const LegalHold = { Status: 'OFF' } as const;
    await bench.refusal(bench.calls.retried((client) => client.send(new PutObjectLegalHoldCommand({ ...where, LegalHold }))));
  });
  const left = await bench.calls.retried((client) => client.send(new ListObjectsV2Command({ Bucket: bench.claims, Prefix: CHECK_PREFIX })));
  await inPool(left.Contents ?? [], async ({ Key, LastModified }) => {
    if (Key !== undefined && LastModified !== undefined && LastModified <= before)
      await bench.refusal(bench.calls.retried((client) => client.send(new DeleteObjectCommand({ Bucket: bench.claims, Key }))));
  });
}

/** Runs `work` over all items, a few at a time, and keeps their order. */
async function inPool<T, R>(items: readonly T[], work: (item: T) => Promise<R>): Promise<R[]> {
  const results = new Map<number, R>();
  const waiting = items.entries();
  const worker = async (): Promise<void> => {
    for (const [i, item] of waiting) results.set(i, await work(item));
  };
  await Promise.all(Array.from({ length: POOL }, worker));
  return [...results].sort(([a], [b]) => a - b).map(([, result]) => result);
}
