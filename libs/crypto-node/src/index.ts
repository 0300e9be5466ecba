export { nodeCrypto, randomBytes } from './node-crypto.js';
