/** Fields that hold one token stream per document. */
export type TextField = 'body' | 'subject' | 'conversationName';

/**
 * Fields that hold exact values: `sender`, `participants` and `fileNames` went through `foldIdentifier`, ids (`id`,
 * `capture`, `workspace`, `conversation`, `thread`) are verbatim, the others are lower case.
 */
export type KeywordField =
  'id' | 'capture' | 'kind' | 'platform' | 'workspace' | 'conversation' | 'thread' | 'sender' | 'participants' | 'has' | 'is' | 'fileNames';

/**
 * A query after parsing: what every engine and the matcher must answer alike. Dates are resolved to instants, people
 * and values are folded, text is cut into tokens; nothing is left to interpret.
 */
export type Query =
  | { readonly kind: 'all' }
  | { readonly kind: 'none' }
  | { readonly kind: 'and' | 'or'; readonly items: readonly Query[] }
  | { readonly kind: 'not'; readonly item: Query }
  /** Adjacent tokens in this order; a word is a phrase of one token, a Chinese word one of several. Never empty. */
  | { readonly kind: 'phrase'; readonly fields: readonly TextField[]; readonly tokens: readonly string[] }
  /** The field has exactly this value. */
  | { readonly kind: 'keyword'; readonly field: KeywordField; readonly value: string }
  /** Milliseconds since 1970 UTC: `from` inclusive, `to` exclusive. */
  | { readonly kind: 'sent'; readonly from?: number; readonly to?: number };
