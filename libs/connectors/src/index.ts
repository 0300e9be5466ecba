export { recordOfEnvelope } from './envelope-record.js';
export type { Capture } from './envelope-record.js';
export { syntheticEvents } from './synthetic/synthetic-events.js';
export type { SyntheticOptions } from './synthetic/synthetic-events.js';
