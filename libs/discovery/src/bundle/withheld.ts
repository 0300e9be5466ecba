import { WITHHELD_REASONS } from '@holdfast/bundle';
import type { WithheldReason } from '@holdfast/bundle';
import { HoldfastError, formatRecordId, parseRecordId } from '@holdfast/record';

/** Why a record is not shown, and what stands in its place. */
export interface Withheld {
  readonly reason: WithheldReason;
  readonly note?: string;
  /** Text of a redacted copy. */
  readonly text?: string;
}

/** By record id, without the number of an event: a record is shown or withheld as a whole. */
export type WithheldRecords = ReadonlyMap<string, Withheld>;

const MOST_NOTE = 500;
const MOST_TEXT = 40_000;
/** What a person may say; that keys are destroyed is no decision of his. */
const REASONS: readonly WithheldReason[] = WITHHELD_REASONS.filter((reason) => reason !== 'key-destroyed');
/**
 * Reads two texts: lines `RECORD_ID REASON [NOTE]` of records to be withheld, and JSON lines `{"id","text","reason"?,"note"?}` of
 * records that a redacted copy stands for. Empty lines and lines that begin with `#` say nothing.
 * @throws HoldfastError `bad_request` with the number of the line that cannot be meant
 */
export function parseWithheld(withhold: string | undefined, redact: string | undefined): WithheldRecords {
  const records = new Map<string, Withheld>();
  const add = (what: string, no: number, id: string, withheld: Withheld): void => {
    const name = recordOf(id) ?? refuse(what, no, `${JSON.stringify(id)} is no record id`);
    if (!REASONS.includes(withheld.reason)) refuse(what, no, `the reason is one of ${REASONS.join(', ')}`);
    if ((withheld.note?.length ?? 0) > MOST_NOTE) refuse(what, no, `a note has at most ${MOST_NOTE} characters`);
    if (records.has(name)) refuse(what, no, `${name} is named twice`);
    records.set(name, withheld);
  };
  for (const { no, line } of linesOf(withhold ?? '')) {
    const [, id = '', reason = '', note = ''] = /^(\S+)(?:\s+(\S+)(?:\s+(.*))?)?$/.exec(line) ?? [];
    // Whatever stands there: add refuses what is none.
    add('withheld', no, id, { reason: reason as WithheldReason, ...(note !== '' && { note }) });
  }
  for (const { no, line } of linesOf(redact ?? '')) {
    const { id, ...withheld } = copyOf(line) ?? refuse('redacted', no, 'it is no JSON object {"id","text"}');
    if ((withheld.text?.length ?? 0) > MOST_TEXT) refuse('redacted', no, `a redacted copy has at most ${MOST_TEXT} characters`);
    add('redacted', no, id, withheld);
  }
  return records;
}

function copyOf(line: string): ({ readonly id: string } & Withheld) | undefined {
  let parsed: unknown;
  try {
    parsed = JSON.parse(line);
  } catch {
    // JSON.parse throws SyntaxError and nothing else.
    return undefined;
  }
  if (typeof parsed !== 'object' || parsed === null) return undefined;
  const { id, text, reason = 'redacted', note, ...more } = parsed as Record<string, unknown>;
  const sound = typeof id === 'string' && typeof text === 'string' && typeof reason === 'string' && ['string', 'undefined'].includes(typeof note);
  if (!sound || Object.keys(more).length > 0) return undefined;
  // Whatever stands there: `add` refuses what is no reason.
  return { id, text, reason: reason as WithheldReason, ...(typeof note === 'string' && { note }) };
}

/** The id of the record that a record id, or the id of one of its events, names. */
export function recordOf(id: string): string | undefined {
  try {
    return formatRecordId({ ...parseRecordId(id), event: 0 });
  } catch (error) {
    if (error instanceof HoldfastError && error.code === 'bad_request') return undefined;
    throw error;
  }
}

function linesOf(text: string): { readonly no: number; readonly line: string }[] {
  return text
    .replace(/^\uFEFF/, '')
    .split(/\r?\n/)
    .map((line, i) => ({ no: i + 1, line: line.trim() }))
    .filter(({ line }) => line !== '' && !line.startsWith('#'));
}

function refuse(what: string, no: number, why: string): never {
  throw new HoldfastError('bad_request', `Line ${no} of the ${what} records cannot be used: ${why}.`);
}
