/** What a code point of folded text is for the tokenizer. */
export const SEPARATOR = 0;
/** Letter or digit of a script that writes words apart. */
export const WORD = 1;
/** Combining mark: belongs to the character before it. */
export const MARK = 2;
/** Character of a script written without spaces: a token of its own. */
export const ONE = 3;
/** Picture that starts or continues an emoji sequence. */
export const PICTURE = 4;
/** Regional indicator: two make a flag. */
export const REGION = 5;
/** Skin tone. */
export const MODIFIER = 6;
/** Zero-width joiner: kept by `fold` between two pictures only. */
export const JOINER = 7;
/** Tag character of a subdivision flag: kept by `fold` after a picture only. */
export const TAG = 8;

export const ZWJ = 0x200d;
export const KEYCAP = 0x20e3;

const LETTER_OR_NUMBER = /^[\p{L}\p{N}]$/u;
const ANY_MARK = /^\p{M}$/u;
// Script extensions, not scripts: the prolonged sound mark U+30FC and U+3006 are "Common" and would end a word of kana or Han.
const UNSPACED = new RegExp(
  `^[${[
    'Han|Hiragana|Katakana|Hangul|Bopomofo|Yi|Tangut|Nushu|Khitan_Small_Script',
    'Thai|Lao|Khmer|Myanmar|Tai_Le|New_Tai_Lue|Tai_Tham|Tai_Viet|Ahom',
  ]
    .join('|')
    .split('|')
    .map((script) => `\\p{Script_Extensions=${script}}`)
    .join('')}]$`,
  'u',
);
const PICTOGRAPHIC = /^\p{Extended_Pictographic}$/u;
const SKIN_TONE = /^\p{Emoji_Modifier}$/u;
const REGIONAL = /^\p{Regional_Indicator}$/u;
const TAG_CHARACTER = /^[\u{e0020}-\u{e007f}]$/u;

function classify(code: number): number {
  if (code === ZWJ) return JOINER;
  const char = String.fromCodePoint(code);
  if (TAG_CHARACTER.test(char)) return TAG;
  if (ANY_MARK.test(char)) return MARK;
  if (LETTER_OR_NUMBER.test(char)) return UNSPACED.test(char) ? ONE : WORD;
  if (SKIN_TONE.test(char)) return MODIFIER;
  if (REGIONAL.test(char)) return REGION;
  // Pictures that NFKC turns into letters (the trade mark sign, circled ideographs) are those letters.
  if (PICTOGRAPHIC.test(char) && char.normalize('NFKC') === char) return PICTURE;
  return SEPARATOR;
}

/**
 * A function of code points, remembered: property regular expressions cost ten times the rest of the tokenizer. The table
 * for the basic plane is 64 KiB; other planes are remembered one by one, and at most `MAX_REMEMBERED` of them.
 */
export function remembered(compute: (code: number) => number): (code: number) => number {
  const basic = new Uint8Array(0x10000);
  const others = new Map<number, number>();
  return (code) => {
    const known = code < 0x10000 ? basic[code] : others.get(code);
    // 0 means "not computed yet", so values are stored plus one.
    if (known !== undefined && known !== 0) return known - 1;
    const value = compute(code);
    if (code < 0x10000) basic[code] = value + 1;
    else if (others.size < MAX_REMEMBERED) others.set(code, value + 1);
    return value;
  };
}

/** Hostile text could name a million code points; what people write fits easily. */
const MAX_REMEMBERED = 20_000;

/** Class of a code point of folded text. */
export const classOf: (code: number) => number = remembered(classify);
