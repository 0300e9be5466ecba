import type { GovernanceState } from '@holdfast/governance';
import { horizonMonths } from '@holdfast/governance';
import { LEDGER_CLASS, addMonths, endOfPeriod, lockDate, retainUntil } from '@holdfast/seal';
import type { Manifest } from '@holdfast/seal';
import type { Finding } from './findings.js';
import { finding } from './findings.js';

/** A committed manifest with its hash. */
export interface CommittedManifest {
  readonly manifest: Manifest;
  readonly hash: string;
}

/** Number of segments that `gov` had at each of its heads, by manifest hash: what `governance` members may name. */
export interface GovernanceHeads {
  readonly get: (next: number) => string | undefined;
}

const NO_PREVIOUS = '0'.repeat(64);
/** Chains whose content belongs to the classes of the policy; all others belong to `ledger`. */
const NOT_LEDGER = /^(msg\/|carry$)/;

/**
 * Everything about a manifest that follows from the one before it and from `gov` (format section 14, point 2). `unread`: the one
 * before it is not at hand, and what follows from it is not checked.
 */
export function checkManifest(
  { manifest }: CommittedManifest,
  previous: CommittedManifest | 'unread' | undefined,
  archive: string,
  state: GovernanceState,
  heads: GovernanceHeads,
): Finding[] {
  const { chain, seq } = manifest;
  const place = `${chain} ${seq}`;
  const found: Finding[] = [];
  const add = (code: Parameters<typeof finding>[0], message: string): void => {
    found.push(finding(code, place, message));
  };
  const before = previous === 'unread' ? undefined : previous?.manifest;
  const expectedPrev = previous === 'unread' ? manifest.prev : (previous?.hash ?? (chain === 'gov' ? archive : NO_PREVIOUS));
  if (manifest.prev !== expectedPrev) add('CHAIN_LINK_BROKEN', `it names ${manifest.prev} as the manifest before it, and that is ${expectedPrev}.`);
  if (before !== undefined && manifest.first !== before.next)
    add('OFFSETS_NOT_COVERED', `it begins at offset ${manifest.first}, the segment before it ends at ${before.next}.`);
  if (before?.closing !== undefined) add('CHAIN_CONTINUES_AFTER_CLOSING', 'it follows a closing segment.');
  if (before !== undefined && manifest.time < before.time) add('TIME_FALLS', `its time ${manifest.time} lies before that of the segment before it.`);
  const expectedTime = before !== undefined && before.time > manifest.clock ? before.time : manifest.clock;
  if (previous === 'unread' ? manifest.time < manifest.clock : manifest.time !== expectedTime)
    add('TIME_FALLS', `its time ${manifest.time} is not the later of its clock and the time before it.`);
  if (before !== undefined && before.time > manifest.clock)
    add('CLOCK_AHEAD', `the clock of the writer (${manifest.clock}) ran behind the time of the segment before it (${before.time}).`);
  const { governance } = manifest;
  if (heads.get(governance.next) !== governance.hash)
    add('GOVERNANCE_HEAD_WRONG', `it names a governance head ${governance.next} that is not in gov.`);
  if (before !== undefined && governance.next < before.governance.next)
    add('GOVERNANCE_HEAD_WRONG', 'its governance head lies before that of the segment before it.');
  if (chain === 'gov' && governance.next !== seq) add('GOVERNANCE_HEAD_WRONG', 'a segment of gov obeys exactly what lies before it.');
  if (chain !== 'gov') {
    const registered = state.chains.get(chain);
    if (registered === undefined) add('CHAIN_UNREGISTERED', 'gov has not registered this chain.');
    else if (seq === 0 && governance.next < registered.from) add('CHAIN_UNREGISTERED', 'its first segment does not obey its registration.');
    else if (registered.cluster !== undefined && (seq === 0 || manifest.source !== undefined) && manifest.source?.cluster !== registered.cluster) {
      add('CHAIN_UNREGISTERED', `it was sealed from the log ${manifest.source?.cluster ?? '(none)'}, registered is ${registered.cluster}.`);
    }
    for (const loss of manifest.holes.losses) checkLoss(loss, state, chain, place, found);
  }
  const { closing } = manifest;
  if (closing !== undefined && state.chains.get(chain)?.closed?.successor !== closing.successor)
    add('GOVERNANCE_INVALID', `it closes the chain in favour of ${closing.successor}, which gov has not decided.`);
  if (manifest.source?.uncompared !== undefined)
    add('UNCOMPARED', 'the last sealed record was gone from the source by retention when this worker started; nothing was lost.');
  checkCohorts(manifest, state, place, found);
  return found;
}

function checkLoss(loss: { from: string; to: string; reason: string }, state: GovernanceState, chain: string, place: string, found: Finding[]): void {
  const accepted = state.gaps.get(chain)?.some((gap) => gap.from <= BigInt(loss.from) && BigInt(loss.to) <= gap.to) === true;
  found.push(
    accepted
      ? finding('ACCEPTED_LOSS', place, `offsets ${loss.from} to ${BigInt(loss.to) - 1n} are lost, accepted in gov: ${loss.reason}`)
      : finding('LOSS_NOT_ACCEPTED', place, `it counts offsets ${loss.from} to ${BigInt(loss.to) - 1n} as lost, which gov has not accepted.`),
  );
}

/** Cohorts, numbers and lock dates follow from the classes (format section 12). */
function checkCohorts(manifest: Manifest, state: GovernanceState, place: string, found: Finding[]): void {
  const clock = new Date(manifest.clock);
  const classes = state.classesAt(manifest.governance.next);
  for (const object of manifest.objects) {
    const where = `${place} object ${object.no}`;
    const { cohort } = object;
    if ((cohort.class === LEDGER_CLASS.name) === NOT_LEDGER.test(manifest.chain)) {
      found.push(finding('GOVERNANCE_INVALID', where, `the class ${cohort.class} does not belong in this chain.`));
      continue;
    }
    if (cohort.class === LEDGER_CLASS.name) {
      // The year of sealing; what is encrypted, also the one before (its key was not there in time, format section 12).
      const late = clock.getUTCFullYear() - Number(cohort.period);
      if (cohort.number !== LEDGER_CLASS.number || late < 0 || late > (object.enc === 'none' ? 0 : 1))
        found.push(finding('GOVERNANCE_INVALID', where, `ledger ${cohort.number}/${cohort.period} is no cohort of that time.`));
      continue;
    }
    const known = classes.get(cohort.class);
    if (known?.number !== cohort.number) {
      found.push(finding('GOVERNANCE_INVALID', where, `gov has no class ${cohort.class} with number ${cohort.number}.`));
      continue;
    }
    if (object.retainUntil !== lockDate(endOfPeriod(cohort.period)))
      found.push(finding('LOCK_SHORT', where, `retain-until ${object.retainUntil} is not the end of ${cohort.period}.`));
    const least = retainUntil(clock, known.months);
    const most = retainUntil(addMonths(clock, known.lengthenMonths), known.months);
    if (endOfPeriod(cohort.period) < least)
      found.push(finding('LOCK_SHORT', where, `its cohort ends before ${lockDate(least)}, which its class demands.`));
    if (endOfPeriod(cohort.period) > most)
      found.push(finding('GOVERNANCE_INVALID', where, `its cohort ends after ${lockDate(most)}, the most that its class allows.`));
  }
}

/** To when a manifest and ledger content must be locked at least. */
export function manifestLock(manifest: Manifest, state: GovernanceState): Date {
  return retainUntil(new Date(manifest.clock), horizonMonths(state.classesAt(manifest.governance.next).values()));
}
