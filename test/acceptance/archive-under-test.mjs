// Archives with names of their own, for tests that run the product as it is run in earnest: on the real servers, or in a folder.
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { EMBEDDED_DEFAULTS, clusterSettings, openCluster, openEmbedded } from '@holdfast/assembly';
import { initKeyRing } from '@holdfast/keys-jose';
import { cohortsNeeded } from '@holdfast/vault';

/** @typedef {import('@holdfast/assembly').OpenedArchive} OpenedArchive */
/** @typedef {Readonly<Record<string, string | undefined>>} Environment */

/**
 * @typedef {object} ArchiveUnderTest
 * @property {'cluster' | 'embedded'} profile
 * @property {string} folder for keys, secrets and logs
 * @property {string} topic
 * @property {string} sourceName
 * @property {number} partitions
 * @property {Record<string, string>} env with which programs of the product find it
 * @property {() => Promise<OpenedArchive>} open in this process
 */

const CLASSES = [{ name: 'standard', number: 1, months: 84, lengthenMonths: 0 }];

/**
 * An archive on Kafka, S3 and Elasticsearch; `servers` names them as HOLDFAST_TEST_…. Called again with the same name it is
 * the same archive.
 * @param {Environment} servers
 * @param {{ name: string, folder: string, partitions: number }} options
 * @returns {Promise<ArchiveUnderTest>}
 */
export async function clusterArchive(servers, { name, folder, partitions }) {
  const needed = (/** @type {string} */ key) => {
    const value = servers[`HOLDFAST_TEST_${key}`];
    if (value === undefined || value === '') throw new Error(`HOLDFAST_TEST_${key} is not set`);
    return value;
  };
  const keysDir = join(folder, 'keys');
  const secretFile = join(folder, 's3-secret');
  await mkdir(folder, { recursive: true });
  await writeFile(secretFile, needed('S3_SECRET_KEY'), { mode: 0o600 });
  await initKeyRing(keysDir, { cohorts: cohortsNeeded(CLASSES, new Date()), escrowPrivate: true });
  const sourceName = 'acceptance';
  const settings = {
    sourceName,
    kafkaBrokers: needed('KAFKA_BROKERS'),
    kafkaTopics: name,
    // A killed worker keeps its partitions for so long.
    kafkaSessionTimeoutMs: '6000',
    s3Endpoint: needed('S3_ENDPOINT'),
    s3BucketPrefix: name,
    s3AccessKey: needed('S3_ACCESS_KEY'),
    s3CreateBuckets: 'true',
    elasticUrl: needed('ELASTIC_URL'),
    keysDir,
    archiveName: name,
    retentionClasses: 'standard=84',
    defaultClass: 'standard',
    logOrigin: 'localhost/holdfast',
  };
  const env = Object.fromEntries(Object.entries(settings).map(([key, value]) => [variable(key), value]));
  const archive = {
    profile: /** @type {const} */ ('cluster'),
    folder,
    topic: name,
    sourceName,
    partitions,
    env: { HOLDFAST_PROFILE: 'cluster', ...env, HOLDFAST_S3_SECRET_KEY_FILE: secretFile },
    open: () => openCluster(z.object(clusterSettings).parse({ ...settings, s3SecretKey: needed('S3_SECRET_KEY') })),
  };
  const opened = await archive.open();
  const sink = opened.sink();
  await sink.ensureTopic(name, partitions).finally(() => sink.close());
  await opened.close();
  return archive;
}

/**
 * An archive in `folder/data`.
 * @param {{ folder: string, partitions?: number }} options
 * @returns {Promise<ArchiveUnderTest>}
 */
export async function embeddedArchive({ folder, partitions = EMBEDDED_DEFAULTS.partitions }) {
  const data = join(folder, 'data');
  await mkdir(folder, { recursive: true });
  const open = () => openEmbedded(data, { ...EMBEDDED_DEFAULTS, partitions });
  await (await open()).close();
  return {
    profile: 'embedded',
    folder,
    topic: EMBEDDED_DEFAULTS.topic,
    sourceName: EMBEDDED_DEFAULTS.sourceName,
    partitions,
    env: { HOLDFAST_PROFILE: 'embedded', HOLDFAST_DATA: data },
    open,
  };
}

/** `kafkaBrokers` is set by HOLDFAST_KAFKA_BROKERS. @param {string} key */
function variable(key) {
  return `HOLDFAST_${key.replaceAll(/(?=[A-Z])/g, '_').toUpperCase()}`;
}
