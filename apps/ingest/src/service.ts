import { Module } from '@nestjs/common';
import type { DynamicModule } from '@nestjs/common';
import { EMBEDDED_DEFAULTS, SOFTWARE, openCluster, openEmbedded } from '@holdfast/assembly';
import { Health, Metrics, startServer, watchHealth } from '@holdfast/platform';
import type { Logger, RunningServer } from '@holdfast/platform';
import type { OpenedArchive } from '@holdfast/assembly';
import { limitsOf } from './config.js';
import type { IngestConfig } from './config.js';
import { Ingest } from './ingest.js';
import { registerIngestMetrics } from './ingest-metrics.js';

export const VERSION = SOFTWARE.slice(SOFTWARE.indexOf('/') + 1);
export const INGEST = Symbol('Ingest');

@Module({})
class IngestModule {
  static forRoot(ingest: Ingest): DynamicModule {
    return { module: IngestModule, providers: [{ provide: INGEST, useFactory: () => ingest }] };
  }
}

export interface RunningIngest {
  readonly server: RunningServer;
  readonly ingest: Ingest;
}

/** Starts ingest on its port. The archive is opened afterwards: until then `/ready` says what it waits for. */
export async function startIngest(config: IngestConfig, logger: Logger): Promise<RunningIngest> {
  const health = new Health();
  const metrics = new Metrics();
  watchHealth(health, logger, metrics);
  const ingest = new Ingest({
    open: () => open(config, logger),
    roles: config.roles,
    limits: limitsOf(config),
    indexPollMs: config.indexPollMs ?? (config.kind === 'embedded' ? 200 : 1_000),
    escrowDrillDays: config.escrowDrillDays,
    indexAudit: { everyMs: config.indexAuditEveryMs, segments: config.indexAuditSegments },
    graceMs: config.shutdownGraceMs,
    health,
    logger,
  });
  registerIngestMetrics(metrics, ingest);
  const server = await startServer({
    logger,
    health,
    metrics,
    api: { title: 'Holdfast ingest', version: VERSION, description: 'Seals records from the source into the vault and makes them searchable.' },
    modules: [IngestModule.forRoot(ingest)],
    // Audit listens on the port that is named, ingest on the next; 0 means any.
    port: config.port === 0 ? 0 : config.port + 1,
    host: config.httpHost,
  });
  logger.info({ url: server.url, port: server.port }, 'listening');
  ingest.start();
  return { server, ingest };
}

function open(config: IngestConfig, logger: Logger): Promise<OpenedArchive> {
  if (config.kind === 'embedded') return openEmbedded(config.data, EMBEDDED_DEFAULTS);
  return openCluster(config, {
    checkStore: true,
    warn: (reason) => logger.warn({ reason }, 'the configuration has a weakness'),
    log: (level, detail, { broker, topic, partition, error }) =>
      logger[level === 'info' ? 'debug' : 'warn'](
        {
          detail,
          ...(typeof broker === 'string' && { host: broker }),
          ...(typeof topic === 'string' && { topic }),
          ...(typeof partition === 'number' && { partition }),
          ...(typeof error === 'string' && { reason: error }),
        },
        'kafka client',
      ),
  });
}
