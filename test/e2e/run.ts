import { randomBytes } from 'node:crypto';

/** `npm test` prints it; a suite run alone has a fixed one. */
export const SEED = Number(process.env['HOLDFAST_TEST_SEED'] ?? 1);

/** The real servers. */
export const NEEDS = { env: ['HOLDFAST_TEST_KAFKA_BROKERS', 'HOLDFAST_TEST_S3_ENDPOINT', 'HOLDFAST_TEST_ELASTIC_URL'] };

/** For topic, buckets and indices: servers may be shared by several runs. */
export function freshName(what: string): string {
  return `e2e-${what}-${randomBytes(4).toString('hex')}`;
}
