import { DeleteObjectsCommand } from '@aws-sdk/client-s3';
import type { Lock } from '@holdfast/ports';
import { LOCKED_S, type Bench, type Right } from './bench.js';
import { broken, judge, kept, refused, said, Unseen, type Outcome } from './report.js';

const WITHOUT_RIGHT = 'these credentials may not do that to anything, so it was not the lock that refused';

/** Undefined when `refusal` can be the store's; for want of a right it says nothing about the store. */
async function theirs(bench: Bench, refusal: string | undefined, right: Right): Promise<boolean> {
  return refusal !== undefined && isDenied(refusal) && !(await bench.may(right));
}

/** A value that the types of the SDK do not allow, and that a store has to refuse. */
// eslint-disable-next-line @typescript-eslint/no-unnecessary-type-parameters -- the caller's place for it names the type
export function odd<T extends string>(value: string): T {
  return value as T;
}

export function isDenied(refusal: string): boolean {
  return /AccessDenied|HTTP 403/.test(refusal);
}

/** What counts is not what the server said but whether the version can still be read. */
export async function survived(bench: Bench, name: string, version: string, refusal: string | undefined, right: Right = 'delete'): Promise<Outcome> {
  const there = await bench.exists(name, version);
  if (there && (await theirs(bench, refusal, right))) return refused(WITHOUT_RIGHT);
  if (!there) return broken(`the delete was ${said(refusal)} and the version is gone`);
  return refusal === undefined
    ? broken('the delete was accepted, though the version is still there')
    : kept(`the delete was refused (${refusal}) and the version is there`);
}

/** All of several outcomes, the worst of them first. */
export function together(outcomes: Readonly<Record<string, Outcome>>): Outcome {
  const all = Object.entries(outcomes);
  const worst = (['broken', 'refused', 'not_tried'] as const).find((result) => all.some(([, one]) => one.result === result)) ?? 'kept';
  const shown = worst === 'kept' ? all : all.filter(([, one]) => one.result === worst);
  return { result: worst, seen: shown.map(([what, one]) => `${what}: ${one.seen}`).join('; ') };
}

/** Puts a version under such a lock, lets `change` try to weaken it, and looks at the lock. */
export async function unchangedBy(
  bench: Bench,
  name: string,
  mode: Lock['mode'],
  change: (version: string) => Promise<string | undefined>,
): Promise<Outcome> {
  const lock = bench.lock(mode, LOCKED_S);
  const version = await bench.put(name, lock);
  const refusal = await change(version);
  if (await theirs(bench, refusal, 'retain')) return refused(WITHOUT_RIGHT);
  const seen = lockOf(await bench.head(name, version));
  return judge(seen === spell(lock), `the change was ${said(refusal)}, and the lock reads ${seen}`);
}

/** The lock of a version is changed as it was asked for. */
export async function changedBy(bench: Bench, name: string, version: string, wanted: Lock, bypass = false): Promise<Outcome> {
  const refusal = await bench.retain(name, version, wanted, bypass);
  if (await theirs(bench, refusal, 'retain')) return refused('these credentials may not set a retention');
  const seen = lockOf(await bench.head(name, version));
  return judge(refusal === undefined && seen === spell(wanted), `asked for ${spell(wanted)}: ${said(refusal)}, and the lock reads ${seen}`);
}

/** The older version of a key cannot be deleted, the newer one can. */
export async function onlyOlder(bench: Bench, name: string, older: string, newer: string): Promise<Outcome> {
  const outcome = await survived(bench, name, older, await bench.delete(name, older));
  if (outcome.result !== 'kept') return outcome;
  const refusal = await bench.delete(name, newer);
  return judge(refusal === undefined, `of the older one ${outcome.seen}; the delete of the newer one was ${said(refusal)}`);
}

/** Sets a hold, or ends the probe: why it cannot be set is another probe's matter. */
export async function held(bench: Bench, name: string, version: string): Promise<void> {
  const refusal = await bench.hold(name, version, true);
  if (refusal !== undefined) throw new Unseen(refused(`no hold could be set (${refusal})`));
}

export interface BatchAnswer {
  readonly refusal: string | undefined;
  readonly deleted: readonly string[];
  readonly failed: readonly string[];
}

/** A batch answers 200 with the refusals inside. An absent version asks for a delete marker. */
export async function batchOf(bench: Bench, versions: readonly (readonly [string, string | undefined])[], bypass = false): Promise<BatchAnswer> {
  const Objects = versions.map(([name, version]) => ({ Key: bench.key(name), ...(version === undefined ? {} : { VersionId: version }) }));
  const more = bypass ? { BypassGovernanceRetention: true } : {};
  const deleted: string[] = [];
  const failed: string[] = [];
  const codes: string[] = [];
  const refusal = await bench.refusal(
    bench.send(async (client) => {
      const output = await client.send(new DeleteObjectsCommand({ Bucket: bench.vault, Delete: { Objects }, ...more }));
      for (const one of output.Deleted ?? []) deleted.push(one.Key?.slice(bench.prefix.length) ?? '');
      for (const one of output.Errors ?? []) {
        failed.push(one.Key?.slice(bench.prefix.length) ?? '');
        codes.push(one.Code ?? 'error');
        bench.answers.push({ status: 200, code: one.Code ?? 'error' });
      }
    }),
  );
  return { refusal: refusal ?? codes[0], deleted, failed };
}

/** How a batch that deletes these versions was refused. */
export async function batch(bench: Bench, versions: readonly (readonly [string, string])[], bypass = false): Promise<string | undefined> {
  return (await batchOf(bench, versions, bypass)).refusal;
}

export function lockOf(state: { readonly ObjectLockMode?: string | undefined; readonly ObjectLockRetainUntilDate?: Date | undefined }): string {
  return state.ObjectLockMode === undefined
    ? 'no lock'
    : `${state.ObjectLockMode} until ${state.ObjectLockRetainUntilDate?.toISOString() ?? 'nothing'}`;
}

export function spell(lock: Lock): string {
  return `${lock.mode} until ${lock.retainUntil.toISOString()}`;
}
