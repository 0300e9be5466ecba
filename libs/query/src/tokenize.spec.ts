import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { fold } from './fold.js';
import { hostileText } from '../test/hostile-text.js';
import { phrasePlaces } from './match.js';
import { MAX_TOKEN_CODE_POINTS, tokenTexts, tokenize } from './tokenize.js';
import { TOKENIZER_VERSION, tokenizerVersion } from './tokenizer-version.js';

describe('tokenize', () => {
  it.each([
    ["Don't stop, 'quoted' o'", ["don't", 'stop', 'quoted', 'o']],
    ['AB-1024 a.b@c.com snake_case C++', ['ab', '1024', 'a', 'b', 'c', 'com', 'snake', 'case', 'c']],
    ['L’été’s ’x a’\u0301', ["l'ete's", 'x', 'a']],
    ['東京都 上海で', ['東', '京', '都', '上', '海', 'で']],
    ['ラーメン ｶﾞ 人々', ['ラ', 'ー', 'メ', 'ン', 'ガ', '人', '々']],
    ['대한민국 ㅋㅋ', ['대', '한', '민', '국', 'ㅋ', 'ㅋ']],
    ['กินข้าว ๑๒', ['กิ', 'น', 'ข้', 'า', 'ว', '๑', '๒']],
    ['ខ្មែរ မြန်မာ ລາວ', ['ខ្', 'មែ', 'រ', 'မြ', 'န်', 'မာ', 'ລ', 'າ', 'ວ']],
    ['𠀋 中英mixed文', ['𠀋', '中', '英', 'mixed', '文']],
    ['שַׁלוֹם नमस्ते', ['שַׁלוֹם', 'नमस्ते']],
    ['👩\u200d🚀❤\ufe0f👍🏽🏽', ['👩\u200d🚀', '❤', '👍🏽🏽']],
    ['🏴\u{e0067}\u{e0062}\u{e007f}🇩🇪🇫🇷🇦!', ['🏴\u{e0067}\u{e0062}\u{e007f}', '🇩🇪', '🇫🇷', '🇦']],
    ['1\ufe0f\u20e32\ufe0f\u20e3 room3\ufe0f\u20e3 *\u20e3 🏽', ['1\u20e3', '2\u20e3', 'room', '3\u20e3', '*\u20e3', '🏽']],
    ['½ ㍿ x™ ㊗', ['1', '2', '株', '式', '会', '社', 'xtm', '祝']],
    ['\u0301 😀\u0301', ['😀']],
    ['... — ', []],
    ['', []],
  ])('cuts %j', (text, expected) => {
    expect(tokenize(text).map((token) => token.text)).toEqual(expected);
  });

  it('gives offsets into the original', () => {
    const text = 'Ｎaïve 👍🏽 e\u0301té ｶﾞ x';
    expect(tokenize(text).map(({ start, end }) => text.slice(start, end))).toEqual(['Ｎaïve', '👍🏽', 'e\u0301té', 'ｶﾞ', 'x']);
  });

  it('cuts tokens over 64 code points into adjacent ones', () => {
    expect(tokenTexts('x'.repeat(65))).toEqual(['x'.repeat(64), 'x']);
    expect(tokenTexts('𝒳'.repeat(130).normalize('NFC'))).toEqual(['x'.repeat(64), 'x'.repeat(64), 'xx']);
    expect(tokenTexts('\u{10400}'.repeat(65))).toEqual(['\u{10428}'.repeat(64), '\u{10428}']);
    expect(tokenTexts('\u{10400}'.repeat(40))).toEqual(['\u{10428}'.repeat(40)]);
  });

  it('never splits a joined emoji sequence, however long: its pieces share its offsets', () => {
    const family = `${'👩\u200d'.repeat(100)}👩`;
    const tokens = tokenize(family);
    expect(tokens.length).toBeGreaterThan(1);
    for (const token of tokens) expect([token.start, token.end]).toEqual([0, family.length]);
  });

  it('gives tokens that their text folds to, at most 64 code points long, and the same without offsets', () => {
    fc.assert(
      fc.property(hostileText(), (text) => {
        const tokens = tokenize(text);
        expect(tokenTexts(text)).toEqual(tokens.map((token) => token.text));
        expect(tokenTexts(fold(text))).toEqual(tokenTexts(text));
        let before = 0;
        for (const { text: token, start, end } of tokens) {
          expect(fold(text.slice(start, end))).toContain(token);
          expect([...token].length).toBeLessThanOrEqual(MAX_TOKEN_CODE_POINTS);
          expect(token).not.toMatch(/\s/u);
          expect(start).toBeGreaterThanOrEqual(before);
          before = start;
          // No surrogate pair is split, and no joined sequence.
          expect(text.slice(start, end).isWellFormed() || !text.isWellFormed()).toBe(true);
        }
      }),
      { numRuns: 100 },
    );
  });

  it('gives a token exactly what its text folds to where no character folds to several', () => {
    const unit = fc.constantFrom('a', 'É', "'", ' ', '東', 'が', '한', 'กิ', '😀', '👩\u200d🚀', '🇩🇪', '-', '7');
    fc.assert(
      fc.property(fc.array(unit, { maxLength: 40 }), (units) => {
        const text = units.join('');
        for (const { text: token, start, end } of tokenize(text)) expect(fold(text.slice(start, end))).toBe(token);
      }),
    );
  });

  it.each([
    ['Han', ['東', '京', '都', '税', '𠀋', '后', '々']],
    ['kana', ['あ', 'が', 'ー', 'ッ', 'ｱ', 'パ']],
    ['Hangul', ['대', '한', 'ㅋ', 'ㅠ', '국', 'ㄳ']],
    ['Thai', ['ก', 'กิ', 'น้', 'น้ำ', 'เ', 'ๆ']],
    ['mixed', ['東', 'が', '한', 'ก', '😀', '❤️', '👩\u200d🚀']],
  ])('finds any part of a run of %s as a phrase', (_, characters) => {
    fc.assert(
      fc.property(fc.array(fc.constantFrom(...characters), { minLength: 1, maxLength: 20 }), fc.nat(19), fc.nat(19), (run, a, b) => {
        const from = Math.min(a, b, run.length - 1);
        const part = run.slice(from, Math.max(a, b) + 1);
        expect(phrasePlaces(tokenTexts(run.join('')), tokenTexts(part.join('')))).not.toEqual([]);
      }),
    );
  });
});

describe('TOKENIZER_VERSION', () => {
  it('names the rules and the Unicode version of the runtime', () => {
    expect(TOKENIZER_VERSION).toBe(`1-unicode-${process.versions['unicode'] ?? ''}`);
  });

  it('names an unknown Unicode version by its number of characters', () => {
    expect(tokenizerVersion(170_000)).toBe('1-unicode-170000');
  });
});
