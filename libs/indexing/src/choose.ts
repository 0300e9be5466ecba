/** Numbers from 0 up to 1 that follow from a seed (mulberry32): a sample can be taken again, and needs no secret. */
function* numbers(seed: number): Generator<number, never> {
  for (let state = seed >>> 0; ;) {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    yield ((mixed ^ (mixed >>> 14)) >>> 0) / 0x1_0000_0000;
  }
}

/** `most` different numbers below `count`, or all of them; the same for the same seed. */
export function choose(count: number, most: number, seed: number): ReadonlySet<number> {
  if (count <= most) return new Set(Array.from({ length: count }, (_, number) => number));
  const chosen = new Set<number>();
  // Floyd's sample: as many draws as numbers are wanted, however many there are to choose from.
  const draws = numbers(seed);
  for (let last = count - most; last < count; last++) {
    const drawn = Math.floor(draws.next().value * (last + 1));
    chosen.add(chosen.has(drawn) ? last : drawn);
  }
  return chosen;
}
