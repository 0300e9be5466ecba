import { readFile, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { keyStatementSchema } from '@holdfast/governance';
import type { KeyStatement } from '@holdfast/governance';
import { readPrivateKeyFile, signWithKey } from '@holdfast/keys-jose';
import { HoldfastError } from '@holdfast/record';
import { ecKeySchema, parseJson, utf8 } from '@holdfast/seal';
import {
  GOVERNANCE_CHAIN,
  KEY_STATEMENT_TYP,
  closeStolenKey,
  countClaims,
  introduceKey,
  openManifestKeys,
  prepareClosing,
  prepareRecovery,
  renewHeads,
  sealRecovery,
  signedChains,
  signersNeeded,
  statementBytes,
} from '@holdfast/vault';
import type { AcceptedHeads, KeyTools } from '@holdfast/vault';
import { z } from 'zod';
import { EXIT, count, print } from '../output.js';
import { PrintedAlarms, withArchive } from '../session.js';
import type { GlobalOptions } from '../session.js';
import { coverByLog } from './ingest.js';
import { keysFolder, refuseAnotherRing, replace, retireOthers, toolsOf } from './key-rotation.js';

const HEADS_FORMAT = 'holdfast.heads/1';
const headsSchema = z.strictObject({
  format: z.literal(HEADS_FORMAT),
  archive: z.string(),
  time: z.string(),
  chains: z.record(z.string(), z.int().min(0)),
});

/** Who signs: private keys at hand, or statements that were signed elsewhere. */
export interface SigningOptions {
  readonly recoveryKey?: readonly string[];
  readonly statement?: string;
  readonly signed?: readonly string[];
  readonly prepare?: string;
}

/** `holdfast keys heads`: how long every chain is now; kept away from the archive, it says later what people vouch for. */
export async function keyHeads(options: GlobalOptions & { readonly out?: string }): Promise<number> {
  return withArchive(options, {}, async ({ archive, governance }) => {
    const chains: Record<string, number> = {};
    for (const chain of signedChains(governance.state)) chains[chain] = await countClaims(archive, chain);
    const heads = { format: HEADS_FORMAT, archive: archive.idHex, time: archive.clock.now().toISOString(), chains };
    if (options.out !== undefined) await writeFile(options.out, `${JSON.stringify(heads, null, 2)}\n`, { flush: true });
    print(
      options.json === true || options.out === undefined,
      heads,
      () => `The heads of ${count(Object.keys(chains).length)} chains are in ${options.out ?? ''}.`,
    );
    return EXIT.done;
  });
}

/** `holdfast keys sign`: signs a prepared statement, on the machine where the recovery key is; needs no archive. */
export async function signStatement(file: string, options: GlobalOptions & { readonly recoveryKey: string; readonly out: string }): Promise<number> {
  const statement = await readStatement(file);
  const signed = await signWithKey(await readPrivateKeyFile(options.recoveryKey), statementBytes(statement), KEY_STATEMENT_TYP);
  await writeFile(options.out, signed, { flag: 'wx', flush: true });
  print(options.json === true, { statement, signed: options.out }, () => `${textOf(statement)}\nSigned: ${options.out}`);
  return EXIT.done;
}

/**
 * `holdfast keys compromised KID`: somebody else has a manifest key. A new one signs at once, and the stolen one is closed by
 * what holders of recovery keys sign: up to which heads they vouch for what it has signed.
 */
export async function closeCompromised(
  kid: string,
  options: GlobalOptions & SigningOptions & { readonly dir?: string; readonly heads?: string; readonly now?: boolean; readonly reason: string },
): Promise<number> {
  if ((options.heads === undefined) === (options.now !== true))
    throw new HoldfastError(
      'bad_configuration',
      'Say up to where you vouch for what was sealed: --heads FILE (of "holdfast keys heads", kept elsewhere), or --now for all of it.',
    );
  const folder = await keysFolder(options);
  return withArchive(options, {}, async (opened) => {
    const tools = toolsOf(opened);
    const { archive, governance } = tools;
    if (governance.state.manifestKeys.get(kid) === undefined) throw new HoldfastError('bad_request', `gov has introduced no manifest key ${kid}.`);
    const signing = (await archive.keys.manifestKey()).kid;
    const before = governance.head.next;
    const next =
      signing !== kid ? signing : await replace(folder, 'manifest', false, (key) => introduceKey(tools, 'manifest', ecKeySchema.parse(key.jwk)));
    await refuseAnotherRing(async () => (await archive.keys.manifestKey()).kid, next, folder);
    // Whoever had the key could introduce one of his own, which would outlive it.
    const foreign = openManifestKeys(governance, next).filter((other) => other !== kid);
    if (foreign.length > 0) process.stderr.write(`Also open: ${foreign.join(' ')}. If it is not yours, close it in the same way.\n`);
    await renewHeads(tools);
    await coverByLog(options, opened, new PrintedAlarms());
    const accepted = options.heads === undefined ? 'all' : new Map(await readHeads(options.heads, archive.idHex));
    // The introduction of the successor is signed by the stolen key, of need, and is ours: this command has just sealed it.
    if (accepted !== 'all' && signing === kid && accepted.get(GOVERNANCE_CHAIN) === before) accepted.set(GOVERNANCE_CHAIN, governance.head.next);
    const statement =
      options.statement === undefined ? await prepareClosing(tools, kid, accepted, options.reason) : await readStatement(options.statement);
    const signed = await signatures(options, tools, statement);
    if (signed === undefined) return EXIT.findings;
    await closeStolenKey(tools, statement, signed);
    await coverByLog(options, opened, new PrintedAlarms());
    await retireOthers(folder, 'manifest', next);
    const disputed = statement.chains.flatMap(({ chain, next: end, accepted: from = end }) => (from < end ? [{ chain, from, next: end }] : []));
    print(options.json === true, { closed: kid, kid: next, disputed, alsoOpen: foreign }, () =>
      [
        `${kid} is closed; ${next} signs now. Copy the key ring to every process that signs, and to its backup.`,
        ...disputed.map(
          ({ chain, from, next: end }) =>
            `Nobody vouches for what it signed in ${chain} from number ${from} to ${end - 1}: compare it with the source.`,
        ),
      ].join('\n'),
    );
    return EXIT.done;
  });
}

/** `holdfast keys rotate recovery`: a recovery key more, or one less, by what the valid ones sign. In a folder: the one there is replaced. */
export async function rotateRecovery(
  options: GlobalOptions & SigningOptions & { readonly add?: string; readonly close?: string; readonly reason?: string },
): Promise<number> {
  if ((options.add === undefined) === (options.close === undefined))
    throw new HoldfastError('bad_configuration', 'Name the public key that is to count (--add FILE), or the one that is not any more (--close KID).');
  return withArchive(options, {}, async (opened) => {
    const tools = toolsOf(opened);
    const jwk = options.add === undefined ? undefined : ecKeySchema.parse(publicOf(JSON.parse(await readFile(options.add, 'utf8'))));
    const statement =
      options.statement !== undefined
        ? await readStatement(options.statement)
        : jwk !== undefined
          ? prepareRecovery(tools, { action: 'introduce', kid: jwk.kid })
          : prepareRecovery(tools, { action: 'close', kid: options.close ?? '', reason: options.reason ?? 'regular rotation' });
    const signed = await signatures(options, tools, statement);
    if (signed === undefined) return EXIT.findings;
    await sealRecovery(tools, statement, signed, jwk);
    print(options.json === true, { action: statement.action, kid: statement.kid }, () =>
      statement.action === 'introduce'
        ? `The recovery key ${statement.kid} counts from now on.`
        : `The recovery key ${statement.kid} counts no more.`,
    );
    return EXIT.done;
  });
}

/** `use`, `alg` and the like stand in key files; an event carries exactly the key. */
function publicOf(value: unknown): unknown {
  if (typeof value !== 'object' || value === null || 'd' in value)
    throw new HoldfastError('bad_request', '--add must name a file with a public key only.');
  const { kty, crv, x, y, kid } = value as Readonly<Record<string, unknown>>;
  return { kty, crv, x, y, kid };
}

/** The signed statements; undefined when the statement was only prepared. */
async function signatures(
  options: GlobalOptions & SigningOptions,
  { archive, governance }: KeyTools,
  statement: KeyStatement,
): Promise<string[] | undefined> {
  const files = [...(options.recoveryKey ?? [])];
  const signed = await Promise.all((options.signed ?? []).map(async (file) => (await readFile(file, 'utf8')).trim()));
  if (options.prepare !== undefined) {
    await writeFile(options.prepare, Buffer.from(statementBytes(statement)), { flag: 'wx', flush: true });
    print(options.json === true, { prepared: options.prepare, statement }, () =>
      [
        textOf(statement),
        `${options.prepare ?? ''} waits for ${signersNeeded(archive, governance.state)} signatures: "holdfast keys sign" on the machines with the recovery keys.`,
        'Then run this command again with --statement and one --signed for each.',
      ].join('\n'),
    );
    return undefined;
  }
  if (files.length === 0 && signed.length === 0) {
    if (options.data === undefined)
      throw new HoldfastError(
        'bad_configuration',
        'Holders of recovery keys must sign: --recovery-key FILE for each, or --prepare FILE to have it signed elsewhere.',
      );
    files.push(await embeddedRecoveryKey(options.data));
  }
  for (const file of files) signed.push(await signWithKey(await readPrivateKeyFile(file), statementBytes(statement), KEY_STATEMENT_TYP));
  return signed;
}

/** The recovery key of a folder, where it has not been moved away. */
async function embeddedRecoveryKey(data: string): Promise<string> {
  const folder = join(data, 'keys', 'recovery-private');
  const files = await readdir(folder).catch((cause: unknown) => {
    throw new HoldfastError('bad_configuration', `There is no recovery key in ${folder}: name it with --recovery-key FILE.`, { cause });
  });
  const [file] = files.filter((name) => name.endsWith('.jwk.json')).sort();
  if (file === undefined) throw new HoldfastError('bad_configuration', `There is no recovery key in ${folder}: name it with --recovery-key FILE.`);
  return join(folder, file);
}

async function readStatement(file: string): Promise<KeyStatement> {
  return keyStatementSchema.parse(parseJson(utf8(await readFile(file, 'utf8'))));
}

async function readHeads(file: string, archive: string): Promise<AcceptedHeads> {
  const parsed = headsSchema.safeParse(JSON.parse(await readFile(file, 'utf8')));
  if (!parsed.success || parsed.data.archive !== archive)
    throw new HoldfastError('bad_request', `${file} does not hold heads of this archive ("holdfast keys heads" writes them).`);
  return new Map(Object.entries(parsed.data.chains));
}

function textOf({ action, use, kid, chains, reason, archive }: KeyStatement): string {
  return [
    `Archive ${archive}: ${action} the ${use} key ${kid}${reason === null ? '' : ` (${reason})`}.`,
    ...chains.map(({ chain, next, accepted = next }) =>
      accepted === next
        ? `  ${chain}: everything it signed, below number ${next}`
        : `  ${chain}: vouched for below number ${accepted}; NOT from there to ${next - 1}`,
    ),
  ].join('\n');
}
