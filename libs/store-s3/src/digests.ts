import { createHash } from 'node:crypto';

/** Content-MD5: the one checksum that every server checks. */
export function md5(body: Uint8Array): string {
  return createHash('md5').update(body).digest('base64');
}

/** x-amz-checksum-sha256, where the server knows it. */
export function sha256(body: Uint8Array): string {
  return createHash('sha256').update(body).digest('base64');
}
