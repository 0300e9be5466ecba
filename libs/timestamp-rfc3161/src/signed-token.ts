/** A time-stamp token taken apart: one CMS signature over one TSTInfo (RFC 3161 §2.4.2, RFC 5652 §5). */
import { OctetString, Primitive } from 'asn1js';
import type { AsnType } from 'asn1js';
import { EncapsulatedContentInfo, IssuerAndSerialNumber, SignerInfo } from 'pkijs';
import { Certificate } from './certificate.js';
import { isTagged, membersOf, oidText, parseDer, rawBytes, sameBytes } from './der.js';
import { digestName, OID, SHA_256 } from './oids.js';
import { isSignedBy } from './signature.js';
import { TokenProblem } from './token-problem.js';

export interface SignedToken {
  /** The signed bytes: DER TSTInfo. */
  readonly content: Uint8Array;
  /** Whose signature it is, by a signature that was checked; whether that certificate is trusted is the chain's matter. */
  readonly signer: Certificate;
  /** What else the token carries: anybody can put certificates there. */
  readonly others: readonly Certificate[];
}

/** @throws TokenProblem unless the signature is by the certificate that it names, over this content */
export async function openToken(token: Uint8Array): Promise<SignedToken> {
  const value = parseDer(token, 'the token');
  // ContentInfo ::= SEQUENCE { contentType, [0] content }; SignedData ::= SEQUENCE { version, digestAlgorithms, encapContentInfo,
  // [0] certificates OPTIONAL, [1] crls OPTIONAL, signerInfos SET }: RFC 5652 §3, §5.1. Taken apart here and not by the
  // vendor's SignedData, which would read every certificate a second time (twice as slow).
  const [type, explicit] = membersOf(value);
  const [signedData, ...rest] = membersOf(explicit);
  if (oidText(type) !== OID.signedData || rest.length > 0) throw new TokenProblem('the token is not signed data');
  const members = membersOf(signedData);
  const certificates = certificatesIn(members.find((member) => isTagged(member, 0)));
  const { eContentType, eContent } = new EncapsulatedContentInfo({ schema: members[2] });
  if (eContentType !== OID.tstInfo || eContent === undefined) throw new TokenProblem('what the token signs is not a time stamp');
  const content = new Uint8Array(eContent.getValue());
  const signerInfos = membersOf(members.at(-1)).map((member) => new SignerInfo({ schema: member }));
  const [signerInfo] = signerInfos;
  // RFC 3161 §2.4.2: the signature of the authority and no other.
  if (signerInfo === undefined || signerInfos.length !== 1) throw new TokenProblem(`the token carries ${signerInfos.length} signatures, not one`);
  const signer = certificates.find((certificate) => isOf(signerInfo, certificate));
  if (signer === undefined) throw new TokenProblem('the token does not carry the certificate of its signer');
  await checkSignature(signerInfo, content, signer);
  return { content, signer, others: certificates.filter((certificate) => certificate !== signer) };
}

/** The certificates as they were received: hashes are over those bytes. Other kinds of certificates stand under tags and are left out. */
function certificatesIn(set: AsnType | undefined): readonly Certificate[] {
  return membersOf(set)
    .filter((member) => member.idBlock.tagClass === UNIVERSAL)
    .map((member) => new Certificate(rawBytes(member), 'a certificate of the token'));
}
const UNIVERSAL = 1;

function isOf({ sid }: SignerInfo, certificate: Certificate): boolean {
  const named: unknown = sid;
  if (named instanceof IssuerAndSerialNumber)
    return certificate.isNamedBy(new Uint8Array(named.issuer.valueBeforeDecode), named.serialNumber.toBigInt());
  // [0] IMPLICIT SubjectKeyIdentifier: its tag hides that it is an OCTET STRING.
  return named instanceof Primitive && certificate.hasKeyIdentifier(named.valueBlock.valueHexView);
}

async function checkSignature(signerInfo: SignerInfo, content: Uint8Array<ArrayBuffer>, signer: Certificate): Promise<void> {
  const digest = digestName(signerInfo.digestAlgorithm.algorithmId);
  if (digest === undefined) throw new TokenProblem('the token is signed over a digest that is not accepted (SHA-256, SHA-384 and SHA-512 are)');
  // RFC 5652 §5.3: signed attributes are mandatory for a content of a type of its own.
  const { signedAttrs } = signerInfo;
  if (signedAttrs === undefined) throw new TokenProblem('the token has no signed attributes');
  const attribute = (type: string): AsnType | undefined => {
    const [found, ...more] = signedAttrs.attributes.filter((each) => each.type === type);
    if (more.length > 0 || (found !== undefined && found.values.length !== 1)) throw new TokenProblem('the token has a signed attribute twice');
    return found?.values[0] as AsnType | undefined; // The vendor says `any`: values are what its parser made.
  };

  const type = attribute(OID.contentType);
  if (oidText(type) !== OID.tstInfo) throw new TokenProblem('the signature of the token is for another type of content');
  const stated = attribute(OID.messageDigest);
  const computed = new Uint8Array(await crypto.subtle.digest(digest, content));
  if (!(stated instanceof OctetString) || !sameBytes(stated.valueBlock.valueHexView, computed))
    throw new TokenProblem('the content of the token is not what was signed');
  await checkSignerNamed(attribute(OID.signingCertificate), attribute(OID.signingCertificateV2), signer);
  const signature = signerInfo.signature.valueBlock.valueHexView.slice();
  if (!(await isSignedBy(signer.key, signerInfo.signatureAlgorithm, signature, new Uint8Array(signedAttrs.encodedValue), digest)))
    throw new TokenProblem(`the signature of the token is not by ${signer.subject}`);
}

/**
 * The signed attributes name the signer's certificate by its hash; otherwise another certificate for the same key (with another
 * name, or another end) could be put in its place: RFC 5816 §2.2.1, RFC 5035 §2. ESSCertID is SHA-1 by definition and still
 * what many authorities send; it is accepted, since replacing the certificate takes a second pre-image and not a collision,
 * and the certificate must lead to a trusted root besides. If both are there, both must fit.
 */
async function checkSignerNamed(v1: AsnType | undefined, v2: AsnType | undefined, signer: Certificate): Promise<void> {
  if (v1 === undefined && v2 === undefined) throw new TokenProblem('the signature of the token does not name its certificate (ESSCertID)');
  const hashes: (readonly [algorithm: string | undefined, hash: AsnType | undefined])[] = [];
  // SigningCertificate ::= SEQUENCE { certs SEQUENCE OF ESSCertID … }, the first of which is the signer's.
  if (v1 !== undefined) hashes.push(['SHA-1', membersOf(membersOf(membersOf(v1)[0])[0])[0]]);
  if (v2 !== undefined) {
    const [first, second] = membersOf(membersOf(membersOf(v2)[0])[0]);
    // ESSCertIDv2 ::= SEQUENCE { hashAlgorithm DEFAULT sha256, certHash OCTET STRING … }
    if (first instanceof OctetString) hashes.push([digestName(SHA_256), first]);
    else hashes.push([digestName(oidText(membersOf(first)[0])), second]);
  }
  for (const [algorithm, hash] of hashes) {
    if (algorithm === undefined) throw new TokenProblem('the signature of the token names its certificate by a digest that is not accepted');
    const computed = new Uint8Array(await crypto.subtle.digest(algorithm, signer.der));
    if (!(hash instanceof OctetString) || !sameBytes(hash.valueBlock.valueHexView, computed))
      throw new TokenProblem('the signature of the token names another certificate (ESSCertID)');
  }
}
