import { HoldfastError } from '@holdfast/record';

/**
 * Why somebody does not wait any longer. A deadline (`AbortSignal.timeout`) tells that the store is away, anything else that the
 * work was stopped. Either way nobody knows whether what was being appended is, or will be, committed: read again.
 */
export function givenUp(signal: AbortSignal): HoldfastError {
  const reason: unknown = signal.reason;
  return reason instanceof DOMException && reason.name === 'TimeoutError'
    ? new HoldfastError(
        'store_unavailable',
        'The claims store did not answer in time; whether this was sealed is not known: look before you repeat it.',
      )
    : new HoldfastError('stopped', 'The work was stopped; whether this was sealed is not known: look before you repeat it.');
}

/** `work`, or `givenUp` as soon as `signal` fires; the work itself is told by its own means. */
export function unlessGivenUp<T>(work: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (signal === undefined) return work;
  return new Promise((resolve, reject) => {
    const stop = (): void => {
      reject(givenUp(signal));
    };
    if (signal.aborted) stop();
    else signal.addEventListener('abort', stop, { once: true });
    work.then(resolve, reject).finally(() => {
      signal.removeEventListener('abort', stop);
    });
  });
}

/** Fires when all of these have fired: work for several callers goes on while one of them still waits. `release` when it is done. */
export function whenAllGiveUp(signals: readonly (AbortSignal | undefined)[]): { readonly signal: AbortSignal | undefined; release(): void } {
  const given = signals.filter((signal) => signal !== undefined);
  if (given.length < signals.length) return { signal: undefined, release: () => undefined };
  const all = new AbortController();
  const look = (): void => {
    if (given.every(({ aborted }) => aborted)) all.abort(given[0]?.reason);
  };
  for (const signal of given) signal.addEventListener('abort', look);
  look();
  return {
    signal: all.signal,
    // One signal can outlive thousands of events.
    release: () => {
      for (const signal of given) signal.removeEventListener('abort', look);
    },
  };
}
