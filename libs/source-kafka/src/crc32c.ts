/** CRC-32C (Castagnoli), eight bytes a step; Node offers only the other polynomial. */
const TABLES = Array.from({ length: 8 }, () => new Uint32Array(256));
const [T0, T1, T2, T3, T4, T5, T6, T7] = TABLES as [
  Uint32Array,
  Uint32Array,
  Uint32Array,
  Uint32Array,
  Uint32Array,
  Uint32Array,
  Uint32Array,
  Uint32Array,
];

for (let i = 0; i < 256; i++) {
  let c = i;
  for (let bit = 0; bit < 8; bit++) c = c & 1 ? (c >>> 1) ^ 0x82f63b78 : c >>> 1;
  T0[i] = c;
}
for (let t = 1; t < 8; t++) {
  const [table, before] = [TABLES[t], TABLES[t - 1]];
  if (table === undefined || before === undefined) continue;
  for (let i = 0; i < 256; i++) table[i] = (look(before, i) >>> 8) ^ look(T0, look(before, i) & 255);
}

/** Indexes stay below the length by construction; the `?? 0` only tells the compiler so, and costs nothing measurable. */
function look(table: Uint8Array | Uint32Array, index: number): number {
  return table[index] ?? 0;
}

export function crc32c(bytes: Uint8Array, start: number, end: number): number {
  let c = -1;
  let i = start;
  for (; i + 8 <= end; i += 8) {
    c ^= look(bytes, i) | (look(bytes, i + 1) << 8) | (look(bytes, i + 2) << 16) | (look(bytes, i + 3) << 24);
    c =
      look(T7, c & 255) ^
      look(T6, (c >>> 8) & 255) ^
      look(T5, (c >>> 16) & 255) ^
      look(T4, c >>> 24) ^
      look(T3, look(bytes, i + 4)) ^
      look(T2, look(bytes, i + 5)) ^
      look(T1, look(bytes, i + 6)) ^
      look(T0, look(bytes, i + 7));
  }
  for (; i < end; i++) c = (c >>> 8) ^ look(T0, (c ^ look(bytes, i)) & 255);
  return ~c >>> 0;
}
