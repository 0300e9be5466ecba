import { HoldfastError, formatRecordId, parseMessageChain, parseRecordId } from '@holdfast/record';
import { entryName, parseEntryName, readShownRecord, timesOf } from '@holdfast/bundle';
import type { BundleIndex, BundleRecord, ReadRecord } from '@holdfast/bundle';
import { concat, decodeRecord, equalBytes, toHex } from '@holdfast/seal';
import type { Crypto } from '@holdfast/seal';
import { finding } from '../findings.js';
import type { BundleContext, ProvenLeaf } from './bundle-context.js';
import { recordKey } from './bundle-context.js';

/** A record whose bytes were compared with its leaf. */
export interface ShownRecord {
  readonly chain: string;
  readonly offset: string;
  readonly bytes: Uint8Array;
  /** Read anew each time: its events take many times the memory of its bytes. */
  readonly read: ReadRecord;
}

/** Every record of `bundle.json` has its leaf, every leaf its record, and the bytes that are shown are those that were sealed. */
export async function checkRecords(context: BundleContext, leaves: ReadonlyMap<string, ProvenLeaf>): Promise<Map<string, ShownRecord>> {
  const { index, add } = context;
  const shown = new Map<string, ShownRecord>();
  const listed = new Set<string>();
  for (const record of index.records) {
    const key = recordKey(record.chain, record.offset);
    listed.add(key);
    checkPlace(context, record);
    const leaf = leaves.get(key);
    if (leaf === undefined) {
      add(finding('BUNDLE_RECORD_UNPROVEN', key, 'bundle.json lists this record, and nothing proves that it was sealed.'));
      continue;
    }
    const { salt } = leaf.proof;
    if (record.state !== 'shown') {
      if (salt !== undefined) add(finding('BUNDLE_PROOF_INVALID', key, `the record is ${record.state}, and its salt is in the bundle.`));
      continue;
    }
    const name = entryName({ kind: 'record', chain: record.chain, offset: BigInt(record.offset) });
    const bytes = await context.entries.demand(name);
    if (bytes === undefined) continue;
    const problem = salt === undefined ? 'its salt is not in the bundle.' : recordProblem(context.crypto, leaf, salt, bytes);
    const read = context.entries.parse(name, () => readShownRecord(record.chain, bytes), 'BUNDLE_RECORD_DIFFERS');
    if (problem !== undefined) add(finding('BUNDLE_RECORD_DIFFERS', name, problem));
    else if (read !== undefined) shown.set(key, shownRecord(record, bytes));
  }
  for (const key of leaves.keys())
    if (!listed.has(key)) add(finding('BUNDLE_RECORD_UNLISTED', key, 'it is proven in the bundle, and bundle.json does not list it.'));
  const states = new Map(index.records.map((record) => [recordKey(record.chain, record.offset), record.state]));
  for (const name of context.entries.names) {
    const place = parseEntryName(name);
    if (place?.kind === 'record' && states.get(recordKey(place.chain, place.offset)) !== 'shown')
      add(finding('BUNDLE_RECORD_UNLISTED', name, 'bundle.json does not list this record as shown.'));
  }
  checkScope(context, shown);
  return shown;
}

function shownRecord({ chain, offset }: BundleRecord, bytes: Uint8Array): ShownRecord {
  return {
    chain,
    offset,
    bytes,
    get read() {
      return readShownRecord(chain, bytes);
    },
  };
}

function checkPlace({ add }: BundleContext, { chain, offset, id }: BundleRecord): void {
  const at = parseMessageChain(chain);
  if (at === undefined || formatRecordId({ ...at, offset: BigInt(offset), event: 0 }) !== id)
    add(finding('BUNDLE_INDEX_WRONG', recordKey(chain, offset), `bundle.json gives it the id ${id}, which is that of another record.`));
}

/** What is wrong with record bytes and their salt, by the leaf that was sealed of them. */
export function recordProblem(crypto: Crypto, leaf: ProvenLeaf, salt: Uint8Array, bytes: Uint8Array): string | undefined {
  if (!equalBytes(crypto.sha256(concat(salt, bytes)), leaf.commitment)) return 'its bytes are not those that were sealed.';
  try {
    const { record, gap } = decodeRecord(bytes);
    const type = record.timestampType === 'create' ? 0 : 1;
    if (record.offset === leaf.offset && gap === leaf.gap && record.timestamp === leaf.timestamp && type === leaf.timestampType) return undefined;
    return 'its leaf says another offset, gap or time than its bytes.';
  } catch (error) {
    if (!(error instanceof HoldfastError)) throw error;
    return `${error.message}.`;
  }
}

/** The records are those that the scope names, as far as a bundle can tell. */
function checkScope(context: BundleContext, shown: ReadonlyMap<string, ShownRecord>): void {
  const { index, add } = context;
  const { scope } = index;
  const wrong = (place: string, message: string): void => add(finding('BUNDLE_SCOPE_DIFFERS', place, message));
  const limited = scope.kind === 'conversation' && (scope.from !== undefined || scope.to !== undefined);
  for (const record of index.records)
    if (record.state === 'outside' && !limited)
      wrong(recordKey(record.chain, record.offset), 'it is marked as outside of a period, and the scope has none.');
  if (scope.kind === 'records') checkIds(context, scope.ids);
  if (scope.kind !== 'conversation') return;
  for (const [key, { read }] of shown) {
    if (read.raw.key === null || toHex(read.raw.key) !== scope.key) wrong(key, 'it does not have the key of the conversation.');
    if (!isInPeriod(scope, read)) wrong(key, 'it is shown, and lies outside of the period of the scope.');
  }
}

function checkIds({ index, add }: BundleContext, ids: readonly string[]): void {
  const named = new Set<string>();
  for (const text of ids) {
    try {
      named.add(formatRecordId({ ...parseRecordId(text), event: 0 }));
    } catch (error) {
      if (!(error instanceof HoldfastError)) throw error;
      add(finding('BUNDLE_SCOPE_DIFFERS', 'bundle.json', error.message));
    }
  }
  for (const { id } of index.records) {
    if (!named.delete(id)) add(finding('BUNDLE_SCOPE_DIFFERS', id, 'the record is in the bundle, and the scope does not name it.'));
  }
  for (const id of named) add(finding('BUNDLE_SCOPE_DIFFERS', id, 'the scope names this record, and it is not in the bundle.'));
}

/** Whether one of a record's times lies in the period of a scope. */
export function isInPeriod(scope: Extract<BundleIndex['scope'], { readonly kind: 'conversation' }>, read: ReadRecord): boolean {
  const from = scope.from === undefined ? undefined : BigInt(Date.parse(scope.from));
  const to = scope.to === undefined ? undefined : BigInt(Date.parse(scope.to));
  return timesOf(read).some((time) => (from === undefined || time >= from) && (to === undefined || time < to));
}
