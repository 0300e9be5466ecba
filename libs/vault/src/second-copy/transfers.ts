import { HoldfastError } from '@holdfast/record';

/** How much of a long run is in flight at once. */
export interface InFlight {
  readonly tasks: number;
  /** Bytes of objects in memory, all tasks together. One object may be larger than that; then it is alone. */
  readonly bytes: number;
}

/**
 * Runs many small tasks, some at a time, under one budget of bytes. The first failure, or the signal, keeps further tasks
 * from being started; those under way end in peace, so that nothing is left half done that could be finished.
 */
export class Transfers {
  readonly #limits: InFlight;
  readonly #signal: AbortSignal | undefined;
  readonly #running = new Set<Promise<void>>();
  readonly #waiting: { readonly bytes: number; readonly go: () => void }[] = [];
  #bytes = 0;
  #failure: { readonly error: unknown } | undefined;

  constructor(limits: InFlight, signal?: AbortSignal) {
    this.#limits = limits;
    this.#signal = signal;
  }

  /** Waits for room, then starts the task. @throws what an earlier task threw; HoldfastError `stopped` */
  async start(task: () => Promise<void>): Promise<void> {
    while (this.#running.size >= this.#limits.tasks) await Promise.race(this.#running);
    this.throwIfStopped();
    const running = task()
      .catch((error: unknown) => {
        this.#failure ??= { error };
      })
      .finally(() => this.#running.delete(running));
    this.#running.add(running);
  }

  /** Waits for every task. @throws what the first of them threw; HoldfastError `stopped` */
  async end(): Promise<void> {
    await this.settle();
    this.throwIfStopped();
  }

  /** Waits for every task, whatever became of it. */
  async settle(): Promise<void> {
    await Promise.all(this.#running);
  }

  throwIfStopped(): void {
    if (this.#failure !== undefined) throw this.#failure.error;
    if (this.#signal?.aborted === true) throw new HoldfastError('stopped', 'Stopped on request; the next run goes on where this one ended.');
  }

  /** Does `work` while `bytes` of the budget are taken. Never nested: two holders that wait for each other would wait for ever. */
  async holding<T>(bytes: number, work: () => Promise<T>): Promise<T> {
    if (this.#waiting.length > 0 || !this.#fits(bytes)) {
      await new Promise<void>((go) => {
        this.#waiting.push({ bytes, go });
      });
    } else this.#bytes += bytes;
    try {
      return await work();
    } finally {
      this.#bytes -= bytes;
      // In order of asking: a large object must not wait for ever behind small ones.
      for (let next = this.#waiting[0]; next !== undefined && this.#fits(next.bytes); next = this.#waiting[0]) {
        this.#waiting.shift();
        this.#bytes += next.bytes;
        next.go();
      }
    }
  }

  #fits(bytes: number): boolean {
    return this.#bytes === 0 || this.#bytes + bytes <= this.#limits.bytes;
  }
}

/** Looks at up to `ahead` items at once and acts on them strictly one after the other, in their order. */
export async function inOrder<T, P>(
  items: AsyncIterable<T>,
  ahead: number,
  look: (item: T) => Promise<P>,
  act: (looked: P) => Promise<void>,
): Promise<void> {
  const looking: Promise<P>[] = [];
  try {
    for await (const item of items) {
      const looked = look(item);
      // Its failure is met when it is its turn.
      looked.catch(() => undefined);
      looking.push(looked);
      const first = looking.length >= ahead ? looking.shift() : undefined;
      if (first !== undefined) await act(await first);
    }
    for (let first = looking.shift(); first !== undefined; first = looking.shift()) await act(await first);
  } finally {
    await Promise.allSettled(looking);
  }
}
