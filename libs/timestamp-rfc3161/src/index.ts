export { checkToken } from './check-token.js';
export { HttpTimestampAuthority } from './http-timestamp-authority.js';
export type { TimestampAuthorityOptions } from './http-timestamp-authority.js';
export { certificatesFromPem } from './pem.js';
