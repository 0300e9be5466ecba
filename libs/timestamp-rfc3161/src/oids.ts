/** Object identifiers, with where they are defined. */
export const OID = {
  signedData: '1.2.840.113549.1.7.2', // RFC 5652 §5.1
  tstInfo: '1.2.840.113549.1.9.16.1.4', // RFC 3161 §2.4.2
  contentType: '1.2.840.113549.1.9.3', // RFC 5652 §11.1
  messageDigest: '1.2.840.113549.1.9.4', // RFC 5652 §11.2
  signingCertificate: '1.2.840.113549.1.9.16.2.12', // RFC 2634 §5.4: ESSCertID, SHA-1
  signingCertificateV2: '1.2.840.113549.1.9.16.2.47', // RFC 5035 §3: ESSCertIDv2
  timeStamping: '1.3.6.1.5.5.7.3.8', // RFC 3161 §2.3
  anyPurpose: '2.5.29.37.0',
  subjectKeyIdentifier: '2.5.29.14',
  keyUsage: '2.5.29.15',
  subjectAltName: '2.5.29.17',
  basicConstraints: '2.5.29.19',
  certificatePolicies: '2.5.29.32',
  extendedKeyUsage: '2.5.29.37',
} as const;

/** Digests that are accepted, by their names in WebCrypto. SHA-1 and MD5 are not: a collision forges a signed time. */
const DIGESTS: Readonly<Record<string, string>> = {
  '2.16.840.1.101.3.4.2.1': 'SHA-256',
  '2.16.840.1.101.3.4.2.2': 'SHA-384',
  '2.16.840.1.101.3.4.2.3': 'SHA-512',
};
export const SHA_256 = '2.16.840.1.101.3.4.2.1';

/** The WebCrypto name of digest `oid`, or undefined when it is not accepted. */
export function digestName(oid: string): string | undefined {
  return Object.hasOwn(DIGESTS, oid) ? DIGESTS[oid] : undefined;
}
