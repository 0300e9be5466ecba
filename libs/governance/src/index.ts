export { clearEventSchema, parseClearEvent, subjectOf } from './events.js';
export type { ClearEvent } from './events.js';
export { drillAnswerSchema, drillChallengeSchema } from './drill.js';
export type { DrillAnswer, DrillChallenge } from './drill.js';
export { GovernanceFold, horizonMonths, longestClass, standing } from './fold.js';
export type {
  AcceptedGap,
  ClosedAt,
  ClosedLogKey,
  EscrowDrill,
  GovernanceState,
  KnownImport,
  ManifestKeyEntry,
  RegisteredChain,
  RetentionClass,
} from './fold.js';
export { keyStatementSchema } from './key-statement.js';
export type { ClosedChain, KeyStatement } from './key-statement.js';
