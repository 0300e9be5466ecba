import { HoldfastError } from '@holdfast/record';
import type { Position } from './record-index.js';

/**
 * Checks a position before an index publishes it: a search names what it covers, so the position may neither leave out
 * what becomes visible with it nor go back.
 * @param written chain → highest seq that this handle wrote since its last publish
 * @throws HoldfastError `bad_request`
 */
export function checkPublishable(published: Position, next: Position, written: ReadonlyMap<string, number>): void {
  if (next.generation !== published.generation) {
    throw new HoldfastError('bad_request', `position of generation ${next.generation}, but ${published.generation} is being written`);
  }
  for (const [chain, seq] of Object.entries(published.chains)) {
    if ((next.chains[chain] ?? -1) < seq) throw new HoldfastError('bad_request', `the position goes back on ${chain}`);
  }
  for (const [chain, seq] of written) {
    if ((next.chains[chain] ?? 0) <= seq) throw new HoldfastError('bad_request', `the position does not cover what was written of ${chain}`);
  }
}
