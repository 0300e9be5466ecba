import type { Client, estypes } from '@elastic/elasticsearch';
import { call, ElasticFailure } from './elastic-errors.js';
import { indexSettings, MAPPING } from './elastic-mapping.js';
import type { ElasticNames } from './elastic-names.js';

/** Equal text for equal content, whatever order a server gives the members in; servers give back numbers of settings as text. */
function canonical(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonical).join()}]`;
  if (typeof value !== 'object' || value === null) return JSON.stringify(String(value));
  const members = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
  return `{${members.map(([name, member]) => `${JSON.stringify(name)}:${canonical(member)}`).join()}}`;
}

/** Members of objects that are not the same in both, as paths. */
function* differences(expected: unknown, found: unknown, path = ''): Generator<string> {
  if (canonical(expected) === canonical(found)) return;
  const isObject = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null && !Array.isArray(value);
  if (!isObject(expected) || !isObject(found)) {
    yield path;
    return;
  }
  for (const name of new Set([...Object.keys(expected), ...Object.keys(found)])) {
    yield* differences(expected[name], found[name], path === '' ? name : `${path}.${name}`);
  }
}

/** Settings with which a server changes what is written or answered. */
const REWRITING = ['default_pipeline', 'final_pipeline', 'sort', 'query'] as const;

/** What is wrong with the indices of a generation themselves, a sentence each. */
export async function inspectIndices(client: Client, names: ElasticNames, generation: string, attempts: number): Promise<string[]> {
  const index = names.pattern(generation);
  const [mappings, settings, strangers] = await Promise.all([
    call(() => client.indices.getMapping({ index }), attempts),
    call(() => client.indices.getSettings({ index }), attempts),
    call(
      () =>
        client.search({
          index,
          allow_partial_search_results: false,
          size: 0,
          track_total_hits: true,
          // The two documents of the meta index have none of these fields; whatever else has not all of them no comparison meets.
          query: {
            bool: {
              must_not: [
                { bool: { filter: ['id', 'chain', 'seq', 'order', 'sentAt', 'unindexed'].map((field) => ({ exists: { field } })) } },
                { bool: { filter: [{ ids: { values: ['cursor', 'failure'] } }, { term: { _index: names.meta(generation) } }] } },
              ],
            },
          },
        }),
      attempts,
    ),
  ]);
  const { timed_out, _shards, hits } = strangers;
  if (timed_out || _shards.failed > 0) throw new ElasticFailure({ type: 'partial_answer' });
  const sentences: string[] = [];
  for (const [name, { mappings: found }] of Object.entries(mappings)) {
    const wrong = [...differences(MAPPING, found)];
    if (wrong.length > 0) sentences.push(`${name} has another mapping than it was made with: ${wrong.join(', ')}.`);
  }
  for (const [name, { settings: found }] of Object.entries(settings)) {
    const own: Partial<estypes.IndicesIndexSettings> = found?.index ?? {};
    const wrong = [
      ...differences(indexSettings(1).analysis, own.analysis, 'analysis'),
      ...REWRITING.filter((one) => own[one as keyof typeof own] !== undefined),
    ];
    if (wrong.length > 0) sentences.push(`${name} has other settings than it was made with: ${wrong.join(', ')}.`);
  }
  const total = typeof hits.total === 'number' ? hits.total : (hits.total?.value ?? 0);
  if (total > 0) sentences.push(`${total} documents lack the fields that every document has.`);
  return sentences;
}
