export { HttpWitness } from './http-witness.js';
export type { HttpWitnessOptions } from './http-witness.js';
export { CosigningWitness } from './server/cosigning-witness.js';
export type { CosigningWitnessOptions, WitnessEvent, WitnessReply } from './server/cosigning-witness.js';
export { WitnessFolder, logId } from './server/witness-folder.js';
export type { Held, WitnessFolderOptions } from './server/witness-folder.js';
export { WitnessServer } from './server/witness-server.js';
export type { WitnessServerOptions } from './server/witness-server.js';
