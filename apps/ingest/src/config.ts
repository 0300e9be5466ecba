import { SEAL_LIMITS } from '@holdfast/archiving';
import type { SealLimits } from '@holdfast/archiving';
import { clusterSettings, embeddedSettings } from '@holdfast/assembly';
import { LOG_LEVELS, LOOPBACK, choiceSetting, hostSetting, integerSetting, listSetting, portSetting, readConfig } from '@holdfast/platform';
import type { Environment } from '@holdfast/platform';
import { z } from 'zod';

const MIB = 1024 * 1024;
const HOUR_MS = 3_600_000;
const PROFILES = ['embedded', 'cluster'] as const;

const profile = choiceSetting('What the archive is made of: a folder on this machine, or Kafka, S3 and Elasticsearch.', PROFILES);

/** Settings of ingest itself; those of the archive come from libs/assembly. */
export const ingestSettings = {
  profile,
  roles: listSetting('What this process does.', /^(seal|index)$/, 'seal, index or both, separated by a comma').default(['seal', 'index']),
  port: portSetting('The services share a pair of ports: audit listens on this one, ingest on the next. 0 = any free one.').default(8420),
  httpHost: hostSetting('Address to listen on.').default(LOOPBACK),
  logLevel: choiceSetting('Least level that is logged.', LOG_LEVELS).default('info'),
  shutdownGraceMs: integerSetting('After a signal, work in flight may take this long.', 0, HOUR_MS).default(20_000),
  shutdownForceMs: integerSetting('After a signal, the process ends at this time whatever is open.', 1, HOUR_MS).default(30_000),
  segmentMaxBytes: integerSetting('A segment closes at this many bytes of records as received.', 1024, 48 * MIB).default(SEAL_LIMITS.segmentBytes),
  segmentMaxRecords: integerSetting('A segment closes at this many records.', 1, 1_000_000).default(SEAL_LIMITS.segmentRecords),
  segmentMaxAgeMs: integerSetting('A segment closes at this age while at most 8 partitions are active.', 10, HOUR_MS).default(
    SEAL_LIMITS.segmentAgeMs,
  ),
  segmentMaxAgeBusyMs: integerSetting('A segment closes at most at this age when more are active.', 10, HOUR_MS).default(SEAL_LIMITS.segmentAgeMaxMs),
  segmentsInFlight: integerSetting('Segments of one partition that are being stored at one time.', 1, 64).default(SEAL_LIMITS.segmentsInFlight),
  heldMaxBytes: integerSetting('Bytes of records that all partitions may hold; reading pauses at it.', MIB, 64 * 1024 * MIB).default(
    SEAL_LIMITS.budgetBytes,
  ),
  escrowDrillDays: integerSetting('Alarm when the last restore drill of the escrow keys is older than so many days; 0: never.', 0, 3_660).default(35),
  indexAuditEveryMs: integerSetting(
    'The role index compares a random sample of the search index with the vault this often.',
    100,
    24 * HOUR_MS,
  ).default(60_000),
  indexAuditSegments: integerSetting(
    'Segments of such a sample; up to 1,000 records of each are compared word by word. 0: no samples are taken.',
    0,
    1_000,
  ).default(2),
  indexPollMs: integerSetting(
    'The role index looks for new segments this often, which costs a request for each chain; default 1000, embedded 200.',
    20,
    HOUR_MS,
  ).optional(),
};

export const embeddedSchema = z.object({ ...ingestSettings, ...embeddedSettings });
export const clusterSchema = z.object({ ...ingestSettings, ...clusterSettings });

export type IngestConfig = Readonly<
  ({ readonly kind: 'embedded' } & z.output<typeof embeddedSchema>) | ({ readonly kind: 'cluster' } & z.output<typeof clusterSchema>)
>;

/** @throws HoldfastError `bad_configuration` with all problems */
export function ingestConfig(environment: Environment): IngestConfig {
  // Which settings are needed depends on this one, so it is read first.
  const chosen = readConfig(z.object({ profile }), { HOLDFAST_PROFILE: environment['HOLDFAST_PROFILE'] }).profile;
  return chosen === 'embedded'
    ? Object.freeze({ kind: 'embedded', ...readConfig(embeddedSchema, environment) })
    : Object.freeze({ kind: 'cluster', ...readConfig(clusterSchema, environment) });
}

export function limitsOf(config: IngestConfig): SealLimits {
  return {
    ...SEAL_LIMITS,
    segmentBytes: config.segmentMaxBytes,
    segmentRecords: config.segmentMaxRecords,
    segmentAgeMs: config.segmentMaxAgeMs,
    segmentAgeMaxMs: config.segmentMaxAgeBusyMs,
    segmentsInFlight: config.segmentsInFlight,
    budgetBytes: config.heldMaxBytes,
  };
}
