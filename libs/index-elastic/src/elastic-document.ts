import { boundedSentAt } from '@holdfast/ports';
import type { IndexDocument } from '@holdfast/ports';
import { createHash } from 'node:crypto';

const MAX_FACET_BYTES = 512;

/**
 * A facet value as it is indexed, and as a query must ask for it. Lucene refuses terms over 32,766 bytes; a value over 512
 * bytes is its beginning and its hash. The result is longer than any value that stays as it is: the two never meet.
 */
export function facet(value: string): string {
  if (value.length * 3 <= MAX_FACET_BYTES || Buffer.byteLength(value) <= MAX_FACET_BYTES) return value;
  const hash = createHash('sha256').update(value).digest('hex');
  return `${Array.from(value).slice(0, MAX_FACET_BYTES).join('')}~${hash}`;
}

/** `_id` of a document: at most 512 bytes, else Elasticsearch refuses it. */
export function idOf(id: string): string {
  return Buffer.byteLength(id) <= MAX_FACET_BYTES ? id : `sha256~${createHash('sha256').update(id).digest('hex')}`;
}

function optional(name: string, value: string | readonly string[]): Record<string, unknown> {
  return value.length === 0 ? {} : { [name]: value };
}

/** What is indexed of a document: one line of JSON. */
export function sourceOf(document: IndexDocument): string {
  const { id, chain, seq, order, cohort, sentAt, sentFrom, capture, kind, platform, workspace, conversation, thread } = document;
  return JSON.stringify({
    id,
    chain,
    seq,
    order,
    cohort: `${cohort.className}/${cohort.period}`,
    sentAt,
    sentFrom,
    ...optional('capture', facet(capture)),
    kind: facet(kind),
    platform: facet(platform),
    workspace: facet(workspace),
    conversation: facet(conversation),
    thread: facet(thread),
    ...optional('sender', document.sender.map(facet)),
    ...optional('participants', document.participants.map(facet)),
    ...optional('has', document.has.map(facet)),
    ...optional('is', document.is.map(facet)),
    ...optional('fileNames', document.fileNames.map(facet)),
    ...optional('body', document.body.join(' ')),
    ...optional('subject', document.subject.join(' ')),
    ...optional('conversationName', document.conversationName.join(' ')),
    unindexed: false,
  });
}

/** What stands for a document that was refused: where it is in the vault, nothing that can be refused again. */
export function stubOf(document: IndexDocument): string {
  const { id, chain, seq, order, cohort, conversation } = document;
  return JSON.stringify({
    id,
    chain,
    seq,
    order,
    cohort: `${cohort.className}/${cohort.period}`,
    sentAt: boundedSentAt(document),
    conversation: facet(conversation),
    unindexed: true,
  });
}
