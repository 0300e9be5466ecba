import { Counter, Gauge, Histogram, Registry, collectDefaultMetrics } from 'prom-client';
import type { CollectFunction } from 'prom-client';

/**
 * Default metrics that Prometheus's own linter refuses: gauges whose names end in `_total`. Their twins per type
 * (`nodejs_active_handles` and so on) say the same.
 */
const REFUSED_DEFAULTS = ['nodejs_active_handles_total', 'nodejs_active_requests_total', 'nodejs_active_resources_total'];
const NAME = /^holdfast_[a-z][a-z0-9]*(_[a-z0-9]+)+$/;

export interface MetricsOptions {
  /** Metrics of the process and the runtime; default true. */
  readonly process?: boolean;
}

/**
 * The metrics of one process, in a registry of their own. Names are `holdfast_<noun>_<unit>`: counters end in `_total`,
 * units are base units (`seconds`, `bytes`), labels are few and never carry what a user typed.
 */
export class Metrics {
  readonly #registry = new Registry();

  constructor(options: MetricsOptions = {}) {
    if (options.process === false) return;
    collectDefaultMetrics({ register: this.#registry });
    for (const name of REFUSED_DEFAULTS) this.#registry.removeSingleMetric(name);
  }

  /** `collect` sets the count when metrics are read, where something else counts. */
  counter<const L extends string = never>(
    name: `holdfast_${string}_total`,
    help: string,
    labelNames: readonly L[] = [],
    collect?: CollectFunction<Counter<L>>,
  ): Counter<L> {
    return new Counter({ name: checked(name), help, labelNames, registers: [this.#registry], ...(collect === undefined ? {} : { collect }) });
  }

  /** `collect` sets values when metrics are read. */
  gauge<const L extends string = never>(
    name: `holdfast_${string}`,
    help: string,
    labelNames: readonly L[] = [],
    collect?: CollectFunction<Gauge<L>>,
  ): Gauge<L> {
    if (name.endsWith('_total')) throw new TypeError(`${name}: only counters end in _total`);
    return new Gauge({ name: checked(name), help, labelNames, registers: [this.#registry], ...(collect === undefined ? {} : { collect }) });
  }

  histogram<const L extends string = never>(
    name: `holdfast_${string}_seconds` | `holdfast_${string}_bytes` | `holdfast_${string}_records`,
    help: string,
    buckets: readonly number[],
    labelNames: readonly L[] = [],
  ): Histogram<L> {
    return new Histogram({ name: checked(name), help, buckets: [...buckets], labelNames, registers: [this.#registry] });
  }

  /** Text format of Prometheus. */
  text(): Promise<string> {
    return this.#registry.metrics();
  }

  get contentType(): string {
    return this.#registry.contentType;
  }
}

function checked(name: string): string {
  if (!NAME.test(name)) throw new TypeError(`${name} is not a name like holdfast_<noun>_<unit>`);
  return name;
}
