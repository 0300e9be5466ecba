/**
 * Writes any token in [a-z0-9], one to one: the tokenizers of SQLite FTS5 drop emoji and cut words at marks. Letters a to y
 * and digits stand for themselves, `z` is `zz`, any other code point is `z`, its hexadecimal number, `z`. The beginning of a
 * token encodes to the beginning of its code, so prefix searches stay possible.
 */
export function encodeToken(token: string): string {
  if (PLAIN.test(token)) return token;
  let out = '';
  for (const char of token) {
    if (PLAIN.test(char)) out += char;
    else out += char === 'z' ? 'zz' : `z${Number(char.codePointAt(0)).toString(16)}z`;
  }
  return out;
}

const PLAIN = /^[a-y0-9]*$/;
