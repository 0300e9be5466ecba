import { withClusterEvidence, withFolderEvidence } from '@holdfast/assembly';
import type { Evidence } from '@holdfast/verify';
import { verifyEnvironment } from './session.js';
import type { GlobalOptions } from './session.js';

export { evidenceOf } from '@holdfast/assembly';
export type { EvidenceParts } from '@holdfast/assembly';

export interface EvidenceOptions extends GlobalOptions {
  readonly withoutClaims?: boolean;
}

/** Evidence for `verify`, of the archive that the options name. */
export async function withEvidence<T>(options: EvidenceOptions, work: (evidence: Evidence) => Promise<T>): Promise<T> {
  const { data, withoutClaims } = options;
  return data === undefined
    ? withClusterEvidence(await verifyEnvironment(options), withoutClaims !== true, work)
    : withFolderEvidence(data, withoutClaims !== true, work);
}
