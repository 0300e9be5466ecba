import { constants } from 'node:fs';
import { access, open, readFile } from 'node:fs/promises';
import { SOFTWARE } from '@holdfast/assembly';
import { newEcKey, signWithKey } from '@holdfast/keys-jose';
import { HoldfastError } from '@holdfast/record';
import { ecKeySchema, encodeJson } from '@holdfast/seal';
import type { PublicKey } from '@holdfast/seal';
import { REPORT_TYP, reportDocument } from '@holdfast/verify';
import type { Asked, BundleReport, VerifyReport } from '@holdfast/verify';
import { hasCode } from '../has-code.js';

export interface ReportOptions {
  readonly report?: string;
  readonly sign?: boolean;
  readonly signKey?: string;
}

interface ReportKey {
  /** The private key, as it stands in its file. */
  readonly jwk: unknown;
  readonly publicKey: PublicKey;
}

/** Where a report will be kept, and the auditor's own key that signs it. */
export class ReportFile {
  readonly #path: string;
  readonly #key: ReportKey | undefined;

  private constructor(path: string, key: ReportKey | undefined) {
    this.#path = path;
    this.#key = key;
  }

  /** Before the run, which may take hours. @throws HoldfastError `bad_configuration`, `key_malformed` */
  static async prepare({ report, sign, signKey }: ReportOptions): Promise<ReportFile | undefined> {
    if (report === undefined) {
      if (sign === true || signKey !== undefined) throw new HoldfastError('bad_configuration', '--sign goes with --report FILE.');
      return undefined;
    }
    if (sign === true && signKey === undefined)
      throw new HoldfastError('bad_configuration', 'Name the key that signs: --sign-key FILE. A new file becomes a new key of yours.');
    if (await isThere(report)) throw new HoldfastError('bad_configuration', `${report} is there already; reports are never written over.`);
    return new ReportFile(report, sign === true && signKey !== undefined ? await reportKey(signKey) : undefined);
  }

  async write(report: VerifyReport | BundleReport, asked: Asked, seconds: number): Promise<void> {
    const key = this.#key;
    // A report is the word of whoever looked. Signed by the archive it would be the word of the one that was looked at.
    if (key !== undefined && 'manifestKeys' in report && [...report.manifestKeys, report.logKey].includes(key.publicKey.kid))
      throw new HoldfastError(
        'bad_configuration',
        'The key is one of the archive itself, which cannot vouch for itself. Sign with a key of your own.',
      );
    const document = reportDocument(report, {
      time: new Date().toISOString(),
      software: SOFTWARE,
      asked,
      seconds: Math.round(seconds),
      ...(key !== undefined && { signer: key.publicKey }),
    });
    const text =
      key === undefined ? `${JSON.stringify(document, null, 2)}\n` : await signWithKey(key.jwk, encodeJson(wellFormed(document)), REPORT_TYP);
    const file = await open(this.#path, 'wx');
    try {
      await file.writeFile(text);
      await file.sync();
    } finally {
      await file.close();
    }
    const by = key === undefined ? '' : `, signed by ${key.publicKey.kid}`;
    process.stderr.write(`The report is in ${this.#path}${by}. Keep it somewhere else than the archive.\n`);
  }
}

async function isThere(path: string): Promise<boolean> {
  try {
    await access(path, constants.F_OK);
    return true;
  } catch (error) {
    if (hasCode(error, 'ENOENT')) return false;
    throw new HoldfastError('bad_configuration', `${path} cannot be looked at.`, { cause: error });
  }
}

/** The key of a file; a file that is not there yet becomes a new key. */
async function reportKey(path: string): Promise<ReportKey> {
  if (!(await isThere(path))) await makeKey(path);
  let jwk: unknown;
  try {
    jwk = JSON.parse(await readFile(path, 'utf8'));
  } catch (cause) {
    throw new HoldfastError('key_malformed', `${path} is no key as JSON (JWK).`, { cause });
  }
  return { jwk, publicKey: publicKeyOf(jwk, path) };
}

/** The public half of a JWK, private or not. @throws HoldfastError `key_malformed` */
export function publicKeyOf(jwk: unknown, path: string): PublicKey {
  const parsed = ecKeySchema.strip().safeParse(jwk);
  if (!parsed.success) throw new HoldfastError('key_malformed', `${path} must hold a P-256 key with its thumbprint as kid.`);
  return parsed.data;
}

async function makeKey(path: string): Promise<void> {
  const key = newEcKey('sig');
  const file = await open(path, 'wx', 0o600);
  try {
    await file.writeFile(`${JSON.stringify(key)}\n`);
    await file.sync();
  } finally {
    await file.close();
  }
  process.stderr.write(
    `A new key of yours was made in ${path}. It signs your reports and nothing else; nobody but you may have it. Tell those who will read them its name: ${key.kid}\n`,
  );
}

/** A name in the store may hold half a character, which no two readers spell alike. */
function wellFormed(value: object): unknown {
  return JSON.parse(JSON.stringify(value), (_name, member: unknown) => (typeof member === 'string' ? member.toWellFormed() : member));
}
