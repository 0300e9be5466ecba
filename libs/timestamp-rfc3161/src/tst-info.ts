/** TSTInfo: what an authority signs (RFC 3161 §2.4.2). */
import { GeneralizedTime, Integer } from 'asn1js';
import { TSTInfo } from 'pkijs';
import { membersOf, parseDer } from './der.js';
import { TokenProblem } from './token-problem.js';

export interface SignedTime {
  readonly time: Date;
  readonly policy: string;
  readonly serial: bigint;
  readonly nonce: bigint | undefined;
  /** What was stamped, and the object identifier of the digest it was made with. */
  readonly imprint: { readonly algorithm: string; readonly digest: Uint8Array };
}

/** A time known to within more than this proves less than it seems to; also the most that two clocks may differ. */
export const TOLERANCE_MS = 5 * 60_000;

/** @throws TokenProblem */
export function parseTstInfo(bytes: Uint8Array): SignedTime {
  const value = parseDer(bytes, 'the signed content of the token');
  const time = parseTime(membersOf(value)[4]);
  const { version, policy, serialNumber, nonce, accuracy, messageImprint, extensions } = new TSTInfo({ schema: value });
  if (version !== 1) throw new TokenProblem(`the token has version ${version}, not 1`);
  if (accuracy !== undefined) {
    const { seconds = 0, millis = 0, micros = 0 } = accuracy;
    if (!(seconds * 1000 + millis + micros / 1000 <= TOLERANCE_MS))
      throw new TokenProblem('the token states its time less exactly than five minutes');
  }
  if (extensions?.some(({ critical }) => critical)) throw new TokenProblem('the token has a critical extension that is not understood');
  return {
    time,
    policy,
    serial: serialNumber.toBigInt(),
    nonce: nonce instanceof Integer ? nonce.toBigInt() : undefined,
    imprint: { algorithm: messageImprint.hashAlgorithm.algorithmId, digest: messageImprint.hashedMessage.valueBlock.valueHexView },
  };
}

/** RFC 3161 §2.4.2: UTC with seconds and `Z`. Read from its text, since the vendor also takes local times. */
function parseTime(value: unknown): Date {
  const text = value instanceof GeneralizedTime ? new TextDecoder().decode(value.valueBlock.valueHexView) : '';
  const [, year, month, day, hour, minute, second, fraction = ''] = /^(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)(?:\.(\d+))?Z$/.exec(text) ?? [];
  const iso = `${year}-${month}-${day}T${hour}:${minute}:${second}`;
  const time = new Date(`${iso}.${fraction.slice(0, 3).padEnd(3, '0')}Z`);
  // `Date` turns 31 February into 3 March; what it prints must be what was read.
  if (Number.isNaN(time.getTime()) || !time.toISOString().startsWith(iso)) throw new TokenProblem('the token states no readable time');
  return time;
}
