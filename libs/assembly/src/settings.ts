/**
 * Settings that every program has that opens an archive, as text from the environment: `s3BucketPrefix` is read from
 * `HOLDFAST_S3_BUCKET_PREFIX`, a secret `s3SecretKey` from the file that `HOLDFAST_S3_SECRET_KEY_FILE` names. The apps add
 * their own and read all of it with libs/platform; `description`, `allowed` and `secret` are what that needs to know.
 */
import { z } from 'zod';

/** A secret: a function, so that neither a log nor JSON shows it. */
export type SecretText = () => string;

const MINUTE_MS = 60_000;
const MOST_MONTHS = 1200;

function text(description: string, allowed: string, pattern: RegExp): z.ZodType<string, string> {
  return z.string().regex(pattern, `must be ${allowed}`).meta({ description, allowed });
}

function choice<const T extends readonly [string, ...string[]]>(description: string, choices: T): z.ZodType<T[number], string> {
  const allowed = choices.join(', ');
  return z.enum(choices, `must be one of ${allowed}`).meta({ description, allowed });
}

function flag(description: string): z.ZodType<boolean, string> {
  return z
    .enum(['true', 'false'], 'must be one of true, false')
    .transform((value) => value === 'true')
    .meta({ description, allowed: 'true, false' });
}

function integer(description: string, min: number, max: number): z.ZodType<number, string> {
  const allowed = `a whole number from ${min} to ${max}`;
  return z
    .string()
    .regex(/^\d{1,15}$/, `must be ${allowed}`)
    .transform(Number)
    .refine((value) => value >= min && value <= max, `must be ${allowed}`)
    .meta({ description, allowed });
}

function list(description: string, allowed: string, item: RegExp): z.ZodType<readonly string[], string> {
  return z
    .string()
    .transform((value) => value.split(',').map((one) => one.trim()))
    .refine((items) => items.every((one) => item.test(one)), `must be ${allowed}`)
    .meta({ description, allowed });
}

function secret(description: string): z.ZodType<SecretText, string> {
  return z
    .string()
    .transform(
      (value): SecretText =>
        () =>
          value,
    )
    .meta({ description, allowed: 'the path of a file that holds the secret', secret: true });
}

function isUrl(value: string): boolean {
  const url = URL.parse(value);
  // Credentials belong in a file: URLs end up in logs and error messages.
  return url !== null && ['http:', 'https:'].includes(url.protocol) && url.username === '' && url.password === '';
}

const aUrl = 'a URL (http://…, https://…) without a password in it';
const aPath = 'a path';
const anything = /^.+$/s;

const zone = z
  .string()
  .refine(isTimeZone, 'must be a time zone of the IANA database, such as Asia/Shanghai')
  .meta({ description: 'Zone that dates in queries mean.', allowed: 'a time zone of the IANA database, such as Asia/Shanghai' });

/** `standard=84,trade=72+12`: name, months from sealing, and by how many more a record's own time may lengthen them. */
const classes = z
  .string()
  .transform((value, context) => {
    const parsed = value.split(',').map((one, i) => {
      const [, name = '', months, lengthen] = /^([a-z][a-z0-9-]{0,30})=(\d{1,4})(?:\+(\d{1,4}))?$/.exec(one.trim()) ?? [];
      return { name, number: i + 1, months: Number(months), lengthenMonths: Number(lengthen ?? 0) };
    });
    // As the events of gov have it: what they refuse must not be met after the genesis has been locked for years.
    const sound = parsed.every(
      ({ name, months, lengthenMonths }) => name !== '' && name !== 'ledger' && months >= 1 && months <= MOST_MONTHS && lengthenMonths <= MOST_MONTHS,
    );
    if (sound && new Set(parsed.map(({ name }) => name)).size === parsed.length) return parsed;
    context.addIssue({
      code: 'custom',
      message:
        'must be classes such as standard=84,trade=72+12 (name=months+lengthening), each once: names of at most 31 lower case letters, digits and -, beginning with a letter; at most 1200 months',
    });
    return z.NEVER;
  })
  .meta({
    description:
      'Creation of the archive: retention classes with their periods in months, and by how many months a time in the record may lengthen them. The first number is 1; never change their order.',
    allowed: 'name=months or name=months+lengthening, separated by commas, such as standard=84,trade=72+12',
  });

const NAME = '[A-Za-z0-9][A-Za-z0-9._-]{0,62}';

/** Who anchors the transparency log; read by the role notary. */
export const anchorSettings = {
  logPolicyPath: text(
    'Policy of the log (C2SP tlog-policy): whose co-signatures count and how many are needed. Give the same file to auditors.',
    aPath,
    anything,
  ).optional(),
  witnessUrls: list(
    'Witnesses to ask, by their names in the policy. Each must know the origin and the key of the log.',
    'name=url, separated by commas',
    new RegExp(`^${NAME}=https?://\\S+$`),
  ).optional(),
  tsaUrls: list(
    'Time-stamp authorities (RFC 3161), each asked once an hour.',
    'name=url, separated by commas',
    new RegExp(`^${NAME}=https?://\\S+$`),
  ).optional(),
  tsaRootsPath: text('PEM file of the root certificates that tokens must lead to; those of the policy count as well.', aPath, anything).optional(),
  notAnchoredHours: integer(
    'Alarm when neither a quorum of witnesses nor an authority has signed for so many hours, where any are set.',
    1,
    24 * 366,
  ).default(24),
};

export const embeddedSettings = {
  data: text('Folder of the embedded archive; an empty one becomes an archive.', aPath, anything),
  timeZone: zone.optional(),
};

/** Where messages come from; what only reads the archive does without. */
export const sourceSettings = {
  sourceName: text(
    'Name of the source in chains and record ids; it stays for ever.',
    'lower case letters, digits and -, beginning with a letter or digit',
    /^[a-z0-9][a-z0-9-]{0,62}$/,
  ),
  kafkaBrokers: list('Kafka brokers to begin with.', 'host:port, separated by commas', /^[^\s,:]+:\d{1,5}$/),
  kafkaTopics: list('Topics to archive.', 'names of topics, separated by commas', /^[A-Za-z0-9._-]{1,249}$/),
  kafkaGroup: text('Consumer group of ingest; default holdfast-NAME, with the name of the source.', 'the name of a group', /^\S{1,200}$/).optional(),
  kafkaSaslMechanism: choice('SASL mechanism; without it no sign-in.', ['plain', 'scram-sha-256', 'scram-sha-512']).optional(),
  kafkaSaslUsername: text('SASL user.', 'a name', anything).optional(),
  kafkaSaslPassword: secret('SASL password.').optional(),
  kafkaTls: flag('Encrypt the connection to Kafka.').default(false),
  kafkaCaPath: text(
    'PEM file of the authority that signed the certificates of the brokers; default: those of the system.',
    aPath,
    anything,
  ).optional(),
  kafkaCertPath: text('PEM file of the client certificate, for mutual TLS.', aPath, anything).optional(),
  kafkaKeyPath: text('PEM file of its private key.', aPath, anything).optional(),
  kafkaSessionTimeoutMs: integer('A worker that is silent for so long loses its partitions.', 6_000, 30 * MINUTE_MS).default(30_000),
  kafkaRebalanceTimeoutMs: integer(
    'When partitions are shared out anew, the group waits so long for a worker that does not answer; default: the session timeout, at least 10000.',
    1_000,
    30 * MINUTE_MS,
  ).optional(),
};

/** Vault, search index and keys, and what an archive is created with. */
export const storeSettings = {
  s3Endpoint: z
    .string()
    .refine(isUrl, `must be ${aUrl}`)
    .meta({ description: 'Endpoint of the object store; default: AWS.', allowed: aUrl })
    .optional(),
  s3Region: text('Region of the buckets.', 'the name of a region', /^[A-Za-z0-9-]+$/).default('us-east-1'),
  s3BucketPrefix: text(
    'The buckets are PREFIX-vault, PREFIX-wraps (both with Object Lock) and PREFIX-claims (without versioning).',
    'a bucket name of at most 55 characters',
    /^[a-z0-9][a-z0-9.-]{1,54}$/,
  ),
  s3AccessKey: text(
    'Access key; default: the credential chain of the SDK (instance role, web identity, profile).',
    'an access key',
    /^\S+$/,
  ).optional(),
  s3SecretKey: secret('Secret of the access key.').optional(),
  s3PathStyle: flag('endpoint/bucket instead of bucket.endpoint; default: true with an endpoint of your own.').optional(),
  s3CreateBuckets: flag('Create buckets that are missing. Off where buckets are made by people with more rights than this process.').default(false),
  elasticUrl: z
    .string()
    .transform((value) => value.split(',').map((one) => one.trim()))
    .refine((urls) => urls.every(isUrl), `must be ${aUrl}; several nodes of one cluster are separated by commas`)
    .meta({ description: 'Nodes of the Elasticsearch cluster.', allowed: `${aUrl}; several separated by commas` }),
  elasticPrefix: text(
    'Every index is named PREFIX-…; default: the prefix of the buckets.',
    'lower case letters, digits and single - _ .',
    /^[a-z0-9]+(?:[-_.][a-z0-9]+)*$/,
  ).optional(),
  elasticUsername: text('User of Elasticsearch.', 'a name', anything).optional(),
  elasticPassword: secret('Password of Elasticsearch.').optional(),
  elasticApiKey: secret('API key of Elasticsearch, instead of user and password.').optional(),
  elasticCaPath: text('PEM file of the authority that signed the certificates of Elasticsearch.', aPath, anything).optional(),
  keysDir: text('Folder of the key ring (see "holdfast keys init").', aPath, anything),
  keysMounted: flag('The key ring is a mounted secret: its permissions are not checked.').default(false),
  kmsKeyId: text(
    'Key of AWS KMS that has sealed the secret files of the key ring ("holdfast keys seal").',
    'id, ARN or alias of a key',
    /^\S{1,2048}$/,
  ).optional(),
  kmsRegion: text('Region of that key; default: HOLDFAST_S3_REGION.', 'name of a region', /^[a-z0-9-]{1,60}$/).optional(),
  kmsEndpoint: text('Endpoint of KMS, where it is not the one of AWS.', 'a URL', /^https?:\/\/\S+$/).optional(),
  timeZone: zone.default('UTC'),
  archiveName: text(
    'Creation of the archive: its name. Only read while there is no archive.',
    'text of at most 200 characters',
    /^.{1,200}$/,
  ).optional(),
  retentionClasses: classes.optional(),
  defaultClass: text(
    'Creation of the archive: class of records that ask for none.',
    'one of the retention classes',
    /^[a-z][a-z0-9-]{0,30}$/,
  ).optional(),
  logOrigin: text(
    'Creation of the archive: origin of its transparency log, a name in a domain of yours such as archive.example.com/holdfast.',
    'a host name and a path',
    /^[a-z0-9.-]+(?:\/[A-Za-z0-9._-]+)+$/,
  ).optional(),
};

/** Everything of a cluster. */
export const clusterSettings = { ...sourceSettings, ...storeSettings };

const { s3Endpoint, s3Region, s3BucketPrefix, s3AccessKey, s3SecretKey, s3PathStyle, keysDir, keysMounted, kmsKeyId, kmsRegion, kmsEndpoint } =
  storeSettings;

/** What `verify` needs of a cluster: to read the buckets, and keys only where content is to be checked. */
export const verifySettings = {
  s3Endpoint,
  s3Region,
  s3BucketPrefix,
  s3AccessKey,
  s3SecretKey,
  s3PathStyle,
  keysDir: keysDir.optional(),
  keysMounted,
  kmsKeyId,
  kmsRegion,
  kmsEndpoint,
};

export type VerifySettings = Readonly<z.output<z.ZodObject<typeof verifySettings>>>;
export type AnchorSettings = Readonly<z.output<z.ZodObject<typeof anchorSettings>>>;
export type SourceSettings = Readonly<z.output<z.ZodObject<typeof sourceSettings>>>;
export type StoreSettings = Readonly<z.output<z.ZodObject<typeof storeSettings>>>;
/** What `openCluster` takes: without the settings of a source the archive can be read, but not filled. */
export type ClusterSettings = StoreSettings & Partial<SourceSettings>;

function isTimeZone(name: string): boolean {
  try {
    // ICU also takes offsets such as +08:00, which the zones of queries are not.
    return new Intl.DateTimeFormat('en', { timeZone: name }).resolvedOptions().timeZone !== '' && !/^[+-]/.test(name);
  } catch {
    // RangeError: no such zone.
    return false;
  }
}
