import type { BundleReport } from '@holdfast/verify';
import type { Verdict } from './words.js';

/** One of three, for a person: a bundle that nobody vouches for is not green, whatever agrees with itself in it. */
export function verdictOf(report: Pick<BundleReport, 'ok' | 'anchored'>): Verdict {
  if (!report.ok) return 'bad';
  return report.anchored ? 'good' : 'unanchored';
}
