import type { BundleScope } from '@holdfast/bundle';
import { HoldfastError, messageChain, parseRecordId } from '@holdfast/record';
import type { RecordIndex } from '@holdfast/ports';
import { parseQuery } from '@holdfast/query';
import type { Query } from '@holdfast/query';
import { toHex, utf8 } from '@holdfast/seal';
import type { Crypto } from '@holdfast/seal';
import { indexState } from '../index-state.js';
import type { RecordOpener } from '../open-record.js';
import { canonicalPosition } from '../position-digest.js';
import type { Refused } from '../search-archive.js';
import type { BundleMade, BundleRequest } from './bundle-request.js';
import type { LogPosition } from './log-position.js';
import type { ManifestsUnder } from './manifests-under.js';
import { recordOf } from './withheld.js';

/** Records by chain and segment. */
export type Places = Map<string, Map<number, Set<bigint>>>;

/** The transcript is one page, made and checked in memory, 12 KB a record; the program has 384 MiB (docs/performance.md). */
const MOST_SHOWN = 30_000;
/** Of a record outside of the period there is only its proof. */
const MOST_RECORDS = 250_000;

/** Which records a request means, and what the bundle says of itself. */
export type Resolved =
  | { readonly scope: Extract<BundleScope, { readonly kind: 'records' | 'query' }>; readonly places: Places; readonly search?: BundleMade['search'] }
  | { readonly scope: Extract<BundleScope, { readonly kind: 'conversation' }>; readonly key: Uint8Array; readonly conversation?: string };

export interface ResolveParts {
  readonly crypto: Crypto;
  readonly index: RecordIndex;
  readonly opener: RecordOpener;
  readonly position: LogPosition;
  readonly manifests: ManifestsUnder;
  /** Zone that dates in queries mean. */
  readonly timeZone: string;
  readonly now: number;
  readonly signal: AbortSignal | undefined;
}

/** @throws HoldfastError `bad_request`, `record_missing` for what cannot be meant or proven */
export async function resolveRequest(parts: ResolveParts, request: BundleRequest): Promise<Resolved | Refused> {
  switch (request.kind) {
    case 'records':
      return resolveIds(parts, request.ids);
    case 'query':
      return resolveQuery(parts, request.query);
    case 'conversation': {
      const { of, kind, from, to } = request;
      const period = { ...(from !== undefined && { from }), ...(to !== undefined && { to }) };
      if ('key' in of) return { scope: { kind, key: toHex(of.key), ...period }, key: of.key };
      const key = await keyOf(parts, of.id);
      return { scope: { kind, key: toHex(key), ...period }, key, conversation: of.id };
    }
  }
}

async function resolveIds({ manifests }: ResolveParts, given: readonly string[]): Promise<Resolved> {
  // The same records in another order are the same scope.
  const ids = [...new Set(given)].sort();
  if (ids.length === 0) throw new HoldfastError('bad_request', 'There is nothing to export: no record id was given.');
  tooMany(ids.length);
  const places: Places = new Map();
  for (const id of ids) {
    const parsed = parseRecordId(id);
    const chain = messageChain(parsed);
    const placed = await manifests.find(chain, parsed.offset, id);
    if (placed === undefined) throw missing(id);
    addPlace(places, chain, placed.manifest.seq, parsed.offset);
  }
  return { scope: { kind: 'records', ids }, places };
}

/**
 * The position of a search, cut to what the log covers: chains grow while the bundle is made, and what is younger than the
 * checkpoint cannot be proven. A search at this position finds exactly these.
 */
async function resolveQuery({ crypto, index, position, timeZone, now, signal }: ResolveParts, text: string): Promise<Resolved | Refused> {
  const parsed = parseQuery(text, { timeZone, now });
  if (!parsed.ok) return { ok: false, errors: parsed.errors, warnings: parsed.warnings };
  const page = await index.search({ query: parsed.query, sort: 'oldest', limit: 1, ...(signal !== undefined && { signal }) });
  const chains = Object.fromEntries(Object.entries(page.position.chains).map(([chain, next]) => [chain, Math.min(next, position.next(chain))]));
  const places: Places = new Map();
  let hits = 0;
  let younger = 0;
  for await (const { id, chain, seq } of index.ids(parsed.query, signal)) {
    // Published since the position was read.
    if (seq >= (page.position.chains[chain] ?? 0)) continue;
    if (seq >= (chains[chain] ?? 0)) {
      younger++;
      continue;
    }
    tooMany(++hits);
    addPlace(places, chain, seq, parseRecordId(id).offset);
  }
  if (hits === 0)
    throw new HoldfastError(
      'bad_request',
      younger === 0
        ? 'There is nothing to export: the query matches no record.'
        : `There is nothing to export yet: all ${younger} matches are younger than the checkpoint of ${position.time.toISOString()}.`,
    );
  const canonical = canonicalPosition({ ...page.position, chains });
  const warnings = parsed.warnings.map(({ code, message }) => `${code}: ${message.en}`);
  const state = indexState(page.failure);
  if (state.state === 'failed') warnings.push(state.message.en);
  return {
    scope: { kind: 'query', query: text, reading: parsed.reading.en, position: toHex(crypto.sha256(utf8(canonical))), hits },
    places,
    search: { reading: parsed.reading.en, position: canonical, hits, younger, warnings },
  };
}

/** The Kafka key of a conversation, from its first record: producers need not use its id. */
async function keyOf({ index, opener, signal }: ResolveParts, id: string): Promise<Uint8Array> {
  for await (const hit of index.ids(conversationQuery(id), signal)) {
    const { record } = await opener.open(hit.id, hit.seq);
    if (record.key !== null) return record.key;
    throw new HoldfastError(
      'bad_request',
      `The record ${hit.id} of the conversation ${JSON.stringify(id)} was sealed without a key: that nothing was left out cannot be proven. Export it by --query or --ids.`,
    );
  }
  throw new HoldfastError(
    'bad_request',
    `The search index has no conversation ${JSON.stringify(id)}. Its id reads platform:workspace:conversation; --key proves that a Kafka key has no records.`,
  );
}

/**
 * Records of the conversation by the index that do not have the key that the bundle is made for.
 * @throws HoldfastError `bad_request` naming other keys
 */
export async function refuseOtherKeys(
  { index, opener, position, signal }: ResolveParts,
  conversation: string,
  collected: { has(chain: string, offset: bigint): boolean },
): Promise<void> {
  const keys = new Set<string>();
  let others = 0;
  for await (const { id, chain, seq } of index.ids(conversationQuery(conversation), signal)) {
    if (seq >= position.next(chain) || collected.has(chain, parseRecordId(id).offset)) continue;
    others++;
    if (keys.size >= 5 || others > 100) continue;
    const { record } = await opener.open(id, seq);
    keys.add(record.key === null ? '(no key)' : JSON.stringify(new TextDecoder().decode(record.key)));
  }
  if (others > 0)
    throw new HoldfastError(
      'bad_request',
      `${others} records of the conversation ${JSON.stringify(conversation)} were sealed under other keys (${[...keys].join(', ')}): make a bundle for each with --key.`,
    );
}

function conversationQuery(id: string): Query {
  return { kind: 'keyword', field: 'conversation', value: id.toWellFormed() };
}

function addPlace(places: Places, chain: string, seq: number, offset: bigint): void {
  const segments = places.get(chain) ?? new Map<number, Set<bigint>>();
  places.set(chain, segments);
  const offsets = segments.get(seq) ?? new Set();
  segments.set(seq, offsets.add(offset));
}

export function missing(id: string): HoldfastError {
  return new HoldfastError('record_missing', `The archive holds no record ${recordOf(id) ?? id}.`);
}

/** @throws HoldfastError `bad_request` instead of running out of memory */
export function tooMany(shown: number, records = shown): void {
  if (shown > MOST_SHOWN || records > MOST_RECORDS)
    throw new HoldfastError(
      'bad_request',
      `A bundle shows at most ${MOST_SHOWN} records and proves at most ${MOST_RECORDS}: narrow the query, or show a part by --from and --to, and make several.`,
    );
}
