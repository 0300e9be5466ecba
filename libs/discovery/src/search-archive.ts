import { HoldfastError, indexFields, occurredAtMillis } from '@holdfast/record';
import { orderOf } from '@holdfast/ports';
import type { IndexStatus, Position, RecordIndex, SearchHit } from '@holdfast/ports';
import { parseQuery } from '@holdfast/query';
import type { Bilingual, Diagnostic, Query } from '@holdfast/query';
import type { Archive, GovernanceLog, LedgerWriter, SegmentReader } from '@holdfast/vault';
import { toHex } from '@holdfast/seal';
import { AnchoredHeads } from './anchored-heads.js';
import { indexState } from './index-state.js';
import type { IndexState } from './index-state.js';
import { RecordOpener } from './open-record.js';
import type { VerifiedRecord } from './open-record.js';
import { pageViewOf } from './page-view.js';
import { digestOf } from './position-digest.js';
import { detailOf } from './record-view.js';
import type { RecordDetail, RecordView, Sent } from './record-view.js';

export interface DiscoveryParts {
  readonly archive: Archive;
  readonly governance: GovernanceLog;
  readonly reader: SegmentReader;
  readonly index: RecordIndex;
  /** Chain `access/<writer>`: who saw what. */
  readonly access: LedgerWriter;
  /** Zone that dates in queries mean. */
  readonly timeZone: string;
  /** Records committed that the index has not read, or undefined when that cannot be told now. */
  readonly notYetSearchable: (position: Position) => Promise<number>;
}

/** A query that was refused, with its errors. */
export interface Refused {
  readonly ok: false;
  readonly errors: readonly Diagnostic[];
  readonly warnings: readonly Diagnostic[];
}

export interface SearchOptions {
  readonly sort?: 'newest' | 'oldest';
  readonly limit?: number;
  /** `cursor` of the page before. */
  readonly cursor?: string;
  /** Only ids, nothing is opened and no text is shown. */
  readonly idsOnly?: boolean;
  readonly signal?: AbortSignal;
}

export interface SearchResult {
  readonly ok: true;
  readonly query: string;
  readonly canonical: string;
  readonly reading: Bilingual;
  readonly warnings: readonly Diagnostic[];
  readonly timeZone: string;
  /** Exact. */
  readonly total: number;
  readonly hits: readonly (RecordView | { readonly id: string })[];
  readonly cursor?: string;
  /** Documents that the engine could not index: they can match nothing. */
  readonly unindexed: number;
  /** Segments that are sealed but not searchable yet. */
  readonly notYetSearchable: number;
  readonly position: Position;
  /** Ids of this page that the index names and the vault does not hold: counted in `total`, and nothing can be shown of them. */
  readonly notInVault: readonly string[];
  /** Whether the index was found to differ from the vault: then results may be missing or too many. */
  readonly index: IndexState;
}

const MAX_LIMIT = 1_000;
const OPENED_AT_ONCE = 16;
/** How long a reader waits for a claims store that is away before he is told so. */
const SEAL_WITHIN_MS = 30_000;

/**
 * Search, open, read in context. Every answer comes from the vault, checked; and before any of it is released the access
 * is sealed in `access/<writer>` (invariant I6): both run side by side, only the release waits.
 */
export class Discovery {
  readonly #parts: DiscoveryParts;
  readonly #opener: RecordOpener;

  constructor(parts: DiscoveryParts) {
    this.#parts = parts;
    this.#opener = new RecordOpener(parts.archive, parts.governance, parts.reader, new AnchoredHeads(parts.archive, parts.governance));
  }

  /** @throws HoldfastError `bad_request`, `index_unavailable`, `store_unavailable` */
  async search(principal: string, text: string, options: SearchOptions = {}): Promise<SearchResult | Refused> {
    const { index, timeZone } = this.#parts;
    const limit = limitOf(options.limit ?? 50);
    const sort = options.sort ?? 'newest';
    const parsed = parseQuery(text, { timeZone, now: this.#parts.archive.clock.now().getTime() });
    if (!parsed.ok) return this.#refuse(principal, text, parsed);
    const after = options.cursor === undefined ? undefined : parseCursor(options.cursor, parsed.canonical, sort);
    const page = await index.search({
      query: parsed.query,
      sort,
      limit,
      ...(after !== undefined && { after }),
      ...(options.signal !== undefined && { signal: options.signal }),
    });
    const last = page.hits.at(-1);
    const [{ views: hits, notInVault }, notYetSearchable] = await Promise.all([
      options.idsOnly === true ? { views: page.hits.map(({ id }) => ({ id })), notInVault: [] } : this.#views(page.hits, parsed.query),
      this.#parts.notYetSearchable(page.position),
      this.#seal(principal, 'search', parsed.canonical, {
        query: text,
        canonical: parsed.canonical,
        timeZone,
        total: page.total,
        shown: options.idsOnly === true ? [] : page.hits.map(({ id }) => id),
        position: digestOf(this.#parts.archive.crypto, page.position),
        ...(page.failure !== undefined && { indexFailedSince: page.failure.since }),
      }),
    ]);
    const metNow = notInVault.length === 0 ? undefined : { since: this.#parts.archive.clock.now().toISOString(), findings: notInVault.length };
    return {
      ok: true,
      query: text,
      canonical: parsed.canonical,
      reading: parsed.reading,
      warnings: parsed.warnings,
      timeZone,
      total: page.total,
      hits,
      ...(page.more && last !== undefined && { cursor: formatCursor(last, parsed.canonical, sort) }),
      unindexed: page.unindexed,
      notYetSearchable,
      position: page.position,
      notInVault,
      index: indexState(page.failure ?? metNow),
    };
  }

  /** All ids that match, in order of time; for scripts. The access is sealed before the first id is given. */
  async *ids(principal: string, text: string, signal?: AbortSignal): AsyncGenerator<SearchHit, Refused | undefined> {
    const { index, timeZone } = this.#parts;
    const parsed = parseQuery(text, { timeZone, now: this.#parts.archive.clock.now().getTime() });
    if (!parsed.ok) return this.#refuse(principal, text, parsed);
    await this.#seal(principal, 'search.ids', parsed.canonical, { query: text, canonical: parsed.canonical, timeZone });
    yield* index.ids(parsed.query, signal);
    return undefined;
  }

  /** One record with its original bytes and its proof. @throws HoldfastError `record_missing`, `bad_request`, `content_damaged` */
  async open(principal: string, id: string): Promise<RecordDetail> {
    const [opened] = await Promise.all([this.#opener.open(id), this.#seal(principal, 'record.opened', id, { id })]);
    return detailOf(opened, sentOf(opened));
  }

  /** The record and up to `before` and `after` events of its conversation around it. */
  async context(
    principal: string,
    id: string,
    before: number,
    after: number,
  ): Promise<{ readonly before: readonly RecordView[]; readonly record: RecordDetail; readonly after: readonly RecordView[] }> {
    const most = MAX_LIMIT / 2;
    if (![before, after].every((count) => Number.isInteger(count) && count >= 0 && count <= most)) {
      throw new HoldfastError('bad_request', `before and after are numbers from 0 to ${most}.`);
    }
    const opened = await this.#opener.open(id);
    const event = opened.parsed.events[opened.id.event];
    const sent = sentOf(opened);
    // As the index has it: a workspace's own `:` is escaped there.
    const conversation = event === undefined ? '' : indexFields(event).conversation;
    const order = orderOf(opened.id.offset, opened.id.event, opened.committed.manifest.chain);
    const around =
      conversation === '' ? { before: [], after: [] } : await this.#parts.index.around(conversation, { sentAt: sent.sentAt, order }, before, after);
    const shown = [...around.before, ...around.after].map((hit) => hit.id);
    const [earlier, later] = await Promise.all([
      this.#views(around.before),
      this.#views(around.after),
      this.#seal(principal, 'conversation.read', id, { id, conversation, shown }),
    ]);
    return { before: earlier.views, record: detailOf(opened, sent), after: later.views };
  }

  /** The index behind this discovery. */
  status(): Promise<IndexStatus> {
    return this.#parts.index.status();
  }

  /** Asked for and refused is sealed too. */
  async #refuse(principal: string, text: string, { errors, warnings }: Omit<Refused, 'ok'>): Promise<Refused> {
    await this.#seal(principal, 'search.refused', text, { query: text, errors: errors.map(({ code }) => code) });
    return { ok: false, errors, warnings };
  }

  /** A few at a time: each holds a whole block in memory while it is checked, and a block may hold a record of many megabytes. */
  async #views(hits: readonly SearchHit[], query?: Query): Promise<{ readonly views: RecordView[]; readonly notInVault: string[] }> {
    const views: (RecordView | undefined)[] = hits.map(() => undefined);
    const notInVault: string[] = [];
    const waiting = hits.entries();
    await Promise.all(
      Array.from({ length: OPENED_AT_ONCE }, async () => {
        for (const [i, hit] of waiting) {
          try {
            const opened = await this.#opener.open(hit.id, hit.seq);
            views[i] = pageViewOf(opened, sentOf(opened), query);
          } catch (error) {
            // Planted in the index: one such document must not keep a reader from everything that was sealed.
            if (!(error instanceof HoldfastError) || (error.code !== 'record_missing' && error.code !== 'bad_request')) throw error;
            notInVault.push(hit.id);
          }
        }
      }),
    );
    return { views: views.filter((view) => view !== undefined), notInVault };
  }

  async #seal(principal: string, action: string, subject: string, facts: object): Promise<void> {
    const { access, archive } = this.#parts;
    await access.append(
      {
        // The key goes into a directory; a long query would only make it long.
        subject: subject.slice(0, 200),
        value: { type: `access.${action}`, id: toHex(archive.random(16)), time: archive.clock.now().toISOString(), principal, ...facts },
      },
      // Nothing is shown then; an access that nobody got an answer to may be sealed all the same.
      AbortSignal.timeout(SEAL_WITHIN_MS),
    );
  }
}

/** Times of a record as the index has them, from the record itself. */
function sentOf(opened: VerifiedRecord): Sent {
  const event = opened.parsed.events[opened.id.event];
  const occurred = event === undefined ? undefined : occurredAtMillis(event);
  return occurred === undefined ? { sentAt: Number(opened.record.timestamp), sentFrom: 'kafka' } : { sentAt: occurred, sentFrom: 'occurred' };
}

function limitOf(limit: number): number {
  if (!Number.isInteger(limit) || limit < 1 || limit > MAX_LIMIT) throw new HoldfastError('bad_request', `limit is a number from 1 to ${MAX_LIMIT}.`);
  return limit;
}

/** A cursor belongs to one canonical query and sort: continuing another one would mix two results. */
function formatCursor(hit: SearchHit, canonical: string, sort: string): string {
  return Buffer.from(JSON.stringify([hit.sentAt, hit.order, sort, canonical])).toString('base64url');
}

function parseCursor(cursor: string, canonical: string, sort: string): { readonly sentAt: number; readonly order: string } {
  const refuse = (): HoldfastError => new HoldfastError('bad_request', 'the cursor does not belong to this query and sort.');
  let parts: unknown;
  try {
    parts = JSON.parse(Buffer.from(cursor, 'base64url').toString('utf8'));
  } catch (cause) {
    throw new HoldfastError('bad_request', 'the cursor cannot be read.', { cause });
  }
  if (!Array.isArray(parts) || parts.length !== 4) throw refuse();
  const [sentAt, order, itsSort, itsQuery] = parts as unknown[];
  if (typeof sentAt !== 'number' || typeof order !== 'string' || itsSort !== sort || itsQuery !== canonical) throw refuse();
  return { sentAt, order };
}
