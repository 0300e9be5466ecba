import fc from 'fast-check';

/** Pieces that break tokenizers and parsers: what combines, joins, hides, folds to several characters or means something. */
const PIECES = [
  ..."aZß'’0९ ",
  ...['é', 'e\u0301', 'Σ', 'ﬁ', '½', '㍿', '™', 'İ', 'ｶﾞ', 'が', 'ー', '々', '東', '京', '𠀋', '대', '한', 'ㅋ', 'ㄳ', '\u1100', '\u1161', '\u11a8'],
  ...['ก', 'ำ', '\u0e48', 'က', '\u1039', 'ខ', '\u17d2', 'ສ', 'ש', '\u05b7', 'م', '\u064f', 'क', '\u094d', '\u0301', '\u0323', '\u20e3'],
  ...['👩', '🚀', '\u200d', '\ufe0f', '🏽', '🏴', '\u{e0067}', '\u{e007f}', '🇩', '🇪', '❤', '1\ufe0f\u20e3', '㊗'],
  ...['\u00ad', '\u200b', '\u2028', '\ufeff', '\ud800', '\udc00', '\0', '\n', '\u3000', 'x'.repeat(70)],
  ...[
    'AND',
    ' or ',
    'NOT ',
    '-',
    '–',
    '(',
    ')',
    '（',
    '）',
    '"',
    '“',
    '”',
    '\\',
    '*',
    '?',
    '~2',
    'W/5',
    'NEAR(3)',
    ':',
    '：',
    '=',
    '>=',
    '[',
    ']',
    '..',
    ',',
  ],
  ...['from:', 'sent:', 'has:', 'kind:', 'id:', 'subject:', 'conversation:', 'filename:', 'tag:', 'frm:', '2024-03', 'today-3d', 'message', 'link'],
];

/** One code point of the whole range, surrogates included. */
const anyCodePoint = fc.integer({ min: 0, max: 0x10ffff }).map((code) => String.fromCodePoint(code));

/** Any text: full Unicode, lone surrogates included, mixed with the pieces above. */
export function hostileText(): fc.Arbitrary<string> {
  const piece = fc.oneof({ weight: 4, arbitrary: fc.constantFrom(...PIECES) }, { weight: 1, arbitrary: anyCodePoint });
  return fc.array(piece, { maxLength: 30 }).map((pieces) => pieces.join(''));
}

/** A few code points of the whole range. */
export function anyToken(): fc.Arbitrary<string> {
  return fc.array(anyCodePoint, { minLength: 1, maxLength: 10 }).map((chars) => chars.join(''));
}
