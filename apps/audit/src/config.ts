import { anchorSettings, embeddedSettings, storeSettings } from '@holdfast/assembly';
import {
  LOG_LEVELS,
  LOOPBACK,
  choiceSetting,
  hostSetting,
  integerSetting,
  listSetting,
  portSetting,
  readConfig,
  textSetting,
} from '@holdfast/platform';
import type { Environment } from '@holdfast/platform';
import { HoldfastError } from '@holdfast/record';
import { z } from 'zod';

const HOUR_MS = 3_600_000;
const PROFILES = ['embedded', 'cluster'] as const;

// It becomes a part of a chain's name, which is a key in every store.
const WRITER = /^[a-z0-9][a-z0-9-]{0,62}$/;

const profile = choiceSetting('What the archive is made of: a folder on this machine, or Kafka, S3 and Elasticsearch.', PROFILES);
/** Settings of audit itself; those of the archive come from libs/assembly. */
export const auditSettings = {
  profile,
  roles: listSetting('What this process does.', /^(api|notary)$/, 'api, notary or both, separated by a comma').default(['api', 'notary']),
  port: portSetting('The services share a pair of ports: audit listens on this one, ingest on the next. 0 = any free one.').default(8420),
  httpHost: hostSetting('Address to listen on; audit refuses any but this machine until accounts exist.').default(LOOPBACK),
  logLevel: choiceSetting('Least level that is logged.', LOG_LEVELS).default('info'),
  shutdownGraceMs: integerSetting('After a signal, work in flight may take this long.', 0, HOUR_MS).default(10_000),
  shutdownForceMs: integerSetting('After a signal, the process ends at this time whatever is open.', 1, HOUR_MS).default(15_000),
  writerName: textSetting(
    'Accesses are sealed in access/NAME. From a fixed set, one for each replica: a new name is a new chain for ever. Embedded: audit.',
    WRITER,
    'lower case letters, digits and -, at most 63',
  ),
};

export const embeddedSchema = z.object({
  ...auditSettings,
  ...anchorSettings,
  ...embeddedSettings,
  writerName: auditSettings.writerName.default('audit'),
});
export const clusterSchema = z.object({ ...auditSettings, ...anchorSettings, ...storeSettings });

export type AuditConfig = Readonly<
  ({ readonly kind: 'embedded' } & z.output<typeof embeddedSchema>) | ({ readonly kind: 'cluster' } & z.output<typeof clusterSchema>)
>;

/** @throws HoldfastError `bad_configuration` with all problems */
export function auditConfig(environment: Environment): AuditConfig {
  // Which settings are needed depends on this one, so it is read first.
  const chosen = readConfig(z.object({ profile }), { HOLDFAST_PROFILE: environment['HOLDFAST_PROFILE'] }).profile;
  const config: AuditConfig =
    chosen === 'embedded'
      ? Object.freeze({ kind: 'embedded', ...readConfig(embeddedSchema, environment) })
      : Object.freeze({ kind: 'cluster', ...readConfig(clusterSchema, environment) });
  if (!isLoopback(config.httpHost)) {
    throw new HoldfastError(
      'bad_configuration',
      `HOLDFAST_HTTP_HOST is ${config.httpHost}, but audit has no accounts yet and shows messages to whoever reaches it: it listens on this machine only (127.0.0.1). Reach it through an SSH tunnel.`,
    );
  }
  return config;
}

function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || /^127(\.\d{1,3}){3}$/.test(host);
}
