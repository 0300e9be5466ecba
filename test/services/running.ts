import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { EMBEDDED_DEFAULTS, openEmbedded } from '@holdfast/assembly';
import { auditConfig, startAudit } from '@holdfast/audit';
import { syntheticEvents } from '@holdfast/connectors';
import { ingestConfig, startIngest } from '@holdfast/ingest';
import { createLogger } from '@holdfast/platform';
import type { RunningServer } from '@holdfast/platform';
import type { NewRecord } from '@holdfast/ports';
import { until } from '@holdfast/test-kit';
import type { Readiness, StatusAnswer } from './answers.js';

/** For whatever needs a second where nothing else runs. */
const PATIENCE_MS = 60_000;

/** Services run from sources here, and a process of its own from what was built. */
const VERIFICATION_PROCESS = new URL('../../apps/audit/dist/verification/verification-process.js', import.meta.url);

export const SEED = Number(process.env['HOLDFAST_TEST_SEED'] ?? 1);

/** A service of this process on a free port, and what it logs. */
export interface Service {
  readonly url: string;
  readonly log: readonly Record<string, unknown>[];
  /** Rejects when the archive cannot be opened. */
  readonly fatal: Promise<never>;
  get(path: string): Promise<Response>;
  /** The answer as JSON, as the caller knows it. */
  json<T extends object>(path: string): Promise<T>;
  stop(): Promise<void>;
}

/** Folder and services of one suite; `end` stops and deletes everything. */
export class Suite {
  readonly #services = new Set<Service>();
  folder = '';

  async begin(): Promise<void> {
    this.folder = join(await mkdtemp(join(tmpdir(), 'holdfast-services-')), 'archive');
  }

  async end(): Promise<void> {
    await Promise.all([...this.#services].map((service) => service.stop()));
    await rm(join(this.folder, '..'), { recursive: true });
  }

  /** Puts records into the source; makes the archive when there is none. */
  async fill(records: Iterable<NewRecord>): Promise<void> {
    const opened = await openEmbedded(this.folder, EMBEDDED_DEFAULTS);
    const sink = opened.sink();
    await sink.append('messages', [...records]);
    await sink.close();
    await opened.close();
  }

  ingest(settings: Record<string, string> = {}): Promise<Service> {
    return this.#start((log) =>
      startIngest(ingestConfig(this.#environment({ HOLDFAST_SEGMENT_MAX_AGE_MS: '50', HOLDFAST_INDEX_POLL_MS: '20', ...settings })), log).then(
        ({ server, ingest }) => ({ server, fatal: ingest.fatal }),
      ),
    );
  }

  audit(settings: Record<string, string> = {}): Promise<Service> {
    return this.#start((log) =>
      startAudit(auditConfig(this.#environment(settings)), log, VERIFICATION_PROCESS).then(({ server, audit }) => ({ server, fatal: audit.fatal })),
    );
  }

  #environment(settings: Record<string, string>): Record<string, string> {
    return { HOLDFAST_PROFILE: 'embedded', HOLDFAST_DATA: this.folder, HOLDFAST_PORT: '0', ...settings };
  }

  async #start(
    start: (logger: ReturnType<typeof createLogger>) => Promise<{ readonly server: RunningServer; readonly fatal: Promise<never> }>,
  ): Promise<Service> {
    const log: Record<string, unknown>[] = [];
    const to = { write: (line: string) => void log.push(JSON.parse(line) as Record<string, unknown>) };
    const { server, fatal } = await start(createLogger({ service: 'test', version: '1', level: 'info', to }));
    const get = (path: string): Promise<Response> => fetch(`${server.url}${path}`);
    const service: Service = {
      url: server.url,
      log,
      fatal,
      get,
      json: async <T extends object>(path: string) => (await (await get(path)).json()) as T,
      stop: async () => {
        if (this.#services.delete(service)) await server.close();
      },
    };
    this.#services.add(service);
    return service;
  }
}

export function synthetic(records: number): Iterable<NewRecord> {
  return syntheticEvents({ records, seed: SEED, conversations: 10 });
}

export async function untilReady(service: Service): Promise<void> {
  await until(async () => (await service.get('/ready')).ok, PATIENCE_MS, 'the service is ready');
}

/** Waits until `records` are sealed and written to the index; a moment later they are searchable. */
export async function untilIndexed(ingest: Service, records: number): Promise<void> {
  await until(
    async () => (await metric(ingest, 'holdfast_indexed_documents_total')) >= records,
    PATIENCE_MS,
    `${String(records)} documents are indexed`,
  );
}

/** Waits until a search of `audit` covers `records`. */
export async function untilSearchable(audit: Service, records: number): Promise<void> {
  await until(
    async () => (await audit.json<StatusAnswer>('/api/v1/status')).index.documents === records,
    PATIENCE_MS,
    `${String(records)} documents are searchable`,
  );
}

/** Value of a metric without labels; NaN while it is absent. */
export async function metric(service: Service, name: string): Promise<number> {
  const text = await (await service.get('/metrics')).text();
  return Number(new RegExp(`^${name} (\\S+)$`, 'm').exec(text)?.[1] ?? Number.NaN);
}

/** Waits for an alarm and answers it, after looking for it in the metrics and in the log too. */
export async function untilAlarm(service: Service, code: string): Promise<Readiness['alarms'][number]> {
  let found: Readiness['alarms'][number] | undefined;
  await until(
    async () => {
      const { alarms } = await service.json<Readiness>('/ready');
      found = alarms.find((alarm) => alarm.code === code);
      return found !== undefined;
    },
    PATIENCE_MS,
    `the alarm ${code} is raised`,
  );
  const text = await (await service.get('/metrics')).text();
  if (!text.includes(`alarm="${code}"`)) throw new Error(`${code} is not in the metrics`);
  if (!service.log.some((line) => line['alarm'] === code && line['message'] === 'alarm raised')) throw new Error(`${code} is not in the log`);
  return found!;
}
