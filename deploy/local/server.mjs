/** One server of the stack: one or more programs with ports and data of their own. */
import { closeSync, existsSync, mkdirSync, openSync, readFileSync, readSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { isAlive, launch, stillRunning, stopAll, within } from './process.mjs';

/** @typedef {import('./process.mjs').ProcessId} ProcessId */

/**
 * @typedef {object} Program
 * @property {string} name
 * @property {string} logFile
 * @property {{ command: string, args: readonly string[], cwd: string, env: NodeJS.ProcessEnv }} start
 * @property {(log: string) => boolean | Promise<boolean>} ready given what it has logged since this start
 */

/**
 * @typedef {object} Plan
 * @property {string} name
 * @property {string} folder
 * @property {string} dataFolder
 * @property {Readonly<Record<string, string>>} env what tests need to know to use it
 * @property {readonly Program[]} programs in the order in which they need each other; the last is the one that clients talk to
 * @property {() => Promise<void>} prepare formats the data folder where there is none yet
 * @property {() => Promise<void>} [finish] what can only be set up once it runs
 */

/** @typedef {Record<string, ProcessId[]>} Processes by program, in the order of their start */

const READY_WITHIN_MS = 120_000;
const STOP_WITHIN_MS = 10_000;

export class LocalServer {
  /** @type {Plan} */ #plan;
  /** @type {() => void} */ #changed;
  /** @type {Processes} */ #processes = {};
  #ready = false;

  /**
   * @param {Plan} plan
   * @param {() => void} changed called after every launch and stop, before anything is waited for
   */
  constructor(plan, changed) {
    this.#plan = plan;
    this.#changed = changed;
  }

  get name() {
    return this.#plan.name;
  }

  /** Settings for the tests, as environment variables. */
  get env() {
    return this.#plan.env;
  }

  get folder() {
    return this.#plan.folder;
  }

  /** Where it keeps its data; for tests that damage files while it is stopped. */
  get dataFolder() {
    return this.#plan.dataFolder;
  }

  get logFile() {
    return this.logFiles.at(-1) ?? '';
  }

  get logFiles() {
    return this.#plan.programs.map((program) => program.logFile);
  }

  /** The process that clients talk to, while it runs. */
  get pid() {
    const main = this.#plan.programs.at(-1)?.name ?? '';
    return this.#processes[main]?.find(isAlive)?.pid;
  }

  /** @returns {Processes} */
  get processes() {
    return this.#processesOf(this.#plan.programs);
  }

  get running() {
    return this.#plan.programs.every(({ name }) => this.#processes[name]?.some(isAlive) === true);
  }

  /** Whether it was started, or taken over, whole and was not stopped since. */
  get ready() {
    return this.#ready;
  }

  /**
   * Takes over what an earlier command started.
   * @param {Processes} processes
   */
  adopt(processes) {
    this.#processes = processes;
    this.#ready = true;
  }

  /**
   * Resolves when clients can use it; what runs already is left alone. On the same ports and, unless `clearLogs`, the same data as before.
   * @param {{ program?: string, clearLogs?: boolean }} [options] `program`: only this one of several; `clearLogs`: begin with empty data
   */
  async start({ program, clearLogs = false } = {}) {
    const wanted = this.#wanted(program).filter(({ name }) => stillRunning(this.#processes[name] ?? []).length === 0);
    if (wanted.length === 0) return;
    if (clearLogs) rmSync(this.dataFolder, { recursive: true, force: true });
    mkdirSync(this.folder, { recursive: true });
    await this.#plan.prepare();
    for (const one of wanted) await this.#startProgram(one);
    await this.#plan.finish?.();
    this.#ready = this.running;
    this.#changed();
  }

  /** @param {string} [program] only this one of several */
  async stop(program) {
    await this.#end(program);
  }

  /**
   * As a power cut does it: SIGKILL to every process at once.
   * @param {string} [program] only this one of several
   */
  async kill9(program) {
    await this.#end(program, 0);
  }

  /**
   * @param {readonly Program[]} programs
   * @returns {Processes}
   */
  #processesOf(programs) {
    return Object.fromEntries(programs.flatMap(({ name }) => (this.#processes[name] ? [[name, this.#processes[name]]] : [])));
  }

  /** @param {string | undefined} program */
  #wanted(program) {
    const wanted = this.#plan.programs.filter(({ name }) => program === undefined || name === program);
    if (wanted.length === 0) throw new Error(`${this.name} has no program ${program}`);
    return wanted;
  }

  /** @param {Program} program */
  async #startProgram(program) {
    const before = existsSync(program.logFile) ? statSync(program.logFile).size : 0;
    const log = () => textFrom(program.logFile, before);
    const id = launch({ ...program.start, logFile: program.logFile });
    this.#processes[program.name] = [id];
    this.#changed();
    const inTime = await within(READY_WITHIN_MS, async () => {
      if (!isAlive(id)) throw new Error(`${program.name} ended while starting: ${reason(log())}`);
      return await program.ready(log());
    });
    if (!inTime) throw new Error(`${program.name} is not ready after ${READY_WITHIN_MS / 1000} s: ${reason(log())}`);
    // Children too: should the leader be killed alone, they are still known as ours.
    this.#processes[program.name] = stillRunning([id]);
    this.#changed();
  }

  /**
   * @param {string | undefined} program
   * @param {number} [graceMs]
   */
  async #end(program, graceMs) {
    const wanted = this.#wanted(program);
    this.#ready = false;
    await stopProcesses(this.#processesOf(wanted), graceMs);
    for (const { name } of wanted) delete this.#processes[name];
    this.#changed();
  }
}

/**
 * Ends those first that need the others. With no grace all at once, as a power cut does.
 * @param {Processes} processes
 * @param {number} [graceMs]
 */
export async function stopProcesses(processes, graceMs = STOP_WITHIN_MS) {
  const inOrder = Object.values(processes).reverse();
  if (graceMs === 0) await stopAll(inOrder.flat(), 0);
  else for (const ids of inOrder) await stopAll(ids, graceMs);
}

/**
 * Ports and passwords belong to the data: a restart must find the same ones.
 * @template T
 * @param {string} folder
 * @param {() => Promise<T>} make
 * @returns {Promise<T>}
 */
export async function settingsOf(folder, make) {
  const file = join(folder, 'settings.json');
  if (existsSync(file)) return JSON.parse(readFileSync(file, 'utf8'));
  const settings = await make();
  mkdirSync(folder, { recursive: true });
  writeFileSync(`${file}.part`, JSON.stringify(settings, null, 2), { mode: 0o600 });
  renameSync(`${file}.part`, file);
  return settings;
}

/**
 * Only what came since the last start: a log may have grown large.
 * @param {string} file
 * @param {number} offset
 */
function textFrom(file, offset) {
  const bytes = Buffer.alloc(Math.max(0, statSync(file).size - offset));
  const handle = openSync(file, 'r');
  try {
    return bytes.toString('utf8', 0, readSync(handle, bytes, 0, bytes.length, offset));
  } finally {
    closeSync(handle);
  }
}

/** @param {string} log @returns {string} its last lines without the frames of Java's stack traces, which say nothing here */
function reason(log) {
  const telling = log.split('\n').filter((line) => line.trim() !== '' && !/^\s+(at |\.\.\. )/.test(line));
  return telling.slice(-3).join(' | ') || 'it logged nothing';
}
