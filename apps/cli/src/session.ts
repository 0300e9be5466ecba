import type { AlarmCode, Alarms, AlarmSeverity } from '@holdfast/ports';
import { EMBEDDED_DEFAULTS, anchorSettings, clusterSettings, embeddedSettings, openCluster, openEmbedded, verifySettings } from '@holdfast/assembly';
import type { AnchorSettings, ClusterSettings, OpenedArchive, VerifySettings } from '@holdfast/assembly';
import { HoldfastError } from '@holdfast/record';
import { z } from 'zod';
import { printable } from './terminal.js';

/** Options that every command has. */
export interface GlobalOptions {
  readonly data?: string;
  readonly json?: boolean;
  /** The variables of the process; main.ts adds them to what the command line said. */
  readonly environment: NodeJS.ProcessEnv;
}

/** What a command does with an archive. */
export interface OpenOptions {
  /** An empty folder becomes an archive. */
  readonly create?: boolean;
  /** Claims were lost: open to rebuild them. */
  readonly recover?: boolean;
}

/** Opens the archive that the options name, works on it, and closes it whatever happens. */
export async function withArchive<T>(options: GlobalOptions, how: OpenOptions, work: (archive: OpenedArchive) => Promise<T>): Promise<T> {
  const opened = await openArchive(options, how);
  try {
    return await work(opened);
  } finally {
    await opened.close();
  }
}

async function openArchive(options: GlobalOptions, { create, recover }: OpenOptions): Promise<OpenedArchive> {
  if (options.data !== undefined) return openEmbedded(options.data, create === true ? EMBEDDED_DEFAULTS : undefined, { recover: recover === true });
  return openCluster(await clusterEnvironment(options), {
    mayCreate: create === true,
    recover: recover === true,
    warn: (sentence) => process.stderr.write(`${sentence}\n`),
  });
}

function demandCluster({ environment }: GlobalOptions): void {
  if (environment['HOLDFAST_PROFILE'] !== 'cluster') {
    throw new HoldfastError(
      'bad_configuration',
      'Name the archive: --data DIR for an embedded one, or HOLDFAST_PROFILE=cluster and its settings (docs/configuration.md).',
    );
  }
}

/** The zone that HOLDFAST_TIME_ZONE names for dates in queries: as for the services it counts before that of the folder. */
export async function timeZoneOf({ data, environment }: GlobalOptions): Promise<string | undefined> {
  // In a cluster the settings of the archive have read it.
  if (data === undefined || environment['HOLDFAST_TIME_ZONE'] === undefined) return undefined;
  const { readConfig } = await import('@holdfast/platform');
  return readConfig(z.object({ timeZone: embeddedSettings.timeZone }), { HOLDFAST_TIME_ZONE: environment['HOLDFAST_TIME_ZONE'] }).timeZone;
}

/** Settings of the cluster from the environment. */
export async function clusterEnvironment(options: GlobalOptions): Promise<ClusterSettings> {
  demandCluster(options);
  // Only here: the platform library brings the web framework, and most commands need none of it.
  const { readConfig } = await import('@holdfast/platform');
  return readConfig(z.object(clusterSettings), options.environment);
}

/** Who anchors the log, from the environment. */
export async function anchorEnvironment({ environment }: GlobalOptions): Promise<AnchorSettings> {
  const named = Object.entries(environment).filter(([name]) => /^HOLDFAST_(LOG_POLICY|WITNESS|TSA|NOT_ANCHORED)_/.test(name));
  const schema = z.object(anchorSettings);
  if (named.length === 0) return schema.parse({});
  const { readConfig } = await import('@holdfast/platform');
  return readConfig(schema, Object.fromEntries(named));
}

/** Settings that `verify` needs of it. */
export async function verifyEnvironment(options: GlobalOptions): Promise<VerifySettings> {
  demandCluster(options);
  const { readConfig } = await import('@holdfast/platform');
  return readConfig(z.object(verifySettings), options.environment);
}

/** Alarms of a command that runs to its end: each is printed once on stderr, and the standing ones can be asked for. */
export class PrintedAlarms implements Alarms {
  readonly standing = new Map<
    string,
    { readonly code: AlarmCode; readonly place: string; readonly severity: AlarmSeverity; readonly message: string }
  >();

  raise(code: AlarmCode, place: string, severity: AlarmSeverity, message: string): void {
    const name = `${code} ${place}`;
    if (!this.standing.has(name)) process.stderr.write(printable(`${severity === 'waiting' ? 'Waiting' : 'ALARM'} ${code} ${place}: ${message}\n`));
    this.standing.set(name, { code, place, severity, message });
  }

  clear(code: AlarmCode, place: string): void {
    this.standing.delete(`${code} ${place}`);
  }

  /** An alarm that only a person can end. */
  get stopped(): boolean {
    return [...this.standing.values()].some(({ severity }) => severity === 'stopped');
  }
}
