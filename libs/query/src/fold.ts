import { MODIFIER, PICTURE, TAG, ZWJ, classOf, remembered } from './char-class.js';

/** Folded text with, for every UTF-16 unit of it, the range of the original that it came from. */
export interface FoldedText {
  readonly text: string;
  readonly starts: readonly number[];
  readonly ends: readonly number[];
}

/** How a code point of original text behaves when text is cut into clusters that can be folded one by one. */
const BASE = 0;
/** A mark, kept or stripped with its base. */
const ATTACHED = 1;
/** Invisible: soft hyphen, variation selector, zero-width characters, bidi controls. Dropped, so it cannot hide a word. */
const INVISIBLE = 2;
/** Hangul vowel or final consonant that may melt into the syllable before it. */
const JAMO = 3;
/** Thai and Lao AM: a letter that NFKC turns into a mark of the character before it and a letter. */
const AM = 4;

const IGNORABLE = /^\p{Default_Ignorable_Code_Point}$/u;
const ANY_IGNORABLE = /\p{Default_Ignorable_Code_Point}/gu;
// The half-width sound marks U+FF9E and U+FF9F are letters that NFKC turns into combining marks.
const ATTACHING = /^[\p{M}\uff9e\uff9f]$/u;
const VOWEL_OR_FINAL = /^[\u1160-\u11ff\ud7b0-\ud7fb]$/u;
const STRIPPED = /([\p{Script=Latin}\p{Script=Greek}\p{Script=Cyrillic}])\p{M}+/gu;
const HANGUL_LETTER = /[\u3131-\u318e\uffa1-\uffdc]/u;
const BEYOND_ASCII = /\P{ASCII}/u;
const APOSTROPHES = /[\u2018\u2019\u201b\u02bb\u02bc]/g;

/**
 * Marks kept on one character. Nobody writes more, and normalisation sorts marks in quadratic time: without a limit one
 * hostile message of some megabytes would stop an indexer for hours.
 */
const MAX_MARKS = 64;
const SURPLUS_MARKS = new RegExp(`(\\p{M}{${String(MAX_MARKS)}})\\p{M}+`, 'gu');

const roleOf: (code: number) => number = remembered((code) => {
  const char = String.fromCodePoint(code);
  if (IGNORABLE.test(char)) return INVISIBLE;
  if (ATTACHING.test(char)) return ATTACHED;
  if (VOWEL_OR_FINAL.test(char)) return JAMO;
  return code === 0x0e33 || code === 0x0eb3 ? AM : BASE;
});

/** First code points of the half-width Hangul letters and what they stand for, per column of the block U+FFA1–U+FFDC. */
const HALF_WIDTH_HANGUL: readonly (readonly [number, number])[] = [
  [0xffda, 0x3161],
  [0xffd2, 0x315b],
  [0xffca, 0x3155],
  [0xffc2, 0x314f],
  [0xffa1, 0x3131],
];

/**
 * NFKD, except that Hangul letters written alone (U+3131–U+318E, the ㅋㅋ of every Korean chat) stay letters: NFKC would turn
 * them into conjoining ones, which melt into the syllable before them and make that syllable unfindable.
 */
function decompose(cluster: string): string {
  if (!HANGUL_LETTER.test(cluster)) return cluster.normalize('NFKD');
  const code = cluster.charCodeAt(0);
  const column = HALF_WIDTH_HANGUL.find(([first]) => code >= first);
  const letter = column === undefined ? code : column[1] + code - column[0];
  return String.fromCharCode(letter) + cluster.slice(1).normalize('NFKD');
}

/** Folds one cluster: a base with everything that can combine with it. */
function foldCluster(cluster: string): string {
  return decompose(cluster.replace(ANY_IGNORABLE, ''))
    .toLowerCase()
    .replace(STRIPPED, '$1')
    .replace(SURPLUS_MARKS, '$1')
    .replaceAll('ς', 'σ')
    .replace(APOSTROPHES, "'")
    .normalize('NFC');
}

const remembering = new Map<string, string>();
const MAX_REMEMBERED = 20_000;
const SHORT = 4;

/** As `foldCluster`, remembering what text is made of: the characters of a language are few, and normalising is slow. */
function foldShort(cluster: string): string {
  if (cluster.length > SHORT) return foldCluster(cluster);
  const known = remembering.get(cluster);
  if (known !== undefined) return known;
  const text = foldCluster(cluster);
  if (remembering.size < MAX_REMEMBERED) remembering.set(cluster, text);
  return text;
}

/** Takes the pieces that text folds to, each with the range of the original that it came from. */
type Emit = (folded: string, start: number, end: number) => void;

function width(code: number): number {
  return code > 0xffff ? 2 : 1;
}

/** Code point at `index`, or -1 after the end. */
function codeAt(text: string, index: number): number {
  return text.codePointAt(index) ?? -1;
}

/** An emoji sequence: joiners stay between two pictures only, skin tones and tags stay, everything else invisible goes. */
function foldPicture(text: string, start: number, emit: Emit): number {
  let index = start + width(codeAt(text, start));
  let kept = text.slice(start, index);
  for (;;) {
    const code = codeAt(text, index);
    if (code === -1) break;
    const after = codeAt(text, index + 1);
    if (code === ZWJ && after !== -1 && classOf(after) === PICTURE) {
      kept += String.fromCodePoint(code, after);
      index += 1 + width(after);
      continue;
    }
    const kind = classOf(code);
    if (kind === TAG || kind === MODIFIER) kept += String.fromCodePoint(code);
    else if (roleOf(code) !== INVISIBLE) break;
    index += width(code);
  }
  emit(kept, start, index);
  return index;
}

/** A character with all that attaches to it; returns where the next one starts. */
function foldCharacter(text: string, start: number, emit: Emit): number {
  const base = codeAt(text, start);
  let index = start + width(base);
  let kept = index;
  let marks = roleOf(base) === ATTACHED ? 1 : 0;
  let jamo = 0;
  for (;;) {
    const code = codeAt(text, index);
    const role = code === -1 ? BASE : roleOf(code);
    if (role === BASE) break;
    if (role === JAMO) {
      // A vowel and a final consonant are all that a syllable can take, and nothing composes across a mark.
      if (marks > 0 || jamo === 2) break;
      jamo++;
    }
    index += width(code);
    if (role === ATTACHED) marks++;
    if (marks <= MAX_MARKS) kept = index;
    if (role === AM) break;
  }
  emit(foldShort(text.slice(start, kept)), start, index);
  return index;
}

function foldInto(text: string, emit: Emit): void {
  for (let index = 0; index < text.length;) {
    const isPicture = text.charCodeAt(index) > 0x7f && classOf(codeAt(text, index)) === PICTURE;
    index = isPicture ? foldPicture(text, index, emit) : foldCharacter(text, index, emit);
  }
}

/**
 * Folds text for search: lone surrogates replaced, NFKC, lower case, marks stripped on Latin, Greek and Cyrillic bases
 * only, invisible characters dropped (joiners inside emoji stay), typographic apostrophes made plain. Folding again changes
 * nothing. Takes time proportional to the length of any text.
 */
export function fold(text: string): string {
  if (!BEYOND_ASCII.test(text)) return text.toLowerCase();
  let out = '';
  foldInto(text.toWellFormed(), (piece) => {
    out += piece;
  });
  return out;
}

/** As `fold`, with the way back to the original. */
export function foldWithOffsets(text: string): FoldedText {
  let out = '';
  const starts: number[] = [];
  const ends: number[] = [];
  foldInto(text.toWellFormed(), (piece, start, end) => {
    out += piece;
    for (let unit = 0; unit < piece.length; unit++) {
      starts.push(start);
      ends.push(end);
    }
  });
  return { text: out, starts, ends };
}

/**
 * Folds an identifier (handle, e-mail address, display name, file name) for exact comparison: as `fold`, then outer white
 * space and `@` in front removed, inner white space made one space. Used for documents and for queries alike.
 */
export function foldIdentifier(text: string): string {
  const known = identifiers.get(text);
  if (known !== undefined) return known;
  const folded = fold(text)
    .replace(/\s+/gu, ' ')
    .replace(/^[ @]+/u, '')
    .replace(/ $/u, '');
  if (text.length <= LONGEST_REMEMBERED) {
    // An archive has any number of people; those of this hour are enough.
    if (identifiers.size >= MAX_REMEMBERED) identifiers.clear();
    identifiers.set(text, folded);
  }
  return folded;
}

/** The same few people and places come with every message. */
const identifiers = new Map<string, string>();
const LONGEST_REMEMBERED = 128;
