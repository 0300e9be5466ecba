import { describe, expect, it } from '@jest/globals';
import { nodeCrypto as crypto } from '@holdfast/crypto-node';
import fc from 'fast-check';
import { codeOf, testKey } from '../test/signing.js';
import { signCheckpoint } from './checkpoint.js';
import { cosign } from './cosignature.js';
import { parseNote } from './note.js';
import { cosigners, formatPolicy, parsePolicy, satisfies } from './policy.js';
import { formatVkey } from './vkey.js';

const log = testKey('example.com/log', 1);
const names = ['X1', 'X2', 'X3', 'Y1', 'Y2', 'Y3'];
const witnesses = names.map((name) => testKey(`witness.example/${name}`, 4));
const vkeys = witnesses.map(({ key }) => formatVkey(key));
const ARCHIVE = 'ab'.repeat(32);

// The example of C2SP tlog-policy.
const EXAMPLE = `# whom we believe
log ${formatVkey(log.key)}

witness X1 ${vkeys[0]}
witness X2 ${vkeys[1]}
  witness\tX3   ${vkeys[2]}\t
group X-witnesses 2 X1 X2 X3

witness Y1 ${vkeys[3]}
witness Y2 ${vkeys[4]}
witness Y3 ${vkeys[5]} https://witness.example/Y3
group Y-witnesses any Y1 Y2 Y3

group X-and-Y all X-witnesses Y-witnesses
quorum X-and-Y
\t# ours
archive ${ARCHIVE}
tsa 授时 MIIB
`;
const policy = parsePolicy(crypto, EXAMPLE);
const refusal = (text: string): string => {
  try {
    parsePolicy(crypto, text);
  } catch (error) {
    expect(error).toMatchObject({ code: 'bad_configuration' });
    return error instanceof Error ? error.message : '';
  }
  return '';
};

describe('a policy', () => {
  it('says whom to believe', () => {
    expect(policy).toEqual({
      logs: [{ key: log.key }],
      witnesses: names.map((name, i) => ({ name, key: witnesses[i]?.key, ...(name === 'Y3' && { url: 'https://witness.example/Y3' }) })),
      groups: [
        { name: 'X-witnesses', threshold: 2, members: ['X1', 'X2', 'X3'] },
        { name: 'Y-witnesses', threshold: 1, members: ['Y1', 'Y2', 'Y3'] },
        { name: 'X-and-Y', threshold: 2, members: ['X-witnesses', 'Y-witnesses'] },
      ],
      quorum: 'X-and-Y',
      archive: ARCHIVE,
      tsas: [{ name: '授时', certificate: Uint8Array.of(0x30, 0x82, 0x01) }],
    });
    expect(parsePolicy(crypto, formatPolicy(policy))).toEqual(policy);
    const least = parsePolicy(crypto, 'quorum none');
    expect(least).toEqual({ logs: [], witnesses: [], groups: [], quorum: 'none', tsas: [] });
    expect(formatPolicy(least)).toBe('quorum none\n');
    const url = parsePolicy(crypto, `log ${formatVkey(log.key)} https://example.com/log\nquorum none\n`);
    expect(parsePolicy(crypto, formatPolicy(url))).toEqual(url);
  });

  it('is satisfied by two of X and one of Y', () => {
    for (let bits = 0; bits < 64; bits++) {
      const who = names.filter((_, i) => (bits & (1 << i)) !== 0);
      const count = (letter: string): number => who.filter((name) => name.startsWith(letter)).length;
      expect([who, satisfies(policy, who)]).toEqual([who, count('X') >= 2 && count('Y') >= 1]);
    }
    expect(satisfies(policy, ['X-and-Y', 'X-witnesses', 'Y-witnesses'])).toBe(false);
    expect(satisfies(parsePolicy(crypto, 'quorum none'), [])).toBe(true);
    const one = parsePolicy(crypto, `witness X1 ${vkeys[0]}\nquorum X1\n`);
    expect([satisfies(one, ['X1']), satisfies(one, []), satisfies(one, ['X2'])]).toEqual([true, false, false]);
  });

  it('names the witnesses that have co-signed, and the one whose signature is wrong', async () => {
    const checkpoint = { origin: log.key.name, size: 7, root: new Uint8Array(32) };
    const note = parseNote(await signCheckpoint(crypto, checkpoint, log.key, log.sign));
    const [x1, , , y1] = witnesses;
    if (x1 === undefined || y1 === undefined) throw new Error('two witnesses are needed');
    const lines = [await cosign(y1.key, 1700000001, note.text, y1.sign), await cosign(x1.key, 1700000000, note.text, x1.sign)];
    expect(cosigners(crypto, policy, { text: note.text, signatures: [...note.signatures, ...lines] })).toEqual({
      valid: [
        { name: 'X1', time: 1700000000 },
        { name: 'Y1', time: 1700000001 },
      ],
    });
    const forged = { name: x1.key.name, keyId: x1.key.keyId, signature: new Uint8Array(72) };
    expect(cosigners(crypto, policy, { text: note.text, signatures: [...note.signatures, forged] })).toEqual({ invalid: x1.key.name });
    expect(cosigners(crypto, policy, note)).toEqual({ valid: [] });
  });

  it.each([
    ['', 'The policy has no quorum line'],
    ['\n\nfriend X\n', 'Line 3 of the policy: it begins with "friend"'],
    ['log\n', 'Line 1 of the policy: it must be `log <vkey>`'],
    [`log ${formatVkey(log.key)} u v\n`, 'Line 1 of the policy: it must be `log <vkey>`'],
    ['log nonsense\n', 'Line 1 of the policy: "nonsense" is not a vkey (name+hash+key)'],
    [`log ${vkeys[0]}\n`, 'Line 1 of the policy: the vkey is one of a witness, not of a log'],
    [`log ${formatVkey(log.key)}\nlog ${formatVkey(log.key)}\n`, 'Line 2 of the policy: its key stands in the policy already'],
    ['witness\n', 'it must be `witness <name> <vkey>`'],
    ['witness a\n', 'it must be `witness <name> <vkey>`'],
    [`witness a ${vkeys[0]} u v\n`, 'it must be `witness <name> <vkey>`'],
    [`witness a ${formatVkey(log.key)}\n`, 'the vkey is one of a log, not of a witness'],
    [`witness a ${vkeys[0]}\nwitness b ${vkeys[0]}\n`, 'Line 2 of the policy: its key stands in the policy already'],
    [
      `witness a ${vkeys[0]}\nwitness b ${formatVkey(testKey('other.example', 4, 'witness.example/X1').key)}\n`,
      'its key stands in the policy already',
    ],
    [`witness a ${vkeys[0]}\nwitness a ${vkeys[1]}\n`, 'Line 2 of the policy: a is defined already'],
    [`witness none ${vkeys[0]}\n`, 'none is defined already'],
    ['group\n', 'it must be `group <name> <k|any|all> <member> …`'],
    ['group g\n', 'it must be `group <name> <k|any|all> <member> …`'],
    ['group g any\n', 'it must be `group <name> <k|any|all> <member> …`'],
    ['group g any a\n', 'a is not defined before it'],
    ['group g any g\n', 'g is not defined before it'],
    ['group g any none\n', 'none is not defined before it'],
    [`witness a ${vkeys[0]}\ngroup g any a a\n`, 'a is a member already'],
    [`witness a ${vkeys[0]}\ngroup g any a\ngroup h any a\n`, 'Line 3 of the policy: a is a member already'],
    [`witness a ${vkeys[0]}\ngroup a any a\n`, 'a is defined already'],
    [`witness a ${vkeys[0]}\ngroup g 0 a\n`, 'its threshold must be any, all or 1 to 1'],
    [`witness a ${vkeys[0]}\ngroup g 2 a\n`, 'its threshold must be any, all or 1 to 1'],
    [`witness a ${vkeys[0]}\ngroup g 01 a\n`, 'its threshold must be any, all or 1 to 1'],
    [`witness a ${vkeys[0]}\ngroup g most a\n`, 'its threshold must be any, all or 1 to 1'],
    ['quorum\n', 'it must be `quorum <name|none>`'],
    ['quorum a b\n', 'it must be `quorum <name|none>`'],
    ['quorum a\n', 'a is not defined before it'],
    ['quorum none\nquorum none\n', 'Line 2 of the policy: it is the second quorum'],
    ['archive\n', 'it must be `archive <64 hex digits>`'],
    [`archive ${ARCHIVE.toUpperCase()}\n`, 'it must be `archive <64 hex digits>`'],
    [`archive ${ARCHIVE} x\n`, 'it must be `archive <64 hex digits>`'],
    [`archive ${ARCHIVE}\narchive ${ARCHIVE}\n`, 'Line 2 of the policy: it is the second archive'],
    ['tsa\n', 'it must be `tsa <name>'],
    ['tsa a\n', 'it must be `tsa <name>'],
    ['tsa a M\n', 'it must be `tsa <name>'],
    ['tsa a MIIB x\n', 'it must be `tsa <name>'],
    ['tsa a MIIB\ntsa a MIIC\n', 'Line 2 of the policy: a is defined twice'],
    ['quorum none\r\n', 'Line 1 of the policy: it has a control character'],
    ['# \u007f\nquorum none\n', 'Line 1 of the policy: it has a control character'],
  ])('is refused as %j, with its line', (text, why) => {
    expect(refusal(text)).toContain(why);
  });

  it('never fails otherwise on hostile text', () => {
    const word = fc.constantFrom(
      'log',
      'witness',
      'group',
      'quorum',
      'none',
      'any',
      'all',
      '1',
      'a',
      'b',
      'tsa',
      'archive',
      '\n',
      '#',
      ARCHIVE,
      ...vkeys,
    );
    const text = fc.oneof(
      fc.array(fc.nat(0x2fff), { maxLength: 40 }).map((points) => String.fromCodePoint(...points)),
      fc.array(word, { maxLength: 30 }).map((words) => words.join(' ')),
    );
    fc.assert(
      fc.property(text, (some) => {
        const code = codeOf(() => {
          const parsed = parsePolicy(crypto, some);
          expect(parsePolicy(crypto, formatPolicy(parsed))).toEqual(parsed);
        });
        expect(['', 'bad_configuration']).toContain(code);
      }),
      { numRuns: 500 },
    );
    expect(refusal('#'.repeat(1 << 21))).toContain('longer than 1 MiB');
    const broken = {
      ...crypto,
      sha256: () => {
        throw new RangeError('broken');
      },
    };
    expect(() => parsePolicy(broken, EXAMPLE)).toThrow(RangeError);
  });
});
