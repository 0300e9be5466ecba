/** The parts of an X.509 certificate, RFC 5280 §4.1. Taken apart here: the vendor's Certificate takes five times as long. */
import { BitString, Integer, UTCTime } from 'asn1js';
import type { AsnType } from 'asn1js';
import { AlgorithmIdentifier, Extension, RelativeDistinguishedNames } from 'pkijs';
import { isTagged, membersOf, parseDer, rawBytes, sameBytes } from './der.js';
import { nameText } from './distinguished-name.js';
import type { PublicKey } from './signature.js';
import { TokenProblem } from './token-problem.js';

export interface X509 {
  readonly der: Uint8Array<ArrayBuffer>;
  /** What the issuer signed. */
  readonly toBeSigned: Uint8Array<ArrayBuffer>;
  readonly serialNumber: bigint;
  /** DER names. */
  readonly issuer: Uint8Array;
  readonly subject: Uint8Array;
  readonly subjectText: string;
  readonly notBefore: Date;
  readonly notAfter: Date;
  readonly key: PublicKey;
  readonly extensions: ReadonlyMap<string, Extension>;
  readonly algorithm: AlgorithmIdentifier;
  readonly signature: Uint8Array<ArrayBuffer>;
}

/** @throws TokenProblem; the parts themselves may throw anything */
export function parseX509(bytes: Uint8Array, what: string): X509 {
  const malformed = new TokenProblem(`${what} is not a certificate`);
  const value = parseDer(bytes, what);
  // Certificate ::= SEQUENCE { tbsCertificate, signatureAlgorithm, signature BIT STRING }
  const [toBeSigned, algorithm, signature, ...more] = membersOf(value);
  // TBSCertificate ::= SEQUENCE { [0] version OPTIONAL, serial, signature, issuer, validity, subject, key, … [3] extensions OPTIONAL }
  const members = membersOf(toBeSigned);
  const [serial, inner, issuer, validity, subject, key, ...optional] =
    members[0] !== undefined && isTagged(members[0], 0) ? members.slice(1) : members;
  if (more.length > 0 || !toBeSigned || !algorithm || !inner || !issuer || !subject || !key) throw malformed;
  if (!(serial instanceof Integer) || !(signature instanceof BitString) || signature.valueBlock.unusedBits !== 0) throw malformed;
  const [notBefore, notAfter] = membersOf(validity);
  const subjectText = nameText(new RelativeDistinguishedNames({ schema: subject }));
  // §4.1.1.2: the algorithm stands inside and outside of what is signed, and must be the same.
  if (!sameBytes(rawBytes(inner), rawBytes(algorithm))) throw new TokenProblem(`the certificate of ${subjectText} names two signature algorithms`);

  const list = membersOf(membersOf(optional.find((member) => isTagged(member, 3)))[0]).map((member) => new Extension({ schema: member }));
  const extensions = new Map(list.map((extension) => [extension.extnID, extension]));
  if (extensions.size !== list.length) throw new TokenProblem(`the certificate of ${subjectText} carries an extension twice`);
  return {
    der: rawBytes(value),
    toBeSigned: rawBytes(toBeSigned),
    serialNumber: serial.toBigInt(),
    issuer: rawBytes(issuer),
    subject: rawBytes(subject),
    subjectText,
    notBefore: dateOf(notBefore, malformed),
    notAfter: dateOf(notAfter, malformed),
    key: { spki: rawBytes(key), algorithm: new AlgorithmIdentifier({ schema: membersOf(key)[0] }) },
    extensions,
    algorithm: new AlgorithmIdentifier({ schema: algorithm }),
    signature: signature.valueBlock.valueHexView.slice(),
  };
}

/** UTCTime or GeneralizedTime, which is a kind of the former to the vendor. */
function dateOf(value: AsnType | undefined, malformed: TokenProblem): Date {
  if (!(value instanceof UTCTime)) throw malformed;
  return value.toDate();
}
