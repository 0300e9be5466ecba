export { unwrapEscrow } from './data-key.js';
export { initKeyRing, makeEscrowKeys } from './init-key-ring.js';
export type { InitKeyRingOptions, InitKeyRingReport } from './init-key-ring.js';
export { JwksKeyRing } from './jwks-key-ring.js';
export { readPrivateKeyFile } from './key-folder.js';
export type { KeyFolderOptions } from './key-folder.js';
export { activateKey, addKey, keysOf, retireKey } from './key-rotation.js';
export type { RingKey, RotatingSet } from './key-rotation.js';
export { signWithKey } from './signing.js';
