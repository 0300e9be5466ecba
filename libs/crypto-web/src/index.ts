export { startSha256, webCrypto } from './web-crypto.js';
export type { RunningSha256 } from './web-crypto.js';
