/* Over 300 lines: one pass over one cursor; cut in two, the halves would have to share it. */
import type { Report, Span } from './diagnostics.js';
import { FIELD_NAMES, findField, isLaterField, suggestField } from './fields.js';
import type { Lexeme, Operator } from './syntax.js';

// Typographic characters that word processors and input methods write for the plain ones; each is one UTF-16 unit.
const QUOTES = '"\u201c\u201d\u201e\u201f\uff02';
const OPENING = '(\uff08';
const CLOSING = ')\uff09';
const DASHES = '-\u2010\u2011\u2012\u2013\u2014\u2212\uff0d';
const SPACE = /\s/u;
const FIELD = /([\p{L}][\p{L}_]*)([:\uff1a]?[<>\uff1c\uff1e][=\uff1d]?|[:\uff1a][=\uff1d]?|[=\uff1d])/uy;
const FIELD_IN_LIST = /^([\p{L}][\p{L}_]*)[:\uff1a=<>]/u;
const PROXIMITY = /^(?:w|pre|near)\/(\d*)(.*)$/isu;
const NEAR_CALL = /near\(\s*(\d*)\s*\)/iuy;

/** What `word` read from the text. `wild` counts unescaped `*` and `?`. */
interface Word extends Span {
  readonly raw: string;
  readonly text: string;
  readonly wild: number;
}

function operatorOf(written: string): Operator {
  switch (written.normalize('NFKC').replace(/^:/, '')) {
    case '=':
      return '=';
    case '<':
      return '<';
    case '<=':
      return '<=';
    case '>':
      return '>';
    case '>=':
      return '>=';
    default:
      return ':';
  }
}

/**
 * Cuts a query into lexemes. Works in one pass over the text; what it cannot read it reports and hands on as `bad`, so that
 * the parser finds the other mistakes too.
 */
export class Lexer {
  readonly #text: string;
  readonly #report: Report;
  readonly #out: Lexeme[] = [];
  #at = 0;

  constructor(text: string, report: Report) {
    this.#text = text;
    this.#report = report;
  }

  lexemes(): readonly Lexeme[] {
    while (this.#findNext()) this.#next();
    return this.#out;
  }

  #next(): void {
    const start = this.#at;
    if (this.#bracket(OPENING, 'open') || this.#bracket(CLOSING, 'close')) return;
    if (this.#isOneOf(QUOTES)) {
      const text = this.#quoted();
      if (text === undefined || this.#slop(start)) this.#push('bad', start);
      else this.#out.push({ type: 'text', text, quoted: true, start, end: this.#at });
      return;
    }
    if (this.#isOneOf(DASHES) && !this.#isEndOfValue(start + 1)) {
      this.#smart(start);
      this.#at++;
      this.#push('not', start);
      return;
    }
    if (this.#nearCall() || this.#field()) return;
    this.#textWord(this.#word());
  }

  #textWord(word: Word): void {
    if (this.#operator(word) || this.#proximity(word)) return;
    const last = this.#out.at(-1);
    if (/^[:\uff1a=<>\uff1c\uff1e]/u.test(word.text) && last?.type === 'text' && !last.quoted && findField(last.text) !== undefined) {
      this.#report('valueApart', { start: last.start, end: word.end }, { name: last.text });
      this.#push('bad', word.start);
      return;
    }
    // A web address is text: its question mark is no wildcard.
    if (!word.raw.includes('://') && this.#isLater(word)) this.#push('bad', word.start);
    else this.#out.push({ type: 'text', text: word.text, quoted: false, start: word.start, end: word.end });
  }

  /** Reports what the language will mean one day and must not mean something else today. */
  #isLater(word: Word): boolean {
    if (word.wild > 0) {
      this.#report(/[\p{L}\p{N}]/u.test(word.text) ? 'wildcardLater' : 'bareWildcard', word, { value: word.raw });
      return true;
    }
    if (!/[^\\]~\d*$/u.test(word.raw)) return false;
    this.#report('fuzzyLater', word);
    return true;
  }

  /** AND, OR and NOT in any letter case. */
  #operator(word: Word): boolean {
    const plain = word.raw.normalize('NFKC');
    const type = plain.toLowerCase();
    if (type !== 'and' && type !== 'or' && type !== 'not') return false;
    const operator = type.toUpperCase();
    if (plain !== word.raw) this.#report('smartChar', word, { value: word.raw, meaning: operator });
    else if (plain !== operator) this.#report('lowercaseOperator', word, { value: word.raw, operator });
    this.#push(type, word.start);
    return true;
  }

  #proximity(word: Word): boolean {
    const match = PROXIMITY.exec(word.raw);
    if (match !== null) {
      const digits = String(match[1]);
      const rest = String(match[2]);
      // "w/o" and "w/Bob" are English: only a number or nothing makes an operator.
      if (digits === '' && rest !== '') return false;
      this.#distance(word, rest === '' ? digits : '');
      return true;
    }
    if (word.raw !== 'NEAR') return false;
    this.#distance(word, '');
    return true;
  }

  #nearCall(): boolean {
    NEAR_CALL.lastIndex = this.#at;
    const match = NEAR_CALL.exec(this.#text);
    if (match === null) return false;
    const start = this.#at;
    this.#at += match[0].length;
    this.#distance({ start, end: this.#at }, String(match[1]));
    return true;
  }

  #distance(span: Span, digits: string): void {
    const value = this.#text.slice(span.start, span.end);
    const distance = Number(digits);
    this.#report(distance >= 1 && distance <= 255 ? 'proxLater' : 'proxMalformed', span, { value });
    this.#push('prox', span.start);
  }

  #slop(start: number): boolean {
    if (this.#text.charAt(this.#at) !== '~') return false;
    this.#at++;
    while (/\d/.test(this.#text.charAt(this.#at))) this.#at++;
    this.#report('slopLater', { start, end: this.#at });
    return true;
  }

  /** `name:` and what follows it; false when the text here is no field. */
  #field(): boolean {
    FIELD.lastIndex = this.#at;
    const match = FIELD.exec(this.#text);
    if (match === null) return false;
    const whole = match[0];
    const name = String(match[1]);
    const written = String(match[2]);
    const start = this.#at;
    const end = start + whole.length;
    const colon = /^[:\uff1a]/u.test(written);
    const field = findField(name);
    if (field === undefined) {
      const later = isLaterField(name);
      const suggestion = suggestField(name);
      if (!later) {
        // Addresses (https://…) and labels (re: …) are text; so is x=1, unless it looks like a field misspelt.
        if (this.#text.startsWith('//', end) || (colon && this.#isEndOfValue(end))) return false;
        if (!colon && (suggestion === undefined || name.length < 3)) return false;
      }
      const hint = suggestion === undefined ? '' : { en: ` Did you mean “${suggestion}:”?`, zh: `是否指“${suggestion}:”？` };
      this.#report(
        later ? 'laterField' : 'unknownField',
        { start, end: start + name.length },
        { name, suggestion: hint, fields: FIELD_NAMES.join(', ') },
      );
    }
    this.#at = end;
    for (let index = start + name.length; index < end; index++) this.#smart(index);
    if (this.#isEndOfValue(end)) {
      if (field !== undefined) this.#report('valueMissing', { start, end }, { name: whole });
      this.#push('bad', start);
      return true;
    }
    this.#out.push({ type: 'field', field, operator: operatorOf(written), start, end });
    this.#fieldValue(field?.name ?? name);
    return true;
  }

  #fieldValue(name: string): void {
    const start = this.#at;
    if (this.#bracket(OPENING, 'open')) this.#list(name);
    else if ('[\uff3b'.includes(this.#text.charAt(start))) this.#range();
    else if (this.#isOneOf(QUOTES)) this.#quotedValue();
    else this.#value(name);
  }

  /** Values up to the closing bracket, or to the end of the text. */
  #list(name: string): void {
    let depth = 1;
    while (this.#findNext()) {
      if (this.#bracket(OPENING, 'open')) depth++;
      else if (this.#bracket(CLOSING, 'close')) {
        if (--depth === 0) return;
      } else if (this.#isOneOf(QUOTES)) this.#quotedValue();
      else this.#value(name, true);
    }
  }

  #quotedValue(): void {
    const start = this.#at;
    const text = this.#quoted();
    if (text === undefined || this.#slop(start)) this.#push('bad', start);
    else this.#out.push({ type: 'value', text, quoted: true, wild: false, start, end: this.#at });
  }

  #value(name: string, listed = false): void {
    const word = this.#word();
    if (listed && this.#operator(word)) return;
    if (DASHES.includes(word.raw.charAt(0))) this.#report('valueNegative', word, { name });
    else if (/[,\uff0c\u3001;\uff1b]/u.test(word.raw)) this.#report('listComma', word, { name });
    else if (listed && this.#namesField(word.raw)) this.#report('listField', word);
    else {
      this.#out.push({ type: 'value', text: word.text, quoted: false, wild: word.wild > 0, start: word.start, end: word.end });
      return;
    }
    this.#push('bad', word.start);
  }

  #namesField(raw: string): boolean {
    const name = FIELD_IN_LIST.exec(raw)?.[1];
    return name !== undefined && (findField(name) !== undefined || isLaterField(name));
  }

  #range(): void {
    const start = this.#at;
    const close = /[\]\uff3d]/u.exec(this.#text.slice(start));
    this.#at = close === null ? this.#text.length : start + close.index + 1;
    const inside = this.#text.slice(start + 1, close === null ? this.#at : this.#at - 1);
    const [low, to, high, ...rest] = inside.trim().split(/\s+/u);
    if (close !== null && low !== undefined && to?.toUpperCase() === 'TO' && high !== undefined && rest.length === 0) {
      this.#out.push({ type: 'range', low, high, start, end: this.#at });
      return;
    }
    this.#report('rangeMalformed', { start, end: this.#at });
    this.#push('bad', start);
  }

  /** Text of a quotation, without its marks; undefined when an error was reported. */
  #quoted(): string | undefined {
    const start = this.#at;
    let text = '';
    this.#smart(this.#at++);
    while (this.#at < this.#text.length && !this.#isOneOf(QUOTES)) {
      if (this.#text.charAt(this.#at) === '\\') this.#at++;
      text += this.#text.charAt(this.#at++);
    }
    if (this.#at >= this.#text.length) {
      this.#at = this.#text.length;
      this.#report('unclosedQuote', { start, end: start + 1 });
      return undefined;
    }
    this.#smart(this.#at++);
    if (text.trim() !== '') return text;
    this.#report('emptyPhrase', { start, end: this.#at });
    return undefined;
  }

  /** Reads up to white space, a bracket or a quotation mark; a backslash takes the next character as it is. */
  #word(): Word {
    const start = this.#at;
    let text = '';
    let wild = 0;
    while (!this.#isEndOfWord(this.#at)) {
      let char = this.#text.charAt(this.#at++);
      if (char === '\\' && this.#at < this.#text.length) char = this.#text.charAt(this.#at++);
      else if (char === '*' || char === '?') wild++;
      text += char;
    }
    return { start, end: this.#at, raw: this.#text.slice(start, this.#at), text, wild };
  }

  #bracket(chars: string, type: 'open' | 'close'): boolean {
    if (!this.#isOneOf(chars)) return false;
    this.#smart(this.#at++);
    this.#push(type, this.#at - 1);
    return true;
  }

  #push(type: 'open' | 'close' | 'and' | 'or' | 'not' | 'prox' | 'bad', start: number): void {
    this.#out.push({ type, start, end: this.#at });
  }

  /** Warns when the syntax character at `index` is not the plain one. */
  #smart(index: number): void {
    const value = this.#text.charAt(index);
    if (value <= '\u007f') return;
    const meaning = QUOTES.includes(value) ? '"' : DASHES.includes(value) ? '-' : value.normalize('NFKC');
    this.#report('smartChar', { start: index, end: index + 1 }, { value, meaning });
  }

  /** Skips white space; false at the end of the text. */
  #findNext(): boolean {
    for (; this.#at < this.#text.length && SPACE.test(this.#text.charAt(this.#at)); this.#at++) {
      if (this.#text.charAt(this.#at) <= '\u007f') continue;
      const code = this.#text.charCodeAt(this.#at).toString(16).toUpperCase().padStart(4, '0');
      this.#report('smartChar', { start: this.#at, end: this.#at + 1 }, { value: `U+${code}`, meaning: { en: 'a space', zh: '空格' } });
    }
    return this.#at < this.#text.length;
  }

  #isOneOf(chars: string): boolean {
    return this.#at < this.#text.length && chars.includes(this.#text.charAt(this.#at));
  }

  #isEndOfWord(index: number): boolean {
    const char = this.#text.charAt(index);
    return char === '' || SPACE.test(char) || QUOTES.includes(char) || OPENING.includes(char) || CLOSING.includes(char);
  }

  /** No value begins here. */
  #isEndOfValue(index: number): boolean {
    const char = this.#text.charAt(index);
    return char === '' || SPACE.test(char) || CLOSING.includes(char);
  }
}
