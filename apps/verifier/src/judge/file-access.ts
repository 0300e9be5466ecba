import type { Inflate, RandomAccess } from '@holdfast/bundle';

/** Small entries lie side by side; one reading of the file serves many. */
const AHEAD = 4 * 1024 * 1024;

/** A chosen file, read where it is asked for: a bundle larger than the memory is no obstacle. */
export function accessTo(file: Blob): RandomAccess {
  let window = { at: 0, bytes: new Uint8Array(0) };
  return {
    size: file.size,
    async read(at, length) {
      if (at < window.at || at + length > window.at + window.bytes.length) {
        const until = Math.min(file.size, at + Math.max(length, AHEAD));
        window = { at, bytes: new Uint8Array(await file.slice(at, until).arrayBuffer()) };
      }
      // A copy: what is kept for longer must not keep the window.
      return window.bytes.slice(at - window.at, at - window.at + length);
    },
  };
}

/** By the browser's own means. A bomb is dropped when it grows beyond `size`. */
export const inflate: Inflate = async (packed, size) => {
  const plain = new Uint8Array(size);
  let at = 0;
  const reader = new Blob([packed.slice()]).stream().pipeThrough(new DecompressionStream('deflate-raw')).getReader();
  for (let { done, value } = await reader.read(); !done; { done, value } = await reader.read()) {
    if (value === undefined) break;
    if (at + value.length > size) {
      await reader.cancel();
      throw new Error('the entry has more bytes than it says');
    }
    plain.set(value, at);
    at += value.length;
  }
  if (at !== size) throw new Error('the entry has fewer bytes than it says');
  return plain;
};
