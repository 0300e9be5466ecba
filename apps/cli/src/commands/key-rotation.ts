import { join } from 'node:path';
import { osPrincipal } from '@holdfast/assembly';
import type { OpenedArchive } from '@holdfast/assembly';
import { activateKey, addKey, keysOf, retireKey } from '@holdfast/keys-jose';
import type { RingKey, RotatingSet } from '@holdfast/keys-jose';
import { HoldfastError } from '@holdfast/record';
import { ecKeySchema, edKeySchema } from '@holdfast/seal';
import { closeLogKey, closeManifestKey, introduceCohorts, introduceKeks, introduceKey, openManifestKeys, renewHeads } from '@holdfast/vault';
import type { KeyTools } from '@holdfast/vault';
import { EXIT, count, print } from '../output.js';
import { PrintedAlarms, clusterEnvironment, withArchive } from '../session.js';
import type { GlobalOptions } from '../session.js';
import { coverByLog } from './ingest.js';

export interface RotateOptions extends GlobalOptions {
  /** The key ring to change, when it is not the one that the archive is opened with. */
  readonly dir?: string;
  readonly reason?: string;
}

const WHY = 'regular rotation';

/** The folder of the key ring. */
export async function keysFolder(options: GlobalOptions & { readonly dir?: string }): Promise<string> {
  if (options.dir !== undefined) return options.dir;
  return options.data === undefined ? (await clusterEnvironment(options)).keysDir : join(options.data, 'keys');
}

export function toolsOf({ archive, governance, clock }: OpenedArchive): KeyTools {
  return { archive, governance, clock, principal: osPrincipal() };
}

/**
 * `holdfast keys rotate manifest`: a new key is made, introduced, used; every chain goes on under it; the old one is closed.
 * What was begun and interrupted is ended by the next run, which begins nothing new.
 */
export async function rotateManifestKey(options: RotateOptions): Promise<number> {
  const folder = await keysFolder(options);
  return withArchive(options, {}, async (opened) => {
    const tools = toolsOf(opened);
    const { governance, archive } = tools;
    const signing = (await archive.keys.manifestKey()).kid;
    const kid = await replace(folder, 'manifest', openManifestKeys(governance, signing).length > 0, (key) =>
      introduceKey(tools, 'manifest', ecKeySchema.parse(key.jwk)),
    );
    await refuseAnotherRing(async () => (await archive.keys.manifestKey()).kid, kid, folder);
    const renewed = await renewHeads(tools);
    await coverByLog(options, opened, new PrintedAlarms());
    const waiting = new Set<string>();
    const closed: string[] = [];
    for (const old of openManifestKeys(governance, kid)) {
      const closing = await closeManifestKey(tools, old, options.reason ?? WHY);
      for (const chain of closing.waiting) waiting.add(chain);
      if (closing.closed) closed.push(old);
    }
    // gov says that they are closed: a crash from here on leaves keys in the ring that nobody would believe.
    if (waiting.size === 0) await retireOthers(folder, 'manifest', kid);
    return report(options, { use: 'manifest', kid, closed, renewed, waiting: [...waiting] });
  });
}

/** `holdfast keys rotate log`: the same for the key that signs checkpoints. */
export async function rotateLogKey(options: RotateOptions): Promise<number> {
  const folder = await keysFolder(options);
  return withArchive(options, {}, async (opened) => {
    const tools = toolsOf(opened);
    const { governance, archive } = tools;
    const open = (but: string): string[] =>
      [...new Set([archive.genesis.log.key.kid, ...governance.state.logKeys.keys()])].filter(
        (one) => one !== but && !governance.state.closedLogKeys.has(one),
      );
    const kid = await replace(folder, 'log', open((await archive.keys.logKey()).kid).length > 0, (key) =>
      introduceKey(tools, 'log', edKeySchema.parse(key.jwk)),
    );
    await refuseAnotherRing(async () => (await archive.keys.logKey()).kid, kid, folder);
    await coverByLog(options, opened, new PrintedAlarms());
    const closed: string[] = [];
    const waiting = new Set<string>();
    for (const old of open(kid)) {
      const closing = await closeLogKey(tools, old, options.reason ?? WHY);
      for (const chain of closing.waiting) waiting.add(chain);
      if (closing.closed) closed.push(old);
    }
    if (waiting.size === 0) await retireOthers(folder, 'log', kid);
    return report(options, { use: 'log', kid, closed, renewed: 0, waiting: [...waiting] });
  });
}

/**
 * `holdfast keys rotate kek`: data keys made from now on are wrapped for new KEKs, of every cohort that can still be sealed.
 * Wraps that are there stay: manifests pin them (vault format, section 11).
 */
export async function rotateKeks(options: RotateOptions & { readonly cohort?: string }): Promise<number> {
  const folder = await keysFolder(options);
  return withArchive(options, {}, async (opened) => {
    const tools = toolsOf(opened);
    const now = tools.archive.clock.now().toISOString();
    const cohorts = (await tools.archive.keys.cohorts())
      .map(({ cohort }) => cohort)
      .filter(({ className, period }) =>
        options.cohort === undefined ? period >= now.slice(0, period.length) : options.cohort === `${className}/${period}`,
      );
    if (cohorts.length === 0) throw new HoldfastError('bad_request', `The key ring has no keys for ${options.cohort ?? 'any cohort to come'}.`);
    const keks: { readonly cohort: (typeof cohorts)[number]; readonly kek: string }[] = [];
    for (const cohort of cohorts) {
      const standby = (await keysOf(folder, cohort)).find(({ state }) => state === 'standby') ?? (await addKey(folder, cohort));
      keks.push({ cohort, kek: standby.kid });
    }
    // Durable: keys on standby. A crash here: the next run finds them and makes no others.
    await introduceKeks(tools, keks);
    // Sealed: that wraps for them are right. Only now may any be made.
    for (const { cohort, kek } of keks) {
      await activateKey(folder, cohort, kek);
      await retireOthers(folder, cohort, kek);
    }
    print(options.json === true, { rotated: keks.map(({ cohort, kek }) => ({ cohort: `${cohort.className}/${cohort.period}`, kek })) }, () =>
      [
        `${count(keks.length)} cohorts have a new KEK; it wraps the data keys of tomorrow (a data key lives until the end of its UTC day).`,
        'The old KEKs stay in the ring: what was sealed under them opens with nothing else. Copy the folder to every process, and to its backup.',
      ].join('\n'),
    );
    return EXIT.done;
  });
}

/** `holdfast keys introduce`: seals the keys of cohorts that were put into the ring since. Services do it when they start. */
export async function introduceKeys(options: GlobalOptions): Promise<number> {
  return withArchive(options, {}, async (opened) => {
    const introduced = await introduceCohorts(toolsOf(opened));
    print(options.json === true, { introduced: introduced.map(({ className, period }) => `${className}/${period}`) }, () =>
      introduced.length === 0 ? 'Every cohort of the key ring is known already.' : `${count(introduced.length)} cohorts were introduced.`,
    );
    return EXIT.done;
  });
}

/** Takes a set of the ring to its next key, or goes on where a run before stopped; answers the key that is used now. */
export async function replace(
  folder: string,
  set: Exclude<RotatingSet, object>,
  unfinished: boolean,
  introduce: (key: RingKey) => Promise<void>,
): Promise<string> {
  const keys = await keysOf(folder, set);
  let next = keys.find(({ state }) => state === 'standby');
  if (next === undefined && unfinished) {
    const used = keys.findLast(({ state }) => state === 'in use');
    if (used === undefined) throw new HoldfastError('key_missing', `The key ring in ${folder} has no key in use.`);
    return used.kid;
  }
  next ??= await addKey(folder, set);
  // Durable: the key, on standby. A crash here: the next run introduces this one and makes no other.
  await introduce(next);
  // Sealed: it may sign. A crash here: the next run activates it.
  await activateKey(folder, set, next.kid);
  return next.kid;
}

export async function retireOthers(folder: string, set: RotatingSet, kid: string): Promise<void> {
  for (const key of await keysOf(folder, set)) if (key.kid !== kid && key.state === 'in use') await retireKey(folder, set, key.kid);
}

/** With `--dir` the archive can be open with another folder than the one that was changed. */
export async function refuseAnotherRing(signing: () => Promise<string>, kid: string, folder: string): Promise<void> {
  if ((await signing()) !== kid)
    throw new HoldfastError(
      'bad_request',
      `The new key ${kid} is in ${folder}, and this command signs with another key ring: copy it there, then run the command again.`,
    );
}

function report(
  options: GlobalOptions,
  outcome: {
    readonly use: string;
    readonly kid: string;
    readonly closed: readonly string[];
    readonly renewed: number;
    readonly waiting: readonly string[];
  },
): number {
  const { use, kid, closed, waiting } = outcome;
  print(options.json === true, outcome, () =>
    waiting.length === 0
      ? [
          `The ${use} key is ${kid} now.`,
          ...closed.map((old) => `${old} is closed: what it signed stays valid, and it signs nothing more.`),
          'Copy the key ring to its backup.',
          ...(use === 'log'
            ? ['Give the new key to your witnesses and auditors: they add its "log" line to their policies (docs/operations/keys.md).']
            : []),
        ].join('\n')
      : [
          `The ${use} key is ${kid} now, but the old one is still in use: ${waiting.join(' ')}.`,
          'Copy the key ring to every process that signs, then run this command again: it goes on here.',
        ].join('\n'),
  );
  return waiting.length === 0 ? EXIT.done : EXIT.findings;
}
