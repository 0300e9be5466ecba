import { randomBytes } from 'node:crypto';
import type { Lock, ObjectKey, VersionId } from '@holdfast/ports';

/*
 * A version is one plain file `<last segment of the key>@<version id>`, and a version id spells when it was made and how it
 * was locked: 20260301T093000123Z-5f3a9c1e-C20331231T000000Z (C = COMPLIANCE, G = GOVERNANCE). So a put is one file, the
 * first lock cannot be lost apart from the bytes, and manifests, which name version ids, bind it.
 */
const VERSION = /^(\d{8}T\d{9}Z)-[0-9a-f]{8}-([CG])(\d{8}T\d{6}Z)$/;
const SPLIT = /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)(\d{3})?Z$/;
/** Appended to the file name of a version: its later state, `object-state-file.ts`. */
export const STATE_SUFFIX = '.state';

/** What a version id says. */
export interface VersionFacts {
  readonly madeAt: Date;
  readonly lock: Lock;
}

/** The version id of what was made at `madeAt`. */
export function newVersionId(madeAt: Date, lock: Lock): VersionId {
  const until = stampOf(lock.retainUntil).replace('000Z', 'Z');
  return `${stampOf(madeAt)}-${randomBytes(4).toString('hex')}-${lock.mode === 'COMPLIANCE' ? 'C' : 'G'}${until}`;
}

/** Undefined when `version` is no version id: it can then not name a file either. */
export function parseVersionId(version: string): VersionFacts | undefined {
  const [, made, mode, until] = VERSION.exec(version) ?? [];
  if (made === undefined || until === undefined) return undefined;
  const madeAt = new Date(made.replace(SPLIT, '$1-$2-$3T$4:$5:$6.$7Z'));
  const retainUntil = new Date(until.replace(SPLIT, '$1-$2-$3T$4:$5:$6Z'));
  // The 31st of February is a date to the parser, in March: what does not spell the same again is none.
  if (Number.isNaN(madeAt.getTime()) || stampOf(madeAt) !== made) return undefined;
  if (Number.isNaN(retainUntil.getTime()) || stampOf(retainUntil) !== until.replace('Z', '000Z')) return undefined;
  return { madeAt, lock: { mode: mode === 'C' ? 'COMPLIANCE' : 'GOVERNANCE', retainUntil } };
}

function stampOf(date: Date): string {
  return date.toISOString().replaceAll(/[-:.]/g, '');
}

/** Path of a version below the folder. */
export function fileOf(key: ObjectKey, version: VersionId): string {
  return `${key}@${version}`;
}

/** What a file name in the folder is: a version, the state of one, or neither. */
export function parseFileName(name: string): { readonly segment: string; readonly version: VersionId; readonly state: boolean } | undefined {
  const at = name.indexOf('@');
  if (at < 1) return undefined;
  const state = name.endsWith(STATE_SUFFIX);
  const version = name.slice(at + 1, state ? -STATE_SUFFIX.length : undefined);
  if (parseVersionId(version) === undefined) return undefined;
  return { segment: name.slice(0, at), version, state };
}
