import { HoldfastError } from '@holdfast/record';
import { horizonMonths } from '@holdfast/governance';
import type { ClearEvent, RetentionClass } from '@holdfast/governance';
import { LEDGER_CLASS, addMonths, ecKeySchema, edKeySchema, monthOf, toHex } from '@holdfast/seal';
import type { CohortName } from '@holdfast/ports';
import type { Archive, ArchiveParts } from './archive.js';
import { CheckedClock } from './checked-clock.js';
import { createGenesis, restoreGenesisClaim } from './genesis.js';
import { GovernanceLog } from './governance-log.js';

/** What an archive is created with; none of it has a default that decides durability or retention. */
export interface ArchiveSettings {
  readonly name: string;
  readonly timeZone: string;
  readonly profile: 'embedded' | 'cluster';
  readonly logOrigin: string;
  /** Every class with its period; numbers from 1. */
  readonly classes: readonly RetentionClass[];
  readonly defaultClass: string;
  /** `os:<user>` or `service:<name>`. */
  readonly principal: string;
}

/** Months for which keys must exist ahead of their first use. */
export const KEY_MONTHS_AHEAD = 24;

/** Every cohort that sealing under `classes` can need from `now` on for 24 months: keys must exist for all of them. */
export function cohortsNeeded(classes: readonly RetentionClass[], now: Date): CohortName[] {
  const cohorts: CohortName[] = [];
  for (let year = now.getUTCFullYear(); year <= addMonths(now, KEY_MONTHS_AHEAD).getUTCFullYear(); year++) {
    cohorts.push({ className: LEDGER_CLASS.name, period: String(year) });
  }
  for (const { name, months, lengthenMonths } of classes) {
    for (let month = months; month <= months + lengthenMonths + KEY_MONTHS_AHEAD; month++)
      cohorts.push({ className: name, period: monthOf(addMonths(now, month)) });
  }
  return cohorts;
}

/**
 * Creates an archive: genesis, then segment 0 of `gov` with name, keys, classes and policy. Repeating it after a crash goes
 * on where it stopped; on an existing archive it changes nothing.
 */
export async function createArchive(
  parts: ArchiveParts,
  settings: ArchiveSettings,
): Promise<{ archive: Archive; governance: GovernanceLog; clock: CheckedClock }> {
  const archive = await createGenesis(parts, { logOrigin: settings.logOrigin, horizonMonths: horizonMonths(settings.classes) });
  const clock = new CheckedClock(archive);
  const governance = new GovernanceLog(archive, clock);
  await governance.refresh();
  if (governance.head.next > 0) return { archive, governance, clock };
  const events = await firstEvents(archive, settings);
  // Durable: genesis. A crash here leaves an archive without governance; the next run comes here again.
  await governance.append((state) => (state.profile === undefined ? events : []));
  return { archive, governance, clock };
}

/**
 * Opens an archive whose claims were lost, for `claims rebuild` only: the genesis claim is restored from the vault, and
 * nothing is created. `governance` knows what the claims that are left lead to.
 */
export async function recoverArchive(parts: ArchiveParts): Promise<{ archive: Archive; governance: GovernanceLog; clock: CheckedClock }> {
  const archive = await restoreGenesisClaim(parts);
  const clock = new CheckedClock(archive);
  const governance = new GovernanceLog(archive, clock);
  await governance.refresh();
  return { archive, governance, clock };
}

async function firstEvents(archive: Archive, settings: ArchiveSettings): Promise<ClearEvent[]> {
  const now = archive.clock.now();
  const base = { id: toHex(archive.random(16)), time: now.toISOString(), principal: settings.principal };
  const cohorts = await archive.keys.cohorts();
  const has = new Set(cohorts.map(({ cohort }) => `${cohort.className}/${cohort.period}`));
  const missing = cohortsNeeded(settings.classes, now).filter(({ className, period }) => !has.has(`${className}/${period}`));
  if (missing[0] !== undefined) {
    throw new HoldfastError(
      'key_missing',
      `the key ring lacks keys for ${missing.length} cohorts (first: ${missing[0].className}/${missing[0].period}); run "holdfast keys init".`,
    );
  }
  if (!settings.classes.some((candidate) => candidate.name === settings.defaultClass)) {
    throw new HoldfastError('bad_configuration', `the default class ${settings.defaultClass} is not among the classes.`);
  }
  return [
    { type: 'archive.created', ...base, name: settings.name, timeZone: settings.timeZone, profile: settings.profile },
    { type: 'key.introduced', ...base, use: 'manifest', jwk: archive.genesis.manifestKey },
    { type: 'key.introduced', ...base, use: 'log', jwk: edKeySchema.parse(await archive.keys.logKey()) },
    ...archive.genesis.recovery.map((jwk): ClearEvent => ({ type: 'key.introduced', ...base, use: 'recovery', jwk })),
    ...settings.classes.map((each): ClearEvent => ({
      type: 'class.defined',
      ...base,
      name: each.name,
      number: each.number,
      months: each.months,
      lengthenMonths: each.lengthenMonths,
    })),
    { type: 'policy.set', ...base, defaultClass: settings.defaultClass },
    ...cohorts.map((keys): ClearEvent => ({
      type: 'cohort-keys.introduced',
      ...base,
      class: keys.cohort.className,
      period: keys.cohort.period,
      kek: keys.kek,
      escrow: ecKeySchema.parse(keys.escrow),
    })),
  ];
}
