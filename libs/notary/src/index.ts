export { Notary } from './notary.js';
export type { NotaryCounts, NotaryOptions, Step, StepOptions } from './notary.js';
export type { InspectToken } from './stamping.js';
