/** Works on a few items at a time and gives the results in their order. Items are taken only as results are. */
export async function* inOrder<T, R>(items: Iterable<T> | AsyncIterable<T>, most: number, work: (item: T) => Promise<R>): AsyncGenerator<R> {
  const ahead: Promise<R>[] = [];
  for await (const item of items) {
    const working = work(item);
    // Taken up below, or not at all: until then it must not count as unhandled.
    working.catch(() => undefined);
    ahead.push(working);
    if (ahead.length < most) continue;
    const first = ahead.shift();
    if (first !== undefined) yield await first;
  }
  for (const rest of ahead) yield await rest;
}
