import { readFileSync } from 'node:fs';
import kafkajs, { type KafkaConfig, type LogEntry } from 'kafkajs';
import { HoldfastError } from '@holdfast/record';

export type KafkaLogLevel = 'error' | 'warn' | 'info';
/** Facts about the connection only: what a record carries never reaches a log. */
export type KafkaLog = (level: KafkaLogLevel, message: string, facts: Readonly<Record<string, string | number>>) => void;

/** How to reach a cluster. */
export interface KafkaOptions {
  readonly brokers: readonly string[];
  readonly clientId?: string;
  readonly sasl?: { readonly mechanism: 'plain' | 'scram-sha-256' | 'scram-sha-512'; readonly username: string; readonly password: string };
  /** `true` trusts the system's authorities; files are PEM. */
  readonly tls?: true | { readonly caFile?: string; readonly certFile?: string; readonly keyFile?: string };
  readonly connectionTimeoutMs?: number;
  readonly requestTimeoutMs?: number;
  readonly log?: KafkaLog;
}

/** Quick attempts; who waits longer does so himself, says so, and keeps his place in the log. */
export const RETRY = { initialRetryTime: 100, maxRetryTime: 1000, retries: 2 };

const { logLevel } = kafkajs;
const LEVELS: ReadonlyMap<number, KafkaLogLevel> = new Map([
  [logLevel.ERROR, 'error'],
  [logLevel.WARN, 'warn'],
  [logLevel.INFO, 'info'],
]);
/** kafkajs adds whole payloads and stacks at will; only these of its fields are passed on. */
const FACTS = ['broker', 'groupId', 'memberId', 'topic', 'partition', 'error', 'retryCount', 'retryTime'];

/** @throws HoldfastError `bad_configuration` when a certificate file cannot be read */
export function kafkaConfig({
  brokers,
  clientId = 'holdfast',
  sasl,
  tls,
  connectionTimeoutMs = 3000,
  requestTimeoutMs = 30_000,
  log,
}: KafkaOptions): KafkaConfig {
  return {
    brokers: [...brokers],
    clientId,
    connectionTimeout: connectionTimeoutMs,
    requestTimeout: requestTimeoutMs,
    retry: RETRY,
    logLevel: logLevel.INFO,
    logCreator: () => (entry: LogEntry) => {
      const level = LEVELS.get(entry.level);
      if (level !== undefined) log?.(level, entry.log.message, factsOf(entry.log));
    },
    ...(tls === undefined ? {} : { ssl: tls === true ? true : pemFiles(tls) }),
    ...(sasl === undefined ? {} : { sasl: saslOf(sasl) }),
  };
}

function saslOf({ mechanism, username, password }: NonNullable<KafkaOptions['sasl']>): NonNullable<KafkaConfig['sasl']> {
  switch (mechanism) {
    case 'plain':
      return { mechanism, username, password };
    case 'scram-sha-256':
      return { mechanism, username, password };
    case 'scram-sha-512':
      return { mechanism, username, password };
  }
}

function pemFiles({ caFile, certFile, keyFile }: Exclude<KafkaOptions['tls'], true | undefined>) {
  return {
    ...(caFile === undefined ? {} : { ca: [pem(caFile)] }),
    ...(certFile === undefined ? {} : { cert: pem(certFile) }),
    ...(keyFile === undefined ? {} : { key: pem(keyFile) }),
  };
}

function pem(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (cause) {
    throw new HoldfastError('bad_configuration', `The certificate file ${file} cannot be read.`, { cause });
  }
}

function factsOf(log: Readonly<Record<string, unknown>>): Readonly<Record<string, string | number>> {
  const facts: Record<string, string | number> = {};
  for (const name of FACTS) {
    const value = log[name];
    if (typeof value === 'string' || typeof value === 'number') facts[name] = value;
  }
  return facts;
}
