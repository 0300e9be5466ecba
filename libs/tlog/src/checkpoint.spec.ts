import { describe, expect, it } from '@jest/globals';
import { nodeCrypto as crypto } from '@holdfast/crypto-node';
import { utf8 } from '@holdfast/seal';
import fc from 'fast-check';
import { codeOf, testKey } from '../test/signing.js';
import { addSignatures, formatCheckpointText, openCheckpoint, parseCheckpointText, signCheckpoint } from './checkpoint.js';
import { cosign } from './cosignature.js';
import { formatNote, parseNote } from './note.js';

const ROOT = 'CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=';
const TEXT = `example.com/log\n20852163\n${ROOT}\n`;
const checkpoint = { origin: 'example.com/log', size: 20852163, root: new Uint8Array(Buffer.from(ROOT, 'base64')) };
const log = testKey('example.com/log', 1);
const next = testKey('example.com/log', 1, 'the next key');
const other = testKey('other.example', 1);
const witness = testKey('witness.example', 4);

describe('the text of a checkpoint', () => {
  it('is three lines', () => {
    expect(parseCheckpointText(TEXT)).toEqual(checkpoint);
    expect(formatCheckpointText(checkpoint)).toBe(TEXT);
    fc.assert(
      fc.property(fc.maxSafeNat(), fc.uint8Array({ minLength: 32, maxLength: 32 }), (size, root) => {
        expect(parseCheckpointText(formatCheckpointText({ origin: 'a', size, root }))).toEqual({ origin: 'a', size, root });
      }),
    );
  });

  it.each([
    ['a leading zero', TEXT.replace('\n2', '\n02')],
    ['a sign', TEXT.replace('\n2', '\n+2')],
    ['a size beyond 2^53', TEXT.replace('20852163', '9007199254740993')],
    ['no size', TEXT.replace('20852163', '')],
    ['a space after the size', TEXT.replace('163\n', '163 \n')],
    ['no origin', TEXT.replace('example.com/log', '')],
    ['a space in the origin', TEXT.replace('/log', '/ log')],
    ['a plus in the origin', TEXT.replace('/log', '+log')],
    ['base64 without padding', TEXT.replace('I=', 'I')],
    ['base64 with unused bits', TEXT.replace('I=', 'J=')],
    ['base64url', TEXT.replace('m/X', 'm_X')],
    ['a short root', TEXT.replace(ROOT, 'AAAA')],
    ['an extension line', `${TEXT}extension\n`],
    ['an empty line', `${TEXT}\n`],
    ['no newline at its end', TEXT.slice(0, -1)],
    ['a line less', 'example.com/log\n1\n'],
    ['nothing', ''],
  ])('is refused with %s', (_, text) => {
    expect(codeOf(() => parseCheckpointText(text))).toBe('checkpoint_malformed');
  });

  it('is not written for values that it cannot carry', () => {
    for (const change of [{ origin: 'a b' }, { size: -1 }, { size: 0.5 }, { size: 2 ** 53 }, { size: Number.NaN }, { root: new Uint8Array(31) }]) {
      expect(codeOf(() => formatCheckpointText({ ...checkpoint, ...change }))).toBe('checkpoint_malformed');
    }
  });
});

describe('a checkpoint', () => {
  it('opens with a key of its log, also beside others and after a rotation', async () => {
    const bytes = await signCheckpoint(crypto, checkpoint, log.key, log.sign);
    expect(openCheckpoint(crypto, bytes, [next.key, log.key])).toEqual({ checkpoint, note: parseNote(bytes), signedBy: log.key });
    const both = addSignatures(parseNote(bytes), parseNote(await signCheckpoint(crypto, checkpoint, next.key, next.sign)).signatures);
    expect(openCheckpoint(crypto, both, [next.key]).signedBy).toEqual(next.key);
    expect(openCheckpoint(crypto, both, [witness.key, log.key]).signedBy).toEqual(log.key);
  });

  it('is refused without a signature of its log, and with a wrong one', async () => {
    const bytes = await signCheckpoint(crypto, checkpoint, log.key, log.sign);
    const note = parseNote(bytes);
    const [signature = { name: '', keyId: 0, signature: new Uint8Array() }] = note.signatures;
    expect(codeOf(() => openCheckpoint(crypto, bytes, []))).toBe('checkpoint_refused');
    expect(codeOf(() => openCheckpoint(crypto, bytes, [other.key, next.key]))).toBe('checkpoint_refused');
    const moved = formatNote(note.text.replace('20852163', '20852164'), note.signatures);
    expect(codeOf(() => openCheckpoint(crypto, moved, [log.key]))).toBe('checkpoint_refused');
    // A trusted key of another log must not speak for this one.
    const foreign = formatNote(note.text, [{ name: other.key.name, keyId: other.key.keyId, signature: await other.sign(utf8(note.text)) }]);
    expect(codeOf(() => openCheckpoint(crypto, foreign, [other.key, log.key]))).toBe('checkpoint_refused');
    // One good and one forged: the note is spoiled.
    const spoiled = formatNote(note.text, [signature, { ...signature, signature: new Uint8Array(64) }]);
    expect(codeOf(() => openCheckpoint(crypto, spoiled, [log.key]))).toBe('checkpoint_refused');
    const extended = formatNote(`${note.text}more\n`, [{ ...signature, signature: await log.sign(utf8(`${note.text}more\n`)) }]);
    expect(codeOf(() => openCheckpoint(crypto, extended, [log.key]))).toBe('checkpoint_malformed');
  });

  it('is not signed with a key that is not the one it names', async () => {
    await expect(signCheckpoint(crypto, checkpoint, log.key, next.sign)).rejects.toMatchObject({ code: 'checkpoint_refused' });
    await expect(signCheckpoint(crypto, checkpoint, other.key, other.sign)).rejects.toMatchObject({ code: 'checkpoint_refused' });
    await expect(signCheckpoint(crypto, { ...checkpoint, size: -1 }, log.key, log.sign)).rejects.toMatchObject({ code: 'checkpoint_malformed' });
  });

  it('gathers signatures, each once', async () => {
    const note = parseNote(await signCheckpoint(crypto, checkpoint, log.key, log.sign));
    const line = await cosign(witness.key, 1700000000, note.text, witness.sign);
    const once = addSignatures(note, [line]);
    expect(parseNote(once).signatures).toHaveLength(2);
    expect(Buffer.from(addSignatures(parseNote(once), [line])).equals(Buffer.from(once))).toBe(true);
  });

  it('does not open with any bit of it flipped', async () => {
    const bytes = await signCheckpoint(crypto, checkpoint, log.key, log.sign);
    for (let bit = 0; bit < bytes.length * 8; bit += 3) {
      const changed = bytes.map((byte, i) => (i === bit >> 3 ? byte ^ (1 << (bit & 7)) : byte));
      expect(['checkpoint_malformed', 'checkpoint_refused']).toContain(codeOf(() => openCheckpoint(crypto, changed, [log.key])));
    }
    for (let length = 0; length < bytes.length; length++) {
      expect(codeOf(() => openCheckpoint(crypto, bytes.subarray(0, length), [log.key]))).toBe('checkpoint_malformed');
    }
  });
});
