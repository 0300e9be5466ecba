import type { Span } from './diagnostics.js';
import type { Field } from './fields.js';

/** What stands between field and value; `=` asks for the exact identifier, the others compare dates. */
export type Operator = ':' | '=' | '<' | '<=' | '>' | '>=';

/** One value as written: escapes and quotation marks are resolved. */
export interface ValueToken extends Span {
  readonly type: 'value';
  readonly text: string;
  readonly quoted: boolean;
  /** Holds `*` or `?` that is neither quoted nor escaped. */
  readonly wild: boolean;
}

/** `[low TO high]`. */
export interface RangeToken extends Span {
  readonly type: 'range';
  readonly low: string;
  readonly high: string;
}

/** A field with its operator; a value, a range or `open` follows. Without `field` an error was reported and the value is skipped. */
export interface FieldToken extends Span {
  readonly type: 'field';
  readonly field: Field | undefined;
  readonly operator: Operator;
}

export interface TextToken extends Span {
  readonly type: 'text';
  readonly text: string;
  readonly quoted: boolean;
}

/** What the lexer hands to the parser. `bad` stands for text about which an error was reported: an operand like any other. */
export type Lexeme =
  TextToken | FieldToken | ValueToken | RangeToken | ({ readonly type: 'open' | 'close' | 'and' | 'or' | 'not' | 'prox' | 'bad' } & Span);

/** The syntax tree: what was written, before anything is looked up. */
export type Node =
  | ({ readonly type: 'and' | 'or'; readonly items: readonly Node[]; readonly bracketed: boolean } & Span)
  | ({ readonly type: 'not'; readonly item: Node } & Span)
  | ({ readonly type: 'field'; readonly field: Field; readonly operator: Operator; readonly values: readonly (ValueToken | RangeToken)[] } & Span)
  | TextToken
  | ({ readonly type: 'bad' } & Span);
