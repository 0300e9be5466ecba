import { captureKey, eventsOf, formatRecordId, indexFields, keyNames } from '@holdfast/record';
import type { CloudEventAttributes, Event, RawRecord, SourcePartition } from '@holdfast/record';
import { orderOf } from '@holdfast/ports';
import type { CohortName, IndexDocument } from '@holdfast/ports';
import { foldIdentifier, tokenTexts } from '@holdfast/query';

/** Where a record stands, for its documents. */
export interface RecordPlace {
  readonly at: SourcePartition;
  readonly chain: string;
  readonly seq: number;
  readonly cohort: CohortName;
}

/**
 * The documents of one record: one an event, or one stub-like document for a record that is no event, so that everything
 * sealed can be found, counted and opened. Pure: a rebuild gives the same documents.
 */
export function documentsOf(record: RawRecord, place: RecordPlace): IndexDocument[] {
  const parsed = eventsOf(record, place.at);
  const capture = captureOf(parsed.ce);
  if (parsed.events.length === 0) return [unreadable(record, place, parsed.status, capture)];
  return parsed.events.map((event, number) => documentOf(record, place, event, number, capture));
}

function documentOf(record: RawRecord, place: RecordPlace, event: Event, number: number, capture: string): IndexDocument {
  const fields = indexFields(event);
  return {
    id: event.record_id,
    chain: place.chain,
    seq: place.seq,
    offset: record.offset.toString(),
    order: orderOf(record.offset, number, place.chain),
    cohort: place.cohort,
    sentAt: fields.sentAt ?? Number(record.timestamp),
    sentFrom: fields.sentAt === undefined ? 'kafka' : 'occurred',
    capture,
    kind: fields.kind,
    platform: fields.platform,
    workspace: fields.workspace,
    conversation: fields.conversation,
    conversationName: tokenTexts(fields.conversationName),
    thread: fields.thread,
    sender: foldAll(fields.sender),
    participants: foldAll(fields.participants),
    has: fields.has,
    is: fields.is,
    body: tokenTexts(fields.body),
    subject: tokenTexts(fields.subject),
    fileNames: foldAll(fields.fileNames),
  };
}

/** The kind of a document that stands for a record that is no event. */
export const UNPARSED = 'unparsed';

/** Whether a record's key is the conversation of all its documents: then directories and search name the same one. */
export function keyMatches(record: RawRecord, documents: readonly IndexDocument[]): boolean {
  const { key } = record;
  return documents.every(({ conversation }) => key !== null && keyNames(key, conversation));
}

/** `kind` unparsed and `is` unreadable: an exception that a reviewer can list, never a record that search forgets. */
function unreadable(record: RawRecord, place: RecordPlace, status: string, capture: string): IndexDocument {
  const { at } = place;
  return {
    id: formatRecordId({ ...at, offset: record.offset, event: 0 }),
    chain: place.chain,
    seq: place.seq,
    offset: record.offset.toString(),
    order: orderOf(record.offset, 0, place.chain),
    cohort: place.cohort,
    sentAt: Number(record.timestamp),
    sentFrom: 'kafka',
    capture,
    kind: UNPARSED,
    platform: '',
    workspace: '',
    conversation: '',
    conversationName: [],
    thread: '',
    sender: [],
    participants: [],
    has: [],
    is: ['unreadable', ...(status === 'failed' ? [] : [status])],
    body: [],
    subject: [],
    fileNames: [],
  };
}

/** Also of a record that is no event: its producer asks for it by the same name. */
function captureOf(ce: CloudEventAttributes | undefined): string {
  // Lone surrogates cannot be written as UTF-8: an index would replace them.
  return ce === undefined ? '' : captureKey(ce.source, ce.id).toWellFormed();
}

function foldAll(values: readonly string[]): string[] {
  return [...new Set(values.map(foldIdentifier))];
}
