import type { Client, estypes } from '@elastic/elasticsearch';
import { boundedSentAt, refusal } from '@holdfast/ports';
import type { DocumentDifference, IndexDocument } from '@holdfast/ports';
import { facet, idOf } from './elastic-document.js';
import { call, ElasticFailure } from './elastic-errors.js';
import type { ElasticNames } from './elastic-names.js';

type Dsl = estypes.QueryDslQueryContainer;

const TEXTS = ['body', 'subject', 'conversationName'] as const;
const SINGLE = ['sentFrom', 'capture', 'kind', 'platform', 'workspace', 'conversation', 'thread'] as const;
const LISTS = ['sender', 'participants', 'has', 'is', 'fileNames'] as const;
const PLACES = ['id', 'chain', 'seq', 'order', 'cohort', 'sentAt', 'unindexed'] as const;
const FIELDS = [...PLACES, ...SINGLE, ...LISTS];
/** Tokens of one phrase of a probe; the next phrase begins with the last token of this one, so that they cannot move apart. */
const PHRASE = 512;
/** Clauses of one probe: servers with a small heap take 1,024. */
const CLAUSES = 600;
/** Values of one facet that are also asked for as a search would; all of them are compared as stored. */
const ASKED = 32;
const PROBES_AT_ONCE = 200;

/** A condition that an honest document fulfils, and the member that differs when it does not. */
interface Probe {
  readonly member: string;
  readonly query: Dsl;
  readonly clauses: number;
}

type Fields = Readonly<Record<string, readonly unknown[] | undefined>>;

/** Probes of one document in as few searches as their clauses allow. */
interface Asked {
  readonly at: number;
  readonly index: string;
  readonly id: string;
  readonly probes: readonly Probe[];
}

/**
 * Compares documents with the indices of a generation. Facets are read as they are stored for sorting and also asked for;
 * the postings of texts, which no interface gives out, are asked for as phrases of the whole stream, and for a hash that the
 * server made of the stream, so that nothing follows or precedes it.
 */
export class ElasticComparison {
  readonly #client: Client;
  readonly #names: ElasticNames;
  readonly #generation: string;
  readonly #attempts: number;

  constructor(client: Client, names: ElasticNames, generation: string, attempts: number) {
    this.#client = client;
    this.#names = names;
    this.#generation = generation;
    this.#attempts = attempts;
  }

  async compare(documents: readonly IndexDocument[]): Promise<readonly DocumentDifference[]> {
    const found = await this.#read(documents);
    const members = documents.map(() => new Set<string>());
    const asked: Asked[] = [];
    for (const [at, document] of documents.entries()) {
      const [hit, ...more] = found.get(document.id) ?? [];
      if (hit?._id === undefined || more.length > 0) continue;
      const { _id: id, _index: index } = hit;
      for (const member of this.#stored(document, index, id, hit.fields ?? {})) members[at]?.add(member);
      const fields: Fields = hit.fields ?? {};
      const probes = fields['unindexed']?.[0] === false ? probesOf(document) : stubProbes();
      for (const group of together(probes)) asked.push({ at, index, id, probes: group });
    }
    const failed = await this.#failing(asked);
    // What differs is asked for one by one, so that the members are named.
    const single = failed.flatMap(({ at, index, id, probes }) => probes.map((probe) => ({ at, index, id, probes: [probe] })));
    for (const { at, probes } of await this.#failing(single)) for (const { member } of probes) members[at]?.add(member);
    return documents.flatMap(({ id }, at): DocumentDifference[] => {
      const copies = found.get(id)?.length ?? 0;
      const differing = [...(members[at] ?? [])].sort();
      if (copies === 0) return [{ id, kind: 'missing', members: [] }];
      if (copies > 1) return [{ id, kind: 'repeated', members: [] }];
      return differing.length === 0 ? [] : [{ id, kind: 'altered', members: differing }];
    });
  }

  /** Every document of the generation that bears one of the ids, whatever position it has. */
  async #read(documents: readonly IndexDocument[]): Promise<ReadonlyMap<string, estypes.SearchHit[]>> {
    const found = new Map<string, estypes.SearchHit[]>();
    let after: estypes.SortResults | undefined;
    for (;;) {
      const { hits, timed_out, _shards } = await call(
        () =>
          this.#client.search({
            index: this.#names.search(this.#generation),
            allow_partial_search_results: false,
            query: { bool: { filter: [{ terms: { id: documents.map(({ id }) => id) } }] } },
            size: 2_000,
            sort: [{ id: { order: 'asc' } }, { order: { order: 'asc', missing: '_last' } }, { _doc: { order: 'asc' } }],
            track_total_hits: false,
            _source: false,
            docvalue_fields: FIELDS,
            ...(after === undefined ? {} : { search_after: after }),
          }),
        this.#attempts,
      );
      if (timed_out || _shards.failed > 0) throw new ElasticFailure({ type: 'partial_answer' });
      for (const hit of hits.hits) {
        const [id] = (hit.fields as Fields | undefined)?.['id'] ?? [];
        if (typeof id !== 'string') throw new ElasticFailure({ type: 'hit_incomplete' });
        found.set(id, [...(found.get(id) ?? []), hit]);
      }
      after = hits.hits.at(-1)?.sort;
      if (after === undefined || hits.hits.length < 2_000) return found;
    }
  }

  /** Members whose stored values are not what was written. */
  *#stored(document: IndexDocument, index: string, id: string, fields: Fields): Generator<string> {
    const values = (name: string): string => JSON.stringify([...(fields[name] ?? [])].map(String).sort());
    const is = (name: string, ...expected: readonly string[]): boolean => values(name) === JSON.stringify([...new Set(expected)].sort());
    if (id !== idOf(document.id)) yield 'id';
    if (!is('chain', document.chain)) yield 'chain';
    if (!is('seq', String(document.seq))) yield 'seq';
    if (!is('order', document.order)) yield 'order';
    if (!is('sentAt', String(boundedSentAt(document)))) yield 'sentAt';
    // A cohort leaves with its index: what lies in another one would stay.
    const cohort = `${document.cohort.className}/${document.cohort.period}`;
    if (!is('cohort', cohort) || index !== this.#names.data(this.#generation, document.cohort)) yield 'cohort';
    const may = refusal(document);
    const stub = !is('unindexed', 'false');
    if (stub ? may === 'never' : may === 'certain') yield 'unindexed';
    if (stub) {
      if (!is('conversation', facet(document.conversation))) yield 'conversation';
      // A stub has nothing that could be found.
      if ([...SINGLE, ...LISTS].some((name) => name !== 'conversation' && fields[name] !== undefined)) yield 'unindexed';
      return;
    }
    for (const name of SINGLE) {
      const value = facet(document[name]);
      if (!is(name, ...(value === '' && name === 'capture' ? [] : [value]))) yield name;
    }
    for (const name of LISTS) if (!is(name, ...document[name].map(facet))) yield name;
  }

  /** Those that do not find their document. */
  async #failing(asked: readonly Asked[]): Promise<Asked[]> {
    const failing: Asked[] = [];
    for (let from = 0; from < asked.length; from += PROBES_AT_ONCE) {
      const part = asked.slice(from, from + PROBES_AT_ONCE);
      const searches = part.flatMap(({ index, id, probes }) => [
        { index, allow_partial_search_results: false },
        { size: 0, track_total_hits: true, query: { bool: { filter: [{ ids: { values: [id] } }, ...probes.map(({ query }) => query)] } } },
      ]);
      const { responses } = await call(() => this.#client.msearch({ searches }), this.#attempts);
      if (responses.length !== part.length) throw new ElasticFailure({ type: 'msearch_answer_incomplete' });
      for (const [i, response] of responses.entries()) {
        const one = part[i];
        if ('error' in response || response.timed_out || response._shards.failed > 0 || one === undefined)
          throw new ElasticFailure({ type: 'partial_answer' });
        const { total } = response.hits;
        if ((typeof total === 'number' ? total : total?.value) !== 1) failing.push(one);
      }
    }
    return failing;
  }
}

const without = (field: string): Dsl => ({ bool: { must_not: [{ exists: { field } }] } });

/** A stub has nothing that could be found. */
function* stubProbes(): Generator<Probe> {
  for (const text of TEXTS) yield { member: 'unindexed', query: without(text), clauses: 1 };
}

function* probesOf(document: IndexDocument): Generator<Probe> {
  for (const member of TEXTS) {
    const tokens = document[member];
    const whole: Dsl = tokens.length === 0 ? without(member) : { match: { [`${member}.whole`]: { query: tokens.join(' ') } } };
    yield { member, query: whole, clauses: 1 };
    for (let from = 0; from < tokens.length; from += PHRASE - 1) {
      const part = tokens.slice(from, from + PHRASE);
      if (from > 0 && part.length === 1) break;
      // The analyzer of the field may have been changed for queries: `inspect` looks at it.
      yield { member, query: { match_phrase: { [member]: { query: part.join(' '), slop: 0 } } }, clauses: part.length };
    }
  }
  for (const member of [...SINGLE, ...LISTS]) {
    const value = document[member];
    const values = typeof value === 'string' ? (value === '' && member === 'capture' ? [] : [value]) : value.slice(0, ASKED);
    for (const one of values) yield { member, query: { term: { [member]: { value: facet(one) } } }, clauses: 1 };
  }
}

function* together(probes: Iterable<Probe>): Generator<readonly Probe[]> {
  let group: Probe[] = [];
  let clauses = 0;
  for (const probe of probes) {
    if (group.length > 0 && clauses + probe.clauses > CLAUSES) {
      yield group;
      group = [];
      clauses = 0;
    }
    group.push(probe);
    clauses += probe.clauses;
  }
  if (group.length > 0) yield group;
}
