import type { GlobalOptions } from '../session.js';
import type { Language } from './language.js';
import type { ReportOptions } from './report-file.js';

/** What `holdfast verify` was asked. */
export interface VerifyCommandOptions extends GlobalOptions, ReportOptions {
  readonly bundle?: string;
  readonly level?: number;
  readonly archiveId?: string;
  readonly chains?: string;
  readonly withoutClaims?: boolean;
  readonly policy?: string;
  readonly checkpoint?: readonly string[];
  readonly disclose?: string;
  readonly state?: string;
  readonly lang?: Language;
  readonly checkReport?: string;
}
