import { Client, type ClientOptions } from '@elastic/elasticsearch';
import { HoldfastError } from '@holdfast/record';

/**
 * Enough are, on `<prefix>-*`: read, create, index, maintenance, manage, view_index_metadata. No privilege on the cluster is
 * needed.
 */
export type ElasticAuth =
  { readonly kind: 'api-key'; readonly key: string } | { readonly kind: 'basic'; readonly username: string; readonly password: string };

export interface ElasticIndexOptions {
  /** One or several nodes of one cluster. */
  readonly urls: readonly string[];
  /** Every index is named `<prefix>-…`. */
  readonly prefix: string;
  readonly auth?: ElasticAuth;
  /** PEM of the authority that signed the servers' certificates; certificates are always checked. */
  readonly ca?: string;
  /** Primary shards of an index of one class and expiry year. */
  readonly shards?: number;
  /** Bytes of one bulk request. */
  readonly bulkBytes?: number;
  readonly bulksInFlight?: number;
  readonly requestTimeoutMs?: number;
  /** How often a call that meets an overloaded or unreachable server is made in all. */
  readonly attempts?: number;
  /** How often a bulk is sent in all while the server pushes back. */
  readonly bulkAttempts?: number;
  /** Version of the tokenizer that makes the documents and queries. */
  readonly tokenizer?: string;
}

// What Elasticsearch allows in index names, without what would make `<prefix>-<generation>-…` ambiguous.
const PREFIX = /^[a-z0-9]+(?:[-_.][a-z0-9]+)*$/;

export function checkPrefix(prefix: string): string {
  if (!PREFIX.test(prefix) || prefix.length > 100 || /-g[0-9a-f]{16}$/.test(prefix)) {
    throw new HoldfastError(
      'bad_configuration',
      `${JSON.stringify(prefix)} cannot be a prefix of index names: lower case letters, digits and single - _ .`,
    );
  }
  return prefix;
}

export function connect(options: ElasticIndexOptions): Client {
  const settings: ClientOptions = {
    nodes: [...options.urls],
    // Repeats are decided here: the client would repeat timed-out bulks and not the ones that were pushed back.
    maxRetries: 0,
    requestTimeout: options.requestTimeoutMs ?? 30_000,
    enableMetaHeader: false,
  };
  if (options.auth?.kind === 'api-key') settings.auth = { apiKey: options.auth.key };
  if (options.auth?.kind === 'basic') settings.auth = { username: options.auth.username, password: options.auth.password };
  if (options.ca !== undefined) settings.tls = { ca: options.ca, rejectUnauthorized: true };
  return new Client(settings);
}
