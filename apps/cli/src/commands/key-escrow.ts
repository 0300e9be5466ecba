import { cp, mkdir, open, readFile, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { osPrincipal } from '@holdfast/assembly';
import { nodeCrypto } from '@holdfast/crypto-node';
import { escrowOpener } from '@holdfast/keys-jose';
import { drillAnswerSchema, drillChallengeSchema } from '@holdfast/governance';
import { HoldfastError } from '@holdfast/record';
import { answerEscrow, challengeEscrow, judgeDrill, sealDrill } from '@holdfast/vault';
import { hasCode } from '../has-code.js';
import { EXIT, count, print } from '../output.js';
import { withArchive } from '../session.js';
import type { GlobalOptions } from '../session.js';

export interface DrillOptions extends GlobalOptions {
  readonly escrowDir?: string;
  readonly sample: number;
  readonly seed?: string;
  readonly challenge?: string;
  readonly answer?: string;
}

/** `holdfast keys escrow challenge`: the sample that the holder of the escrow keys is to open; it holds no secret. */
export async function writeChallenge(options: GlobalOptions & { readonly sample: number; readonly out: string }): Promise<number> {
  return withArchive(options, {}, async ({ archive }) => {
    const challenge = await challengeEscrow(archive, options.sample);
    await writeNew(options.out, challenge);
    print(options.json === true, { out: options.out, seed: challenge.seed, wraps: challenge.wraps, sampled: challenge.sample.length }, () =>
      [
        `${count(challenge.sample.length)} of ${count(challenge.wraps)} escrow wraps are in ${options.out}.`,
        'Take the file to where the private escrow keys are: "holdfast keys escrow answer FILE --escrow-dir DIR --out ANSWER".',
      ].join('\n'),
    );
    return EXIT.done;
  });
}

/** `holdfast keys escrow answer`: opens the sample, offline. The answer proves that it opened and holds no key. */
export async function writeAnswer(file: string, options: GlobalOptions & { readonly escrowDir: string; readonly out: string }): Promise<number> {
  const challenge = drillChallengeSchema.parse(JSON.parse(await readFile(file, 'utf8')));
  const answer = await answerEscrow(nodeCrypto, challenge, await escrowOpener(options.escrowDir));
  await writeNew(options.out, answer);
  const failed = answer.answers.filter((one) => 'problem' in one);
  print(
    options.json === true,
    { out: options.out, answered: answer.answers.length, failed: failed.length },
    () =>
      `${count(answer.answers.length - failed.length)} of ${count(answer.answers.length)} wraps opened. Take ${options.out} back: "holdfast keys escrow drill --challenge FILE --answer ANSWER".`,
  );
  return failed.length === 0 ? EXIT.done : EXIT.findings;
}

/** `holdfast keys escrow drill`: whether the escrow really opens what is sealed; sealed as an event, with how it went. */
export async function drillEscrow(options: DrillOptions): Promise<number> {
  if ((options.challenge === undefined) !== (options.answer === undefined))
    throw new HoldfastError('bad_configuration', '--challenge and --answer belong together.');
  const escrowDir = options.escrowDir ?? (options.data === undefined ? undefined : join(options.data, 'keys', 'escrow-private'));
  return withArchive(options, {}, async ({ archive, governance }) => {
    const { challenge, answer } =
      options.challenge !== undefined && options.answer !== undefined
        ? {
            challenge: drillChallengeSchema.parse(JSON.parse(await readFile(options.challenge, 'utf8'))),
            answer: drillAnswerSchema.parse(JSON.parse(await readFile(options.answer, 'utf8'))),
          }
        : await atOnce(escrowDir);
    const drilled = await judgeDrill(archive, governance, challenge, answer);
    await sealDrill(archive, governance, osPrincipal(), drilled);
    print(options.json === true, drilled, () =>
      [
        `${count(drilled.opened)} of ${count(drilled.sampled)} wraps opened with the escrow keys and hold the right data keys (of ${count(drilled.wraps)}; seed ${drilled.seed}).`,
        `${count(drilled.records)} records were opened with them.`,
        ...drilled.problems.map(({ key, problem }) => `FAILED ${key}: ${problem}`),
        'The drill is sealed in gov.',
      ].join('\n'),
    );
    return drilled.failed === 0 ? EXIT.done : EXIT.findings;

    async function atOnce(folder: string | undefined): Promise<{
      readonly challenge: Awaited<ReturnType<typeof challengeEscrow>>;
      readonly answer: Awaited<ReturnType<typeof answerEscrow>>;
    }> {
      if (folder === undefined)
        throw new HoldfastError(
          'bad_configuration',
          'Name the folder of the private escrow keys (--escrow-dir), or let them be asked where they are: "holdfast keys escrow challenge".',
        );
      const opener = await escrowOpener(folder);
      const made = await challengeEscrow(archive, options.sample, options.seed);
      return { challenge: made, answer: await answerEscrow(nodeCrypto, made, opener) };
    }
  });
}

/** `holdfast keys escrow move`: private escrow and recovery keys out of the key ring, to a folder that is taken away. */
export async function moveEscrow(options: GlobalOptions & { readonly dir?: string; readonly to: string }): Promise<number> {
  const ring = options.dir ?? (options.data === undefined ? undefined : join(options.data, 'keys'));
  if (ring === undefined)
    throw new HoldfastError('bad_configuration', 'Name the folder of the keys: --dir DIR, or --data DIR for an embedded archive.');
  const to = resolve(options.to);
  if (to === resolve(ring) || to.startsWith(`${resolve(ring)}/`))
    throw new HoldfastError('bad_request', `${to} lies inside the key ring: take the keys out of it.`);
  const moved: string[] = [];
  const emptied: string[] = [];
  await mkdir(to, { recursive: true, mode: 0o700 });
  for (const part of ['escrow-private', 'recovery-private']) {
    const from = join(ring, part);
    if (!(await isThere(from))) continue;
    await cp(from, join(to, part), { recursive: true, errorOnExist: false, force: false, preserveTimestamps: true });
    const files = await filesIn(from);
    for (const file of files) await compareAndSync(join(from, file), join(to, part, file));
    moved.push(...files.map((file) => `${part}/${file}`));
    emptied.push(from);
  }
  // Durable and compared, every file: only now is anything removed. A crash in between leaves keys in both places.
  for (const from of emptied) await rm(from, { recursive: true, force: true });
  print(options.json === true, { moved: moved.length, to }, () =>
    [
      `${count(moved.length)} private keys are in ${to} and no longer in ${ring}.`,
      'Take that folder away, and keep two copies in two places: without it a lost KEK is lost data. Overwritten sectors of this disk may still hold them.',
    ].join('\n'),
  );
  return EXIT.done;
}

/** Whatever cannot be looked at is there: keys that were not copied must not be removed. */
async function isThere(path: string): Promise<boolean> {
  try {
    await stat(path);
    return true;
  } catch (error) {
    if (hasCode(error, 'ENOENT')) return false;
    throw error;
  }
}

async function filesIn(folder: string): Promise<string[]> {
  return (await readdir(folder, { recursive: true, withFileTypes: true }))
    .filter((one) => one.isFile())
    .map((one) => join(one.parentPath, one.name).slice(folder.length + 1));
}

async function compareAndSync(from: string, to: string): Promise<void> {
  const handle = await open(to, 'r');
  try {
    await handle.sync();
    if (!(await handle.readFile()).equals(await readFile(from)))
      throw new HoldfastError('bad_request', `${to} is there already and holds another key than ${from}: nothing was removed.`);
  } finally {
    await handle.close();
  }
}

async function writeNew(file: string, value: object): Promise<void> {
  await writeFile(file, `${JSON.stringify(value, null, 2)}\n`, { flag: 'wx', flush: true });
}
