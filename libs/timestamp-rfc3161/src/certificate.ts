/** An X.509 certificate with what a time stamp needs of it (RFC 5280). */
import { BasicConstraints, Certificate as X509, ExtKeyUsage, Extension } from 'pkijs';
import { BitString, OctetString } from 'asn1js';
import type { AsnType } from 'asn1js';
import { isTagged, membersOf, parseDer, rawBytes, sameBytes } from './der.js';
import { nameText } from './distinguished-name.js';
import { OID } from './oids.js';
import type { PublicKey } from './signature.js';
import { isSignedBy } from './signature.js';
import { TokenProblem } from './token-problem.js';

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
  readonly der: Uint8Array<ArrayBuffer>;
  /** Subject, RFC 4514 text. */
  readonly subject: string;
  readonly ends: Date;
  readonly key: PublicKey;
  readonly #x509: X509;
  /** §4.1.1.2: the algorithm stands inside and outside of what is signed, and must be the same. */
  readonly #statesOneAlgorithm: boolean;
  readonly #extensions: ReadonlyMap<string, Extension>;

  /** @throws TokenProblem */
  constructor(der: Uint8Array, what: string) {
    const value = parseDer(der, what);
    this.der = rawBytes(value);
    // TBSCertificate ::= SEQUENCE { [0] version OPTIONAL, serial, signature, issuer, validity, subject, key … }, RFC 5280 §4.1.
    const [toBeSigned, outer] = membersOf(value);
    const signed = membersOf(toBeSigned);
    const versioned = signed[0] !== undefined && isTagged(signed[0], 0);
    this.#statesOneAlgorithm = outer !== undefined && sameBytes(rawMember(signed, versioned ? 2 : 1), rawBytes(outer));
    this.#x509 = new X509({ schema: value });
    this.subject = nameText(this.#x509.subject);
    this.ends = this.#x509.notAfter.value;
    this.key = {
      spki: rawMember(signed, versioned ? 6 : 5),
      algorithm: this.#x509.subjectPublicKeyInfo.algorithm,
    };
    const list = this.#x509.extensions ?? [];
    this.#extensions = new Map(list.map((extension) => [extension.extnID, extension]));
    if (this.#extensions.size !== list.length) throw new TokenProblem(`the certificate of ${this.subject} carries an extension twice`);
  }

  equals(other: Certificate): boolean {
    return sameBytes(this.der, other.der);
  }

  /** Names are compared byte by byte: authorities copy the subject of the issuer. */
  isNamedAsIssuerOf(other: Certificate): boolean {
    return sameBytes(nameBytes(this.#x509.subject), nameBytes(other.#x509.issuer));
  }

  get isSelfIssued(): boolean {
    return this.isNamedAsIssuerOf(this);
  }

  isNamedBy(issuer: Uint8Array, serialNumber: bigint): boolean {
    return sameBytes(nameBytes(this.#x509.issuer), issuer) && this.#x509.serialNumber.toBigInt() === serialNumber;
  }

  hasKeyIdentifier(identifier: Uint8Array): boolean {
    const stated: unknown = this.#extensions.get(OID.subjectKeyIdentifier)?.parsedValue;
    return stated instanceof OctetString && sameBytes(stated.valueBlock.valueHexView, identifier);
  }

  /** @throws TokenProblem unless it is signed by `issuer` */
  async checkSignature(issuer: Certificate): Promise<void> {
    const { signatureAlgorithm, signatureValue, tbsView } = this.#x509;
    if (!this.#statesOneAlgorithm) throw new TokenProblem(`the certificate of ${this.subject} names two signature algorithms`);
    const bytes = signatureValue.valueBlock.valueHexView.slice();
    if (signatureValue.valueBlock.unusedBits !== 0 || !(await isSignedBy(issuer.key, signatureAlgorithm, bytes, tbsView.slice())))
      throw new TokenProblem(`the certificate of ${this.subject} is not signed by ${issuer.subject}`);
  }

  /** @throws TokenProblem unless it is valid at `time` and says nothing that we do not understand */
  checkUse(time: Date): void {
    const { notBefore, notAfter } = this.#x509;
    if (!(time >= notBefore.value && time <= notAfter.value))
      throw new TokenProblem(
        `the certificate of ${this.subject} is valid from ${isoText(notBefore.value)} to ${isoText(notAfter.value)}, not at ${isoText(time)}`,
      );
    for (const { extnID, critical } of this.#extensions.values())
      if (critical && !UNDERSTOOD.has(extnID))
        throw new TokenProblem(`the certificate of ${this.subject} has a critical extension ${extnID} that is not understood`);
  }

  /** RFC 3161 §2.3: the key of an authority signs time stamps and nothing else. @throws TokenProblem */
  checkSignsTimestamps(): void {
    const usage = this.#extensions.get(OID.extendedKeyUsage);
    const purposes = this.#purposes();
    if (usage === undefined || !purposes?.includes(OID.timeStamping))
      throw new TokenProblem(`the certificate of ${this.subject} is not for time stamping (extended key usage)`);
    if (purposes.length !== 1) throw new TokenProblem(`the certificate of ${this.subject} is for other purposes as well as time stamping`);
    if (!usage.critical) throw new TokenProblem(`the extended key usage of the certificate of ${this.subject} is not critical`);
    if (!this.#mayBeUsedFor(SIGNS_DATA)) throw new TokenProblem(`the key of ${this.subject} may not sign data (key usage)`);
  }

  /** @throws TokenProblem unless it may issue certificates of time-stamp authorities with `below` certificates between */
  checkIssues(below: number): void {
    const constraints: unknown = this.#extensions.get(OID.basicConstraints)?.parsedValue;
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
    const extension = this.#extensions.get(OID.extendedKeyUsage);
    if (extension === undefined) return undefined;
    return extension.parsedValue instanceof ExtKeyUsage ? extension.parsedValue.keyPurposes : [];
  }

  /** A certificate without KeyUsage is not limited. */
  #mayBeUsedFor(bits: number): boolean {
    const extension = this.#extensions.get(OID.keyUsage);
    if (extension === undefined) return true;
    const usage: unknown = extension.parsedValue;
    return usage instanceof BitString && ((usage.valueBlock.valueHexView[0] ?? 0) & bits) !== 0;
  }
}

function rawMember(members: readonly AsnType[], index: number): Uint8Array<ArrayBuffer> {
  const member = members[index];
  if (member === undefined) throw new TokenProblem('a certificate is not well formed');
  return rawBytes(member);
}

function nameBytes(name: X509['subject']): Uint8Array {
  return new Uint8Array(name.valueBeforeDecode);
}

/** Whole seconds, UTC. */
export function isoText(time: Date): string {
  return Number.isNaN(time.getTime()) ? 'an impossible time' : time.toISOString().replace(/\.\d+Z$/, 'Z');
}
