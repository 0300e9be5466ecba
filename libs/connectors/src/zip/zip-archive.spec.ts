import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { zipFile } from '@holdfast/test-kit';
import type { ZipFileEntry } from '@holdfast/test-kit';
import { fileHash, ZIP_LIMITS, ZipArchive } from './zip-archive.js';

let folder = '';
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'holdfast-zip-'));
});
afterAll(() => rm(folder, { recursive: true }));

const LIMITS = { ...ZIP_LIMITS, entries: 5, entryBytes: 3_000_000, totalBytes: 4_000_000 };

async function opened(bytes: Uint8Array): Promise<ZipArchive> {
  const path = join(folder, 'a.zip');
  await writeFile(path, bytes);
  return ZipArchive.open(path, LIMITS);
}

const entry = (name: string, more: Partial<ZipFileEntry> = {}): ZipFileEntry => ({ name, content: 'hello', ...more });

describe('ZipArchive', () => {
  it('reads stored and deflated entries, and leaves folders out', async () => {
    const zip = await opened(zipFile([entry('a/'), entry('a/b.json', { content: '合同', deflate: true }), entry('c')]));
    expect(zip.names).toEqual(['a/b.json', 'c']);
    expect(zip.has('c')).toBe(true);
    expect((await zip.read('a/b.json')).toString()).toBe('合同');
    expect((await zip.read('c')).toString()).toBe('hello');
    await expect(zip.read('d')).rejects.toMatchObject({ code: 'import_refused' });
    zip.close();
  });

  const zeros = Buffer.alloc(2_500_000);
  it.each<[string, ZipFileEntry[], string]>([
    ['a path that climbs out', [entry('../evil')], 'unsafe'],
    ['an absolute path', [entry('/etc/passwd')], 'unsafe'],
    ['a drive', [entry('C:/x')], 'unsafe'],
    ['a backslash', [entry('a\\..\\b')], 'unsafe'],
    ['a link', [entry('a', { mode: 0o120777, content: '/etc/passwd' })], '"a" is a symbolic link'],
    ['an encrypted entry', [entry('a', { flags: 1, deflate: true })], '"a" is encrypted'],
    ['another compression', [entry('a', { method: 12 })], 'other than deflate'],
    ['a name twice', [entry('a'), entry('a')], '"a" twice'],
    ['a name twice in another case', [entry('Ä'), entry('a\u0308')], 'twice'],
    ['too many entries', ['a', 'b', 'c', 'd', 'e', 'f'].map((name) => entry(name)), '6 entries'],
    ['an entry that is too large', [entry('a', { deflate: true, content: 'x', uncompressedSize: 3_000_001 })], 'more than 3000000'],
    ['a bomb', [entry('a', { deflate: true, content: zeros })], 'times its size'],
    ['too much in all', [entry('a', { content: zeros }), entry('b', { content: zeros })], 'more than 4000000 bytes'],
    ['entries that share bytes', [entry('a'), entry('b', { sharesWith: 0 })], 'shares its bytes'],
  ])('refuses %s', async (_name, entries, message) => {
    await expect(opened(zipFile(entries))).rejects.toMatchObject({ code: 'import_refused', message: expect.stringContaining(message) });
  });

  it('refuses what is no zip, cut off or absent', async () => {
    const whole = zipFile([entry('a', { content: zeros })]);
    await expect(opened(Buffer.from('PK no zip'))).rejects.toMatchObject({ code: 'import_refused' });
    await expect(opened(whole.subarray(0, 2_000_000))).rejects.toMatchObject({ code: 'import_refused' });
    await expect(ZipArchive.open(join(folder, 'absent.zip'))).rejects.toMatchObject({ code: 'import_refused' });
    await expect(fileHash(join(folder, 'absent.zip'))).rejects.toMatchObject({ code: 'import_refused' });
  });

  it.each<[string, ZipFileEntry]>([
    ['gives more than it says', entry('a', { deflate: true, content: 'hello world', uncompressedSize: 5 })],
    ['gives less than it says', entry('a', { deflate: true, content: 'hi', uncompressedSize: 500 })],
    ['has another checksum', entry('a', { crc: 7 })],
    ['is not deflate at all', entry('a', { method: 8, content: 'hello hello hello' })],
  ])('refuses to read an entry that %s', async (_name, bad) => {
    const zip = await opened(zipFile([bad]));
    await expect(zip.read('a')).rejects.toMatchObject({ code: 'import_refused', message: expect.stringContaining('damaged') });
    zip.close();
  });
});
