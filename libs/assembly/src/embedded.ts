import { access } from 'node:fs/promises';
import { hostname, userInfo } from 'node:os';
import { join } from 'node:path';
import { nodeCrypto, randomBytes } from '@holdfast/crypto-node';
import { DirectoryClaimStore, DirectoryObjectStore, Fts5RecordIndex, SqliteRecordSink, SqliteRecordSource, tryLock } from '@holdfast/embedded';
import type { FolderLock } from '@holdfast/embedded';
import { JwksKeyRing, initKeyRing } from '@holdfast/keys-jose';
import { HoldfastError } from '@holdfast/record';
import { GENESIS_CLAIM, toHex } from '@holdfast/seal';
import { DataKeys, SegmentReader, cohortsNeeded, createArchive, introduceCohorts, recoverArchive } from '@holdfast/vault';
import type { FolderSettings } from './archive-folder.js';
import { openFolder } from './archive-folder.js';
import type { OpenedArchive } from './opened-archive.js';
import { SOFTWARE } from './opened-archive.js';
import { checkSigningKey } from './signing-key.js';

/** `os:<user>`: who acts on an embedded archive from the command line. */
export function osPrincipal(): string {
  try {
    return `os:${userInfo().username}`;
  } catch {
    // A container may run under a number that no user has.
    return `os:uid-${process.getuid?.() ?? 'unknown'}`;
  }
}

/**
 * Opens the embedded archive in `folder`: `vault/ claims/ wraps/ keys/ source.sqlite index.sqlite run/`. With `create` an
 * empty folder becomes an archive, keys included; a first start that was killed goes on where it stopped. `recover` opens an
 * archive whose claims were lost, for `claims rebuild`.
 */
export async function openEmbedded(folder: string, create?: FolderSettings, options: { readonly recover?: boolean } = {}): Promise<OpenedArchive> {
  const { settings, created } = await openFolder(folder, create);
  const clock = { now: () => new Date() };
  const keysFolder = join(folder, 'keys');
  const run = join(folder, 'run');
  const claims = await DirectoryClaimStore.open({ folder: join(folder, 'claims'), scratch: join(run, 'claims') });
  if ((await claims.read(GENESIS_CLAIM)) !== undefined) await refuseWithoutKeys(keysFolder);
  // Adds only what is missing: months move on, and every start keeps two years of keys ahead.
  await initKeyRing(keysFolder, { cohorts: cohortsNeeded(settings.classes, clock.now()), escrowPrivate: true });
  const store = (name: string): Promise<DirectoryObjectStore> =>
    DirectoryObjectStore.open({ folder: join(folder, name), scratch: join(run, name), clock });
  const [vault, wraps] = [await store('vault'), await store('wraps')];
  const parts = {
    vault,
    wraps,
    claims,
    keys: await JwksKeyRing.open(keysFolder),
    crypto: nodeCrypto,
    clock,
    random: randomBytes,
    software: SOFTWARE,
  };
  const opened =
    options.recover === true
      ? await recoverArchive(parts)
      : await createArchive(parts, {
          name: settings.name,
          timeZone: settings.timeZone,
          profile: 'embedded',
          logOrigin: logOrigin(),
          classes: settings.classes,
          defaultClass: settings.defaultClass,
          principal: osPrincipal(),
        });
  const { archive, governance } = opened;
  const dataKeys = new DataKeys(archive, () => governance.ledgerUntil(clock.now()));
  const sourcePath = join(folder, 'source.sqlite');
  const first = new SqliteRecordSink(sourcePath);
  await first.ensureTopic(settings.topic, settings.partitions);
  await first.close();
  if (options.recover !== true) {
    await checkSigningKey(archive, governance, keysFolder);
    await introduceCohorts({ archive, governance, principal: osPrincipal() });
  }
  return {
    archive,
    profile: 'embedded',
    clock: opened.clock,
    governance,
    dataKeys,
    reader: new SegmentReader(archive, dataKeys),
    sourceName: settings.sourceName,
    topics: [settings.topic],
    timeZone: settings.timeZone,
    created,
    source: () => new SqliteRecordSource({ path: sourcePath, topics: [settings.topic] }),
    sink: () => new SqliteRecordSink(sourcePath),
    importing: () => ({
      settleMs: 0,
      ...lockFolder(folder, 'import', `Another import into ${folder} is under way: wait for its end, then run the command again.`),
    }),
    index: () => new Fts5RecordIndex(join(folder, 'index.sqlite')),
    strays: () => vault.strays(),
    close: () => {
      vault.close();
      wraps.close();
      return Promise.resolve();
    },
  };
}

/**
 * Work on an archive in a folder that one process does at a time; the operating system ends it with its process.
 * @throws HoldfastError `bad_request` with `sentence` when another process does it
 */
export function lockFolder(folder: string, work: 'import' | 'start', sentence: string): FolderLock {
  const lock = tryLock(join(folder, 'run', `${work}.sqlite`));
  if (lock === undefined) throw new HoldfastError('bad_request', sentence);
  return lock;
}

/** New keys would be of no use to an archive that has lost its own, and in the way of those that a copy brings back. */
async function refuseWithoutKeys(folder: string): Promise<void> {
  try {
    await access(folder);
  } catch (cause) {
    throw new HoldfastError('bad_configuration', `The keys of the archive are not in ${folder}: bring that folder back from a copy.`, { cause });
  }
}

/** A name of its own for each log: a witness takes two logs of one name for a fork. */
function logOrigin(): string {
  const host = hostname()
    .toLowerCase()
    .replaceAll(/[^a-z0-9.-]/g, '-');
  return `${host === '' ? 'localhost' : host}/holdfast/${toHex(randomBytes(8))}`;
}
