import type { IndexDocument, Position, RecordIndex, SearchHit, SearchRequest } from '@holdfast/ports';
import type { Query } from '@holdfast/query';

export const CHAIN = 'msg/demo/im/0/0';
export const ALL: Query = { kind: 'all' };

export const idsOf = (hits: readonly SearchHit[]): string[] => hits.map((hit) => hit.id);

/** The position after `documents` in generation `base`. */
export function covering(base: Position, documents: readonly IndexDocument[]): Position {
  const chains: Record<string, number> = { ...base.chains };
  for (const { chain, seq } of documents) chains[chain] = Math.max(chains[chain] ?? 0, seq + 1);
  return { ...base, chains };
}

export async function fill(index: RecordIndex, documents: readonly IndexDocument[]): Promise<Position> {
  const position = covering((await index.open()).position, documents);
  for (let start = 0; start < documents.length; start += 150) await index.write(documents.slice(start, start + 150));
  await index.publish(position);
  return position;
}

export const page = (query: Query, changes: Partial<SearchRequest> = {}): SearchRequest => ({ query, sort: 'oldest', limit: 1000, ...changes });
