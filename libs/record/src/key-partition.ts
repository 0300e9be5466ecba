const M = 0x5bd1e995;
const SEED = 0x9747b28c;

/** MurmurHash2 as Kafka's Java client computes it (org.apache.kafka.common.utils.Utils.murmur2), signed 32 bit. */
export function murmur2(bytes: Uint8Array): number {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const whole = bytes.length & ~3;
  let h = SEED ^ bytes.length;
  for (let i = 0; i < whole; i += 4) {
    let k = Math.imul(view.getInt32(i, true), M);
    k ^= k >>> 24;
    h = Math.imul(h, M) ^ Math.imul(k, M);
  }
  const rest = bytes.length - whole;
  if (rest > 2) h ^= view.getUint8(whole + 2) << 16;
  if (rest > 1) h ^= view.getUint8(whole + 1) << 8;
  if (rest > 0) h = Math.imul(h ^ view.getUint8(whole), M);
  h = Math.imul(h ^ (h >>> 13), M);
  return h ^ (h >>> 15);
}

/** The partition that Kafka's default partitioner gives `key`, so that a conversation stays in one partition whoever produces. */
export function partitionOfKey(key: Uint8Array, partitions: number): number {
  return (murmur2(key) & 0x7fffffff) % partitions;
}
