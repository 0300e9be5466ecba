import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { fold, foldIdentifier, foldWithOffsets } from './fold.js';
import { LINEAR, growth } from '../test/growth.js';
import { hostileText } from '../test/hostile-text.js';

describe('fold', () => {
  it.each([
    ['plain ASCII', 'Hello, WORLD', 'hello, world'],
    ['marks on Latin, Greek and Cyrillic', 'Ärger naïve Ώρα Йод', 'arger naive ωρα иод'],
    ['no marks on other scripts', 'がกิהַ', 'がกิהַ'],
    ['final sigma, which depends on what follows', 'ΟΔΟΣ οδος', 'οδοσ οδοσ'],
    ['dotted capital I', 'İstanbul', 'istanbul'],
    ['full-width and half-width forms', 'Ｗｉｄｅ　ｶﾞ', 'wide ガ'],
    ['decomposed text', 'e\u0301', 'e'],
    ['ligatures and compatibility forms', 'ﬁne №5 ½ ㍿ ™', 'fine no5 1⁄2 株式会社 tm'],
    ['typographic apostrophes', 'don’t ʻokina', "don't 'okina"],
    ['invisible characters', 'pass\u200bword so\u00adft \ufeffx', 'password soft x'],
    ['lone surrogates', 'a\ud800b', 'a\ufffdb'],
    ['composed Hangul', '\u1112\u1161\u11ab 한', '한 한'],
    ['Hangul letters, which NFKC would melt into the syllable before', '하ㄳ ﾡￂￊￒￚ', '하ㄳ ㄱㅏㅕㅛㅡ'],
    ['Hangul vowels and finals without a syllable', '\u1100\u0300\u1161 \u1100\u1161\u11a8\u11a8', '\u1100\u0300\u1161 각\u11a8'],
    ['joiners inside emoji only', '👩\u200d🚀 a\u200db ❤\ufe0f\u200d🔥 👩\u200d', '👩\u200d🚀 ab ❤\u200d🔥 👩'],
    ['tags and skin tones', '🏴\u{e0067}\u{e0062}\u{e007f} 👍🏽', '🏴\u{e0067}\u{e0062}\u{e007f} 👍🏽'],
    ['tags outside emoji', 'a\u{e0067}b', 'ab'],
    ['Thai and Lao AM', 'น้ำ aำ 😀ຳ', 'น้ํา aา 😀ໍາ'],
    ['nothing', '', ''],
  ])('folds %s', (_, text, expected) => {
    expect(fold(text)).toBe(expected);
  });

  it('changes nothing the second time, for every code point in every company', () => {
    const companies: ((char: string) => string)[] = [(c) => c, (c) => `a${c}`, (c) => `の${c}\u0301`, (c) => `${c}\u1161\u11a8`, (c) => `😀${c}`];
    const changed: string[] = [];
    // Ideographs, syllables, private use and the ancient scripts behave alike: every 97th of them.
    const isAlike = (code: number): boolean => (code > 0x3400 && code < 0xd700) || (code > 0xe000 && code < 0xf900) || code > 0x12000;
    for (let code = 0; code < 0x20000; code += isAlike(code) ? 97 : 1) {
      for (const company of companies) {
        const once = fold(company(String.fromCodePoint(code)));
        if (fold(once) !== once) changed.push(code.toString(16));
      }
    }
    expect(changed).toEqual([]);
  });

  it('changes nothing the second time, for any text', () => {
    fc.assert(
      fc.property(hostileText(), (text) => {
        expect(fold(fold(text))).toBe(fold(text));
      }),
    );
  });

  it('gives each part of the text its range, in order', () => {
    fc.assert(
      fc.property(hostileText(), (text) => {
        const folded = foldWithOffsets(text);
        expect(folded.text).toBe(fold(text));
        expect(folded.starts).toHaveLength(folded.text.length);
        for (const [unit, start] of folded.starts.entries()) {
          expect(folded.ends[unit]).toBeGreaterThan(start);
          expect(start).toBeGreaterThanOrEqual(folded.starts[unit - 1] ?? 0);
        }
      }),
    );
  });

  it('keeps 64 marks on a character and drops the rest', () => {
    expect(fold(`ก${'\u0e48'.repeat(1000)}`)).toBe(`ก${'\u0e48'.repeat(64)}`);
    expect(fold('\u0301'.repeat(1000))).toBe('\u0301'.repeat(64));
  });

  it.each(['\u0323\u0301', 'क\u0301\u0323', '\u1100\u1161', '👩\u200d', '\u00ad', '\ud800', "'a", 'ำ'])(
    'takes time proportional to the length of %j repeated',
    (part) => {
      expect(growth(part, 2000, fold)).toBeLessThan(LINEAR);
    },
  );
});

describe('foldIdentifier', () => {
  it.each([
    [' Bob@Example.COM ', 'bob@example.com'],
    ['@bob', 'bob'],
    ['Smith,\u3000 José', 'smith, jose'],
    ['@ @', ''],
  ])('folds %j', (text, expected) => {
    expect(foldIdentifier(text)).toBe(expected);
  });

  it('changes nothing the second time', () => {
    fc.assert(
      fc.property(hostileText(), (text) => {
        expect(foldIdentifier(foldIdentifier(text))).toBe(foldIdentifier(text));
      }),
    );
  });
});
