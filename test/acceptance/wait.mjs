// Waiting for conditions, and saying in one sentence what is not as it must be.
import { setTimeout as sleep } from 'node:timers/promises';

/**
 * @param {unknown} condition
 * @param {string} sentence what is wrong
 * @returns {asserts condition}
 */
export function must(condition, sentence) {
  if (!condition) throw new Error(sentence);
}

/**
 * Waits until `look` answers something true, and answers it. A condition that never comes true is named.
 * @template T
 * @param {string} what
 * @param {number} timeoutMs
 * @param {() => T | Promise<T>} look
 * @param {() => string} [detail] what is known when it did not come true
 * @returns {Promise<NonNullable<T>>}
 */
export async function eventually(what, timeoutMs, look, detail = () => '') {
  const deadline = performance.now() + timeoutMs;
  for (;;) {
    const seen = await look();
    if (seen) return seen;
    if (performance.now() > deadline) throw new Error(`not within ${timeoutMs / 1000} s: ${what}. ${detail()}`.trimEnd());
    await sleep(100);
  }
}
