// The programs of the product as processes of their own: ingest, and the command line.
import { spawn } from 'node:child_process';
import { createWriteStream, readFileSync } from 'node:fs';
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { eventually, must } from './wait.mjs';

const root = fileURLToPath(new URL('../..', import.meta.url));
const FLAGS = [
  '--disable-warning=ExperimentalWarning',
  '--disable-warning=TimeoutNegativeWarning',
  '--max-old-space-size=384',
  '--max-semi-space-size=8',
];
const MAIN = join(root, 'apps', 'ingest', 'dist', 'main.js');
const RESOURCES = join(root, 'test', 'acceptance', 'resources.mjs');
const CLI = join(root, 'apps', 'cli', 'bin', 'holdfast.js');

/** @typedef {import('./archive-under-test.mjs').ArchiveUnderTest} ArchiveUnderTest */
/** @typedef {{ ready: boolean, reasons: string[], components: { name: string, state: string }[], alarms: { code: string, message: string, whatToDo: string, component: string, blocking: boolean }[] }} Readiness */

/** The environment of this process without settings of the product, which are the archive's. */
function cleanEnvironment() {
  return Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith('HOLDFAST_')));
}

let started = 0;

/** A running ingest. */
export class IngestProcess {
  /** @type {Record<string, unknown>[]} lines of its log */ log = [];
  #child;
  #exit;
  #stderr = '';

  /**
   * @param {ArchiveUnderTest} archive
   * @param {Record<string, string>} [env] further settings
   */
  constructor(archive, env = {}) {
    this.#child = spawn(process.execPath, [...FLAGS, MAIN], {
      cwd: root,
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...cleanEnvironment(), ...archive.env, HOLDFAST_PORT: '0', ...env },
    });
    // Whoever runs the tests may be stopped at any moment.
    const end = () => void this.#child.kill('SIGKILL');
    process.once('exit', end);
    const file = createWriteStream(join(archive.folder, `ingest-${process.pid}-${++started}.log`));
    createInterface({ input: this.#child.stdout }).on('line', (line) => {
      file.write(`${line}\n`);
      if (line.startsWith('{')) this.log.push(JSON.parse(line));
    });
    this.#child.stderr.on('data', (/** @type {Buffer} */ chunk) => {
      file.write(chunk);
      this.#stderr += chunk.toString();
    });
    /** @type {Promise<{ code: number | null, signal: NodeJS.Signals | null }>} */
    this.#exit = new Promise((resolve) => {
      this.#child.on('close', (code, signal) => {
        process.removeListener('exit', end);
        file.end();
        resolve({ code, signal });
      });
    });
  }

  get #ended() {
    return this.#child.exitCode !== null || this.#child.signalCode !== null;
  }

  /** Resolves when it listens. */
  async listening() {
    const port = await eventually(
      'ingest listens',
      60_000,
      () => {
        must(!this.#ended, `ingest ended while it started: ${this.#stderr}`);
        return this.log.find(({ message }) => message === 'listening')?.['port'];
      },
      () => this.#stderr,
    );
    return Number(port);
  }

  /** @param {string} path */
  async #get(path) {
    return await fetch(`http://127.0.0.1:${await this.listening()}${path}`, { signal: AbortSignal.timeout(10_000) });
  }

  /** @returns {Promise<Readiness>} */
  async readiness() {
    return /** @type {Readiness} */ (await (await this.#get('/ready')).json());
  }

  /** Resolves when `/ready` says yes. */
  async ready(timeoutMs = 60_000) {
    /** @type {Readiness | undefined} */
    let last;
    await eventually(
      'ingest is ready',
      timeoutMs,
      async () => {
        last = await this.readiness();
        return last.ready;
      },
      () => JSON.stringify(last),
    );
  }

  /**
   * The alarm of this code, once `/ready` shows it.
   * @param {string} code
   */
  alarm(code, timeoutMs = 60_000) {
    return eventually(`/ready shows ${code}`, timeoutMs, async () => (await this.readiness()).alarms.find((alarm) => alarm.code === code));
  }

  /** @param {string} code */
  cleared(code, timeoutMs = 60_000) {
    return eventually(`${code} is cleared`, timeoutMs, async () => !(await this.readiness()).alarms.some((alarm) => alarm.code === code));
  }

  /** @returns {Promise<string>} */
  async metrics() {
    return await (await this.#get('/metrics')).text();
  }

  /**
   * The sum of all series of a metric.
   * @param {string} name
   */
  async metric(name) {
    return (await this.metrics())
      .split('\n')
      .filter((line) => line.startsWith(`${name} `) || line.startsWith(`${name}{`))
      .reduce((sum, line) => sum + Number(line.slice(line.lastIndexOf(' ') + 1)), 0);
  }

  /** Most memory that it held at one time, MiB. */
  get peakMiB() {
    const [, kib] = /VmHWM:\s+(\d+) kB/.exec(readFileSync(`/proc/${this.#child.pid}/status`, 'utf8')) ?? [];
    return Math.round(Number(kib) / 1024);
  }

  /** Processor time so far, seconds. */
  get cpuSeconds() {
    const stat = readFileSync(`/proc/${this.#child.pid}/stat`, 'utf8');
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    // utime and stime, in ticks of which Linux shows 100 a second.
    return (Number(fields[11]) + Number(fields[12])) / 100;
  }

  async kill9() {
    this.#child.kill('SIGKILL');
    return await this.#exit;
  }

  /** As an orchestrator stops it; must end by itself, with code 0. */
  async stop() {
    if (this.#ended) return;
    this.#child.kill('SIGTERM');
    const { code, signal } = await this.#exit;
    must(code === 0, `ingest ended with ${code ?? signal} after SIGTERM: ${this.#stderr}`);
  }
}

/**
 * Runs `holdfast ARGS` on an archive.
 * @param {Pick<ArchiveUnderTest, 'env'>} archive
 * @param {string[]} args
 * @param {{ flags?: string[], env?: Record<string, string> }} [options] of Node, and further settings
 * @returns {Promise<{ code: number | null, stdout: string, stderr: string }>}
 */
export function holdfast(archive, args, { flags = [], env = {} } = {}) {
  const data = archive.env['HOLDFAST_DATA'];
  const all = data === undefined ? args : [...args, '--data', data];
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [...FLAGS, ...flags, CLI, ...all], { cwd: root, env: { ...cleanEnvironment(), ...archive.env, ...env } });
    let stdout = '';
    let stderr = '';
    child.stdout.on('data', (/** @type {Buffer} */ chunk) => void (stdout += chunk.toString()));
    child.stderr.on('data', (/** @type {Buffer} */ chunk) => void (stderr += chunk.toString()));
    child.on('error', reject);
    child.on('close', (code) => resolve({ code, stdout, stderr }));
  });
}

/**
 * Runs `holdfast ARGS --json`, which must succeed, and measures it as a process: from start to end, all its threads.
 * @param {ArchiveUnderTest | undefined} archive undefined for what needs none
 * @param {string[]} args
 * @returns {Promise<{ document: Record<string, any>, seconds: number, used: { cpuSeconds: number, peakMiB: number } }>}
 */
export async function holdfastMeasured(archive, args) {
  const file = join(await mkdtemp(join(tmpdir(), 'holdfast-measured-')), 'used.json');
  const began = performance.now();
  const { code, stdout, stderr } = await holdfast(archive ?? { env: {} }, [...args, '--json'], {
    flags: ['--import', RESOURCES],
    env: { RESOURCES_FILE: file },
  });
  const seconds = (performance.now() - began) / 1000;
  must(code === 0, `holdfast ${args.join(' ')} ended with ${code}: ${stderr}${stdout}`);
  return { document: JSON.parse(stdout), seconds, used: JSON.parse(readFileSync(file, 'utf8')) };
}

/**
 * Runs `holdfast ARGS --json`, which must succeed, and answers its document.
 * @param {ArchiveUnderTest} archive
 * @param {string[]} args
 * @returns {Promise<Record<string, any>>}
 */
export async function holdfastJson(archive, args) {
  const { code, stdout, stderr } = await holdfast(archive, [...args, '--json']);
  must(code === 0, `holdfast ${args.join(' ')} ended with ${code}: ${stderr}${stdout}`);
  return JSON.parse(stdout);
}
