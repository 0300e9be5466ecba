/**
 * Code points that change how text looks without being seen themselves: controls, bidirectional controls, zero-width and
 * other invisible characters, lone surrogates. A fixed list: property escapes of regular expressions know more of them with
 * each release of an engine, and the transcript must be the same text everywhere.
 */
const INVISIBLE: readonly (readonly [number, number])[] = [
  [0x0000, 0x0009],
  [0x000b, 0x001f],
  [0x007f, 0x009f],
  [0x00ad, 0x00ad],
  [0x034f, 0x034f],
  [0x061c, 0x061c],
  [0x115f, 0x1160],
  [0x17b4, 0x17b5],
  [0x180b, 0x180f],
  [0x200b, 0x200f],
  [0x2028, 0x202e],
  [0x2060, 0x206f],
  [0x2800, 0x2800],
  [0x3164, 0x3164],
  [0xd800, 0xdfff],
  [0xfe00, 0xfe0f],
  [0xfeff, 0xfeff],
  [0xffa0, 0xffa0],
  [0xfff0, 0xfffb],
  [0xfffe, 0xffff],
  [0x1bca0, 0x1bca3],
  [0x1d173, 0x1d17a],
  [0xe0000, 0xe0fff],
];

const RANGES = INVISIBLE.map(([from, to]) => `\\u{${from.toString(16)}}-\\u{${to.toString(16)}}`).join('');
const IN_HTML = new RegExp(`[${RANGES}&<>"']`, 'gu');
const IN_LINE = new RegExp(`[${RANGES}\\n]`, 'gu');

/** Text as HTML: nothing in it is markup, and nothing in it is invisible. Line feeds stay, the page keeps them. */
export function visible(text: string): string {
  return text.replaceAll(IN_HTML, (character) => escaped(character) ?? `<i>${codeOf(character)}</i>`);
}

/** Text for a plain file: the same characters are made visible. Line feeds too: nobody writes a line of a certificate. */
export function visibleLine(text: string): string {
  return text.replaceAll(IN_LINE, (character) => `<${codeOf(character)}>`);
}

function codeOf(character: string): string {
  return `U+${(character.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, '0')}`;
}

function escaped(character: string): string | undefined {
  switch (character) {
    case '&':
      return '&amp;';
    case '<':
      return '&lt;';
    case '>':
      return '&gt;';
    case '"':
      return '&quot;';
    case "'":
      return '&#39;';
    default:
      return undefined;
  }
}
