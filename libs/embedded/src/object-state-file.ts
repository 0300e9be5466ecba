import { createHash } from 'node:crypto';
import type { Lock, ObjectKey, VersionId } from '@holdfast/ports';
import { HoldfastError } from '@holdfast/record';

/** What changes after a version was made: a longer lock, a legal hold. */
export interface LaterState {
  readonly lock: Lock;
  readonly legalHold: boolean;
}

const LINE = /^(COMPLIANCE|GOVERNANCE) (\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ) hold=(on|off)$/;

/**
 * Two lines: the state, and SHA-256 over key, version id and the state. The sum finds flipped bytes and files that were
 * swapped; it is no defence against somebody who can compute it: `verify` compares holds and locks with what was sealed.
 */
export function encodeState(key: ObjectKey, version: VersionId, state: LaterState): Uint8Array {
  const until = state.lock.retainUntil.toISOString().replace(/\.\d+/, '');
  const line = `${state.lock.mode} ${until} hold=${state.legalHold ? 'on' : 'off'}`;
  return Buffer.from(`${line}\n${sumOf(key, version, line)}\n`);
}

/** @throws HoldfastError `content_damaged`: nobody may take a state that cannot be read for "not held" */
export function decodeState(key: ObjectKey, version: VersionId, bytes: Uint8Array, first: Lock): LaterState {
  const [line = '', sum, ...rest] = Buffer.from(bytes).toString('latin1').split('\n');
  const [, mode, until = '', hold] = LINE.exec(line) ?? [];
  const retainUntil = new Date(until);
  const whole = sum === sumOf(key, version, line) && rest.length === 1 && rest[0] === '';
  if (!whole || mode !== first.mode || !(retainUntil >= first.retainUntil)) {
    throw new HoldfastError('content_damaged', `the state file of ${key}, version ${version}, is damaged`);
  }
  return { lock: { mode: first.mode, retainUntil }, legalHold: hold === 'on' };
}

function sumOf(key: ObjectKey, version: VersionId, line: string): string {
  return createHash('sha256').update(`${key}\n${version}\n${line}`).digest('hex');
}
