import { HoldfastError } from '@holdfast/record';

export type ObjectStoreOp = 'put' | 'get' | 'head' | 'list' | 'setLegalHold' | 'extendLock' | 'delete' | 'now';
export type ClaimStoreOp = 'create' | 'read' | 'list' | 'remove';
export type StoreOp = ObjectStoreOp | ClaimStoreOp;

/**
 * The fault hook of the fakes. Both may throw or wait. `before`: nothing has happened yet; `after`: it has been applied,
 * and a throw reports it failed all the same.
 */
export interface StoreFaults {
  before?: ((op: StoreOp, key: string) => void | Promise<void>) | undefined;
  after?: ((op: StoreOp, key: string) => void | Promise<void>) | undefined;
}

const DURABLE: ReadonlySet<StoreOp> = new Set<StoreOp>(['put', 'setLegalHold', 'extendLock', 'delete', 'create', 'remove']);

/** Thrown by `failStep` by default in place of a killed process: nothing may catch it and go on. */
export class Killed extends Error {
  override readonly name = 'Killed';
}

/**
 * Counts the durable steps (put, hold, lock, delete, claim) of every fake it is given to, and fails the `n`-th (from 1):
 * `before` it is applied or `after`. Walk n upwards until `fired` stays false, and every crash window was open once.
 */
export class FailStep implements StoreFaults {
  /** Durable steps seen so far, in order, as `op key`. */
  readonly steps: string[] = [];
  fired = false;
  readonly #n: number;
  readonly #when: 'before' | 'after';
  readonly #error: () => Error;

  constructor(n: number, when: 'before' | 'after', error: () => Error = () => new Killed(`killed ${when} step ${String(n)}`)) {
    this.#n = n;
    this.#when = when;
    this.#error = error;
  }

  before(op: StoreOp, key: string): void {
    if (!DURABLE.has(op)) return;
    this.steps.push(`${op} ${key}`);
    if (this.#when === 'before' && this.steps.length === this.#n) this.#fire();
  }

  after(op: StoreOp, key: string): void {
    // Concurrent steps interleave: the one that was counted n-th is found by its name, not by the count so far.
    if (this.#when === 'after' && !this.fired && this.steps[this.#n - 1] === `${op} ${key}`) this.#fire();
  }

  #fire(): void {
    this.fired = true;
    throw this.#error();
  }
}

/** A fault as a store that cannot be reached reports it; adapters throw it after their own retries. */
export function unavailable(): HoldfastError {
  return new HoldfastError('store_unavailable', 'the store cannot be reached (injected)');
}
