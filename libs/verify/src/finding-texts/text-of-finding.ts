import type { FindingCode } from '../findings.js';
import { ARCHIVE_TEXTS } from './archive-texts.js';
import { BUNDLE_TEXTS } from './bundle-texts.js';
import { CHAINS_TEXTS } from './chains-texts.js';
import { DAYS_TEXTS } from './days-texts.js';
import type { FindingText } from './finding-text.js';
import { LOG_TEXTS } from './log-texts.js';
import { OBJECTS_TEXTS } from './objects-texts.js';

/** In the order of `docs/findings.md`, which must say the same (test/docs/codes.spec.ts). */
const TEXTS: Readonly<Record<FindingCode, FindingText>> = {
  ...ARCHIVE_TEXTS,
  ...CHAINS_TEXTS,
  ...DAYS_TEXTS,
  ...LOG_TEXTS,
  ...OBJECTS_TEXTS,
  ...BUNDLE_TEXTS,
};

/** What a finding or note of this code means, in English and Chinese: one source for every front. */
export function textOfFinding(code: FindingCode): FindingText {
  return TEXTS[code];
}
