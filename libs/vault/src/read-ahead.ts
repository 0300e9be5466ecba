/**
 * What `read` gives for `from`, `from` + 1, … up to the first number that it has nothing for. Reads the next ones while the
 * caller works on one, the more the longer it goes on: somebody who only looks whether there is more asks once.
 */
export async function* readAhead<T>(from: number, most: number, read: (no: number) => Promise<T | undefined>): AsyncGenerator<T> {
  const ahead: Promise<T | undefined>[] = [];
  let next = from;
  for (let window = 1; ; window = Math.min(2 * window, most)) {
    while (ahead.length < window) {
      const reading = read(next++);
      // Taken up below in order, or not at all: until then it must not count as unhandled.
      reading.catch(() => undefined);
      ahead.push(reading);
    }
    const found = await ahead.shift();
    if (found === undefined) return;
    yield found;
  }
}
