import { mkdir, mkdtemp, readdir, realpath, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join, sep } from 'node:path';
import { openClusterStores, s3Connection, storeSettings, verifySettings } from '@holdfast/assembly';
import { DirectoryClaimStore, DirectoryObjectStore } from '@holdfast/embedded';
import type { ClaimStore } from '@holdfast/ports';
import { HoldfastError } from '@holdfast/record';
import { GENESIS_CLAIM } from '@holdfast/seal';
import { bucketsOf, checkBuckets, createBuckets } from '@holdfast/store-s3';
import type { CopyStores, SourceStores } from '@holdfast/vault';
import { z } from 'zod';
import { hasCode } from './has-code.js';
import { verifyEnvironment } from './session.js';
import type { GlobalOptions } from './session.js';

/** Source as every command names its archive; the copy is a folder, or buckets that variables with another prefix name. */
export interface CopyPlaces extends GlobalOptions {
  readonly to?: string;
  readonly toEnv?: string;
  readonly withClaims?: boolean;
}

/** What lies in the folder of a copy; more may be there once somebody has taken over from it. */
const OF_A_COPY = new Set(['vault', 'wraps', 'claims', 'run']);
const SETTINGS = z.object({ ...verifySettings, s3CreateBuckets: storeSettings.s3CreateBuckets });

interface Opened<T> {
  readonly stores: T;
  /** Where it is, for telling two names of one place. */
  readonly place: string;
  close(): void;
}

/** Opens both sides, works, and closes them whatever happens. `write`: the copy is written, and made where it is not there. */
export async function withCopy<T>(options: CopyPlaces, write: boolean, work: (source: SourceStores, copy: CopyStores) => Promise<T>): Promise<T> {
  if ((options.to === undefined) === (options.toEnv === undefined))
    throw new HoldfastError(
      'bad_configuration',
      'Name the copy: --to DIR for a folder, or --to-env PREFIX for buckets (docs/operations/second-copy.md).',
    );
  const scratch = await mkdtemp(join(tmpdir(), 'holdfast-copy-'));
  const open: { close(): void }[] = [];
  try {
    const source = await openSource(options, join(scratch, 'source'));
    open.push(source);
    const copy = options.to === undefined ? await openBuckets(options, write) : await openFolder(options.to, options, write, source.place, scratch);
    open.push(copy);
    if (copy.place === source.place) throw new HoldfastError('bad_configuration', 'The copy would be the archive itself; name another place.');
    return await work(source.stores, copy.stores);
  } finally {
    for (const each of open) each.close();
    await rm(scratch, { recursive: true, force: true });
  }
}

/** Reads only, and needs no keys: what is copied stays encrypted. */
async function openSource(options: GlobalOptions, scratch: string): Promise<Opened<SourceStores>> {
  if (options.data === undefined) {
    const settings = await verifyEnvironment(options);
    const opened = await openClusterStores({ ...settings, keysDir: undefined });
    const { vault, wraps, claims } = opened;
    return {
      stores: { vault, wraps, claims: await ifThere(claims) },
      place: placeOf(settings),
      close: () => {
        opened.close();
      },
    };
  }
  const entries = await entriesOf(options.data);
  if (entries?.includes('vault') !== true || !entries.includes('wraps'))
    throw new HoldfastError('bad_configuration', `There is no archive in ${options.data}: it has no folders "vault" and "wraps".`);
  return openFolders(options.data, scratch, entries.includes('claims'));
}

async function openFolder(folder: string, options: CopyPlaces, write: boolean, source: string, scratch: string): Promise<Opened<CopyStores>> {
  const entries = await entriesOf(folder);
  if (!write && entries?.includes('vault') !== true) throw new HoldfastError('bad_configuration', `There is no copy in ${folder}.`);
  const strange = entries?.find((entry) => !OF_A_COPY.has(entry));
  if (entries?.includes('vault') !== true && strange !== undefined)
    throw new HoldfastError('bad_configuration', `${folder} is not empty and holds no copy of an archive (${strange} lies there).`);
  const real = await realFolder(folder);
  // A folder in the other one would be strays there, and a copy that is lost together with what it is a copy of.
  if (`${real}${sep}`.startsWith(`${source}${sep}`) || `${source}${sep}`.startsWith(`${real}${sep}`))
    throw new HoldfastError('bad_configuration', 'The copy would lie in the folder of the archive, or around it; name another place.');
  if (write) await makeFolder(folder);
  const claims = options.withClaims === true || entries?.includes('claims') === true;
  // Unfinished files must lie on the file system of the copy. Who only compares leaves nothing there.
  return openFolders(folder, write ? join(folder, 'run') : join(scratch, 'copy'), claims);
}

async function openFolders(folder: string, scratch: string, withClaims: boolean): Promise<Opened<CopyStores>> {
  const vault = await DirectoryObjectStore.open({ folder: join(folder, 'vault'), scratch: join(scratch, 'vault') });
  const wraps = await DirectoryObjectStore.open({ folder: join(folder, 'wraps'), scratch: join(scratch, 'wraps') });
  const claims = withClaims ? await DirectoryClaimStore.open({ folder: join(folder, 'claims'), scratch: join(scratch, 'claims') }) : undefined;
  const close = (): void => {
    vault.close();
    wraps.close();
  };
  return { stores: { vault, wraps, claims }, place: await realpath(folder), close };
}

async function openBuckets(options: CopyPlaces, write: boolean): Promise<Opened<CopyStores>> {
  const settings = await settingsOf(options.toEnv ?? '', options.environment);
  const connection = s3Connection(settings);
  const buckets = bucketsOf(settings.s3BucketPrefix);
  if (settings.s3CreateBuckets && write) await createBuckets(connection, buckets);
  const opened = await openClusterStores({ ...settings, keysDir: undefined });
  const { vault, wraps, claims } = opened;
  const close = (): void => {
    opened.close();
  };
  try {
    // A bucket that cannot lock keeps nothing from anybody.
    if (options.withClaims === true) await checkBuckets(connection, buckets);
    else await Promise.all([vault.prepare(), wraps.prepare()]);
    return { stores: { vault, wraps, claims: options.withClaims === true ? claims : await ifThere(claims) }, place: placeOf(settings), close };
  } catch (error) {
    close();
    throw error;
  }
}

/** A mirror needs no claims bucket: one that is not there, or that these credentials cannot see, holds no claim. */
async function ifThere(claims: ClaimStore): Promise<ClaimStore | undefined> {
  try {
    await claims.read(GENESIS_CLAIM);
    return claims;
  } catch (error) {
    if (error instanceof HoldfastError && error.code === 'bad_configuration') return undefined;
    throw error;
  }
}

/** `PREFIX_S3_ENDPOINT` and its like, read as `HOLDFAST_S3_ENDPOINT` and its like are. */
async function settingsOf(prefix: string, environment: NodeJS.ProcessEnv): Promise<z.output<typeof SETTINGS>> {
  if (!/^[A-Z][A-Z0-9_]*[A-Z0-9]$/.test(prefix))
    throw new HoldfastError(
      'bad_configuration',
      '--to-env names the beginning of variables in capitals, such as HOLDFAST_COPY for HOLDFAST_COPY_S3_ENDPOINT.',
    );
  const variables: Record<string, string | undefined> = {};
  for (const [name, value] of Object.entries(environment))
    if (name.startsWith(`${prefix}_S3_`)) variables[`HOLDFAST_${name.slice(prefix.length + 1)}`] = value;
  const { readConfig } = await import('@holdfast/platform');
  try {
    return readConfig(SETTINGS, variables);
  } catch (error) {
    if (!(error instanceof HoldfastError)) throw error;
    throw new HoldfastError(error.code, error.message.replaceAll('HOLDFAST_', `${prefix}_`), { cause: error });
  }
}

function placeOf({ s3Endpoint, s3BucketPrefix }: { readonly s3Endpoint?: string | undefined; readonly s3BucketPrefix: string }): string {
  return `${s3Endpoint ?? 'aws'} ${s3BucketPrefix}`;
}

/** Names in a folder; undefined where there is none. */
async function entriesOf(folder: string): Promise<readonly string[] | undefined> {
  try {
    return await readdir(folder);
  } catch (error) {
    if (hasCode(error, 'ENOENT')) return undefined;
    throw new HoldfastError('bad_configuration', `${folder} cannot be read as a folder: ${error instanceof Error ? error.message : String(error)}.`, {
      cause: error,
    });
  }
}

/** The path without links, also of a folder that is yet to be made. */
async function realFolder(folder: string): Promise<string> {
  try {
    return await realpath(folder);
  } catch (error) {
    if (!hasCode(error, 'ENOENT') || dirname(folder) === folder) throw error;
    return join(await realFolder(dirname(folder)), folder.slice(dirname(folder).length));
  }
}

async function makeFolder(folder: string): Promise<void> {
  try {
    await mkdir(folder, { recursive: true, mode: 0o700 });
  } catch (cause) {
    if (hasCode(cause, 'ENOSPC') || hasCode(cause, 'EDQUOT'))
      throw new HoldfastError('disk_full', `No space left to make the folder ${folder}.`, { cause });
    throw new HoldfastError('bad_configuration', `The folder ${folder} cannot be made: ${cause instanceof Error ? cause.message : String(cause)}.`, {
      cause,
    });
  }
}
