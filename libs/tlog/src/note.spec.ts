import { describe, expect, it } from '@jest/globals';
import { nodeCrypto as crypto } from '@holdfast/crypto-node';
import { concat, toHex, utf8 } from '@holdfast/seal';
import fc from 'fast-check';
import { codeOf, testKey } from '../test/signing.js';
import { fromBase64, fromDecimal, toBase64 } from './base64.js';
import { cosign, parseCosignature } from './cosignature.js';
import { formatNote, formatSignatures, parseNote, parseSignatures, verifyNote } from './note.js';
import { formatVkey, isKeyName, keyIdOf, logKeyOf, parseVkey, verifierKey } from './vkey.js';
import type { NoteSignature } from './vkey.js';

const [log, witness, other] = [testKey('example.com/log', 1), testKey('witness.example', 4), testKey('other.example', 1)];
const TEXT = 'example.com/log\n1\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n';
const signed = async ({ key, sign }: typeof log, text = TEXT): Promise<NoteSignature> => ({
  name: key.name,
  keyId: key.keyId,
  signature: await sign(utf8(text)),
});

// The note of the Go package golang.org/x/mod/sumdb/note, made by another implementation.
const PETER = 'PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW';
const PETERS_NOTE = `If you think cryptography is the answer to your problem,
then you don't know what your problem is.

— PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=
`;
// The examples of C2SP signed-note, whose keys are not published, and of tlog-cosignature.
const SALVATORE = `Ognuno sta solo sul cuor della terra
trafitto da un raggio di sole:

ed è subito sera.

— quasimodo.example/salvatore NnugSzTjtVAewIS+Z/iJhUPeFDkO/5QQ2i5ddnGITLlC+EhfLW9oJKONrMouFSQU0xMcXxj99ihAQwaqP3ZekRwNtIc=
`;
const SOFA = `example.com/behind-the-sofa
20852163
CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=

— example.com/behind-the-sofa Az3grlgtzPICa5OS8npVmf1Myq/5IZniMp+ZJurmRDeOoRDe4URYN7u5/Zhcyv2q1gGzGku9nTo+zyWE+xeMcTOAYQ8=
— witness.example.com/w1 jWbPPwAAAABkGFDLEZMHwSRaJNiIDoe9DYn/zXcrtPHeolMI5OWXEhZCB9dlrDJsX3b2oyin1nPZqhf5nNo0xUe+mbIUBkBIfZ+qnA==
`;

describe('a signed note', () => {
  it('of another implementation verifies', () => {
    const key = parseVkey(crypto, PETER);
    const note = parseNote(utf8(PETERS_NOTE));
    expect(verifyNote(crypto, note, [key])).toEqual({ valid: [key] });
    expect(formatVkey(key)).toBe(PETER);
    expect(Buffer.from(formatNote(note.text, note.signatures)).toString()).toBe(PETERS_NOTE);
  });

  it('is read as the examples of the specifications are meant', () => {
    const poem = parseNote(utf8(SALVATORE));
    expect(poem.text.endsWith('ed è subito sera.\n')).toBe(true);
    expect(poem.signatures).toMatchObject([{ name: 'quasimodo.example/salvatore', keyId: 0x367ba04b }]);
    const sofa = parseNote(utf8(SOFA));
    expect(sofa.signatures.map(({ name, keyId }) => [name, keyId])).toEqual([
      ['example.com/behind-the-sofa', 0x033de0ae],
      ['witness.example.com/w1', 0x8d66cf3f],
    ]);
    expect(parseCosignature(sofa.signatures[1]?.signature ?? new Uint8Array())?.time).toBe(1679315147);
    for (const text of [SALVATORE, SOFA]) {
      const { text: own, signatures } = parseNote(utf8(text));
      expect(Buffer.from(formatNote(own, signatures)).toString()).toBe(text);
    }
  });

  it('is good by the known keys alone, and bad by one of them that did not sign', async () => {
    const good = await signed(log);
    const stranger = await signed(other);
    const bytes = formatNote(TEXT, [stranger, good, good]);
    const note = parseNote(bytes);
    expect(verifyNote(crypto, note, [log.key])).toEqual({ valid: [log.key] });
    expect(verifyNote(crypto, note, [])).toEqual({ valid: [] });
    expect(verifyNote(crypto, note, [witness.key])).toEqual({ valid: [] });
    const bad = { ...good, signature: good.signature.map((byte, i) => (i === 9 ? byte ^ 1 : byte)) };
    for (const signatures of [[bad], [good, bad], [bad, good]]) {
      expect(verifyNote(crypto, { text: TEXT, signatures }, [log.key, other.key])).toEqual({ invalid: 'example.com/log' });
    }
    // Name or id alone do not make a key known.
    for (const stranded of [
      { ...bad, name: 'example.com/lop' },
      { ...bad, keyId: good.keyId ^ 1 },
    ]) {
      expect(verifyNote(crypto, { text: TEXT, signatures: [stranded, good] }, [log.key])).toEqual({ valid: [log.key] });
    }
    expect(verifyNote(crypto, { text: `${TEXT}x\n`, signatures: [good] }, [log.key])).toEqual({ invalid: 'example.com/log' });
    expect(verifyNote(crypto, { text: TEXT, signatures: [{ ...good, signature: good.signature.subarray(1) }] }, [log.key])).toEqual({
      invalid: 'example.com/log',
    });
  });

  it('carries cosignatures with their time, the first of several', async () => {
    const lines = await Promise.all([1700000002, 1700000001].map((time) => cosign(witness.key, time, TEXT, witness.sign)));
    const note = { text: TEXT, signatures: lines };
    expect(verifyNote(crypto, note, [witness.key])).toEqual({ valid: [{ ...witness.key, time: 1700000001 }] });
    const [first] = lines;
    const blob = first?.signature ?? new Uint8Array();
    for (let at = 0; at < blob.length; at++) {
      const forged = { name: 'witness.example', keyId: witness.key.keyId, signature: blob.map((byte, i) => (i === at ? byte ^ 1 : byte)) };
      expect(verifyNote(crypto, { text: TEXT, signatures: [forged] }, [witness.key])).toEqual({ invalid: 'witness.example' });
    }
    for (const wrong of [blob.subarray(1), Buffer.concat([blob, Buffer.alloc(1)]), new Uint8Array(72).fill(255)]) {
      const forged = { name: 'witness.example', keyId: witness.key.keyId, signature: wrong };
      expect(verifyNote(crypto, { text: TEXT, signatures: [forged] }, [witness.key])).toEqual({ invalid: 'witness.example' });
    }
    await expect(cosign(log.key, 1, TEXT, log.sign)).rejects.toMatchObject({ code: 'checkpoint_malformed' });
  });

  it.each([
    ['nothing', ''],
    ['no empty line', 'text\n— a AAAAAAA=\n'],
    ['no signature', 'text\n\n'],
    ['no newline at its end', PETERS_NOTE.slice(0, -1)],
    ['a line that is no signature', `${PETERS_NOTE}x\n`],
    ['an empty line at its end', `${PETERS_NOTE}\n`],
    ['a hyphen for the dash', PETERS_NOTE.replace('—', '-')],
    ['an en dash', PETERS_NOTE.replace('—', '–')],
    ['two spaces', PETERS_NOTE.replace('— ', '—  ')],
    ['no space', PETERS_NOTE.replace('— ', '—')],
    ['a plus in the name', PETERS_NOTE.replace('— PeterN', '— Peter+N')],
    ['a no-break space in the name', PETERS_NOTE.replace('— PeterN', '— Peter\u00a0N')],
    ['an ideographic space in the name', PETERS_NOTE.replace('— PeterN', '— Peter\u3000N')],
    ['a tab', PETERS_NOTE.replace('cryptography', 'crypto\tgraphy')],
    ['a carriage return', PETERS_NOTE.replaceAll('\n', '\r\n')],
    ['a zero byte', PETERS_NOTE.replace('cryptography', 'crypto\0graphy')],
    ['a unit separator', PETERS_NOTE.replace('cryptography', 'crypto\u001fgraphy')],
    ['base64 without padding', PETERS_NOTE.replace('JnAM=', 'JnAM')],
    ['base64url', PETERS_NOTE.replace('o/ZJ', 'o_ZJ')],
    ['base64 with unused bits', PETERS_NOTE.replace('JnAM=', 'JnAN=')],
    ['a signature of four bytes', 'text\n\n— a AAAAAA==\n'],
    ['an empty signature', 'text\n\n— a \n'],
  ])('is refused with %s', (_, text) => {
    expect(codeOf(() => parseNote(utf8(text)))).toBe('checkpoint_malformed');
  });

  it('takes a name in another script and a byte order mark as they are', () => {
    const text = '\ufeff档案\n\n— 见证.example AAAAAAA=\n';
    const note = parseNote(utf8(text));
    expect(note).toEqual({ text: '\ufeff档案\n', signatures: [{ name: '见证.example', keyId: 0, signature: new Uint8Array(1) }] });
    expect(Buffer.from(formatNote(note.text, note.signatures)).toString()).toBe(text);
    expect(codeOf(() => parseNote(Buffer.from('text\n\n— \xff AAAAAAA=\n', 'latin1')))).toBe('checkpoint_malformed');
  });

  it('has limits', () => {
    const lines = (count: number): Uint8Array => utf8(`text\n\n${'— a AAAAAAA=\n'.repeat(count)}`);
    expect(parseNote(lines(64)).signatures).toHaveLength(64);
    expect(codeOf(() => parseNote(lines(65)))).toBe('checkpoint_malformed');
    expect(parseNote(lines(16), { bytes: 1000, signatures: 16 }).signatures).toHaveLength(16);
    expect(codeOf(() => parseNote(lines(16), { bytes: 100, signatures: 16 }))).toBe('checkpoint_malformed');
    expect(codeOf(() => parseNote(new Uint8Array(1 << 20)))).toBe('checkpoint_malformed');
  });

  it('never fails otherwise on hostile bytes, and has one spelling', () => {
    const near = fc
      .tuple(fc.nat(PETERS_NOTE.length), fc.uint8Array({ maxLength: 3 }), fc.nat(3))
      .map(([at, some, cut]) => concat(utf8(PETERS_NOTE.slice(0, at)), some, utf8(PETERS_NOTE.slice(at + cut))));
    fc.assert(
      fc.property(fc.oneof(fc.uint8Array({ maxLength: 200 }), near), (bytes) => {
        const code = codeOf(() => {
          const note = parseNote(bytes);
          expect(toHex(formatNote(note.text, note.signatures))).toBe(toHex(bytes));
        });
        expect(['', 'checkpoint_malformed']).toContain(code);
      }),
      { numRuns: 500 },
    );
  });

  it('is not written where it could not be read', () => {
    const line = { name: 'a', keyId: 1, signature: new Uint8Array(1) };
    for (const [text, signatures] of [
      ['text', [line]],
      ['text\n\n— a AAAAAAA=', [line]],
      ['', [line]],
      ['a\rb\n', [line]],
      ['text\n', []],
      ['text\n', [{ ...line, name: 'a b' }]],
      ['text\n', [{ ...line, name: '' }]],
      ['text\n', [{ ...line, name: 'a\nb' }]],
      ['text\n', [{ ...line, signature: new Uint8Array(0) }]],
    ] as const) {
      expect([text, codeOf(() => formatNote(text, signatures))]).toEqual([text, 'checkpoint_malformed']);
    }
  });

  it('has lines that travel alone', () => {
    const lines = [{ name: 'a', keyId: 0xffffffff, signature: new Uint8Array(3) }];
    expect(parseSignatures(formatSignatures(lines))).toEqual(lines);
    expect(parseSignatures(new Uint8Array(0))).toEqual([]);
    expect(codeOf(() => parseSignatures(formatSignatures([...lines, ...lines]), { bytes: 100, signatures: 1 }))).toBe('checkpoint_malformed');
    expect(codeOf(() => parseSignatures(utf8('\n')))).toBe('checkpoint_malformed');
  });
});

describe('a vkey', () => {
  it('carries name, id, kind and key', () => {
    // The key of the Go checksum database, as everybody has it.
    const sum = parseVkey(crypto, 'sum.golang.org+033de0ae+Ac4zctda0e5eza+HJyk9SxEdh+s3Ux18htTTAD8OuAn8');
    expect(sum).toMatchObject({ name: 'sum.golang.org', keyId: 0x033de0ae, type: 1 });
    expect(keyIdOf(crypto, sum.name, sum.type, sum.key)).toBe(sum.keyId);
    for (const { key } of [log, witness]) expect(parseVkey(crypto, formatVkey(key))).toEqual(key);
    const genesis = {
      origin: log.key.name,
      key: { kty: 'OKP', crv: 'Ed25519', x: Buffer.from(log.key.key).toString('base64url'), kid: '' },
    } as const;
    expect(logKeyOf(crypto, genesis)).toEqual(log.key);
    expect(codeOf(() => logKeyOf(crypto, { ...genesis, origin: 'my archive' }))).toBe('checkpoint_malformed');
  });

  it.each([
    '',
    'PeterNeumann',
    PETER.slice(0, -1),
    `${PETER}\n`,
    PETER.replace('c74f20a3', 'c74f20a4'),
    PETER.replace('c74f20a3', 'C74F20A3'),
    PETER.replace('c74f20a3', 'c74f20a'),
    PETER.replace('Peter', 'peter'),
    PETER.replace('Peter', 'Pet er'),
    PETER.replace('PeterNeumann', ''),
    PETER.replace('ARpc', 'Ahpc'),
    'a+00000000+AQ==',
    'a+00000000+',
  ])('is refused as %j', (text) => {
    expect(codeOf(() => parseVkey(crypto, text))).toBe('checkpoint_malformed');
  });

  it('has a name that a note can carry', () => {
    expect(['a', 'example.com/log', '合規/档案'].map(isKeyName)).toEqual([true, true, true]);
    expect(['', 'a b', 'a+b', 'a\u2003b', 'a\u0085b', 'a\nb', 'a\u0000', '\ud800'].filter(isKeyName)).toEqual([]);
    expect(codeOf(() => verifierKey(crypto, 'a', 1, new Uint8Array(31)))).toBe('checkpoint_malformed');
  });
});

describe('base64 and decimals', () => {
  it('have one spelling', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 40 }), (bytes) => {
        expect(toBase64(bytes)).toBe(Buffer.from(bytes).toString('base64'));
        expect(fromBase64(toBase64(bytes))).toEqual(bytes);
      }),
    );
    fc.assert(
      fc.property(fc.oneof(fc.string({ maxLength: 12 }), fc.base64String({ maxLength: 12 })), (text) => {
        const bytes = fromBase64(text);
        if (bytes !== undefined) expect(toBase64(bytes)).toBe(text);
      }),
    );
    for (const text of ['A', 'AA', 'AAA', 'A===', 'AB==', 'AAB=', 'AA==\n', ' AAAA', 'AA=A', '====', 'AA-_'])
      expect(fromBase64(text)).toBeUndefined();
    expect(['0', '1', '9007199254740991'].map(fromDecimal)).toEqual([0, 1, 9007199254740991]);
    for (const text of ['', '00', '01', '-1', '+1', '1.0', '1e3', ' 1', '1\n', '9007199254740992', '99999999999999999', '0x1', '١']) {
      expect([text, fromDecimal(text)]).toEqual([text, undefined]);
    }
  });
});
