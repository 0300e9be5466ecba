import { deflateRawSync } from 'node:zlib';
import { describe, expect, it } from '@jest/globals';
import { ZipReader } from '@holdfast/bundle';
import { zipFile } from '@holdfast/test-kit';
import { encodeRecord } from '@holdfast/seal';
import fc from 'fast-check';
import { DisclosedEntries } from '../src/judge/disclosed-entries.js';
import { accessTo, inflate } from '../src/judge/file-access.js';
import { textOfRecord } from '../src/judge/record-text.js';
import { textOfTranscript } from '../src/judge/transcript-text.js';

const utf8 = (text: string): Uint8Array => new TextEncoder().encode(text);
const textOf = (bytes: Uint8Array | undefined): string => new TextDecoder().decode(bytes);

describe('a chosen file', () => {
  it('is read anywhere, in any order, beyond what is read ahead', async () => {
    const bytes = new Uint8Array(9 * 1024 * 1024).map((_, i) => i % 251);
    const access = accessTo(new Blob([bytes]));
    for (const [at, length] of [
      [0, 10],
      [5_000_000, 100],
      [4_194_300, 10],
      [0, 1],
      [100, 8_000_000],
      [bytes.length - 3, 3],
      [bytes.length, 0],
    ] as const)
      expect(Buffer.compare(await access.read(at, length), bytes.subarray(at, at + length))).toBe(0);
  });

  it('gives bytes that later reading does not change', async () => {
    const access = accessTo(new Blob(['abcdef']));
    const first = await access.read(0, 3);
    first.fill(0);
    expect(textOf(await access.read(0, 3))).toBe('abc');
  });

  it('gives the entries of a zip file, stored or packed, twice when they are there twice', async () => {
    const file = zipFile([
      { name: 'a', content: 'stored' },
      { name: 'b', content: 'packed '.repeat(1_000), deflate: true },
      { name: 'a', content: 'again' },
    ]);
    const zip = await ZipReader.open(accessTo(new Blob([new Uint8Array(file)])), inflate);
    expect(zip.names()).toEqual(['a', 'b', 'a']);
    expect(textOf(await zip.read('b'))).toBe('packed '.repeat(1_000));
    expect(await zip.read('c')).toBeUndefined();
  });
});

describe('a packed entry', () => {
  it('is unpacked to exactly its size', async () => {
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 5_000 }), async (bytes) => {
        const packed = new Uint8Array(deflateRawSync(bytes));
        expect(Buffer.compare(await inflate(packed, bytes.length), bytes)).toBe(0);
        await expect(Promise.resolve(inflate(packed, bytes.length + 1))).rejects.toThrow('fewer bytes');
        if (bytes.length > 0) await expect(Promise.resolve(inflate(packed, bytes.length - 1))).rejects.toThrow('more bytes');
      }),
      { numRuns: 25 },
    );
  });

  it('is not unpacked when it is a bomb, or damaged', async () => {
    const bomb = new Uint8Array(deflateRawSync(new Uint8Array(50_000_000)));
    await expect(Promise.resolve(inflate(bomb, 1_000))).rejects.toThrow('more bytes');
    await expect(Promise.resolve(inflate(Uint8Array.of(7, 7, 7), 3))).rejects.toThrow();
  });
});

describe('a folder of disclosed records', () => {
  it('is known by its chains, wherever it lies, and nothing else in it is looked at', async () => {
    const file = new Blob(['x']);
    const paths = ['mine/msg/a/t/0/0/1.rec', 'a/b/msg/a/t/0/0/1.salt', 'msg/a/t/0/0/2.rec', 'mine/stray.rec', 'mine/.DS_Store', 'mine/msg/notes.txt'];
    const entries = new DisclosedEntries(paths.map((path) => ({ path, file })));
    expect(entries.names()).toEqual(['msg/a/t/0/0/1.rec', 'msg/a/t/0/0/1.salt', 'msg/a/t/0/0/2.rec', 'stray.rec']);
    expect(textOf(await entries.read('msg/a/t/0/0/2.rec'))).toBe('x');
    expect(await entries.read('nothing')).toBeUndefined();
  });
});

describe('texts for the page', () => {
  it('show an original field by field, with nothing invisible in it', () => {
    const record = {
      offset: 7n,
      timestamp: 1_772_348_400_000n,
      timestampType: 'create',
      key: utf8('k'),
      value: utf8('a\u202Eb\n<b>'),
      headers: [
        { key: utf8('h'), value: null },
        { key: utf8('i'), value: new Uint8Array(0) },
        { key: utf8('j'), value: Uint8Array.of(0xff, 1) },
      ],
    } as const;
    expect(textOfRecord(encodeRecord(record, 2n)).split('\n')).toEqual([
      'offset 7',
      'gap 2',
      'timestamp 1772348400000 (create, 2026-03-01T07:00:00.000Z)',
      'key k',
      'header h = (null)',
      'header i = (empty)',
      'header j = (bytes) ff01',
      'value',
      'a<U+202E>b',
      '<b>',
    ]);
  });

  it('take the markup off a transcript and leave its words', () => {
    const html =
      '<!doctype html>\n<html><head><title>x</title></head><body>\n<h1>Transcript</h1>\n<article><time>then</time><p><b>Li</b> — sent</p>' +
      '<pre>a &lt;b&gt; &amp;amp; <i>U+200B</i> &#39;c&#39;</pre><p class="id">record 1</p></article>\n</body></html>\n';
    expect(textOfTranscript(html)).toBe("Transcript\n\nthen\nLi — sent\na <b> &amp; [U+200B] 'c'\nrecord 1");
  });
});
