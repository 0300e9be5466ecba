import { z } from 'zod';

const coordinate = z.string().regex(/^[A-Za-z0-9_-]{43}$/);
const kid = z.string().regex(/^[A-Za-z0-9_-]{43}$/);

/** Public P-256 key as JWK; `kid` is its RFC 7638 thumbprint. */
export const ecKeySchema = z.strictObject({ kty: z.literal('EC'), crv: z.literal('P-256'), x: coordinate, y: coordinate, kid });
/** Public Ed25519 key as JWK. */
export const edKeySchema = z.strictObject({ kty: z.literal('OKP'), crv: z.literal('Ed25519'), x: coordinate, kid });

export type PublicKey = z.infer<typeof ecKeySchema>;
export type LogPublicKey = z.infer<typeof edKeySchema>;
