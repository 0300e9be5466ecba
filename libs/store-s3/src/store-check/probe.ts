import type { Bench } from './bench.js';
import type { Outcome, PromiseGroup } from './report.js';

/** How one promise is tried. */
export interface Probe {
  readonly name: string;
  readonly group: PromiseGroup;
  readonly promise: string;
  readonly meaning: string;
  readonly reliedOn: boolean;
  /** Quick ones run at every start: a few requests, no waiting, nothing locked for longer than a minute. */
  readonly quick: boolean;
  readonly run: (bench: Bench) => Promise<Outcome>;
}
