import type { Query } from '@holdfast/query';
import type { CohortName } from './key-ring.js';

/** What an index covers: per chain the next segment number that it has not read; stored in the index it describes. */
export interface Position {
  /** Chain name → next seq, both exact. */
  readonly chains: Readonly<Record<string, number>>;
  /** Number of segments of `gov` that were folded. */
  readonly governance: number;
  /** Names one build of the index: a rebuild is a new generation. */
  readonly generation: string;
}

/**
 * One event of one record. Holds ids and facets, never text: text travels only as tokens of libs/query and is not
 * stored (but postings can rebuild it: treat the index as plaintext).
 */
export interface IndexDocument {
  /** Record id, `source~topic~partition~epoch~offset[~n]`. */
  readonly id: string;
  readonly chain: string;
  readonly seq: number;
  /** Offset in decimal. */
  readonly offset: string;
  /**
   * ASCII. Unique tie-breaker in log order: offset padded to 20 digits, `~`, event number padded to 6, `~`, chain. Results sort
   * by (`sentAt`, `order`).
   */
  readonly order: string;
  readonly cohort: CohortName;
  /** Milliseconds since 1970 UTC: when it was said, else the Kafka timestamp; `sentFrom` says which. */
  readonly sentAt: number;
  readonly sentFrom: 'occurred' | 'kafka';
  /** `captureKey` of the CloudEvent that carried the record, or empty: under this its producer asks for it. */
  readonly capture: string;
  /** Event kind (`message.created` …), or `unparsed` for a record that could not be read as an event. */
  readonly kind: string;
  readonly platform: string;
  readonly workspace: string;
  /** `platform:workspace:conversation`, or empty. */
  readonly conversation: string;
  /** Name of the conversation as the event gave it, tokens. */
  readonly conversationName: readonly string[];
  /** Source id of the thread's root, or empty. */
  readonly thread: string;
  /** Identifiers of the sender (source user id, handle, e-mail, display name …), folded by libs/query. */
  readonly sender: readonly string[];
  /** Identifiers of everybody named by the event, sender included, folded. */
  readonly participants: readonly string[];
  /** attachment, link, reaction, edit, thread … */
  readonly has: readonly string[];
  /** edited, deleted, bot, external, unreadable … */
  readonly is: readonly string[];
  /** Token stream of the body, in order (libs/query, one token per position). */
  readonly body: readonly string[];
  /** Token stream of the subject or topic. */
  readonly subject: readonly string[];
  /** File names of attachments, folded. */
  readonly fileNames: readonly string[];
}

/** One hit: where to find it in the vault. */
export interface SearchHit {
  readonly id: string;
  readonly chain: string;
  readonly seq: number;
  readonly sentAt: number;
  readonly order: string;
}

export interface SearchRequest {
  readonly query: Query;
  /** newest or oldest first, by (`sentAt`, `order`). */
  readonly sort: 'newest' | 'oldest';
  /** 1 to 1,000. */
  readonly limit: number;
  /** Continue after this hit of the same query and sort. */
  readonly after?: Pick<SearchHit, 'sentAt' | 'order'>;
  readonly signal?: AbortSignal;
}

export interface SearchPage {
  /** Exact number of matching documents. */
  readonly total: number;
  readonly hits: readonly SearchHit[];
  /** True when more hits follow. */
  readonly more: boolean;
  /** Documents of the index that an engine refused to index: they can match nothing, so every result counts them. */
  readonly unindexed: number;
  readonly position: Position;
  /** Set while the index is known to differ from the vault. */
  readonly failure?: IndexFailure;
}

/** What an attestation left behind in an index that failed it: it stays until a whole attestation is clean, or a rebuild. */
export interface IndexFailure {
  /** When it was found out, ISO 8601 UTC. */
  readonly since: string;
  /** Findings of the attestation that found it out first. */
  readonly findings: number;
}

/** How the index differs from documents that it should hold. */
export interface DocumentDifference {
  readonly id: string;
  /** `altered`: it is there once and `members` names what differs; `repeated`: it is there more than once. */
  readonly kind: 'missing' | 'altered' | 'repeated';
  /** Names of members of IndexDocument, and `unindexed`; ascending. */
  readonly members: readonly string[];
}

export interface IndexStatus {
  readonly position: Position;
  readonly documents: number;
  readonly unindexed: number;
  /** Version of the tokenizer that made it, `libs/query` TOKENIZER_VERSION. */
  readonly tokenizer: string;
  readonly failure?: IndexFailure;
}

/**
 * A search index over the events of the vault; can be deleted and rebuilt at any time.
 *
 * Calls that change it take effect in the order they were made, also when nobody waits in between.
 * One handle writes at a time (per generation); any number of handles, also of other processes, search meanwhile. Every
 * search answers from the generation that is current when it begins, and a stream stays with it to its end or fails.
 * @throws HoldfastError `index_unavailable` when the engine is down, partial or answers with a fault (the message names
 * status and type, never a query or a payload); `index_rebuild_needed` when another tokenizer version made it
 * (searching, comparing and writing; `open`, `status`, `all`, `held`, `heldChains`, `inspect`, `mark` and `beginRebuild` work on any), `stopped` when the signal was aborted
 */
export interface RecordIndex {
  /** Opens the current generation, or creates the first one; idempotent. */
  open(): Promise<IndexStatus>;
  /**
   * Adds documents. Idempotent by `id`: a document that is there already stays as it is. Retries back-pressure by itself.
   * A document that the engine refuses (a `sentAt` that no Date can hold, too large …) becomes a stub marked `unindexed`:
   * it matches no query, but `around` and `all` name it. Not visible before `publish`. Counts are of documents that were
   * new: `written` complete ones, `unindexed` stubs.
   * @throws HoldfastError `index_unavailable` also when another handle has replaced the generation: `open` again and go on
   * from the position it returns
   */
  write(documents: readonly IndexDocument[]): Promise<{ readonly written: number; readonly unindexed: number }>;
  /**
   * Makes everything written visible and durable, then stores `position` (in this order: a crash between repeats work, never skips).
   * After a failure nobody knows which: `open` again and go on from the position it returns.
   * @throws HoldfastError `bad_request` when `position` names another generation, goes back, or does not cover what this
   * handle wrote since its last `publish`
   */
  publish(position: Position): Promise<void>;
  /** Of the current generation, also during a rebuild. */
  status(): Promise<IndexStatus>;
  /** @throws HoldfastError `bad_request` for a limit outside 1 to 1,000 */
  search(request: SearchRequest): Promise<SearchPage>;
  /** All ids that match, in ascending order of (`sentAt`, `order`), from one state of the index; streams over any number. */
  ids(query: Query, signal?: AbortSignal): AsyncIterable<SearchHit>;
  /**
   * The nearest documents before and after a place of one conversation (`before` and `after` of at most 1,000), both
   * ascending by (`sentAt`, `order`); what stands at the place itself is in neither. Stubs are among them: what is shown
   * comes from the vault.
   */
  around(
    conversation: string,
    at: Pick<SearchHit, 'sentAt' | 'order'>,
    before: number,
    after: number,
  ): Promise<{ readonly before: readonly SearchHit[]; readonly after: readonly SearchHit[] }>;
  /** Ids of everything published of a chain, stubs too, ascending by `order`, for comparing index and vault. */
  all(chain: string): AsyncIterable<SearchHit>;
  /**
   * Compares documents (at most 1,000, published) with what the index holds of them: every facet as a search would ask for
   * it, and every token with its position, so that postings that say more, less or something else are noticed too. The
   * order of the answer is that of the documents; what is as it should be is not in it.
   * @throws HoldfastError `index_rebuild_needed`
   */
  compare(documents: readonly IndexDocument[]): Promise<readonly DocumentDifference[]>;
  /**
   * Everything that the index holds under a chain's name with from ≤ `order` < to (`to` undefined: to the end), also what no
   * search can see because the position does not cover it, ascending by `order`. An id is named as often as it is there.
   */
  held(chain: string, from: string, to: string | undefined): AsyncIterable<SearchHit>;
  /** Every chain name that a document of the index bears, ascending; also names that were never chains. */
  heldChains(): AsyncIterable<string>;
  /**
   * What is wrong with the engine's own description of the index (schema, analyzers, stored counts), a sentence each: with
   * another analyzer every posting may be right and a search find nothing. `deep` also reads what takes as long as the
   * index is large.
   */
  inspect(deep: boolean): Promise<readonly string[]>;
  /**
   * Stores in the current generation that it failed, or that it does not any more. Every search and status names it from
   * then on, after restarts too. Beside `write` it takes effect with the next `publish` at the latest.
   */
  mark(failure: IndexFailure | undefined): Promise<void>;
  /**
   * Starts an empty new generation beside the old one and returns its status; `write` and `publish` of this handle go to
   * it. A rebuild that was abandoned before is deleted.
   */
  beginRebuild(): Promise<IndexStatus>;
  /**
   * The new generation takes over in one step and the old one is deleted.
   * @throws HoldfastError `bad_request` without `beginRebuild`, or while something written is not published
   */
  finishRebuild(): Promise<void>;
  /** Idempotent; what was written and not published may be lost. */
  close(): Promise<void>;
}
