import type { CohortName } from '@holdfast/ports';
import { createHash, randomBytes } from 'node:crypto';

/** A new name of a generation, as it stands in index names. */
export function newGeneration(): string {
  return `g${randomBytes(8).toString('hex')}`;
}

/** Names of the indices of one archive: `<prefix>-<generation>-meta` and `<prefix>-<generation>-<class>-<year>`. */
export class ElasticNames {
  readonly #prefix: string;

  constructor(prefix: string) {
    this.#prefix = prefix;
  }

  /** Points at the meta index of the current generation. */
  get alias(): string {
    return `${this.#prefix}-current`;
  }

  get every(): string {
    return `${this.#prefix}-g*`;
  }

  meta(generation: string): string {
    return `${this.#prefix}-${generation}-meta`;
  }

  /** All indices of a generation. The meta index by name: when the generation is gone that is an error, not an empty result. */
  search(generation: string): string[] {
    return [this.meta(generation), this.pattern(generation)];
  }

  pattern(generation: string): string {
    return `${this.#prefix}-${generation}-*`;
  }

  /** One index per class and expiry year, so that disposition of the last cohort can drop it whole. */
  data(generation: string, { className, period }: CohortName): string {
    // Class names may hold what index names may not; a hash keeps two of them apart.
    const plain = /^[a-z0-9]+(?:[-_][a-z0-9]+)*$/.test(className) && className.length <= 60;
    const name = plain ? className : `h.${createHash('sha256').update(className).digest('hex').slice(0, 32)}`;
    const year = /^\d{4}/.exec(period)?.[0] ?? 'none';
    return `${this.#prefix}-${generation}-${name}-${year}`;
  }

  /** Writes go to an alias and require it: a server that makes missing indices by itself would make one without our mapping. */
  writeAlias(index: string): string {
    return `${index}.write`;
  }

  /** The generation that an index belongs to; undefined for an index of something else. */
  generationOf(index: string): string | undefined {
    if (!index.startsWith(`${this.#prefix}-`)) return undefined;
    return /^(g[0-9a-f]{16})-/.exec(index.slice(this.#prefix.length + 1))?.[1];
  }
}
