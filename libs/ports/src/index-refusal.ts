import type { IndexDocument } from './record-index.js';

/** The furthest moment that a Date can hold; engines refuse what lies beyond. */
const MAX_DATE_MS = 8.64e15;
/** No engine, and no proxy in front of one, refuses a document for its size below this. */
const LARGE_BYTES = 256 * 1024;

/**
 * Whether a stub may stand in an index for `document`. A stub matches no query, so turning a document into one is a way to
 * hide it: an honest index has stubs only for documents that it could not take.
 */
export function refusal(document: IndexDocument): 'certain' | 'possible' | 'never' {
  // Written so that NaN counts as refused.
  if (!(Math.abs(document.sentAt) <= MAX_DATE_MS)) return 'certain';
  const { body, subject, conversationName, sender, participants, fileNames } = document;
  let bytes = 0;
  // In UTF-8 a UTF-16 unit takes up to three bytes.
  for (const part of [body, subject, conversationName, sender, participants, fileNames]) for (const text of part) bytes += 3 * text.length + 1;
  return bytes < LARGE_BYTES ? 'never' : 'possible';
}

/** `sentAt` as an index keeps it. */
export function boundedSentAt({ sentAt }: Pick<IndexDocument, 'sentAt'>): number {
  return Math.max(-MAX_DATE_MS, Math.min(MAX_DATE_MS, sentAt));
}
