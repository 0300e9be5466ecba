import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { randomBytes } from 'node:crypto';
import { chmod, cp, mkdir, mkdtemp, readFile, readdir, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { nodeCrypto as crypto } from '@holdfast/crypto-node';
import { openEmbedded } from '@holdfast/assembly';
import type { OpenedArchive } from '@holdfast/assembly';
import { syntheticEvents } from '@holdfast/connectors';
import { RecordOpener } from '@holdfast/discovery';
import { utf8 } from '@holdfast/seal';
import { describeWith, needed } from '@holdfast/test-kit';
import { compareVaults, copyVault, readCommitted, rebuildClaims } from '@holdfast/vault';
import type { Comparison, CopyReport, CopyStores } from '@holdfast/vault';
import { verifyArchive } from '@holdfast/verify';
import type { VerifyReport } from '@holdfast/verify';
import { withCopy } from '../../apps/cli/src/copy-stores.js';
import type { CopyPlaces } from '../../apps/cli/src/copy-stores.js';
import { withEvidence } from '../../apps/cli/src/evidence.js';
import { TOPIC, sealAll, sealedFolder } from '../harness/sealed-folder.js';
import type { SealedFolder } from '../harness/sealed-folder.js';

const clock = { now: () => new Date() };
const PATIENCE_MS = 240_000;

let archive: SealedFolder;
let scratch: string;

beforeAll(async () => {
  archive = await sealedFolder();
  // Twice: then the abandoned attempt lies under a number that the next one decides, and rebuilt claims can tell.
  const opened = await openEmbedded(archive.folder);
  for (const seed of [7, 8]) await sealMore(opened, seed);
  await opened.close();
}, PATIENCE_MS);
afterAll(() => archive.remove());
beforeEach(async () => {
  scratch = await mkdtemp(join(tmpdir(), 'holdfast-second-'));
});
afterEach(() => rm(scratch, { recursive: true, force: true }));

async function sealMore(opened: OpenedArchive, seed: number): Promise<void> {
  const sink = opened.sink();
  await sink.append(TOPIC, [...syntheticEvents({ records: 40, seed, conversations: 20, timestamp: 1_790_000_000_000n })]);
  await sink.close();
  await sealAll(opened);
}

type Places = Partial<CopyPlaces> & { readonly signal?: AbortSignal };

function copy({ signal, ...places }: Places): Promise<CopyReport> {
  const options = { data: archive.folder, environment: process.env, ...places };
  return withCopy(options, true, (source, there) =>
    copyVault(source, there, { crypto, clock, claims: options.withClaims === true, ...(signal !== undefined && { signal }) }),
  );
}

function compare(places: Places, deep = true): Promise<Comparison> {
  const options = { data: archive.folder, environment: process.env, ...places };
  return withCopy(options, false, (source, there) => compareVaults(source, there, { crypto, clock, deep, claims: options.withClaims === true }));
}

function verify(data: string, withoutClaims = false): Promise<VerifyReport> {
  return withEvidence({ data, withoutClaims, environment: process.env }, (evidence) => verifyArchive(evidence, { crypto }));
}

/** What an operator does to go on from a copy: keys, settings and source come from their own backups. */
async function takeOver(folder: string): Promise<void> {
  for (const name of ['holdfast.json', 'keys', 'source.sqlite']) await cp(join(archive.folder, name), join(folder, name), { recursive: true });
  await chmod(join(folder, 'keys'), 0o700);
}

/** The copy opens as an archive: every record can be read, and it goes on. */
async function expectUsable(folder: string): Promise<void> {
  const opened = await openEmbedded(folder);
  try {
    const chain = `msg/test/${TOPIC}/0/0`;
    const committed = await readCommitted(opened.archive, chain, 0, opened.governance.keys);
    const shown = await opened.reader.open(committed!.manifest, 3n);
    expect(shown?.object.key).toContain(`o/${chain}/`);
    expect(await new RecordOpener(opened.archive, opened.governance, opened.reader).open(`test~${TOPIC}~0~0~3`)).toBeDefined();
    await sealMore(opened, 9);
  } finally {
    await opened.close();
  }
  const report = await verify(folder);
  expect(report.findings).toEqual([]);
  expect(report.recordsOpened).toBe(report.records);
  expect(report.notes.map(({ code }) => code)).toContain('RELOCATED');
}

describe('a second copy in a folder', () => {
  it(
    'verifies without claims, is taken over with rebuilt claims, reads every record and seals on',
    async () => {
      const to = join(scratch, 'copy');
      const report = await copy({ to });
      expect(report.findings).toEqual([]);
      expect(await readdir(to)).toEqual(['run', 'vault', 'wraps']);
      expect(await compare({ to })).toMatchObject({ ok: true, findings: [] });
      const judged = await verify(to, true);
      expect(judged.findings).toEqual([]);
      expect(judged.skipped).toContainEqual(expect.stringContaining('Claims were not read'));
      await takeOver(to);
      const opened = await openEmbedded(to, undefined, { recover: true });
      const rebuilt = await rebuildClaims(opened.archive, opened.governance);
      await opened.close();
      expect(rebuilt.undecided).toEqual([]);
      await expectUsable(to);
      // From now on it is an archive of its own.
      await expect(copy({ to })).rejects.toMatchObject({ code: 'bad_request' });
    },
    PATIENCE_MS,
  );

  it(
    'with its claims opens at once, and goes on',
    async () => {
      const to = join(scratch, 'moved');
      const report = await copy({ to, withClaims: true });
      expect(report.claims).toBeGreaterThan(5);
      expect(await compare({ to, withClaims: true })).toMatchObject({ ok: true, findings: [] });
      await takeOver(to);
      await expectUsable(to);
      await expect(copy({ to, withClaims: true })).rejects.toMatchObject({
        code: 'bad_request',
        message: expect.stringContaining('gone on by itself'),
      });
    },
    PATIENCE_MS,
  );

  it(
    'says what was done to it: a flipped byte, a removed object, a shortened lock',
    async () => {
      const to = join(scratch, 'copy');
      await copy({ to });
      const files = (await readdir(join(to, 'vault'), { recursive: true, withFileTypes: true })).filter((entry) => entry.isFile());
      const pathOf = (prefix: string, at: number): string =>
        files.map((entry) => join(entry.parentPath, entry.name)).filter((path) => path.includes(`/vault/${prefix}`) && !path.endsWith('.state'))[
          at
        ] ?? '';
      const [flipped, removed, shortened] = [pathOf('o/msg', 0), pathOf('o/msg', 1), pathOf('m/gov', 0)];
      await chmod(flipped, 0o600);
      const bytes = await readFile(flipped);
      await writeFile(
        flipped,
        bytes.map((byte, i) => (i === 100 ? byte ^ 1 : byte)),
      );
      await rm(removed);
      await rename(shortened, shortened.replace(/-C\d{4}/, '-C2027'));
      const keyOf = (path: string): string => path.slice(to.length + 1).replace(/@.*$/, '');
      expect((await compare({ to })).findings.map(({ code, place }) => `${code} ${place}`).sort()).toEqual(
        [`DIFFERS ${keyOf(flipped)}`, `MISSING ${keyOf(removed)}`, `LOCK_SHORT ${keyOf(shortened)}`].sort(),
      );
      // The next run puts back what is gone and makes the lock longer; what was changed in place only a deep comparison sees.
      expect(await copy({ to })).toMatchObject({ copied: 1, relocked: 1 });
      expect((await compare({ to })).findings.map(({ code }) => code)).toEqual(['DIFFERS']);
    },
    PATIENCE_MS,
  );

  it(
    'is refused in wrong places, in one sentence',
    async () => {
      const refused = async (places: Places, text: string): Promise<void> => {
        await expect(copy(places)).rejects.toMatchObject({ code: 'bad_configuration', message: expect.stringContaining(text) });
      };
      await refused({}, 'Name the copy');
      await refused({ to: archive.folder }, 'name another place');
      await refused({ to: join(archive.folder, 'copy') }, 'name another place');
      await refused({ to: join(scratch, 'x'), data: join(scratch, 'nothing') }, 'There is no archive');
      await mkdir(join(scratch, 'holiday'));
      await writeFile(join(scratch, 'holiday', 'photo.jpeg'), 'x');
      await refused({ to: join(scratch, 'holiday') }, 'photo.jpeg lies there');
      await refused({ to: join(scratch, 'holiday', 'photo.jpeg') }, 'cannot be read as a folder');
      await refused({ toEnv: 'lower' }, 'in capitals');
      await refused({ toEnv: 'NOBODY', environment: {} }, 'NOBODY_S3_BUCKET_PREFIX is not set');
      await expect(compare({ to: join(scratch, 'nothing') })).rejects.toMatchObject({ message: expect.stringContaining('There is no copy') });
      expect(await readdir(join(scratch, 'holiday'))).toEqual(['photo.jpeg']);
    },
    PATIENCE_MS,
  );
});

const S3 = ['HOLDFAST_TEST_S3_ENDPOINT', 'HOLDFAST_TEST_S3_ACCESS_KEY', 'HOLDFAST_TEST_S3_SECRET_KEY'];

describeWith({ env: S3 }, 'a second copy in buckets', () => {
  let environment: NodeJS.ProcessEnv;

  beforeEach(async () => {
    const secret = join(scratch, 'secret');
    await writeFile(secret, needed('HOLDFAST_TEST_S3_SECRET_KEY'));
    environment = {
      MIRROR_S3_ENDPOINT: needed('HOLDFAST_TEST_S3_ENDPOINT'),
      MIRROR_S3_ACCESS_KEY: needed('HOLDFAST_TEST_S3_ACCESS_KEY'),
      MIRROR_S3_SECRET_KEY_FILE: secret,
      MIRROR_S3_BUCKET_PREFIX: `second-${randomBytes(4).toString('hex')}`,
      MIRROR_S3_CREATE_BUCKETS: 'true',
    };
  });

  it(
    'stops on request, goes on, has everything, and can be copied back',
    async () => {
      const mirror = { toEnv: 'MIRROR', environment };
      const stop = new AbortController();
      await expect(
        withCopy({ data: archive.folder, ...mirror }, true, (source, there) =>
          copyVault(source, there, {
            crypto,
            clock,
            signal: stop.signal,
            onProgress: ({ copied }) => {
              if (copied > 8) stop.abort();
            },
          }),
        ),
      ).rejects.toMatchObject({ code: 'stopped' });
      expect((await compare(mirror)).ok).toBe(false);
      expect((await copy(mirror)).copied).toBeGreaterThan(8);
      expect(await compare(mirror)).toMatchObject({ ok: true, findings: [] });
      expect(await copy(mirror)).toMatchObject({ copied: 0, relocked: 0, held: 0 });
      // As an archive of a cluster that is copied, into a folder.
      const cluster = Object.fromEntries(Object.entries(environment).map(([name, value]) => [name.replace('MIRROR', 'HOLDFAST'), value]));
      delete cluster['HOLDFAST_S3_CREATE_BUCKETS'];
      const to = join(scratch, 'back');
      const clusterEnvironment = { ...cluster, HOLDFAST_PROFILE: 'cluster' };
      const report = await withCopy({ environment: clusterEnvironment, to }, true, (source, there) => copyVault(source, there, { crypto, clock }));
      expect(report.findings).toEqual([]);
      expect(await compare({ to })).toMatchObject({ ok: true, findings: [] });
      expect((await verify(to, true)).findings).toEqual([]);
      await expect(withCopy({ environment: clusterEnvironment, toEnv: 'HOLDFAST' }, true, () => Promise.resolve(undefined))).rejects.toMatchObject({
        message: expect.stringContaining('archive itself'),
      });
    },
    PATIENCE_MS,
  );

  it(
    'says what is gone from it, and what is locked too short',
    async () => {
      const mirror = { toEnv: 'MIRROR', environment };
      await copy(mirror);
      const changed = await withCopy({ data: archive.folder, ...mirror }, false, async (_source, there: CopyStores) => {
        await there.vault.put('x/more', utf8('more'), { mode: 'GOVERNANCE', retainUntil: new Date(Math.ceil(Date.now() / 1000 + 3600) * 1000) });
        for await (const { key, version } of there.wraps.list('')) {
          await there.wraps.delete(key, version, { bypass: true });
          return key;
        }
        return '';
      });
      expect((await compare(mirror)).findings.map(({ code, place }) => `${code} ${place}`)).toEqual([
        'EXTRA vault/x/more',
        `MISSING wraps/${changed}`,
      ]);
    },
    PATIENCE_MS,
  );
});
