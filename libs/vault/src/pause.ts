import { HoldfastError } from '@holdfast/record';

/** Waits `ms`, as the back-off between two attempts. @throws HoldfastError `stopped` as soon as `signal` fires */
export function pause(ms: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const stop = (): void => {
      clearTimeout(timer);
      reject(new HoldfastError('stopped', 'the work was stopped'));
    };
    const timer = setTimeout(() => {
      signal?.removeEventListener('abort', stop);
      resolve();
    }, ms);
    if (signal?.aborted === true) stop();
    else signal?.addEventListener('abort', stop, { once: true });
  });
}
