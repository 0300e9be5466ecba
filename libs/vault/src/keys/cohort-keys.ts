import type { ClearEvent } from '@holdfast/governance';
import type { CohortKeys, CohortName } from '@holdfast/ports';
import { ecKeySchema } from '@holdfast/seal';
import { command } from './close-key.js';
import type { KeyTools } from './close-key.js';

/**
 * Seals the keys of cohorts that the key ring has and `gov` does not know yet: months move on, and keys are made ahead. Before
 * anything is sealed under them: a verifier takes no wrap for a key that was not introduced.
 */
export async function introduceCohorts(tools: Omit<KeyTools, 'clock'>): Promise<readonly CohortName[]> {
  return introduce(tools, await tools.archive.keys.cohorts());
}

/** Seals another KEK of cohorts, which is on standby in the ring: data keys are wrapped for it when it is activated there. */
export async function introduceKeks(
  tools: Omit<KeyTools, 'clock'>,
  keks: readonly { readonly cohort: CohortName; readonly kek: string }[],
): Promise<void> {
  const now = new Map((await tools.archive.keys.cohorts()).map((keys) => [nameOf(keys.cohort), keys]));
  await introduce(
    tools,
    keks.flatMap(({ cohort, kek }): CohortKeys[] => {
      const keys = now.get(nameOf(cohort));
      return keys === undefined ? [] : [{ ...keys, kek }];
    }),
  );
}

async function introduce({ archive, governance, principal }: Omit<KeyTools, 'clock'>, all: readonly CohortKeys[]): Promise<readonly CohortName[]> {
  const unknown = ({ cohort, kek }: CohortKeys): boolean => governance.state.cohortKeys.get(nameOf(cohort))?.includes(kek) !== true;
  // Mostly there is nothing to do, and then nothing is written and nobody raced.
  if (!all.some(unknown)) return [];
  let introduced: readonly CohortKeys[] = [];
  await governance.append(() => {
    introduced = all.filter(unknown);
    return introduced.map(({ cohort, kek, escrow }): ClearEvent => ({
      type: 'cohort-keys.introduced',
      ...command(archive, principal),
      class: cohort.className,
      period: cohort.period,
      kek,
      escrow: ecKeySchema.parse(escrow),
    }));
  });
  return introduced.map(({ cohort }) => cohort);
}

function nameOf({ className, period }: CohortName): string {
  return `${className}/${period}`;
}
