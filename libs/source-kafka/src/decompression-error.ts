/** Why bytes could not be decompressed; the caller knows which partition and offset they belong to. */
export class DecompressionError extends Error {
  override readonly name = 'DecompressionError';
  readonly reason: 'malformed' | 'too large' | 'unknown codec';

  constructor(reason: 'malformed' | 'too large' | 'unknown codec', options?: ErrorOptions) {
    super(reason, options);
    this.reason = reason;
  }
}
