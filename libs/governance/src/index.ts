export { clearEventSchema, parseClearEvent, subjectOf } from './events.js';
export type { ClearEvent } from './events.js';
export { GovernanceFold, horizonMonths, longestClass } from './fold.js';
export type { AcceptedGap, GovernanceState, KnownImport, ManifestKeyEntry, RegisteredChain, RetentionClass } from './fold.js';
