/** Tokens that a sane authority never signs, signed for real by `openssl cms` with the keys of a local authority. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Integer, Null, OctetString, Sequence } from 'asn1js';
import { Accuracy, AlgorithmIdentifier, Extension, MessageImprint, TSTInfo } from 'pkijs';
import type { LocalTsa } from '../../../deploy/local/local-tsa.mjs';

export interface Forgery {
  readonly digest: Uint8Array;
  readonly time?: Date;
  /** GeneralizedTime as text, in place of `time`. */
  readonly timeText?: string;
  readonly version?: number;
  readonly nonce?: bigint;
  readonly imprintAlgorithm?: string;
  readonly accuracySeconds?: number;
  readonly criticalExtension?: boolean;
  /** Digest of the signature. */
  readonly md?: string;
  /** More arguments for `openssl cms -sign`; without `-cades` the signer's certificate is not named. */
  readonly cms?: readonly string[];
  readonly contentType?: string;
  /** Name of the signer's files. */
  readonly signer?: string;
  /** File of the other certificates that go into the token. */
  readonly certificates?: string;
}

const SHA_256 = '2.16.840.1.101.3.4.2.1';

/** DER TSTInfo. */
export function tstInfo(forgery: Forgery): Uint8Array<ArrayBuffer> {
  const info = new TSTInfo({
    version: forgery.version ?? 1,
    policy: '1.2.3.4.1',
    messageImprint: new MessageImprint({
      hashAlgorithm: new AlgorithmIdentifier({ algorithmId: forgery.imprintAlgorithm ?? SHA_256, algorithmParams: new Null() }),
      hashedMessage: new OctetString({ valueHex: forgery.digest.slice() }),
    }),
    serialNumber: Integer.fromBigInt(0xabc123n),
    genTime: forgery.time ?? new Date(),
    ...(forgery.nonce === undefined ? {} : { nonce: Integer.fromBigInt(forgery.nonce) }),
    ...(forgery.accuracySeconds === undefined ? {} : { accuracy: new Accuracy({ seconds: forgery.accuracySeconds }) }),
    ...(forgery.criticalExtension === undefined
      ? {}
      : { extensions: [new Extension({ extnID: '1.2.3.4.99', critical: forgery.criticalExtension, extnValue: new Uint8Array([5, 0]).buffer })] }),
  });
  const schema = info.toSchema();
  if (forgery.timeText !== undefined) schema.valueBlock.value[4] = rawTime(forgery.timeText);
  return new Uint8Array(schema.toBER());
}

/** The vendor writes only times that it finds possible. */
function rawTime(text: string): OctetString {
  return new OctetString({ idBlock: { tagClass: 1, tagNumber: 24 }, valueHex: new TextEncoder().encode(text) });
}

let files = 0;

/** DER CMS token over `content`. */
export async function signContent(tsa: LocalTsa, content: Uint8Array, forgery: Partial<Forgery> = {}): Promise<Uint8Array> {
  const name = `forged-${++files}`;
  const signer = forgery.signer ?? 'tsa';
  writeFileSync(join(tsa.folder, `${name}.tst`), content);
  await tsa.openssl(
    ...['cms', '-sign', '-binary', '-nodetach', '-nosmimecap', '-outform', 'DER', '-in', `${name}.tst`, '-out', `${name}.der`],
    ...['-econtent_type', forgery.contentType ?? '1.2.840.113549.1.9.16.1.4', '-md', forgery.md ?? 'sha256'],
    ...['-signer', `${signer}.pem`, '-inkey', `${signer}.key`, '-certfile', forgery.certificates ?? 'above.pem', ...(forgery.cms ?? ['-cades'])],
  );
  return new Uint8Array(readFileSync(join(tsa.folder, `${name}.der`)));
}

export function forgedToken(tsa: LocalTsa, forgery: Forgery): Promise<Uint8Array> {
  return signContent(tsa, tstInfo(forgery), forgery);
}

/** A TimeStampResp that grants `token`. */
export function grantedAnswer(token: Uint8Array): Uint8Array {
  const status = new Uint8Array(new Sequence({ value: [new Integer({ value: 0 })] }).toBER());
  const body = Buffer.concat([status, token]);
  const length = body.length < 256 ? [0x81, body.length] : [0x82, body.length >> 8, body.length & 255];
  return Buffer.concat([Uint8Array.from([0x30, ...length]), body]);
}
