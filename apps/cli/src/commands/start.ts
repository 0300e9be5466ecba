import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { createServer } from 'node:net';
import { fileURLToPath } from 'node:url';
import { EMBEDDED_DEFAULTS, lockFolder, openEmbedded } from '@holdfast/assembly';
import type { FolderLock, OpenedArchive } from '@holdfast/assembly';
import { sampleEvents } from '@holdfast/connectors';
import { HoldfastError } from '@holdfast/record';
import { z } from 'zod';
import { EXIT, count } from '../output.js';
import type { GlobalOptions } from '../session.js';
import { appendAll } from './generate.js';

const LOOPBACK = '127.0.0.1';
const READY_WITHIN_MS = 60_000;
const LOOK_MS = 100;
const FORCE_AFTER_MS = 20_000;

/** The part of the status that is needed here. */
const statusSchema = z.object({ chains: z.array(z.object({ chain: z.string(), nextOffset: z.string(), notYetSearchable: z.number().optional() })) });

export interface StartOptions extends GlobalOptions {
  readonly port: number;
  readonly sample?: boolean;
}

interface Service {
  readonly name: string;
  readonly child: ChildProcess;
  readonly ended: Promise<number>;
}

/** `holdfast start`: an embedded archive with both services until Ctrl-C. */
export async function start(options: StartOptions): Promise<number> {
  const folder = options.data;
  if (folder === undefined)
    throw new HoldfastError(
      'bad_configuration',
      'Name the folder of the archive: --data DIR. Services of a cluster are started one by one, see docs/operations.',
    );
  const host = hostOf(options.environment);
  const shown = host === LOOPBACK ? 'localhost' : host;
  await refuseOccupied(options.port, host);
  await refuseOccupied(options.port + 1, host);
  const say = (line: string): void => {
    process.stdout.write(`${line}\n`);
  };
  const opened = await openEmbedded(folder, EMBEDDED_DEFAULTS);
  // Nothing would break, since claims decide; but everything would be done twice, and thrown away once.
  const lock = await lockStart(opened, folder);
  say(
    opened.created ? `A new archive was made in ${folder}, with its keys in ${folder}/keys.` : `The archive in ${folder} goes on where it stopped.`,
  );
  say(`Archive id: ${opened.archive.idHex}`);
  if (opened.created)
    say(
      `Records are kept for ${EMBEDDED_DEFAULTS.classes[0]?.months ?? 0} months (class standard). Move ${folder}/keys/escrow-private away from this machine.`,
    );
  let samples = 0;
  if (options.sample === true && (await sourceIsEmpty(opened))) {
    samples = await appendAll(opened, sampleEvents(), () => undefined);
    say(`${count(samples)} sample messages, English and Chinese, were put into the source.`);
  }
  await opened.close();
  const environment = { ...options.environment, HOLDFAST_PROFILE: 'embedded', HOLDFAST_DATA: folder, HOLDFAST_PORT: String(options.port) };
  const services = [launch('ingest', environment), launch('audit', environment)];
  let stopping: NodeJS.Signals | undefined;
  const onSignal = (signal: NodeJS.Signals): void => {
    // Ctrl-C reaches the whole group of the terminal, and npm sends it again: passing it on once is enough.
    if (stopping !== undefined) return;
    stopping = signal;
    say('\nStopping: what is in flight is sealed first.');
    for (const { child } of services) child.kill('SIGTERM');
    setTimeout(() => {
      for (const { child } of services) child.kill('SIGKILL');
    }, FORCE_AFTER_MS).unref();
  };
  process.on('SIGINT', onSignal);
  process.on('SIGTERM', onSignal);
  const first = Promise.race(services.map((service) => service.ended.then((code) => ({ service, code }))));
  const ready = await Promise.race([waitReady(host, options.port, () => stopping !== undefined), first.then(() => false)]);
  if (ready && samples > 0) {
    say('Sealing and indexing them ...');
    const searchable = await Promise.race([waitSearchable(host, options.port, samples, () => stopping !== undefined), first.then(() => false)]);
    if (searchable) say(`${count(samples)} messages are sealed, verified and searchable.`);
  }
  if (ready && stopping === undefined) announce(urlOf(shown, options.port), folder, say);
  else if (stopping === undefined && services.every(({ child }) => child.exitCode === null && child.signalCode === null))
    say(`Not everything is ready yet: ${urlOf(shown, options.port)}/ready and ${urlOf(shown, options.port + 1)}/ready say why. Ctrl-C stops it.`);
  const { service, code } = await first;
  for (const other of services) if (other !== service) other.child.kill('SIGTERM');
  await Promise.all(services.map(({ ended }) => ended));
  lock.release();
  if (stopping !== undefined) {
    say('Stopped cleanly.');
    return EXIT.done;
  }
  process.stderr.write(`The service ${service.name} ended by itself; its last lines above say why.\n`);
  return code === 0 ? EXIT.couldNotRun : code;
}

/** Where the services listen, as they read it themselves; what they refuse of it, they say. */
function hostOf({ HOLDFAST_HTTP_HOST: host = '' }: NodeJS.ProcessEnv): string {
  return host.trim() === '' ? LOOPBACK : host.trim();
}

function urlOf(host: string, port: number): string {
  return `http://${host.includes(':') ? `[${host}]` : host}:${port}`;
}

async function lockStart(opened: OpenedArchive, folder: string): Promise<FolderLock> {
  try {
    return lockFolder(folder, 'start', `The archive in ${folder} is already started, by another "holdfast start": use that one, or stop it first.`);
  } catch (error) {
    await opened.close();
    throw error;
  }
}

function launch(name: string, environment: NodeJS.ProcessEnv): Service {
  const main = fileURLToPath(import.meta.resolve(`@holdfast/${name}/main`));
  // Own process group: Ctrl-C in the terminal reaches only this process, which stops the services in order.
  const child = spawn(process.execPath, [...process.execArgv, main], {
    env: { ...environment, HOLDFAST_LOG_LEVEL: environment['HOLDFAST_LOG_LEVEL'] ?? 'warn' },
    stdio: ['ignore', 'inherit', 'inherit'],
    detached: true,
  });
  const ended = new Promise<number>((resolve) => {
    child.on('exit', (code) => {
      resolve(code ?? EXIT.couldNotRun);
    });
    child.on('error', () => {
      resolve(EXIT.couldNotRun);
    });
  });
  return { name, child, ended };
}

/** True as soon as both services say that they are ready. */
async function waitReady(host: string, port: number, stopped: () => boolean): Promise<boolean> {
  const until = Date.now() + READY_WITHIN_MS;
  while (!stopped() && Date.now() < until) {
    const answers = await Promise.all([port, port + 1].map((each) => isReady(host, each)));
    if (answers.every(Boolean)) return true;
    await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
  }
  return false;
}

/** True as soon as `records` records are sealed and nothing that is sealed waits for the index. */
async function waitSearchable(host: string, port: number, records: number, stopped: () => boolean): Promise<boolean> {
  const until = Date.now() + READY_WITHIN_MS;
  while (!stopped() && Date.now() < until) {
    const messages = (await chainsOf(host, port)).filter(({ chain }) => chain.startsWith('msg/'));
    const sealed = messages.reduce((sum, { nextOffset }) => sum + Number(nextOffset), 0);
    if (sealed >= records && messages.every(({ notYetSearchable }) => notYetSearchable === 0)) return true;
    await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
  }
  return false;
}

/** None while audit does not answer as it should: whoever waits asks again until the deadline. */
async function chainsOf(host: string, port: number): Promise<z.infer<typeof statusSchema>['chains']> {
  try {
    const answer = statusSchema.safeParse(await (await fetch(`${urlOf(host, port)}/api/v1/status`)).json());
    return answer.success ? answer.data.chains : [];
  } catch {
    // It is being stopped, or has ended; then the end of the process is what is told.
    return [];
  }
}

async function isReady(host: string, port: number): Promise<boolean> {
  try {
    return (await fetch(`${urlOf(host, port)}/ready`)).ok;
  } catch {
    // Not listening yet: asked again until the deadline.
    return false;
  }
}

function announce(url: string, folder: string, say: (line: string) => void): void {
  const cli = 'npx --no-install holdfast';
  say(`
Holdfast is running.
  API         ${url}/api/v1/status   (only from this machine, until accounts exist)
  Reference   ${url}/openapi.json

Try:
  ${cli} search 'contract' --data ${folder}
  ${cli} search '合同 OR 预算' --data ${folder}
  ${cli} verify --data ${folder}
  curl '${url}/api/v1/search?q=budget'

Ctrl-C stops it; the next start goes on with the same archive.`);
}

async function sourceIsEmpty(opened: Awaited<ReturnType<typeof openEmbedded>>): Promise<boolean> {
  const source = opened.source();
  try {
    for (const { topic, partitions } of await source.topics()) {
      for (let partition = 0; partition < partitions; partition++) if ((await source.watermarks({ topic, partition })).high > 0n) return false;
    }
    return true;
  } finally {
    await source.close();
  }
}

/** @throws HoldfastError `bad_configuration` when somebody listens on the port, or nobody may */
export function refuseOccupied(port: number, host: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const probe = createServer();
    probe.once('error', (cause: NodeJS.ErrnoException) => {
      const sentence =
        cause.code === 'EADDRINUSE'
          ? `Port ${port} is in use: stop what listens there, or choose another with --port.`
          : `Nothing can listen on port ${port} of ${host} (${cause.code ?? cause.message}): choose another with --port, or mend HOLDFAST_HTTP_HOST.`;
      reject(new HoldfastError('bad_configuration', sentence, { cause }));
    });
    probe.listen(port, host, () => {
      probe.close(() => {
        resolve();
      });
    });
  });
}
