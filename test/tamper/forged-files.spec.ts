import { createHash } from 'node:crypto';
import { chmod, copyFile, mkdir, readFile, readdir, rename, rm, symlink, truncate, writeFile } from 'node:fs/promises';
import { dirname, join, relative } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { nodeCrypto } from '@holdfast/crypto-node';
import { newEcPair, signCompact } from '@holdfast/test-kit';
import { verifyArchive } from '@holdfast/verify';
import type { VerifyReport } from '@holdfast/verify';
import { withEvidence } from '../../apps/cli/src/evidence.js';
import { goldenCopy } from '../harness/golden.js';
import { holdfast } from '../harness/holdfast-process.js';
import { isNamed } from '../harness/named-place.js';

let golden: Awaited<ReturnType<typeof goldenCopy>>;
let pristine: readonly string[];

const at = (path: string): string => join(golden.folder, path);
const judge = (level?: number): Promise<VerifyReport> =>
  withEvidence({ data: golden.folder, environment: {} }, (evidence) =>
    verifyArchive(evidence, { crypto: nodeCrypto, ...(level !== undefined && { level }) }),
  );
const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');

async function paths(): Promise<string[]> {
  const found: string[] = [];
  for (const store of ['vault', 'claims', 'wraps']) {
    for (const entry of await readdir(at(store), { recursive: true, withFileTypes: true }))
      if (!entry.isDirectory()) found.push(relative(golden.folder, join(entry.parentPath, entry.name)));
  }
  return found.sort();
}

/** The one file whose path holds all of the texts. */
function one(...texts: readonly string[]): string {
  const [path, ...others] = pristine.filter((candidate) => texts.every((text) => candidate.includes(text)));
  if (path === undefined || others.length > 0) throw new Error(`${texts.join(' ')}: ${String(others.length + (path === undefined ? 0 : 1))} files`);
  return path;
}

/** Changes the folder, judges it, and puts everything back as it was. */
async function tampered(change: () => Promise<void>, level?: number): Promise<VerifyReport> {
  const before = new Map<string, Buffer>();
  for (const path of pristine) before.set(path, await readFile(at(path)));
  try {
    await change();
    return await judge(level);
  } finally {
    for (const path of await paths()) if (!before.has(path)) await rm(at(path), { recursive: true });
    for (const [path, bytes] of before) {
      await mkdir(dirname(at(path)), { recursive: true });
      const now = await readFile(at(path)).catch(() => undefined);
      if (now?.equals(bytes) !== true) {
        await rm(at(path), { recursive: true, force: true });
        await writeFile(at(path), bytes);
      }
    }
    // Folders that a change left behind hold nothing, and nothing looks at them.
  }
}

async function overwrite(path: string, bytes: Uint8Array): Promise<void> {
  await mkdir(dirname(at(path)), { recursive: true });
  await rm(at(path), { force: true });
  await writeFile(at(path), bytes);
}

beforeAll(async () => {
  golden = await goldenCopy();
  pristine = await paths();
}, 30_000);
afterAll(() => golden.remove());

const CHAIN = 'msg/golden/chat/1/0';

describe('an archive into which somebody put something', () => {
  it('has no finding before, at any level', async () => {
    for (const level of [1, 2, 3, 4, 5, 6]) {
      const report = await judge(level);
      expect({ level, findings: report.findings, chains: report.chains }).toEqual({ level, findings: [], chains: 6 });
    }
  });

  it('names a changed manifest at every level, and changed content from level 4 on', async () => {
    const manifest = one(`m/${CHAIN}/0000000000000001`);
    const content = one(`o/${CHAIN}/0000000000000001`);
    for (const level of [1, 2, 3, 4, 5, 6]) {
      const changed = Buffer.from(await readFile(at(manifest)));
      changed.writeUInt8(changed.readUInt8(100) ^ 1, 100);
      expect(isNamed((await tampered(() => overwrite(manifest, changed), level)).findings, manifest)).toBe(true);
      const other = Buffer.from(await readFile(at(content)));
      other.writeUInt8(other.readUInt8(100) ^ 1, 100);
      expect(isNamed((await tampered(() => overwrite(content, other), level)).findings, content)).toBe(level >= 4);
    }
  });

  it.each([
    ['a text file', 'vault/README.txt'],
    ['a file in a folder of its own', 'vault/notes/1.txt'],
    ['a file among manifests', `vault/m/${CHAIN}/0000000000000001/notes.txt`],
    ['a state without its version', `vault/o/${CHAIN}/0000000000000001/a.hfo@20261122T180829313Z-13d18c7e-C20341130T235959Z.state`],
    ['a name that is no version', `vault/m/${CHAIN}/0000000000000001/a.jws@now`],
    ['a file of a chain nobody registered', 'vault/m/msg/golden/other/0/0/0000000000000000/a.jws@20261122T180829313Z-13d18c7e-C20341130T235959Z'],
    ['a key that nothing has', 'vault/x/y@20261122T180829313Z-13d18c7e-C20341130T235959Z'],
    ['a claim behind the end', `claims/${CHAIN}/0000000000000009`],
    ['a claim right behind the end', `claims/${CHAIN}/0000000000000004`],
    ['a claim of no chain', 'claims/msg/nobody/0000000000000000'],
    ['a wrap beside the wraps', 'wraps/notes.txt'],
  ])('names %s', async (_what, path) => {
    const { findings } = await tampered(() => overwrite(path, Buffer.from('put here')));
    const stray = path.replace(/^(vault|claims)\//, '').replace(/@\d.*/, '');
    expect(findings.map(({ place }) => place).some((place) => place.startsWith(stray) || isNamed(findings, path))).toBe(true);
  });

  it('names a link in place of a file, and a folder in place of one', async () => {
    const content = one(`o/${CHAIN}/0000000000000001`);
    const linked = await tampered(async () => {
      await rename(at(content), at('vault/elsewhere'));
      await symlink(at('vault/elsewhere'), at(content));
    });
    expect(isNamed(linked.findings, content)).toBe(true);
    expect(linked.findings.map(({ place }) => place)).toContain('elsewhere');
    const folder = await tampered(async () => {
      await rm(at(content));
      await mkdir(at(content));
    });
    expect(isNamed(folder.findings, content)).toBe(true);
  });

  it('names a shadow version of content, of a manifest, of the genesis and of a wrap', async () => {
    for (const [texts, code] of [
      [[`o/${CHAIN}/0000000000000001`], 'SHADOW_VERSION'],
      [[`m/${CHAIN}/0000000000000001`], 'MANIFEST_HASH_MISMATCH'],
      [['genesis.jws'], 'GENESIS_INVALID'],
      [[`wraps/${CHAIN}/`, 'kek.jwe'], 'WRAP_DAMAGED'],
      [[`wraps/${CHAIN}/`, 'escrow.jwe'], 'WRAP_DAMAGED'],
    ] as const) {
      const path = one(...texts);
      const bytes = Buffer.from(await readFile(at(path)));
      bytes.writeUInt8(bytes.readUInt8(50) ^ 1, 50);
      const { findings } = await tampered(() => overwrite(path.replace(/Z-[0-9a-f]{8}-/, 'Z-ffffffff-'), bytes));
      expect(findings.map((found) => found.code)).toContain(code);
      expect(isNamed(findings, path)).toBe(true);
    }
  });

  it('names another wrap of the same data key, whatever it opens to', async () => {
    const [first, second] = pristine.filter((path) => path.startsWith(`wraps/${CHAIN}/`) && path.includes('kek.jwe'));
    const other = pristine.find((path) => path.startsWith('wraps/msg/golden/chat/0/0/standard') && path.includes('kek.jwe')) ?? '';
    expect(second).toBeUndefined();
    const { findings } = await tampered(async () => overwrite((first ?? '').replace(/Z-[0-9a-f]{8}-/, 'Z-ffffffff-'), await readFile(at(other))));
    expect(findings.map(({ code }) => code)).toEqual(expect.arrayContaining(['SHADOW_VERSION', 'WRAP_DAMAGED']));
  });

  it('only notes a second version with equal bytes', async () => {
    for (const texts of [[`o/${CHAIN}/0000000000000001`], [`m/${CHAIN}/0000000000000001`], ['genesis.jws'], [`wraps/${CHAIN}/`, 'kek.jwe']]) {
      const path = one(...texts);
      const report = await tampered(() => copyFile(at(path), at(path.replace(/Z-[0-9a-f]{8}-/, 'Z-ffffffff-'))));
      expect(report.findings).toEqual([]);
      expect(report.notes.map(({ code }) => code)).toContain('EQUAL_COPY');
    }
  });

  it('names a manifest signed by a key that nobody introduced, under the key id of one that was', async () => {
    const original = one(`m/${CHAIN}/0000000000000002`);
    const [header = '', payload = ''] = (await readFile(at(original), 'utf8')).split('.');
    const { kid } = JSON.parse(Buffer.from(header, 'base64url').toString()) as { kid: string };
    const stranger = newEcPair();
    for (const signer of [kid, stranger.publicJwk.kid]) {
      const forged = Buffer.from(
        signCompact({ alg: 'ES256', kid: signer, typ: 'holdfast-manifest' }, Buffer.from(payload, 'base64url'), stranger.privateJwk),
      );
      const path = `vault/m/${CHAIN}/0000000000000002/${sha256(forged)}.jws@20261122T190000000Z-0a0a0a0a-C20341130T235959Z`;
      const { findings } = await tampered(() => overwrite(path, forged));
      expect(findings.map(({ code, place }) => `${code} ${place}`)).toEqual([`MANIFEST_INVALID m/${CHAIN}/0000000000000002/${sha256(forged)}.jws`]);
    }
  });

  it('names a real manifest under another number, in another chain, and one of another archive', async () => {
    const original = one(`m/${CHAIN}/0000000000000002`);
    const bytes = await readFile(at(original));
    const name = original.slice(original.lastIndexOf('/') + 1);
    for (const path of [
      `vault/m/${CHAIN}/0000000000000004/${name}`,
      `vault/m/${CHAIN}/0000000000000001/${name}`,
      `vault/m/msg/golden/chat/0/0/0000000000000002/${name}`,
    ]) {
      const { findings } = await tampered(() => overwrite(path, bytes));
      expect(findings.map(({ code }) => code)).toContain('MANIFEST_INVALID');
      expect(isNamed(findings, path)).toBe(true);
    }
    const [, payload = ''] = bytes.toString().split('.');
    const foreign = { ...(JSON.parse(Buffer.from(payload, 'base64url').toString()) as object), archive: 'ab'.repeat(32) };
    const pair = newEcPair();
    const forged = Buffer.from(
      signCompact({ alg: 'ES256', kid: pair.publicJwk.kid, typ: 'holdfast-manifest' }, Buffer.from(JSON.stringify(foreign)), pair.privateJwk),
    );
    const path = `vault/m/${CHAIN}/0000000000000004/${sha256(forged)}.jws@20261122T190000000Z-0a0a0a0a-C20341130T235959Z`;
    expect(isNamed((await tampered(() => overwrite(path, forged))).findings, path)).toBe(true);
  });

  it('notes content that was copied to the next number as an attempt, and names what lies too far behind the end', async () => {
    const content = one(`o/${CHAIN}/0000000000000001`);
    const copy = (seq: string): string => content.replace('/0000000000000001/', `/${seq}/`);
    const near = await tampered(async () => overwrite(copy('0000000000000005'), await readFile(at(content))));
    expect(near.findings).toEqual([]);
    expect(near.notes.map(({ code }) => code)).toContain('ABANDONED_ATTEMPT');
    const far = await tampered(async () => overwrite(copy('0000000000000900'), await readFile(at(content))));
    expect(isNamed(far.findings, copy('0000000000000900'))).toBe(true);
    const changedName = copy('0000000000000005').replace(/-[0-9a-f]{64}\.hfo/, `-${'0'.repeat(64)}.hfo`);
    expect(isNamed((await tampered(async () => overwrite(changedName, await readFile(at(content))))).findings, changedName)).toBe(true);
  });
});

describe('an archive from which somebody took something', () => {
  it('notes a renamed manifest and a renamed content object: claim and manifest name the version', async () => {
    for (const path of [one(`o/${CHAIN}/0000000000000001`), one(`m/${CHAIN}/0000000000000001`)]) {
      const { findings, notes } = await tampered(() => rename(at(path), at(path.replace(/Z-[0-9a-f]{8}-/, 'Z-ffffffff-'))));
      // As in a copy: the bytes are those of the manifest, and the lock is long enough.
      expect(findings).toEqual([]);
      expect(
        isNamed(
          notes.filter(({ code }) => code === 'RELOCATED'),
          path,
        ),
      ).toBe(true);
    }
  });

  it('names every lock that was made shorter in the name of its version', async () => {
    for (const texts of [
      [`o/${CHAIN}/0000000000000001`],
      [`m/${CHAIN}/0000000000000001`],
      ['m/gov/0000000000000000'],
      ['genesis.jws'],
      [`wraps/${CHAIN}/`, 'kek.jwe'],
      [`wraps/${CHAIN}/`, 'escrow.jwe'],
    ]) {
      const path = one(...texts);
      const shorter = path.replace(/-([CG])20\d{6}T/, '-$120270101T');
      expect(shorter).not.toBe(path);
      const { findings } = await tampered(() => rename(at(path), at(shorter)));
      expect({ path, codes: findings.map(({ code }) => code), named: isNamed(findings, path) }).toMatchObject({ named: true });
    }
  });

  it('names every lock whose mode was changed', async () => {
    for (const texts of [[`o/${CHAIN}/0000000000000001`], [`m/${CHAIN}/0000000000000001`], ['genesis.jws']]) {
      const path = one(...texts);
      const { findings } = await tampered(() => rename(at(path), at(path.replace('-C20', '-G20'))));
      expect(isNamed(findings, path)).toBe(true);
    }
  });

  it('names the number of a last manifest that is gone while its claim stays', async () => {
    for (const [chain, seq] of [
      [CHAIN, 3],
      ['gov', 5],
      ['access/golden', 1],
    ] as const) {
      const path = one(`vault/m/${chain}/${String(seq).padStart(16, '0')}`);
      const { findings } = await tampered(() => rm(at(path)));
      expect(findings.map(({ code, place }) => `${code} ${place}`)).toContain(`MANIFEST_MISSING ${chain} ${seq}`);
    }
  });

  it('names the first claim without a manifest when more than the last number is gone', async () => {
    const { findings } = await tampered(async () => {
      for (const path of pristine.filter((name) => name.startsWith(`vault/m/${CHAIN}/000000000000000`) && !name.includes('0000/')))
        await rm(at(path));
      await rm(at(`claims/${CHAIN}/0000000000000001`));
      await rm(at(`claims/${CHAIN}/0000000000000002`));
    });
    expect(findings.map(({ code, place }) => `${code} ${place}`)).toContain(`MANIFEST_MISSING ${CHAIN} 3`);
  });

  it('cannot see a tail that is gone with its claims: only a checkpoint from elsewhere can', async () => {
    // Everything of the last two numbers of the youngest chain: manifests, content, claims, as if they had never been.
    const tail = pristine.filter((path) => path.includes('access/golden/0000000000000001'));
    expect(tail.length).toBeGreaterThanOrEqual(2);
    const report = await tampered(async () => {
      for (const path of tail) await rm(at(path));
    });
    expect(report.findings).toEqual([]);
    expect(report.anchored).toBe(false);
    expect(report.notes.map(({ code }) => code)).toContain('NOT_ANCHORED');
  });

  it('notes content of a tail whose manifests and claims are gone', async () => {
    const chain = 'msg/golden/chat/1/1';
    const report = await tampered(async () => {
      for (const path of pristine.filter((name) => name.startsWith(`vault/m/${chain}/`) || name.startsWith(`claims/${chain}/`))) await rm(at(path));
    });
    const content = pristine.filter((name) => name.startsWith(`vault/o/${chain}/`)).map((name) => name.replace(/^vault\/|@.*$/g, ''));
    expect(content.length).toBeGreaterThan(1);
    const attempts = report.notes.filter(({ code }) => code === 'ABANDONED_ATTEMPT').map(({ place }) => place);
    expect(attempts.filter((place) => place.startsWith('o/'))).toEqual(content);
    // The keys that it was sealed under are used by nobody any more.
    const others = attempts.filter((place) => !place.startsWith('o/'));
    expect(others.length).toBeGreaterThan(0);
    for (const place of others) expect(place).toMatch(new RegExp(`^${chain}/[a-z]+/[0-9-]+/[0-9-]+/[0-9a-f]{32}/$`));
  });

  it('names claims of a chain that are all gone, one by one, but the last', async () => {
    const report = await tampered(async () => {
      for (const path of pristine.filter((name) => name.startsWith(`claims/${CHAIN}/`))) await rm(at(path));
    });
    expect(report.findings.map(({ code, place }) => `${code} ${place}`)).toEqual([0, 1, 2].map((seq) => `CLAIMS_ROLLED_BACK ${CHAIN} ${seq}`));
  });

  it('judges without a claim of the genesis, and names it; without a genesis nothing can be judged', async () => {
    const claim = await tampered(() => rm(at('claims/genesis/0000000000000000')));
    expect(claim.findings.map(({ code, place }) => `${code} ${place}`)).toEqual(['CLAIMS_ROLLED_BACK genesis/0000000000000000']);
    const none = await tampered(() => rm(at(one('genesis.jws'))));
    expect(none.findings.map(({ code, place }) => `${code} ${place}`)).toEqual(['GENESIS_MISSING genesis.jws']);
    const other = await withEvidence({ data: golden.folder, environment: {} }, (evidence) =>
      verifyArchive(evidence, { crypto: nodeCrypto, archiveId: 'ab'.repeat(32) }),
    );
    expect(other.findings.map(({ code }) => code)).toEqual(['POLICY_MISMATCH']);
  });

  it('names a version whose state file is damaged: nobody may take it for not held', async () => {
    const path = one(`o/${CHAIN}/0000000000000001`);
    const state = `${path}.state`;
    const { findings } = await tampered(() => overwrite(state, Buffer.from(`COMPLIANCE 2099-12-31T23:59:59Z hold=off\n${'0'.repeat(64)}\n`)));
    expect(isNamed(findings, path)).toBe(true);
  });

  it('reports other files as whole when one has grown beyond all bounds', async () => {
    const content = one(`o/${CHAIN}/0000000000000001`);
    const manifest = one(`m/${CHAIN}/0000000000000002`);
    for (const path of [content, manifest]) {
      const report = await tampered(async () => {
        await chmod(at(path), 0o600);
        // Sparse: it takes no space on disk, and 8 GiB of memory of whoever reads it whole.
        await truncate(at(path), 8 * 1024 ** 3);
      });
      expect(isNamed(report.findings, path)).toBe(true);
    }
  }, 300_000);
});

describe('the command', () => {
  it('exits 0 on what is whole, 1 on what is not, whatever is damaged', async () => {
    const whole = await holdfast('verify', '--data', golden.folder, '--json');
    expect({ code: whole.code, ok: (JSON.parse(whole.out) as VerifyReport).ok }).toEqual({ code: 0, ok: true });
    for (const texts of [
      ['vault/m/gov/0000000000000000'],
      [`o/${CHAIN}/0000000000000001`],
      ['genesis.jws'],
      ['claims/genesis'],
      ['claims/gov/0000000000000005'],
    ]) {
      const path = one(...texts);
      const bytes = Buffer.from(await readFile(at(path)));
      const changed = Buffer.from(bytes);
      changed.writeUInt8(changed.readUInt8(40) ^ 4, 40);
      await overwrite(path, changed);
      const { code, out } = await holdfast('verify', '--data', golden.folder, '--json');
      await overwrite(path, bytes);
      expect({ path, code, named: isNamed((JSON.parse(out) as VerifyReport).findings, path) }).toEqual({ path, code: 1, named: true });
    }
  }, 300_000);

  it('leaves nothing behind in the folder', async () => {
    const before = await readdir(golden.folder, { recursive: true });
    const { code } = await holdfast('verify', '--data', golden.folder);
    expect(code).toBe(0);
    expect((await readdir(golden.folder, { recursive: true })).sort()).toEqual(before.sort());
  });

  it('says so when there is no archive', async () => {
    expect((await holdfast('verify', '--data', join(golden.folder, 'nowhere'))).code).toBe(78);
  });
});
