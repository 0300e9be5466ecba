import type { estypes } from '@elastic/elasticsearch';
import type { Position } from '@holdfast/ports';
import type { CursorState } from './cursor.js';

type Dsl = estypes.QueryDslQueryContainer;

/** What a search is held against. `sealed`: exact whatever a writer does meanwhile, at a price per hit. */
export interface View {
  readonly state: CursorState;
  readonly sealed: boolean;
}

/** Documents of `chain` that `position` does not cover. The range finds them first: few, so this costs next to nothing. */
function beyondChain(chain: string, position: Position): Dsl {
  return { bool: { filter: [{ term: { chain: { value: chain } } }, { range: { seq: { gte: position.chains[chain] ?? 0 } } }] } };
}

/** Documents of `chains` that `position` does not cover. */
export function beyond(chains: readonly string[], position: Position): Dsl {
  return { bool: { should: chains.map((chain) => beyondChain(chain, position)), minimum_should_match: 1 } };
}

/**
 * `query` over what the position covers; stubs only, complete documents only, or both. Documents are in the index before
 * the position covers them, and a restarted server shows them unasked: the same query at the same position must not.
 */
export function visible({ state, sealed }: View, query: Dsl, unindexed: boolean | undefined): Dsl {
  const kind: Dsl = unindexed === undefined ? { exists: { field: 'unindexed' } } : { term: { unindexed: { value: unindexed } } };
  const { position, open } = state;
  const chains = sealed ? [...new Set([...Object.keys(position.chains), ...open])] : [...open];
  const hidden = chains.map((chain) => beyondChain(chain, position));
  if (sealed) hidden.push({ bool: { must_not: [{ terms: { chain: chains } }] } });
  return { bool: { filter: [kind, query], must_not: hidden } };
}
