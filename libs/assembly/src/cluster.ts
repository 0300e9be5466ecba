import { readFile } from 'node:fs/promises';
import { nodeCrypto, randomBytes } from '@holdfast/crypto-node';
import { ElasticRecordIndex } from '@holdfast/index-elastic';
import type { ElasticIndexOptions } from '@holdfast/index-elastic';
import { JwksKeyRing } from '@holdfast/keys-jose';
import { KmsSealer } from '@holdfast/keys-kms';
import { HoldfastError } from '@holdfast/record';
import { KafkaRecordSink, KafkaRecordSource } from '@holdfast/source-kafka';
import type { KafkaLog, KafkaOptions, KafkaSourceOptions } from '@holdfast/source-kafka';
import { GENESIS_CLAIM } from '@holdfast/seal';
import { S3ClaimStore, S3ObjectStore, bucketsOf, checkBuckets, checkStore, createBuckets, storeRefusal } from '@holdfast/store-s3';
import type { S3Connection } from '@holdfast/store-s3';
import { CheckedClock, DataKeys, GovernanceLog, SegmentReader, createArchive, introduceCohorts, openArchive, recoverArchive } from '@holdfast/vault';
import type { Archive, ArchiveParts, ArchiveSettings } from '@holdfast/vault';
import { SOFTWARE } from './opened-archive.js';
import type { OpenedArchive } from './opened-archive.js';
import type { ClusterSettings, StoreSettings, VerifySettings } from './settings.js';
import { checkSigningKey } from './signing-key.js';

/** A request to a broker ends after at most 33 s (connecting, then the answer); no run sends one without having been permitted just before. */
const IMPORT_SETTLE_MS = 45_000;

export interface OpenClusterOptions {
  /** Try the store's promises first, the quick ones, and refuse a store that breaks one that is relied on. For what seals. */
  readonly checkStore?: boolean;
  /** Hears what is weak about the set-up, one sentence each. */
  readonly warn?: (sentence: string) => void;
  readonly log?: KafkaLog;
  /** false: buckets and archives are never made, whatever the settings say; for commands that only read. Default true. */
  readonly mayCreate?: boolean;
  /** For `claims rebuild`: open although claims were lost, create nothing. */
  readonly recover?: boolean;
}

/**
 * Opens the archive that Kafka, S3, Elasticsearch and a key ring make up. With name, classes, default class and log origin
 * set, an archive is created where there is none.
 * @throws HoldfastError `bad_configuration`, `store_refused`, `store_unavailable`, `key_malformed`
 */
export async function openCluster(settings: ClusterSettings, options: OpenClusterOptions = {}): Promise<OpenedArchive> {
  const { warn = () => undefined } = options;
  const kafka = kafkaOptions(settings, options.log);
  const source = (): KafkaSourceOptions & { readonly sourceName: string } => {
    if (kafka === undefined) throw new HoldfastError('bad_configuration', 'No source is configured: HOLDFAST_KAFKA_BROKERS names one.');
    return kafka;
  };
  const elastic = await elasticOptions(settings);
  const mayCreate = options.mayCreate !== false;
  const creation = mayCreate ? creationOf(settings) : undefined;
  const connection = s3Connection(settings);
  const buckets = bucketsOf(settings.s3BucketPrefix);
  const keys = await openKeys(settings);
  if (settings.s3CreateBuckets && mayCreate) await createBuckets(connection, buckets);
  await checkBuckets(connection, buckets);
  if (options.checkStore === true) {
    const report = await checkStore({ connection, vault: buckets.vault, claims: buckets.claims });
    const refusal = storeRefusal(report);
    if (refusal !== undefined) throw refusal;
    for (const { promise, result, seen } of report.promises) if (result === 'broken') warn(`The object store: not "${promise}" (${seen}).`);
  }
  const vault = new S3ObjectStore({ ...connection, bucket: buckets.vault });
  const wraps = new S3ObjectStore({ ...connection, bucket: buckets.wraps });
  const claims = new S3ClaimStore({ ...connection, bucket: buckets.claims });
  const close = (): Promise<void> => {
    vault.close();
    wraps.close();
    claims.close();
    return Promise.resolve();
  };
  try {
    const parts = { vault, wraps, claims, keys, crypto: nodeCrypto, clock: { now: () => new Date() }, random: randomBytes, software: SOFTWARE };
    const { archive, governance, clock, created } =
      options.recover === true ? { ...(await recoverArchive(parts)), created: false } : await openOrCreate(parts, creation, settings.s3BucketPrefix);
    if (options.recover !== true) await checkSigningKey(archive, governance, settings.keysDir);
    // Keys of cohorts to come, which were put into the ring since.
    if (options.recover !== true && mayCreate) await introduceCohorts({ archive, governance, principal: 'service:holdfast' });
    if (creation !== undefined && !created) warnOfChanges(creation, governance, warn);
    const dataKeys = new DataKeys(archive, () => governance.ledgerUntil(parts.clock.now()));
    return {
      archive,
      profile: 'cluster',
      clock,
      governance,
      dataKeys,
      reader: new SegmentReader(archive, dataKeys),
      sourceName: kafka?.sourceName ?? '',
      topics: kafka?.topics ?? [],
      timeZone: settings.timeZone,
      created,
      source: (group) => new KafkaRecordSource({ ...source(), ...(group !== undefined && { groupId: group }) }),
      sink: () => new KafkaRecordSink(source()),
      importing: () => ({ settleMs: IMPORT_SETTLE_MS, release: () => undefined }),
      index: () => new ElasticRecordIndex(elastic),
      // Everything in a bucket is a key, and keys are looked at by the verifier itself.
      async *strays() {
        // None.
      },
      close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}

/** The stores of an archive and its keys where there are any: what judging it needs. Nothing is read, folded or made. */
export interface ClusterStores {
  readonly vault: S3ObjectStore;
  readonly wraps: S3ObjectStore;
  readonly claims: S3ClaimStore;
  readonly keys: JwksKeyRing | undefined;
  close(): void;
}

/** Opens the stores for `verify`: a damaged archive must still be judged, with read access only, and without keys. */
export async function openClusterStores(settings: VerifySettings): Promise<ClusterStores> {
  const connection = s3Connection(settings);
  const buckets = bucketsOf(settings.s3BucketPrefix);
  const keys = settings.keysDir === undefined ? undefined : await openKeys({ ...settings, keysDir: settings.keysDir });
  const vault = new S3ObjectStore({ ...connection, bucket: buckets.vault });
  const wraps = new S3ObjectStore({ ...connection, bucket: buckets.wraps });
  const claims = new S3ClaimStore({ ...connection, bucket: buckets.claims });
  return {
    vault,
    wraps,
    claims,
    keys,
    close: () => {
      vault.close();
      wraps.close();
      claims.close();
    },
  };
}

type Creation = Omit<ArchiveSettings, 'timeZone' | 'profile' | 'principal'> & { readonly timeZone: string };

/** All of what creates an archive, or nothing: a half-named archive is a slip. */
function creationOf({ archiveName, retentionClasses, defaultClass, logOrigin, timeZone }: StoreSettings): Creation | undefined {
  if (archiveName === undefined && retentionClasses === undefined && defaultClass === undefined && logOrigin === undefined) return undefined;
  if (archiveName === undefined || retentionClasses === undefined || defaultClass === undefined || logOrigin === undefined) {
    throw new HoldfastError(
      'bad_configuration',
      'HOLDFAST_ARCHIVE_NAME, HOLDFAST_RETENTION_CLASSES, HOLDFAST_DEFAULT_CLASS and HOLDFAST_LOG_ORIGIN create an archive: set all of them, or none to work on one that exists.',
    );
  }
  if (!retentionClasses.some(({ name }) => name === defaultClass)) {
    throw new HoldfastError('bad_configuration', `HOLDFAST_DEFAULT_CLASS is ${defaultClass}, which HOLDFAST_RETENTION_CLASSES does not define.`);
  }
  return { name: archiveName, classes: retentionClasses, defaultClass, logOrigin, timeZone };
}

async function openOrCreate(
  parts: ArchiveParts,
  creation: Creation | undefined,
  prefix: string,
): Promise<{ readonly archive: Archive; readonly governance: GovernanceLog; readonly clock: CheckedClock; readonly created: boolean }> {
  const existed = (await parts.claims.read(GENESIS_CLAIM)) !== undefined;
  if (creation !== undefined) {
    const opened = await createArchive(parts, { ...creation, profile: 'cluster', principal: 'service:holdfast' });
    return { ...opened, created: !existed };
  }
  if (!existed) {
    throw new HoldfastError(
      'bad_configuration',
      `There is no archive in the buckets ${prefix}-* yet: set HOLDFAST_ARCHIVE_NAME, HOLDFAST_RETENTION_CLASSES, HOLDFAST_DEFAULT_CLASS and HOLDFAST_LOG_ORIGIN to create one, or mend HOLDFAST_S3_BUCKET_PREFIX.`,
    );
  }
  const archive = await openArchive(parts);
  const clock = new CheckedClock(archive);
  const governance = new GovernanceLog(archive, clock);
  await governance.refresh();
  return { archive, governance, clock, created: false };
}

/** Classes are sealed: the environment cannot change them, and somebody who thinks so must hear it. */
function warnOfChanges(creation: Creation, governance: GovernanceLog, warn: (sentence: string) => void): void {
  const text = (classes: Iterable<{ readonly name: string; readonly months: number; readonly lengthenMonths: number }>): string =>
    [...classes]
      .map(({ name, months, lengthenMonths }) => `${name}=${months}${lengthenMonths === 0 ? '' : `+${lengthenMonths}`}`)
      .sort()
      .join(',');
  const sealed = text(governance.state.classes.values());
  const named = text(creation.classes);
  if (sealed !== named) warn(`HOLDFAST_RETENTION_CLASSES names ${named}, but the archive was set up with ${sealed}, which is what counts.`);
}

/** What has sealed the key ring, where something has. @throws HoldfastError `bad_configuration` */
export function kmsSealer({ kmsKeyId, kmsRegion, kmsEndpoint, s3Region }: KmsSettings): KmsSealer | undefined {
  if (kmsKeyId === undefined) return undefined;
  return new KmsSealer({ keyId: kmsKeyId, region: kmsRegion ?? s3Region, ...(kmsEndpoint !== undefined && { endpoint: kmsEndpoint }) });
}

type KmsSettings = Pick<StoreSettings, 'kmsKeyId' | 'kmsRegion' | 'kmsEndpoint' | 's3Region'>;

async function openKeys(settings: KmsSettings & Pick<StoreSettings, 'keysDir' | 'keysMounted'>): Promise<JwksKeyRing> {
  const { keysDir, keysMounted } = settings;
  const sealer = kmsSealer(settings);
  try {
    return await JwksKeyRing.open(keysDir, {
      mounted: keysMounted,
      ...(sealer !== undefined && { unseal: (file: string, sealed: Uint8Array) => sealer.unseal(file, sealed) }),
    });
  } catch (cause) {
    // The folder is a setting: what is wrong with it is said as such.
    if (cause instanceof HoldfastError && cause.code !== 'store_unavailable')
      throw new HoldfastError('bad_configuration', `HOLDFAST_KEYS_DIR: ${cause.message}`, { cause });
    throw cause;
  }
}

export function s3Connection(settings: Omit<VerifySettings, 'keysDir' | 'keysMounted'>): S3Connection {
  const { s3Endpoint, s3AccessKey, s3SecretKey, s3PathStyle } = settings;
  if ((s3AccessKey === undefined) !== (s3SecretKey === undefined)) {
    throw new HoldfastError('bad_configuration', 'HOLDFAST_S3_ACCESS_KEY and HOLDFAST_S3_SECRET_KEY_FILE belong together: set both or none.');
  }
  return {
    region: settings.s3Region,
    forcePathStyle: s3PathStyle ?? s3Endpoint !== undefined,
    ...(s3Endpoint !== undefined && { endpoint: s3Endpoint }),
    ...(s3AccessKey !== undefined && s3SecretKey !== undefined && { credentials: { accessKeyId: s3AccessKey, secretAccessKey: s3SecretKey() } }),
  };
}

function kafkaOptions(settings: ClusterSettings, log: KafkaLog | undefined): (KafkaSourceOptions & { readonly sourceName: string }) | undefined {
  const { sourceName, kafkaBrokers: brokers, kafkaTopics: topics } = settings;
  if (sourceName === undefined || brokers === undefined || topics === undefined) return undefined;
  return {
    sourceName,
    brokers,
    topics,
    groupId: settings.kafkaGroup ?? `holdfast-${sourceName}`,
    ...tlsOf(settings),
    ...saslOf(settings),
    ...(settings.kafkaSessionTimeoutMs !== undefined && { sessionTimeoutMs: settings.kafkaSessionTimeoutMs }),
    ...(settings.kafkaRebalanceTimeoutMs !== undefined && { rebalanceTimeoutMs: settings.kafkaRebalanceTimeoutMs }),
    ...(log !== undefined && { log }),
  };
}

function tlsOf({ kafkaTls, kafkaCaPath: caFile, kafkaCertPath: certFile, kafkaKeyPath: keyFile }: ClusterSettings): Pick<KafkaOptions, 'tls'> {
  const files = { ...(caFile !== undefined && { caFile }), ...(certFile !== undefined && { certFile }), ...(keyFile !== undefined && { keyFile }) };
  const named = Object.keys(files).length > 0;
  if (kafkaTls === true) return { tls: named ? files : true };
  if (named) throw new HoldfastError('bad_configuration', 'Certificates for Kafka are named, but HOLDFAST_KAFKA_TLS is not true.');
  return {};
}

function saslOf({ kafkaSaslMechanism, kafkaSaslUsername, kafkaSaslPassword }: ClusterSettings): Pick<KafkaOptions, 'sasl'> {
  const parts = [kafkaSaslMechanism, kafkaSaslUsername, kafkaSaslPassword];
  if (parts.every((part) => part === undefined)) return {};
  if (kafkaSaslMechanism === undefined || kafkaSaslUsername === undefined || kafkaSaslPassword === undefined) {
    throw new HoldfastError(
      'bad_configuration',
      'HOLDFAST_KAFKA_SASL_MECHANISM, HOLDFAST_KAFKA_SASL_USERNAME and HOLDFAST_KAFKA_SASL_PASSWORD_FILE belong together: set all or none.',
    );
  }
  return { sasl: { mechanism: kafkaSaslMechanism, username: kafkaSaslUsername, password: kafkaSaslPassword() } };
}

async function elasticOptions(settings: StoreSettings): Promise<ElasticIndexOptions> {
  const { elasticUsername: username, elasticPassword: password, elasticApiKey: apiKey, elasticCaPath } = settings;
  if ((username === undefined) !== (password === undefined) || (apiKey !== undefined && username !== undefined)) {
    throw new HoldfastError(
      'bad_configuration',
      'For Elasticsearch set HOLDFAST_ELASTIC_API_KEY_FILE, or HOLDFAST_ELASTIC_USERNAME with HOLDFAST_ELASTIC_PASSWORD_FILE, or neither.',
    );
  }
  return {
    urls: settings.elasticUrl,
    prefix: settings.elasticPrefix ?? settings.s3BucketPrefix,
    ...(apiKey !== undefined && { auth: { kind: 'api-key', key: apiKey() } }),
    ...(username !== undefined && password !== undefined && { auth: { kind: 'basic', username, password: password() } }),
    ...(elasticCaPath !== undefined && { ca: await pem(elasticCaPath) }),
  };
}

async function pem(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8');
  } catch (cause) {
    throw new HoldfastError('bad_configuration', `HOLDFAST_ELASTIC_CA_PATH names ${path}, which cannot be read.`, { cause });
  }
}
