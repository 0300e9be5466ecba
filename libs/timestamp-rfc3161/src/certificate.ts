/** An X.509 certificate with what a time stamp needs of it (RFC 5280). */
import { BitString, OctetString } from 'asn1js';
import { BasicConstraints, ExtKeyUsage } from 'pkijs';
import { sameBytes } from './der.js';
import { OID } from './oids.js';
import type { PublicKey } from './signature.js';
import { isSignedBy } from './signature.js';
import { TokenProblem } from './token-problem.js';
import { parseX509 } from './x509.js';
import type { X509 } from './x509.js';

/** Extensions whose meaning is checked, or does not limit what a certificate may sign here. Another critical one is refused (§4.2). */
const UNDERSTOOD = new Set<string>([
  OID.basicConstraints,
  OID.keyUsage,
  OID.extendedKeyUsage,
  OID.certificatePolicies,
  OID.subjectAltName,
  OID.subjectKeyIdentifier,
]);
/** Bits of the first byte of KeyUsage, RFC 5280 §4.2.1.3. */
const SIGNS_DATA = 0b1100_0000;
const SIGNS_CERTIFICATES = 0b0000_0100;

export class Certificate {
  readonly #x509: X509;

  /** @throws TokenProblem */
  constructor(der: Uint8Array, what: string) {
    this.#x509 = parseX509(der, what);
  }

  get der(): Uint8Array<ArrayBuffer> {
    return this.#x509.der;
  }

  /** RFC 4514 text. */
  get subject(): string {
    return this.#x509.subjectText;
  }

  get ends(): Date {
    return this.#x509.notAfter;
  }

  get key(): PublicKey {
    return this.#x509.key;
  }

  equals(other: Certificate): boolean {
    return sameBytes(this.der, other.der);
  }

  /** Names are compared byte by byte: authorities copy the subject of the issuer. */
  isNamedAsIssuerOf(other: Certificate): boolean {
    return sameBytes(this.#x509.subject, other.#x509.issuer);
  }

  get isSelfIssued(): boolean {
    return this.isNamedAsIssuerOf(this);
  }

  isNamedBy(issuer: Uint8Array, serialNumber: bigint): boolean {
    return sameBytes(this.#x509.issuer, issuer) && this.#x509.serialNumber === serialNumber;
  }

  hasKeyIdentifier(identifier: Uint8Array): boolean {
    const stated: unknown = this.#x509.extensions.get(OID.subjectKeyIdentifier)?.parsedValue;
    return stated instanceof OctetString && sameBytes(stated.valueBlock.valueHexView, identifier);
  }

  /** @throws TokenProblem unless it is signed by `issuer` */
  async checkSignature(issuer: Certificate): Promise<void> {
    const { algorithm, signature, toBeSigned } = this.#x509;
    if (!(await isSignedBy(issuer.key, algorithm, signature, toBeSigned)))
      throw new TokenProblem(`the certificate of ${this.subject} is not signed by ${issuer.subject}`);
  }

  /** @throws TokenProblem unless it is valid at `time` and says nothing that we do not understand */
  checkUse(time: Date): void {
    const { notBefore, notAfter } = this.#x509;
    if (!(time >= notBefore && time <= notAfter))
      throw new TokenProblem(
        `the certificate of ${this.subject} is valid from ${isoText(notBefore)} to ${isoText(notAfter)}, not at ${isoText(time)}`,
      );
    for (const { extnID, critical } of this.#x509.extensions.values())
      if (critical && !UNDERSTOOD.has(extnID))
        throw new TokenProblem(`the certificate of ${this.subject} has a critical extension ${extnID} that is not understood`);
  }

  /** RFC 3161 §2.3: the key of an authority signs time stamps and nothing else. @throws TokenProblem */
  checkSignsTimestamps(): void {
    const usage = this.#x509.extensions.get(OID.extendedKeyUsage);
    const purposes = this.#purposes();
    if (usage === undefined || !purposes?.includes(OID.timeStamping))
      throw new TokenProblem(`the certificate of ${this.subject} is not for time stamping (extended key usage)`);
    if (purposes.length !== 1) throw new TokenProblem(`the certificate of ${this.subject} is for other purposes as well as time stamping`);
    if (!usage.critical) throw new TokenProblem(`the extended key usage of the certificate of ${this.subject} is not critical`);
    if (!this.#mayBeUsedFor(SIGNS_DATA)) throw new TokenProblem(`the key of ${this.subject} may not sign data (key usage)`);
  }

  /** @throws TokenProblem unless it may issue certificates of time-stamp authorities with `below` certificates between */
  checkIssues(below: number): void {
    const constraints: unknown = this.#x509.extensions.get(OID.basicConstraints)?.parsedValue;
    if (!(constraints instanceof BasicConstraints) || !constraints.cA || !this.#mayBeUsedFor(SIGNS_CERTIFICATES))
      throw new TokenProblem(`${this.subject} is not a certificate authority`);
    const limit = constraints.pathLenConstraint;
    if (limit !== undefined && !(Number(typeof limit === 'number' ? limit : limit.toBigInt()) >= below))
      throw new TokenProblem(`${this.subject} may not issue for other authorities so deep (path length)`);
    const purposes = this.#purposes();
    if (purposes !== undefined && !purposes.includes(OID.timeStamping) && !purposes.includes(OID.anyPurpose))
      throw new TokenProblem(`${this.subject} is a certificate authority for other purposes than time stamping`);
  }

  #purposes(): readonly string[] | undefined {
    const extension = this.#x509.extensions.get(OID.extendedKeyUsage);
    if (extension === undefined) return undefined;
    return extension.parsedValue instanceof ExtKeyUsage ? extension.parsedValue.keyPurposes : [];
  }

  /** A certificate without KeyUsage is not limited. */
  #mayBeUsedFor(bits: number): boolean {
    const extension = this.#x509.extensions.get(OID.keyUsage);
    if (extension === undefined) return true;
    const usage: unknown = extension.parsedValue;
    return usage instanceof BitString && ((usage.valueBlock.valueHexView[0] ?? 0) & bits) !== 0;
  }
}

/** Whole seconds, UTC. */
export function isoText(time: Date): string {
  return Number.isNaN(time.getTime()) ? 'an impossible time' : time.toISOString().replace(/\.\d+Z$/, 'Z');
}
