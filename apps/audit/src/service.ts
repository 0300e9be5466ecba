import { Module } from '@nestjs/common';
import type { DynamicModule } from '@nestjs/common';
import { EMBEDDED_DEFAULTS, SOFTWARE, openCluster, openEmbedded, osPrincipal } from '@holdfast/assembly';
import { Health, Metrics, startServer, watchHealth } from '@holdfast/platform';
import type { Logger, RunningServer } from '@holdfast/platform';
import { Audit } from './audit.js';
import type { AuditConfig } from './config.js';
import { LogController } from './log.controller.js';
import { registerNotaryMetrics } from './notary-metrics.js';
import { NotaryRole } from './notary-role.js';
import { CapturesController } from './captures.controller.js';
import { RecordsController } from './records.controller.js';
import { SearchController } from './search.controller.js';
import { StatusController } from './status.controller.js';
import { VerificationsController } from './verification/verifications.controller.js';
import { VERIFICATION_PROCESS } from './verification/verifications.js';

export const VERSION = SOFTWARE.slice(SOFTWARE.indexOf('/') + 1);

@Module({})
class AuditModule {
  static forRoot(audit: Audit, api: boolean): DynamicModule {
    return {
      module: AuditModule,
      providers: [{ provide: Audit, useFactory: () => audit }],
      controllers: [
        LogController,
        ...(api ? [CapturesController, SearchController, RecordsController, StatusController, VerificationsController] : []),
      ],
    };
  }
}

export interface RunningAudit {
  readonly server: RunningServer;
  readonly audit: Audit;
}

/** Starts audit on its port. The archive is opened afterwards: until then `/ready` says what it waits for. */
export async function startAudit(config: AuditConfig, logger: Logger, verificationProcess = VERIFICATION_PROCESS): Promise<RunningAudit> {
  const health = new Health();
  const metrics = new Metrics();
  watchHealth(health, logger, metrics);
  const api = config.roles.includes('api');
  const notary = config.roles.includes('notary') ? new NotaryRole({ health, logger, anchors: config, beside: api }) : undefined;
  if (notary !== undefined) registerNotaryMetrics(metrics, notary);
  const audit = new Audit({
    open: () =>
      config.kind === 'embedded'
        ? openEmbedded(config.data, EMBEDDED_DEFAULTS)
        : openCluster(config, { checkStore: true, warn: (reason) => logger.warn({ reason }, 'the configuration has a weakness') }),
    writer: config.writerName,
    timeZone: config.timeZone,
    health,
    logger,
    api,
    verification: {
      program: verificationProcess,
      place: {
        ...(config.kind === 'embedded' && { folder: config.data }),
        ...(config.logPolicyPath !== undefined && { policyPath: config.logPolicyPath }),
      },
    },
    ...(notary !== undefined && { notary }),
  });
  // Until accounts exist everybody who reaches this port is the one who runs this machine, and so it is sealed.
  const principal = { id: config.kind === 'embedded' ? osPrincipal() : 'local' };
  const server = await startServer({
    logger,
    health,
    metrics,
    api: {
      title: 'Holdfast audit',
      version: VERSION,
      description: 'Search and evidence. Until accounts exist it listens on the loopback address only; every access is sealed.',
    },
    authenticate: () => Promise.resolve(principal),
    modules: [AuditModule.forRoot(audit, api)],
    port: config.port,
    host: config.httpHost,
  });
  logger.info({ url: server.url, port: server.port }, 'listening on this machine only, until accounts exist');
  audit.start();
  return { server, audit };
}
