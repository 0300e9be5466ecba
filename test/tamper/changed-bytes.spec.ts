import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { nodeCrypto } from '@holdfast/crypto-node';
import { SeededRandom } from '@holdfast/test-kit';
import { verifyArchive } from '@holdfast/verify';
import type { VerifyReport } from '@holdfast/verify';
import { FolderImage } from '../harness/folder-image.js';
import { isNamed } from '../harness/named-place.js';
import { sealedFolder } from '../harness/sealed-folder.js';
import type { SealedFolder } from '../harness/sealed-folder.js';

const SEED = Number(process.env['HOLDFAST_TEST_SEED'] ?? 20261122);
/** Bytes flipped per file; `all` takes every byte, which lasts for hours. */
const FLIPS = process.env['HOLDFAST_TEST_FLIPS'] ?? '5';
/** Only files whose path contains this. */
const ONLY = process.env['HOLDFAST_TEST_FLIPS_IN'] ?? '';

let folder: SealedFolder;
let image: FolderImage;
let chains: ReadonlyMap<string, string>;

const judge = (changed: FolderImage, path?: string): Promise<VerifyReport> => {
  const chain = path === undefined ? undefined : chains.get(path);
  return verifyArchive(changed.evidence(), { crypto: nodeCrypto, ...(chain !== undefined && { chains: [chain] }) });
};

const bytesOf = (path: string): Uint8Array => image.files.get(path) ?? new Uint8Array(0);

/** Files that a writer left behind who lost its claim: nothing refers to them, so only their bytes can be judged. */
const isAttempt = (path: string): boolean => path.includes(`/${folder.attempt}/`);
/** The later state of a version; its loss gives back the first lock, which the manifest demands anyway. */
const isState = (path: string): boolean => path.endsWith('.state');
beforeAll(async () => {
  folder = await sealedFolder();
  image = await FolderImage.load(folder.folder);
  const names = [...image.files.keys()].map(
    (path) => [path, /^(?:vault\/[mo]|claims|wraps)\/(msg(?:\/[^/]+){4}|access\/[^/]+)\//.exec(path)?.[1]] as const,
  );
  chains = new Map(names.flatMap(([path, chain]) => (chain === undefined ? [] : [[path, chain] as const])));
}, 60_000);
afterAll(() => folder.remove());

describe('an archive whose files were changed', () => {
  it('has no finding before anybody touches it, and the abandoned attempt is only noted', async () => {
    const report = await judge(image);
    expect(report.findings).toEqual([]);
    expect(new Set(report.notes.map(({ code }) => code))).toEqual(
      new Set(['ACCEPTED_LOSS', 'UNCOMPARED', 'PENDING', 'ABANDONED_ATTEMPT', 'NOT_ANCHORED']),
    );
    expect(report.recordsOpened).toBe(report.records);
  });

  it(`shows every flipped byte, seed ${SEED}`, async () => {
    const random = new SeededRandom(SEED);
    const unseen: string[] = [];
    for (const path of image.files.keys()) {
      if (isState(path) || !path.includes(ONLY)) continue;
      const bytes = bytesOf(path);
      const end = bytes.length;
      const positions =
        FLIPS === 'all' ? [...Array(end).keys()] : [0, end - 1, ...Array.from({ length: Number(FLIPS) - 2 }, () => random.int(0, end - 1))];
      for (const at of positions) {
        const changed = bytes.slice();
        changed[at] = (changed[at] ?? 0) ^ (1 << random.int(0, 7));
        const { findings } = await judge(image.with({ [path]: changed }), path);
        if (!isNamed(findings, path)) unseen.push(`byte ${at} of ${path}: ${JSON.stringify(findings)}`);
      }
    }
    expect(unseen).toEqual([]);
  }, 3_600_000);

  it('shows every file that was cut, emptied, or got bytes more', async () => {
    const unseen: string[] = [];
    for (const path of image.files.keys()) {
      if (isState(path)) continue;
      const bytes = bytesOf(path);
      const longer = new Uint8Array(bytes.length + 1);
      longer.set(bytes);
      for (const changed of [new Uint8Array(0), bytes.subarray(0, bytes.length - 1), longer]) {
        const { findings } = await judge(image.with({ [path]: changed }), path);
        if (!isNamed(findings, path)) unseen.push(`${changed.length} of ${bytes.length} bytes of ${path}: ${JSON.stringify(findings)}`);
      }
    }
    expect(unseen).toEqual([]);
  }, 300_000);

  it('shows every file that is gone, or says why nobody can know', async () => {
    const unseen: string[] = [];
    for (const path of image.files.keys()) {
      const { findings } = await judge(image.with({ [path]: undefined }));
      if (!isNamed(findings, path)) unseen.push(path);
    }
    // The claim of a chain's last number: its manifest is then pending, and an anchor tells what was committed. (That of
    // msg/test/chat/1/0 is missed, because the attempt behind it was stored by somebody who had read it.)
    const lastClaims = ['access/tester', 'gov', 'msg/test/chat/0/0'].map((chain) =>
      [...image.files.keys()]
        .filter((path) => path.startsWith(`claims/${chain}/`))
        .sort()
        .at(-1),
    );
    expect(unseen.filter((path) => !isState(path) && !isAttempt(path)).sort()).toEqual(lastClaims);
  }, 300_000);

  it('shows every two files of one kind that were swapped', async () => {
    const unseen: string[] = [];
    const kinds = new Map<string, string[]>();
    for (const path of image.files.keys()) {
      if (isState(path)) continue;
      const kind = /^(claims|wraps|vault\/[mo])\//.exec(path)?.[1] ?? '';
      kinds.set(kind, [...(kinds.get(kind) ?? []), path]);
    }
    for (const paths of kinds.values()) {
      for (const [i, path] of paths.entries()) {
        const other = paths[(i + 1) % paths.length] ?? '';
        if (other === path) continue;
        const { findings } = await judge(image.with({ [path]: bytesOf(other), [other]: bytesOf(path) }));
        if (!isNamed(findings, path) || !isNamed(findings, other)) unseen.push(`${path} and ${other}`);
      }
    }
    expect(unseen).toEqual([]);
  }, 300_000);
});
