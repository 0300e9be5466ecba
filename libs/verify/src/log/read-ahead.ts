/** So many reads are under way at once: a batch is small and a store is far away. */
const AHEAD = 16;

/** Maps in order, with some work begun before it is its turn; memory holds that many results. */
export async function* readAhead<T, R>(items: AsyncIterable<T>, work: (item: T) => Promise<R>): AsyncGenerator<R> {
  const begun: Promise<R>[] = [];
  try {
    for await (const item of items) {
      const mine = work(item);
      // Its turn may never come; when it comes, it throws.
      mine.catch(() => undefined);
      begun.push(mine);
      const first = begun.length > AHEAD ? begun.shift() : undefined;
      if (first !== undefined) yield await first;
    }
    for (let first = begun.shift(); first !== undefined; first = begun.shift()) yield await first;
  } finally {
    await Promise.allSettled(begun);
  }
}
