import type { VerifyContext } from './context.js';
import { finding } from './findings.js';

/**
 * The lock of an object: COMPLIANCE, at least until `least`. One of `versions`, which hold the same bytes, must have it. `what`
 * names the object in a sentence.
 */
export async function checkLock(context: VerifyContext, key: string, versions: readonly string[], least: Date, what: string): Promise<void> {
  let longest: Date | undefined;
  for (const version of versions) {
    const lock = (await context.evidence.head(key, version))?.lock;
    if (lock?.mode !== 'COMPLIANCE') continue;
    if (lock.retainUntil >= least) return;
    if (longest === undefined || lock.retainUntil > longest) longest = lock.retainUntil;
  }
  if (longest === undefined) context.add(finding('LOCK_MISSING', key, `${what} is not locked in COMPLIANCE mode.`));
  else context.add(finding('LOCK_SHORT', key, `locked until ${longest.toISOString()}, demanded is ${least.toISOString()}.`));
}
