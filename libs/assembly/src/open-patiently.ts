import { HoldfastError, kindOf } from '@holdfast/record';
import { pause } from '@holdfast/vault';

const FIRST_WAIT_MS = 500;
const LONGEST_WAIT_MS = 15_000;

/**
 * Repeats what fails for a passing reason, for as long as it takes: a service that starts before its stores waits for them
 * and says so. Anything else is thrown at once.
 * @throws HoldfastError `stopped` when `signal` fires
 */
export async function openPatiently<T>(open: () => Promise<T>, onWaiting: (error: HoldfastError) => void, signal: AbortSignal): Promise<T> {
  for (let wait = FIRST_WAIT_MS; ; wait = Math.min(2 * wait, LONGEST_WAIT_MS)) {
    try {
      return await open();
    } catch (error) {
      if (!(error instanceof HoldfastError) || kindOf(error) !== 'transient' || error.code === 'stopped') throw error;
      onWaiting(error);
    }
    await pause(wait, signal);
  }
}
