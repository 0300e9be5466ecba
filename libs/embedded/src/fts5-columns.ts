import type { IndexDocument } from '@holdfast/ports';
import { encodeToken } from '@holdfast/query';
import type { KeywordField } from '@holdfast/query';
import { keywordToken } from './fts5-query.js';

export const KEYWORD_FIELDS = [
  'capture',
  'kind',
  'platform',
  'workspace',
  'conversation',
  'thread',
  'sender',
  'participants',
  'has',
  'is',
  'fileNames',
] as const satisfies readonly KeywordField[];

/** What the columns of the text table hold of one document, token by token. */
export interface TextColumns {
  readonly body: readonly string[];
  readonly subject: readonly string[];
  readonly conversationName: readonly string[];
  readonly keywords: readonly string[];
}

/** The tokens of one facet. An empty string says that the document has none; an empty item of a list is a value. */
export function tokensOf(document: IndexDocument, field: (typeof KEYWORD_FIELDS)[number]): string[] {
  const value = document[field];
  if (typeof value !== 'string') return value.map((one) => keywordToken(field, one));
  return value === '' ? [] : [keywordToken(field, value)];
}

/** Written by the writer, expected by a comparison. */
export function columnsOf(document: IndexDocument): TextColumns {
  return {
    body: document.body.map(encodeToken),
    subject: document.subject.map(encodeToken),
    conversationName: document.conversationName.map(encodeToken),
    keywords: KEYWORD_FIELDS.flatMap((field) => tokensOf(document, field)),
  };
}
