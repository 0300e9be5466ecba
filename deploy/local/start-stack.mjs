/** Starts the real servers that tests run against; see README.md. */
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { locked } from './cache.mjs';
import { elasticsearch } from './elasticsearch.mjs';
import { killAtExit } from './exit.mjs';
import { kafka } from './kafka.mjs';
import { identify, isAlive, stillRunning, stopAll } from './process.mjs';
import { sayOnStderr, step } from './progress.mjs';
import { radosgw } from './radosgw.mjs';
import { LocalServer, stopProcesses } from './server.mjs';
import { envOf, processesOf, readState, removeState, writeState } from './state.mjs';
import { versitygw } from './versitygw.mjs';

/** @typedef {{ folder: string, say: import('./progress.mjs').Say, bench: boolean }} PlanOptions */

/** @typedef {{ plan: (options: PlanOptions) => Promise<import('./server.mjs').Plan>, given: string }} Kind */

/**
 * Each with the variable by which the environment may point at one that runs elsewhere.
 * @type {Readonly<Record<string, Kind>>}
 */
const KINDS = {
  kafka: { plan: kafka, given: 'HOLDFAST_TEST_KAFKA_BROKERS' },
  elasticsearch: { plan: elasticsearch, given: 'HOLDFAST_TEST_ELASTIC_URL' },
  radosgw: { plan: radosgw, given: 'HOLDFAST_TEST_S3_ENDPOINT' },
  versitygw: { plan: versitygw, given: 'HOLDFAST_TEST_S3_SECOND_ENDPOINT' },
};

/** @type {readonly string[]} */
export const SERVER_NAMES = Object.keys(KINDS);

/** Two levels up from here is the clone. */
export const DEFAULT_DIR = resolve(dirname(fileURLToPath(import.meta.url)), '../../.stack');

/** Apart from the servers that a developer has started by hand: a test run neither needs them nor stops them. */
const TEST_DIR = join(DEFAULT_DIR, 'test');

/**
 * @typedef {object} StackOptions
 * @property {string} [dir] where data, logs and stack.json lie; default: `.stack/test` in the clone
 * @property {readonly string[]} [only] names of servers
 * @property {boolean} [fresh] begins with empty data (the default), or goes on with what is in `dir`
 * @property {boolean} [bench] settings for measuring instead of for many small tests
 * @property {boolean} [leaveRunning] the servers outlive this process
 * @property {import('./progress.mjs').Say} [say]
 */

/**
 * @typedef {object} Stack
 * @property {Record<string, string>} env
 * @property {Record<string, LocalServer>} servers by name; those that run
 * @property {import('./state.mjs').Missing[]} unavailable
 * @property {string[]} external
 * @property {() => Promise<void>} stop
 */

/**
 * Starts all servers at once and resolves when each is ready or known to be unavailable. They end with this process, however
 * it ends; what a killed run left in `dir` is stopped first. With `leaveRunning`, servers that run there already are kept.
 * @param {StackOptions} [options]
 * @returns {Promise<Stack>}
 */
export async function startStack(options = {}) {
  const { dir = TEST_DIR, only = SERVER_NAMES, say = sayOnStderr, leaveRunning = false } = options;
  const root = resolve(dir);
  if (process.platform !== 'linux') return nothing(`needs Linux, and this is ${process.platform}; point the tests at servers of your own`, only);
  const unknown = only.filter((name) => !KINDS[name]);
  if (unknown.length > 0) throw new Error(`no server is called ${unknown.join(', ')}; there are ${SERVER_NAMES.join(', ')}`);
  ignoredFolder(root);
  return await locked(join(root, 'lock'), `another command in ${root}`, say, async () => {
    const before = readState(root);
    const owner = before?.owner;
    if (owner && isAlive(owner)) throw new Error(`the servers in ${root} belong to process ${owner.pid}, which still runs; choose another folder`);
    if (owner) await step(say, 'stopping what a killed run left', () => stopAll(processesOf(before), 0));
    else if (!leaveRunning && before && stillRunning(processesOf(before)).length > 0) {
      throw new Error(`the servers in ${root} were started by hand and still run; stop them or choose another folder`);
    }
    const stack = new StackRun(root, options, before);
    const release = leaveRunning ? killAtExit(() => stack.launchedHere()) : killAtExit(() => stack.processes());
    await Promise.all(only.map((name) => stack.bringUp(name)));
    if (leaveRunning) release();
    return {
      env: envOf(stack.state),
      servers: stack.servers,
      unavailable: stack.state.unavailable,
      external: stack.state.external,
      stop: async () => {
        await locked(join(root, 'lock'), `another command in ${root}`, say, () => stack.stop());
        release();
      },
    };
  });
}

/**
 * @param {string} reason
 * @param {readonly string[]} names
 * @returns {Stack}
 */
function nothing(reason, names) {
  return { env: {}, servers: {}, unavailable: names.map((name) => ({ name, reason })), external: [], stop: () => Promise.resolve() };
}

class StackRun {
  /** @type {Record<string, LocalServer>} */ servers = {};
  #before;
  #options;
  #root;
  #say;

  /**
   * @param {string} root
   * @param {StackOptions} options
   * @param {import('./state.mjs').StackState | undefined} before
   */
  constructor(root, options, before) {
    this.#root = root;
    this.#options = options;
    this.#say = options.say ?? sayOnStderr;
    this.#before = before ? processesOf(before) : [];
    /** @type {import('./state.mjs').StackRecord} */
    this.state = {
      owner: options.leaveRunning ? null : (identify(process.pid) ?? null),
      servers: Object.fromEntries(
        Object.entries(before?.servers ?? {}).filter(([, { processes }]) => stillRunning(Object.values(processes).flat()).length > 0),
      ),
      unavailable: [],
      external: [],
    };
  }

  processes() {
    return processesOf(this.state);
  }

  /** Without those that already ran before. */
  launchedHere() {
    return this.processes().filter((id) => !this.#before.some((other) => other.pid === id.pid && other.started === id.started));
  }

  /** @param {string} name */
  async bringUp(name) {
    const kind = KINDS[name];
    if (!kind) throw new Error(`no server is called ${name}`);
    if (process.env[kind.given]) {
      this.state.external.push(name);
      return this.#save();
    }
    try {
      await this.#start(name, kind);
    } catch (error) {
      this.state.unavailable.push({ name, reason: error instanceof Error ? error.message : String(error) });
    }
    this.#save();
  }

  /**
   * @param {string} name
   * @param {Kind} kind
   */
  async #start(name, kind) {
    const { fresh = true, bench = false } = this.#options;
    const folder = join(this.#root, name);
    const left = this.state.servers[name];
    const sound = left?.ready === true && !fresh && Object.values(left.processes).every((ids) => ids.some(isAlive));
    if (left && !sound) {
      // At once: half of a server may wait long for its other half.
      await step(this.#say, `${name}: stopping what an earlier run left`, () => stopProcesses(left.processes, 0));
      delete this.state.servers[name];
    }
    if (fresh) rmSync(folder, { recursive: true, force: true });
    mkdirSync(folder, { recursive: true });
    const plan = await kind.plan({ folder, say: this.#say, bench });
    const server = new LocalServer(plan, () => this.#record(server));
    if (left && sound) server.adopt(left.processes);
    try {
      await step(this.#say, `${name}: starting`, () => server.start());
    } catch (error) {
      await server.kill9();
      delete this.state.servers[name];
      throw error;
    }
    this.servers[name] = server;
    this.#record(server);
  }

  /** @param {LocalServer} server */
  #record({ name, folder, dataFolder, logFiles, env, ready, processes }) {
    this.state.servers[name] = { folder, dataFolder, logFiles, env, ready, processes };
    this.#save();
  }

  #save() {
    writeState(this.#root, this.state);
  }

  async stop() {
    await Promise.all(Object.values(this.state.servers).map(({ processes }) => stopProcesses(processes)));
    removeState(this.#root);
  }
}

/**
 * Stops what runs in a folder, whoever started it.
 * @param {string} dir
 * @param {readonly string[]} only
 * @param {import('./progress.mjs').Say} [say]
 * @returns {Promise<string[]>} the names of those that were stopped
 */
export async function stopStack(dir, only = SERVER_NAMES, say = sayOnStderr) {
  const root = resolve(dir);
  if (!readState(root)) return [];
  return await locked(join(root, 'lock'), `another command in ${root}`, say, async () => {
    const state = readState(root);
    if (!state) return [];
    const runs = (/** @type {string} */ name) => stillRunning(Object.values(state.servers[name]?.processes ?? {}).flat()).length > 0;
    const wanted = Object.keys(state.servers).filter((name) => only.includes(name));
    const names = wanted.filter(runs);
    await Promise.all(names.map((name) => step(say, `${name}: stopping`, () => stopProcesses(state.servers[name]?.processes ?? {}))));
    for (const name of wanted) delete state.servers[name];
    if (Object.keys(state.servers).length === 0) removeState(root);
    else writeState(root, state);
    return names;
  });
}

/**
 * One more Kafka broker, for tests that must break it, or set it up in another way.
 * @param {{ folder: string, overrides?: Readonly<Record<string, string>>, heap?: string, say?: import('./progress.mjs').Say }} options
 *   `overrides`: broker settings by their names in server.properties
 * @returns {Promise<LocalServer>} ready; `stop()` it at the end (at exit it is killed in any case)
 */
export async function startKafkaBroker({ say = sayOnStderr, ...options }) {
  const folder = resolve(options.folder);
  mkdirSync(folder, { recursive: true });
  const server = new LocalServer(await kafka({ ...options, folder, say }), () => undefined);
  killAtExit(() => Object.values(server.processes).flat());
  await step(say, 'kafka: starting one more broker', () => server.start());
  return server;
}

/** @param {string} root */
function ignoredFolder(root) {
  mkdirSync(root, { recursive: true });
  // Wherever it lies, its data never appears in `git status`.
  writeFileSync(join(root, '.gitignore'), '*\n');
}
