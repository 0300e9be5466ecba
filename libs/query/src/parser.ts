import type { Diagnostics, Span } from './diagnostics.js';
import { MAX_DEPTH, MAX_NESTING } from './limits.js';
import type { FieldToken, Lexeme, Node, RangeToken, ValueToken } from './syntax.js';

/** After the last lexeme. */
type End = { readonly type: 'end' } & Span;

/**
 * Recursive descent over the grammar of `docs/query-language.md`; one method per rule. After an error it goes on at the
 * next operator or bracket, so that independent mistakes are all reported.
 */
export class Parser {
  readonly #lexemes: readonly Lexeme[];
  readonly #diagnostics: Diagnostics;
  readonly #end: End;
  #at = 0;
  #lastEnd = 0;
  #nesting = 0;
  #saidSpace = false;

  /** `length` is that of the text. */
  constructor(lexemes: readonly Lexeme[], length: number, diagnostics: Diagnostics) {
    this.#lexemes = lexemes;
    this.#end = { type: 'end', start: length, end: length };
    this.#diagnostics = diagnostics;
  }

  /** The tree; undefined when there is none, which was reported. */
  parse(): Node | undefined {
    const first = this.#peek();
    if (first.type === 'end') {
      this.#diagnostics.report('empty', { start: 0, end: first.end });
      return undefined;
    }
    let node = this.#or();
    while (this.#peek().type === 'close') {
      this.#diagnostics.report('extraParen', this.#take());
      // What follows is read as well, for its own errors.
      node = this.#or();
    }
    return node;
  }

  /** or-expr = and-expr { OR and-expr } */
  #or(): Node | undefined {
    return this.#chain('or', () => this.#and());
  }

  /** and-expr = not-expr { [ AND ] not-expr } */
  #and(): Node | undefined {
    return this.#chain('and', () => this.#not());
  }

  #chain(type: 'and' | 'or', operand: () => Node | undefined): Node | undefined {
    const items: Node[] = [];
    let last = operand();
    let reported = false;
    for (;;) {
      if (last !== undefined) items.push(last);
      const next = this.#peek();
      if (next.type === type) {
        this.#take();
        const right = operand();
        // One report for each operator, and one for two operators side by side.
        const missing = last === undefined ? 'missingLeft' : right === undefined ? 'missingRight' : undefined;
        if (missing !== undefined && !reported) this.#diagnostics.report(missing, next, { operator: type.toUpperCase() });
        reported = right === undefined;
        last = right;
      } else {
        const left = last;
        last = type === 'and' && this.#startsOperand(next) ? operand() : undefined;
        if (last === undefined) return join(type, items);
        this.#remarkSpace(left, last);
        reported = false;
      }
    }
  }

  /** Says once how words side by side were read: other tools read them as a phrase. */
  #remarkSpace(left: Node | undefined, right: Node): void {
    if (this.#saidSpace || left?.type !== 'text' || left.quoted || right.type !== 'text' || right.quoted) return;
    this.#saidSpace = true;
    this.#diagnostics.report('spaceIsAnd', { start: left.start, end: right.end }, { canonical: `${left.text} AND ${right.text}` });
  }

  #startsOperand({ type }: Lexeme | End): boolean {
    return type !== 'and' && type !== 'or' && type !== 'close' && type !== 'end';
  }

  /** not-expr = ( NOT | - ) not-expr | prox-expr */
  #not(): Node | undefined {
    const operator = this.#peek();
    if (operator.type !== 'not' || this.#lexemes[this.#at + 1]?.type === 'prox') return this.#prox();
    this.#take();
    const item = this.#nested(operator, () => this.#not());
    if (item !== undefined) return { type: 'not', item, start: operator.start, end: item.end };
    this.#diagnostics.report('missingRight', operator, { operator: operator.end - operator.start === 1 ? '-' : 'NOT' });
    return { ...operator, type: 'bad' };
  }

  /** prox-expr = primary { [ NOT ] prox-op primary }; the lexer reported the operator already. */
  #prox(): Node | undefined {
    const left = this.#primary();
    let end = left?.end;
    for (;;) {
      const negated = this.#peek().type === 'not' && this.#lexemes[this.#at + 1]?.type === 'prox';
      if (negated) this.#take();
      const operator = this.#peek();
      if (operator.type !== 'prox') break;
      this.#take();
      end = this.#primary()?.end ?? operator.end;
    }
    if (left === undefined) return end === undefined ? undefined : { type: 'bad', start: end, end };
    return end === left.end || end === undefined ? left : { type: 'bad', start: left.start, end };
  }

  /** primary = "(" or-expr ")" | field-clause | phrase | word */
  #primary(): Node | undefined {
    const next = this.#peek();
    switch (next.type) {
      case 'text':
        this.#take();
        return next;
      case 'field':
        this.#take();
        return this.#field(next);
      case 'open':
        this.#take();
        return this.#group(next);
      case 'bad':
      case 'value':
      case 'range':
        this.#take();
        return { type: 'bad', start: next.start, end: next.end };
      case 'and':
      case 'or':
      case 'not':
      case 'prox':
      case 'close':
      case 'end':
        return undefined;
    }
  }

  #group(open: Span): Node {
    const before = this.#diagnostics.errors;
    const inner = this.#nested(open, () => this.#or());
    const close = this.#peek();
    const span = { start: open.start, end: close.end };
    if (close.type === 'close') {
      this.#take();
      if (inner === undefined && this.#diagnostics.errors === before) this.#diagnostics.report('emptyGroup', span);
    } else this.#diagnostics.report('unclosedParen', open);
    if (inner === undefined) return { type: 'bad', ...span };
    return inner.type === 'and' || inner.type === 'or' ? { ...inner, ...span, bracketed: true } : inner;
  }

  /** field-clause = field operator value; value = word | phrase | range | "(" list ")" */
  #field({ field, operator, start }: FieldToken): Node {
    const first = this.#take();
    const values = first.type === 'open' ? this.#list(first, field?.name ?? '…') : first.type === 'value' || first.type === 'range' ? [first] : [];
    const span = { start, end: this.#lastEnd };
    if (field === undefined || values.length === 0) return { type: 'bad', ...span };
    return { type: 'field', field, operator, values, ...span };
  }

  #list(open: Span, name: string): (ValueToken | RangeToken)[] {
    const values: (ValueToken | RangeToken)[] = [];
    const before = this.#diagnostics.errors;
    let depth = 1;
    let operand = false;
    for (;;) {
      const next = this.#take();
      if (next.type === 'close' && --depth === 0) {
        if (!operand && this.#diagnostics.errors === before) {
          this.#diagnostics.report('emptyGroup', { start: open.start, end: next.end });
        }
        return values;
      }
      switch (next.type) {
        case 'end':
          this.#diagnostics.report('unclosedParen', open);
          return values;
        case 'value':
          values.push(next);
          operand = true;
          break;
        case 'or':
          // An OR stands between two values.
          if (!operand || !['value', 'bad'].includes(this.#peek().type)) this.#diagnostics.report('listOperator', next, { name });
          break;
        case 'open':
          depth++;
          this.#diagnostics.report('listOperator', next, { name });
          break;
        case 'and':
        case 'not':
          this.#diagnostics.report('listOperator', next, { name });
          break;
        default:
          operand = true;
      }
    }
  }

  #nested(at: Span, rule: () => Node | undefined): Node | undefined {
    if (this.#nesting === MAX_NESTING) {
      this.#diagnostics.report('tooDeep', at, { limit: String(MAX_DEPTH) });
      this.#diagnostics.close();
      this.#at = this.#lexemes.length;
      return { type: 'bad', start: at.start, end: at.end };
    }
    this.#nesting++;
    const node = rule();
    this.#nesting--;
    return node;
  }

  #peek(): Lexeme | End {
    return this.#lexemes[this.#at] ?? this.#end;
  }

  #take(): Lexeme | End {
    const next = this.#peek();
    this.#at++;
    this.#lastEnd = next.end;
    return next;
  }
}

function join(type: 'and' | 'or', items: readonly Node[]): Node | undefined {
  const [first] = items;
  const last = items.at(-1);
  if (first === undefined || last === undefined || items.length === 1) return first;
  return { type, items, bracketed: false, start: first.start, end: last.end };
}
