import { HoldfastError } from '@holdfast/record';
import type { RawRecord } from '@holdfast/record';
import { compareBytes, concat, equalBytes, toHex, viewOf } from '../bytes.js';
import type { Crypto } from '../crypto.js';
import { DIRECTORY_ENTRY } from '../directory.js';
import { inclusionPath, leafHash, rootFromPath, rootInPlace } from '../merkle.js';
import { labelCommitment } from '../object-keys.js';
import type { DayClosed } from './day-events.js';
import type { DayShare } from './day-share.js';
import { DAY_SHARE, encodeShare, parseShares } from './day-share.js';

const LABEL = 32;
const PAIR = LABEL + DAY_SHARE;
const FIRST_PAIRS = 256;

/** A conversation of a day directory. */
export interface DayConversation {
  readonly label: Uint8Array;
  /** Its shares one after the other: value of its record. */
  readonly shares: Uint8Array;
}

/** A day directory: `entries` of 68 bytes (label ‖ u32 count ‖ root over the shares), labels strictly increasing. */
export interface DayDirectory {
  readonly entries: Uint8Array;
  readonly root: Uint8Array;
  readonly conversations: readonly DayConversation[];
}

/** Collects what objects have of conversations, 78 bytes for each, whatever the length of their keys. */
export class DayDirectoryBuilder {
  readonly #crypto: Crypto;
  readonly #labelKey: Uint8Array;
  #pairs = new Uint8Array(FIRST_PAIRS * PAIR);
  #count = 0;

  constructor(crypto: Crypto, labelKey: Uint8Array) {
    this.#crypto = crypto;
    this.#labelKey = labelKey;
  }

  /** `key`: the exact Kafka key. One share for each object that has records with it, in any order. */
  add(key: Uint8Array, share: DayShare): void {
    if (this.#pairs.length < (this.#count + 1) * PAIR) {
      const larger = new Uint8Array(this.#pairs.length * 2);
      larger.set(this.#pairs);
      this.#pairs = larger;
    }
    this.#pairs.set(this.#crypto.hmacSha256(this.#labelKey, key), this.#count * PAIR);
    this.#pairs.set(encodeShare(share), this.#count * PAIR + LABEL);
    this.#count++;
  }

  build(): DayDirectory {
    const pairs = Array.from({ length: this.#count }, (_, i) => this.#pairs.subarray(i * PAIR, (i + 1) * PAIR));
    // Label first, then place, both big endian: the order of the directory and of shares.
    pairs.sort(compareBytes);
    const conversations: DayConversation[] = [];
    for (let at = 0; at < pairs.length;) {
      const label = pairs[at]?.subarray(0, LABEL) ?? new Uint8Array(0);
      let end = at + 1;
      while (end < pairs.length && equalBytes(pairs[end]?.subarray(0, LABEL) ?? new Uint8Array(0), label)) end++;
      conversations.push({ label: label.slice(), shares: concat(...pairs.slice(at, end).map((pair) => pair.subarray(LABEL))) });
      at = end;
    }
    return dayDirectory(this.#crypto, conversations);
  }
}

/** The directory of conversations by rising labels. */
function dayDirectory(crypto: Crypto, conversations: readonly DayConversation[]): DayDirectory {
  const entries = new Uint8Array(conversations.length * DIRECTORY_ENTRY);
  const view = viewOf(entries);
  conversations.forEach(({ label, shares }, i) => {
    const { count, root } = countAndRoot(crypto, shares);
    entries.set(label, i * DIRECTORY_ENTRY);
    view.setUint32(i * DIRECTORY_ENTRY + LABEL, count);
    entries.set(root, i * DIRECTORY_ENTRY + LABEL + 4);
  });
  return { entries, root: rootInPlace(crypto, entryHashes(crypto, entries), conversations.length), conversations };
}

/** Of one conversation: its records in all objects, and the root over its shares. @throws HoldfastError `format_malformed` */
function countAndRoot(crypto: Crypto, shares: Uint8Array): { readonly count: number; readonly root: Uint8Array } {
  const hashes = new Uint8Array((shares.length / DAY_SHARE) * 32);
  let count = 0;
  for (let at = 0, i = 0; at < shares.length; at += DAY_SHARE, i++) {
    count += viewOf(shares).getUint32(at + 10);
    hashes.set(leafHash(crypto, shares.subarray(at, at + DAY_SHARE)), i * 32);
  }
  if (count > 0xffffffff)
    throw new HoldfastError('format_malformed', `a conversation has ${count} records in one day, more than a directory can count`);
  return { count, root: rootInPlace(crypto, hashes, hashes.length / 32) };
}

function entryHashes(crypto: Crypto, entries: Uint8Array): Uint8Array {
  const hashes = new Uint8Array((entries.length / DIRECTORY_ENTRY) * 32);
  for (let at = 0, i = 0; at < entries.length; at += DIRECTORY_ENTRY, i++)
    hashes.set(leafHash(crypto, entries.subarray(at, at + DIRECTORY_ENTRY)), i * 32);
  return hashes;
}

/**
 * The directory from the records that hold it, in their order, checked against its event.
 * @throws HoldfastError `format_malformed` when a record is no entry, `content_damaged` when they are not what the event says
 */
export function openDayDirectory(
  crypto: Crypto,
  event: Pick<DayClosed, 'entries' | 'root' | 'records' | 'unattributed'>,
  records: readonly Pick<RawRecord, 'key' | 'value' | 'headers'>[],
): DayDirectory {
  let previous: Uint8Array | undefined;
  let counted = event.unattributed.count;
  const conversations = records.map(({ key, value, headers }): DayConversation => {
    if (key?.length !== LABEL || value === null || headers.length > 0)
      throw new HoldfastError('format_malformed', 'a record of a day directory is not a label with shares');
    if (previous !== undefined && compareBytes(previous, key) >= 0)
      throw new HoldfastError('format_malformed', 'labels of a day directory do not rise');
    previous = key;
    for (const { count } of parseShares(value)) counted += count;
    return { label: key, shares: value };
  });
  const directory = dayDirectory(crypto, conversations);
  if (conversations.length !== event.entries || toHex(directory.root) !== event.root)
    throw new HoldfastError('content_damaged', 'the entries of a day directory do not lead to its root');
  if (counted !== event.records) throw new HoldfastError('content_damaged', 'the counts of a day directory do not add up to its records');
  return directory;
}

/** An entry of a day directory and its way to the root. */
export interface DayEntryProof {
  readonly index: number;
  /** 68 bytes. */
  readonly entry: Uint8Array;
  readonly path: readonly Uint8Array[];
}

/** What a day directory says of one conversation: its entry and its shares; or the neighbours of its label. */
export interface DayProof {
  /** Absent when the directory has no entries. */
  readonly labelKey?: Uint8Array;
  readonly entries: readonly DayEntryProof[];
  /** Present when the conversation is. */
  readonly shares?: Uint8Array;
}

/** Proves what `directory` says of the conversation with this Kafka key. */
export function dayProof(crypto: Crypto, labelKey: Uint8Array, directory: DayDirectory, key: Uint8Array): DayProof {
  const { conversations, entries } = directory;
  if (conversations.length === 0) return { entries: [] };
  const label = crypto.hmacSha256(labelKey, key);
  let low = 0;
  let high = conversations.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (compareBytes(conversations[middle]?.label ?? label, label) < 0) low = middle + 1;
    else high = middle;
  }
  const prove = (index: number): DayEntryProof => ({
    index,
    entry: entries.slice(index * DIRECTORY_ENTRY, (index + 1) * DIRECTORY_ENTRY),
    path: inclusionPath(crypto, entryHashes(crypto, entries), conversations.length, index),
  });
  const found = conversations[low];
  if (found !== undefined && equalBytes(found.label, label)) return { labelKey, entries: [prove(low)], shares: found.shares };
  return { labelKey, entries: [low - 1, low].filter((index) => index >= 0 && index < conversations.length).map(prove) };
}

/**
 * The shares of a conversation that a proof shows under the root of an event: none when it shows that there are none.
 * @throws HoldfastError `content_damaged` when it shows neither, `format_malformed` for shares that are none
 */
export function checkDayProof(
  crypto: Crypto,
  event: Pick<DayClosed, 'entries' | 'root' | 'labelCommitment'>,
  { labelKey, entries, shares }: DayProof,
  key: Uint8Array,
): DayShare[] {
  const [first, second, ...more] = entries;
  if (event.entries === 0) {
    if (entries.length > 0 || labelKey !== undefined || shares !== undefined) throw refused('the directory has no entries');
    return [];
  }
  if (labelKey === undefined || toHex(labelCommitment(crypto, labelKey)) !== event.labelCommitment)
    throw refused('the label key is not the one that the event commits to');
  if (first === undefined || more.length > 0) throw refused('one entry or two are expected');
  for (const { index, entry, path } of entries) {
    const reached = entry.length === DIRECTORY_ENTRY ? rootFromPath(crypto, leafHash(crypto, entry), index, event.entries, path) : undefined;
    if (reached === undefined || toHex(reached) !== event.root) throw refused(`entry ${index} does not lead to the root`);
  }
  const label = crypto.hmacSha256(labelKey, key);
  const order = compareBytes(first.entry.subarray(0, LABEL), label);
  if (order === 0 && second === undefined) {
    const parsed = parseShares(shares ?? new Uint8Array(0));
    const { count, root } = countAndRoot(crypto, shares ?? new Uint8Array(0));
    if (viewOf(first.entry).getUint32(LABEL) !== count || !equalBytes(first.entry.subarray(LABEL + 4), root))
      throw refused('the shares are not those of the entry');
    return parsed;
  }
  if (shares !== undefined) throw refused('shares are shown, and no entry of the conversation');
  const between = second?.index === first.index + 1 && order < 0 && compareBytes(second.entry.subarray(0, LABEL), label) > 0;
  const atAnEnd = second === undefined && ((first.index === 0 && order > 0) || (first.index === event.entries - 1 && order < 0));
  if (!between && !atAnEnd) throw refused('the entries are not the neighbours of the label');
  return [];
}

function refused(what: string): HoldfastError {
  return new HoldfastError('content_damaged', `a proof from a day directory does not hold: ${what}`);
}
