import { setTimeout as wait } from 'node:timers/promises';

/** Waits for a condition; a test that would wait forever fails with its name instead of hanging the run. */
export async function until(condition: () => boolean | Promise<boolean>, timeoutMs = 30_000, what = 'the condition'): Promise<void> {
  const deadline = performance.now() + timeoutMs;
  while (!(await condition())) {
    if (performance.now() > deadline) throw new Error(`${what} did not come true within ${String(timeoutMs)} ms`);
    await wait(50);
  }
}
