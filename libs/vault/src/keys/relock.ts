import { HoldfastError } from '@holdfast/record';
import { horizonMonths } from '@holdfast/governance';
import type { ObjectStore, ObjectVersion } from '@holdfast/ports';
import { GENESIS_KEY, LEDGER_CLASS, parseContentKey, parseManifestKey, retainUntil, toHex } from '@holdfast/seal';
import { parseLogKey } from '@holdfast/tlog';
import { unlessMissing } from '../relocated.js';
import type { KeyTools } from './close-key.js';

const STATEMENT = /^s\/[0-9a-f]{64}\.jws$/;
const LEDGER_WRAP = new RegExp(`/${LEDGER_CLASS.name}/\\d{4}/\\d{4}-\\d{2}-\\d{2}/[0-9a-f]{32}/(kek|escrow)\\.jwe$`);
/** In-between checkpoints are locked for two days and deleted then: whatever was locked for longer is there for good. */
const PASSING_MS = 72 * 3_600_000;
const YEAR_MONTHS = 12;

export interface RelockOptions {
  /** Only looks: nothing is extended or sealed. */
  readonly dryRun?: boolean;
  /** Goes on behind this key of the vault, where a run before was stopped. */
  readonly after?: string;
  readonly onProgress?: (progress: { readonly looked: number; readonly extended: number; readonly key: string }) => void;
  readonly signal?: AbortSignal;
}

export interface Relocked {
  readonly looked: number;
  /** Locks that were extended, or in a dry run would be. */
  readonly extended: number;
  /** To when. */
  readonly until: string;
}

/**
 * Extends the locks of what everything else depends on (genesis, manifests, ledger content and wraps, statements, the log) to
 * the present horizon: proofs of what is sealed today need what was sealed years ago, and classes may have been lengthened
 * since. Looks at every version once and extends what ends before the longest period of any class counted from now; to a year
 * more, so that it is touched about once a year. A repeat only looks. Messages and their wraps keep the lock of their cohort.
 */
export async function relock(tools: KeyTools, options: RelockOptions = {}): Promise<Relocked> {
  const { archive, governance, clock, principal } = tools;
  await governance.refresh();
  const now = await clock.now();
  const months = horizonMonths(governance.state.classes.values());
  const until = retainUntil(now, months);
  const least = retainUntil(now, months - YEAR_MONTHS);
  const id = toHex(archive.random(16));
  const counts = { looked: 0, extended: 0 };
  if (options.dryRun !== true) await governance.append(() => [{ type: 'relock.started', id, time: now.toISOString(), principal, months }]);
  // A crash from here on leaves some locks longer than others, all of them right; the next run begins its own.
  const walk = async (store: ObjectStore, belongs: (version: ObjectVersion) => boolean, after?: string): Promise<void> => {
    for await (const version of store.list('', after === undefined ? {} : { after })) {
      if (options.signal?.aborted === true)
        throw new HoldfastError('stopped', `The relocking was stopped before ${version.key}: go on there with --after.`);
      if (version.deleteMarker || !belongs(version)) continue;
      const state = await unlessMissing(store.head(version.key, version.version));
      if (state?.lock == null || isPassing(version, state.lock.retainUntil)) continue;
      counts.looked++;
      if (state.lock.retainUntil < least) {
        if (options.dryRun !== true) await store.extendLock(version.key, version.version, { mode: state.lock.mode, retainUntil: until });
        counts.extended++;
      }
      options.onProgress?.({ ...counts, key: version.key });
    }
  };
  await walk(archive.vault, ({ key }) => isFoundation(key), options.after);
  await walk(archive.wraps, ({ key }) => LEDGER_WRAP.test(key));
  if (options.dryRun !== true) {
    // Every lock is read back: only now does a verifier demand it.
    await governance.append((state) =>
      state.relocking?.id === id ? [{ type: 'relock.done', id, time: now.toISOString(), principal, ...counts }] : [],
    );
  }
  return { ...counts, until: until.toISOString() };
}

function isFoundation(key: string): boolean {
  if (key === GENESIS_KEY || STATEMENT.test(key) || parseManifestKey(key) !== undefined || parseLogKey(key) !== undefined) return true;
  return parseContentKey(key)?.className === LEDGER_CLASS.name;
}

function isPassing({ key, lastModified }: ObjectVersion, lockedUntil: Date): boolean {
  return parseLogKey(key)?.type === 'checkpoint' && lockedUntil.getTime() - lastModified.getTime() < PASSING_MS;
}
