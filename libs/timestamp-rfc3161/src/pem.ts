/** PEM files of certificates, as authorities publish them. */
import { HoldfastError } from '@holdfast/record';
import { Certificate } from './certificate.js';
import { problemText } from './token-problem.js';

/**
 * The DER certificates of a PEM text, in order; text between them is left out (RFC 7468 §2).
 * @throws HoldfastError `bad_configuration` when there is none, or one cannot be read
 */
export function certificatesFromPem(pem: string): readonly Uint8Array[] {
  const blocks = [...pem.matchAll(/-----BEGIN CERTIFICATE-----\s*([A-Za-z0-9+/=\s]+?)\s*-----END CERTIFICATE-----/g)];
  if (blocks.length === 0) throw new HoldfastError('bad_configuration', 'no PEM certificate found (-----BEGIN CERTIFICATE-----)');
  return blocks.map(([, base64 = '']) => {
    try {
      return new Certificate(
        Uint8Array.from(atob(base64), (character) => character.charCodeAt(0)),
        'a certificate',
      ).der;
    } catch (error) {
      throw new HoldfastError('bad_configuration', `a PEM certificate cannot be read: ${problemText(error)}`, { cause: error });
    }
  });
}
