import { HoldfastError } from '@holdfast/record';

/** Kafka's error codes that need a name here (kafka.apache.org/protocol#protocol_error_codes). */
export const OFFSET_OUT_OF_RANGE = 1;
const CORRUPT_MESSAGE = 2;
const TOPIC_AUTHORIZATION_FAILED = 29;

/** What a broker's answer for one partition means. `OFFSET_OUT_OF_RANGE` needs a look at the watermarks first. */
export function partitionError(code: number, name: string): HoldfastError {
  if (code === CORRUPT_MESSAGE) return new HoldfastError('source_damaged', `${name}: the broker itself finds its log damaged.`);
  if (code === TOPIC_AUTHORIZATION_FAILED)
    return new HoldfastError('source_refused', `${name}: the broker does not allow this client to read the topic.`);
  // Leader moves, restarts, a topic that is gone for the moment: wait. A topic that comes back as another one is found then.
  return new HoldfastError('source_unavailable', `${name}: the broker answers with error ${code}.`);
}

/** kafkajs's error types and OpenSSL's codes that no waiting mends. */
const REFUSED = new Set([
  'CLUSTER_AUTHORIZATION_FAILED',
  'GROUP_AUTHORIZATION_FAILED',
  'ILLEGAL_SASL_STATE',
  'INVALID_GROUP_ID',
  'INVALID_SESSION_TIMEOUT',
  'INVALID_TOPIC_EXCEPTION',
  'SASL_AUTHENTICATION_FAILED',
  'TOPIC_AUTHORIZATION_FAILED',
  'UNSUPPORTED_SASL_MECHANISM',
  'UNSUPPORTED_VERSION',
  'KafkaJSSASLAuthenticationError',
  'KafkaJSNotImplemented',
  'CERT_HAS_EXPIRED',
  'DEPTH_ZERO_SELF_SIGNED_CERT',
  'ERR_TLS_CERT_ALTNAME_INVALID',
  'SELF_SIGNED_CERT_IN_CHAIN',
  'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
  'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
]);

/** An error of kafkajs as one of ours: refused by set-up, or unavailable for now. */
export function knownError(error: unknown, doing: string): HoldfastError {
  if (error instanceof HoldfastError) return error;
  const reasons = reasonsOf(error);
  const refused = reasons.find((reason) => REFUSED.has(reason));
  const why = refused ?? reasons[0] ?? 'unknown error';
  return new HoldfastError(refused === undefined ? 'source_unavailable' : 'source_refused', `Kafka, ${doing}: ${why}.`, { cause: error });
}

/** Type, code and name of the error and of what caused it; never its message, which may quote what was sent. */
export function reasonsOf(error: unknown): readonly string[] {
  const reasons: string[] = [];
  let current: unknown = error;
  for (let depth = 0; depth < 5 && typeof current === 'object' && current !== null; depth++) {
    for (const field of ['type', 'code', 'name'] as const) {
      const value: unknown = Reflect.get(current, field);
      if (typeof value === 'string') reasons.push(value);
    }
    current = Reflect.get(current, 'cause') ?? Reflect.get(current, 'originalError');
  }
  return reasons;
}
