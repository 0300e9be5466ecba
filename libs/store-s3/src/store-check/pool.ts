/** Probes at one time: waiting for locks to end takes most of a full check. */
const POOL = 6;

/** Runs `work` over all items, a few at a time, and keeps their order. */
export async function inPool<T, R>(items: readonly T[], work: (item: T) => Promise<R>): Promise<R[]> {
  const results = new Map<number, R>();
  const waiting = items.entries();
  const worker = async (): Promise<void> => {
    for (const [i, item] of waiting) results.set(i, await work(item));
  };
  await Promise.all(Array.from({ length: POOL }, worker));
  return [...results].sort(([a], [b]) => a - b).map(([, result]) => result);
}
