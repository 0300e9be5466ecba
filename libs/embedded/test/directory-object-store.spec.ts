import { mkdtempSync } from 'node:fs';
import { mkdir, readdir, readFile, rename, rm, stat, symlink, unlink, writeFile } from 'node:fs/promises';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from '@jest/globals';
import { codeOf, collect, TestClock } from '@holdfast/test-kit';
import { DirectoryClaimStore, DirectoryObjectStore } from '../src/index.js';
import type { DiskStep } from '../src/durable-folder.js';

const root = mkdtempSync(join(tmpdir(), 'holdfast-folder-'));
afterAll(() => rm(root, { recursive: true }));

const lock = { mode: 'COMPLIANCE', retainUntil: new Date('2030-01-31T00:00:00Z') } as const;
const longer = { mode: 'COMPLIANCE', retainUntil: new Date('2035-01-31T00:00:00Z') } as const;
let count = 0;

interface Opened {
  readonly store: DirectoryObjectStore;
  readonly vault: string;
  readonly scratch: string;
  readonly clock: TestClock;
}

async function opened(hook?: (step: DiskStep) => void): Promise<Opened> {
  const base = join(root, String(++count));
  const places = { folder: join(base, 'vault'), scratch: join(base, 'run') };
  const clock = new TestClock();
  const store = await DirectoryObjectStore.open({ ...places, clock, ...(hook === undefined ? {} : { hook }) });
  return { store, vault: places.folder, scratch: places.scratch, clock };
}

function errno(code: string): Error {
  return Object.assign(new Error(code), { code });
}

async function unfinished(scratch: string): Promise<string[]> {
  return (await readdir(scratch)).filter((name) => name.endsWith('.tmp'));
}

describe('the folder', () => {
  it('holds each version as a plain file whose name is key and version id, and nothing else', async () => {
    const { store, vault, scratch } = await opened();
    const version = await store.put('msg/a/0/00000001', Buffer.from('the bytes'), lock);
    expect(version).toMatch(/^20260301T000000\d{3}Z-[0-9a-f]{8}-C20300131T000000Z$/);
    expect(await readdir(vault, { recursive: true })).toEqual(['msg', 'msg/a', 'msg/a/0', `msg/a/0/00000001@${version}`]);
    expect(await readFile(join(vault, `msg/a/0/00000001@${version}`), 'utf8')).toBe('the bytes');
    expect(await unfinished(scratch)).toEqual([]);
    store.close();
  });

  it('takes the longest topic of Kafka as a folder, and lets nobody else in', async () => {
    const { store, vault, scratch } = await opened();
    const key = `o/msg/s/${'t'.repeat(249)}/0/0/${'n'.repeat(200)}`;
    const version = await store.put(key, Buffer.from('x'), lock);
    expect((await collect(store.list('o/'))).map((found) => found.key)).toEqual([key]);
    expect(await collect(store.strays())).toEqual([]);
    expect((await store.get(key, version)).length).toBe(1);
    for (const folder of [vault, scratch]) expect((await stat(folder)).mode & 0o077).toBe(0);
    store.close();
  });

  it('shows flipped bytes, truncation, additions and swaps to whoever hashes what get returns', async () => {
    const { store, vault } = await opened();
    const a = await store.put('a', Buffer.from('aaaa'), lock);
    const b = await store.put('b', Buffer.from('bbbbbb'), lock);
    await rename(join(vault, `a@${a}`), join(vault, 'tmp'));
    await rename(join(vault, `b@${b}`), join(vault, `a@${a}`));
    await rename(join(vault, 'tmp'), join(vault, `b@${b}`));
    expect(Buffer.from(await store.get('a', a)).toString()).toBe('bbbbbb');
    expect((await store.head('b', b)).size).toBe(4);
    store.close();
  });

  it('names files that are no version in strays, and a renamed one is missing', async () => {
    const { store, vault } = await opened();
    const version = await store.put('x/a', Buffer.from('a'), lock);
    await store.setLegalHold('x/a', version, true);
    expect(await collect(store.strays())).toEqual([]);
    await writeFile(join(vault, 'x/note.txt'), 'hello');
    await writeFile(join(vault, `x/b@${version}.state`), '');
    await writeFile(join(vault, `x/a@${version}.bak`), '');
    await mkdir(join(vault, 'x/odd name/deep'), { recursive: true });
    await symlink('/etc/passwd', join(vault, `x/link@${version}`));
    await writeFile(join(vault, 'x/c@20260231T000000000Z-00000000-C20300131T000000Z'), 'no such day');
    expect((await collect(store.strays())).map((name) => name.replace(version, 'V'))).toEqual([
      'x/a@V.bak',
      'x/b@V.state',
      'x/c@20260231T000000000Z-00000000-C20300131T000000Z',
      'x/link@V',
      'x/note.txt',
      'x/odd name',
    ]);
    expect((await collect(store.list(''))).map((row) => row.key)).toEqual(['x/a']);
    expect(await codeOf(store.get('x/link', version))).toBe('object_missing');
    await rename(join(vault, `x/a@${version}`), join(vault, `x/z@${version}`));
    expect(await codeOf(store.get('x/a', version))).toBe('object_missing');
    expect((await collect(store.list('x/'))).map((row) => row.key)).toEqual(['x/z']);
    store.close();
  });

  it('takes a damaged, swapped or foreign state file for an error, never for "not held"', async () => {
    const { store, vault, clock } = await opened();
    const a = await store.put('a', Buffer.from('a'), lock);
    const b = await store.put('b', Buffer.from('b'), lock);
    await store.setLegalHold('a', a, true);
    await store.extendLock('b', b, longer);
    const state = join(vault, `a@${a}.state`);
    const good = await readFile(state);
    clock.set(new Date('2040-01-01T00:00:00Z'));
    for (let i = 0; i < good.length; i++) {
      const bad = Buffer.from(good);
      bad.writeUInt8(bad.readUInt8(i) ^ 1, i);
      await unlink(state);
      await writeFile(state, bad);
      expect(await codeOf(store.head('a', a))).toBe('content_damaged');
    }
    await unlink(state);
    await writeFile(state, good.subarray(0, -1));
    expect(await codeOf(store.delete('a', a))).toBe('content_damaged');
    await unlink(state);
    await writeFile(state, await readFile(join(vault, `b@${b}.state`)));
    expect(await codeOf(store.delete('a', a))).toBe('content_damaged');
    expect(Buffer.from(await store.get('a', a)).toString()).toBe('a');
    store.close();
  });

  it('keeps the first lock when the state file is taken away', async () => {
    const { store, vault } = await opened();
    const version = await store.put('a', Buffer.from('a'), lock);
    await store.extendLock('a', version, longer);
    await unlink(join(vault, `a@${version}.state`));
    expect((await store.head('a', version)).lock).toEqual(lock);
    expect(await codeOf(store.delete('a', version))).toBe('object_locked');
    store.close();
  });

  it('does not leave itself by way of a version id', async () => {
    const { store } = await opened();
    await store.put('a/b', Buffer.from('a'), lock);
    for (const version of ['../../etc/passwd', 'x/../../y', '', '.', 'null']) {
      expect(await codeOf(store.get('a/b', version))).toBe('object_missing');
      await store.delete('a/b', version);
    }
    store.close();
  });

  it('lets two stores over one folder set holds and locks at once without losing one', async () => {
    const { store, vault, scratch, clock } = await opened();
    const second = await DirectoryObjectStore.open({ folder: vault, scratch, clock });
    const version = await store.put('a', Buffer.from('a'), lock);
    await Promise.all([store.setLegalHold('a', version, true), second.extendLock('a', version, longer)]);
    expect(await second.head('a', version)).toMatchObject({ legalHold: true, lock: longer });
    clock.set(new Date('2040-01-01T00:00:00Z'));
    await store.setLegalHold('a', version, false);
    const [deleted, held] = await Promise.all([codeOf(store.delete('a', version)), codeOf(second.setLegalHold('a', version, true))]);
    // Whoever came first won, and the other one knows.
    expect(['none object_missing', 'object_locked none']).toContain(`${deleted} ${held}`);
    store.close();
    second.close();
  });
});

describe('unfinished files', () => {
  it('go at the next start when their process is gone, also one with our number; other names stay', async () => {
    const { store, vault, scratch } = await opened();
    store.close();
    const host = hostname().replaceAll(/[^A-Za-z0-9-]/g, '-');
    const dead = [`${host}~${String(process.pid)}~${'0'.repeat(24)}.tmp`, `${host}~4194999~${'0'.repeat(24)}.tmp`];
    const others = [`${host}~${String(process.ppid)}~${'0'.repeat(24)}.tmp`, `elsewhere~1~${'0'.repeat(24)}.tmp`, 'note.txt'];
    for (const name of [...dead, ...others]) await writeFile(join(scratch, name), 'half');
    const again = await DirectoryObjectStore.open({ folder: vault, scratch });
    expect((await readdir(scratch)).filter((name) => name !== 'mutex.sqlite').sort()).toEqual([...others].sort());
    again.close();
  });
});

describe('a full disk', () => {
  it.each<DiskStep>(['make_folder', 'write', 'fsync', 'link'])('is disk_full at %s, leaves nothing, and later puts work', async (at) => {
    let full = true;
    const { store, scratch } = await opened((step) => {
      if (full && step === at) throw errno('ENOSPC');
    });
    expect(await codeOf(store.put('a/b', Buffer.from('x'), lock))).toBe('disk_full');
    expect(await collect(store.list(''))).toEqual([]);
    expect(await unfinished(scratch)).toEqual([]);
    full = false;
    const version = await store.put('a/b', Buffer.from('x'), lock);
    expect((await collect(store.list(''))).map((row) => row.version)).toEqual([version]);
    store.close();
  });

  it('fails a hold and keeps the state that was there', async () => {
    let full = false;
    const { store } = await opened((step) => {
      if (full && step === 'write') throw errno('EDQUOT');
    });
    const version = await store.put('a', Buffer.from('x'), lock);
    await store.setLegalHold('a', version, true);
    full = true;
    expect(await codeOf(store.setLegalHold('a', version, false))).toBe('disk_full');
    expect((await store.head('a', version)).legalHold).toBe(true);
    store.close();
  });

  it('fails a claim that is not there, and leaves one unsure that is', async () => {
    const at: { step?: DiskStep } = {};
    const places = { folder: join(root, String(++count), 'claims'), scratch: join(root, String(count), 'run') };
    const claims = await DirectoryClaimStore.open({
      ...places,
      hook: (step) => {
        if (step === at.step) throw errno('ENOSPC');
      },
    });
    expect(await claims.create('first', Buffer.from('x'))).toBe('created');
    at.step = 'link';
    expect(await codeOf(claims.create('k', Buffer.from('x')))).toBe('disk_full');
    expect(await claims.read('first')).toBeDefined();
    at.step = 'fsync_folder';
    expect(await claims.create('k', Buffer.from('x'))).toBe('unsure');
    delete at.step;
    expect(await claims.read('k')).toBeDefined();
    expect(await claims.create('k', Buffer.from('x'))).toBe('exists');
  });
});

describe('other trouble', () => {
  it.each([
    ['EACCES', 'bad_configuration'],
    ['EROFS', 'bad_configuration'],
    ['EXDEV', 'bad_configuration'],
    ['EPERM', 'bad_configuration'],
    ['EIO', 'store_unavailable'],
  ])('%s is %s', async (code, expected) => {
    const { store } = await opened((step) => {
      if (step === 'link') throw errno(code);
    });
    expect(await codeOf(store.put('a', Buffer.from('x'), lock))).toBe(expected);
    store.close();
  });

  it('a folder that cannot be made is bad_configuration or unavailable, by name', async () => {
    await writeFile(join(root, 'file'), '');
    await expect(DirectoryObjectStore.open({ folder: join(root, 'file/vault'), scratch: join(root, 'run-x') })).rejects.toThrow(/file\/vault/);
  });

  it('claims cannot be folders of each other', async () => {
    const claims = await DirectoryClaimStore.open({ folder: join(root, 'cl'), scratch: join(root, 'cl-run') });
    await claims.create('a/b', Buffer.from('x'));
    expect(await codeOf(claims.create('a', Buffer.from('x')))).toBe('bad_request');
    expect(await codeOf(claims.create('a/b/c', Buffer.from('x')))).toBe('bad_request');
    expect(await claims.read('a')).toBeUndefined();
    expect(await claims.read('a/b/c')).toBeUndefined();
  });
});
