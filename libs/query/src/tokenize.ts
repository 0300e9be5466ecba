import { JOINER, KEYCAP, MARK, MODIFIER, ONE, PICTURE, REGION, SEPARATOR, TAG, WORD, classOf } from './char-class.js';
import { fold, foldWithOffsets } from './fold.js';

/** One token. `start` and `end` are UTF-16 offsets into the original text and never split a character or an emoji sequence. */
export interface Token {
  readonly text: string;
  readonly start: number;
  readonly end: number;
}

/** Longer tokens are cut into adjacent ones, in text and in queries alike: engines refuse or truncate long terms. */
export const MAX_TOKEN_CODE_POINTS = 64;

type Emit = (text: string, start: number, end: number) => void;

const APOSTROPHE = 0x27;
const BEYOND_ASCII = /\P{ASCII}/u;
const ASCII_WORD = new Uint8Array(128);
for (const char of 'abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789') ASCII_WORD[char.charCodeAt(0)] = 1;

function isAsciiWord(text: string, index: number): boolean {
  return ASCII_WORD[text.charCodeAt(index)] === 1;
}

/** Emits `[start, end)` of `text`, cut after every 64 code points. */
function emitCut(text: string, start: number, end: number, emit: Emit): void {
  // Most tokens are short in UTF-16 units already, so code points need no counting.
  if (end - start <= MAX_TOKEN_CODE_POINTS) {
    emit(text.slice(start, end), start, end);
    return;
  }
  let from = start;
  let count = 0;
  for (let index = start; index < end;) {
    if (count === MAX_TOKEN_CODE_POINTS) {
      emit(text.slice(from, index), from, index);
      from = index;
      count = 0;
    }
    index = after(text, index);
    count++;
  }
  emit(text.slice(from, end), from, end);
}

/** Chat is mostly ASCII: there every character folds to one of the same length, so no map of offsets is needed. */
function cutAscii(text: string, emit: Emit): void {
  const lower = text.toLowerCase();
  for (let index = 0; index < lower.length; index++) {
    if (!isAsciiWord(lower, index)) continue;
    const start = index;
    do index++;
    while (isAsciiWord(lower, index) || (lower.charCodeAt(index) === APOSTROPHE && isAsciiWord(lower, index + 1)));
    emitCut(lower, start, index, emit);
  }
}

function classAt(text: string, index: number): number {
  const code = text.codePointAt(index);
  return code === undefined ? SEPARATOR : classOf(code);
}

function after(text: string, index: number): number {
  // Folded text is well-formed: a high surrogate has its low one.
  return index + ((text.charCodeAt(index) & 0xfc00) === 0xd800 ? 2 : 1);
}

/** Keycap emoji: digit, # or * under U+20E3. */
function isKeycap(text: string, index: number): boolean {
  return text.charCodeAt(index + 1) === KEYCAP && '0123456789#*'.includes(text.charAt(index));
}

/** A letter or digit that may be part of a word. */
function isWordAt(text: string, index: number): boolean {
  return classAt(text, index) === WORD && !isKeycap(text, index);
}

function skipMarks(text: string, index: number): number {
  let end = index;
  while (classAt(text, end) === MARK) end = after(text, end);
  return end;
}

function wordEnd(text: string, start: number): number {
  let end = start;
  for (;;) {
    if (isWordAt(text, end)) end = skipMarks(text, after(text, end));
    else if (text.charCodeAt(end) === APOSTROPHE && isWordAt(text, end + 1)) end++;
    else return end;
  }
}

function pictureEnd(text: string, start: number): number {
  let end = after(text, start);
  for (;;) {
    const kind = classAt(text, end);
    // `fold` keeps a joiner only where a picture follows it.
    if (kind === JOINER) end = after(text, end + 1);
    else if (kind === MODIFIER || kind === TAG) end = after(text, end);
    else return end;
  }
}

/** End of the token that starts at `index` of folded text; `index` itself when none does. */
function tokenEnd(text: string, index: number): number {
  if (isKeycap(text, index)) return index + 2;
  const kind = classAt(text, index);
  if (kind === WORD) return wordEnd(text, index);
  if (kind === ONE) return skipMarks(text, after(text, index));
  if (kind === PICTURE || kind === MODIFIER) return pictureEnd(text, index);
  if (kind !== REGION) return index;
  const second = after(text, index);
  return classAt(text, second) === REGION ? after(text, second) : second;
}

function cutFolded(text: string, emit: Emit): void {
  for (let index = 0; index < text.length;) {
    const end = tokenEnd(text, index);
    if (end > index) emitCut(text, index, end, emit);
    index = end > index ? end : after(text, index);
  }
}

/**
 * Cuts text into tokens, the same for every engine, for queries and for the matcher. Words of alphabetic scripts (letters,
 * marks, digits, apostrophe inside); one token per character with its marks for scripts written without spaces (Han, kana,
 * Hangul, Thai, Lao, Khmer, Myanmar …), so that any part of such text is found as a phrase; one token per emoji sequence.
 * Nothing else is a token. A character that folds to several (½, ㍿) may give several tokens with the same offsets.
 */
export function tokenize(text: string): Token[] {
  const tokens: Token[] = [];
  if (!BEYOND_ASCII.test(text)) {
    cutAscii(text, (token, start, end) => tokens.push({ text: token, start, end }));
    return tokens;
  }
  const folded = foldWithOffsets(text);
  cutFolded(folded.text, (token, start, end) => {
    tokens.push({ text: token, start: Number(folded.starts[start]), end: Number(folded.ends[end - 1]) });
  });
  return tokens;
}

/** The token texts alone, in order: what an index stores. Same tokens as `tokenize`, without the cost of offsets. */
export function tokenTexts(text: string): string[] {
  const tokens: string[] = [];
  const emit: Emit = (token) => tokens.push(token);
  if (BEYOND_ASCII.test(text)) cutFolded(fold(text), emit);
  else cutAscii(text, emit);
  return tokens;
}
