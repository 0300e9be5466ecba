export { KmsSealer } from './kms-sealer.js';
export type { KmsOptions } from './kms-sealer.js';
