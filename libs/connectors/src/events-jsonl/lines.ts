import { createReadStream } from 'node:fs';

/** One line of a file as bytes, without its end; 1-based number. */
export interface Line {
  readonly number: number;
  readonly bytes: Buffer;
  /** The line is longer than the limit; `bytes` holds its beginning. */
  readonly tooLong: boolean;
}

const LF = 0x0a;
const CR = 0x0d;

/**
 * The lines of a file as bytes: a line that is not UTF-8 must reach the archive as it is, which no text reader allows.
 * A line beyond `max` bytes is cut off and marked, so that a file without line ends does not fill the memory.
 */
export async function* linesOf(path: string, max: number): AsyncGenerator<Line, void, undefined> {
  let parts: Buffer[] = [];
  let length = 0;
  let number = 1;
  const finish = (): Line => {
    const whole = Buffer.concat(parts);
    const tooLong = length > max;
    parts = [];
    length = 0;
    return { number: number++, bytes: whole.at(-1) === CR && !tooLong ? whole.subarray(0, -1) : whole, tooLong };
  };
  const add = (part: Buffer): void => {
    if (length < max) parts.push(part.subarray(0, max - length));
    length += part.length;
  };
  const chunks: AsyncIterable<Buffer> = createReadStream(path, { highWaterMark: 2 ** 20 });
  for await (const chunk of chunks) {
    let from = 0;
    for (let end = chunk.indexOf(LF); end >= 0; end = chunk.indexOf(LF, from)) {
      add(chunk.subarray(from, end));
      yield finish();
      from = end + 1;
    }
    add(chunk.subarray(from));
  }
  if (length > 0) yield finish();
}
