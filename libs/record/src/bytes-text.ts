const utf8 = new TextDecoder('utf-8', { fatal: true });

/** The text of UTF-8 bytes, or undefined when they are not UTF-8. A byte order mark at the start is dropped (RFC 8259 §8.1). */
export function textOf(bytes: Uint8Array): string | undefined {
  try {
    return utf8.decode(bytes);
  } catch {
    // A fatal decoder throws for bad bytes and for nothing else.
    return undefined;
  }
}

/** The text of short bytes that are nearly always ASCII (header names and values): a decoder call costs more than the loop. */
export function shortTextOf(bytes: Uint8Array): string | undefined {
  if (bytes.length > 64) return textOf(bytes);
  let text = '';
  for (const byte of bytes) {
    if (byte > 0x7f) return textOf(bytes);
    text += String.fromCharCode(byte);
  }
  return text;
}
