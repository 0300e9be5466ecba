import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { until } from '@holdfast/test-kit';
import type { Readiness } from '../services/answers.js';

/** A service as its users run it: its own process, told everything by its environment. Needs a build. */
export class Program {
  readonly #child: ChildProcess;
  readonly #exit: Promise<number>;
  #output = '';
  #errors = '';

  constructor(app: 'ingest' | 'audit', environment: Record<string, string>) {
    const main = fileURLToPath(new URL(`../../apps/${app}/dist/main.js`, import.meta.url));
    const flags = ['--disable-warning=ExperimentalWarning', '--disable-warning=TimeoutNegativeWarning'];
    // Nothing of the environment of the tests: they have settings of their own.
    this.#child = spawn(process.execPath, [...flags, main], { env: { HOLDFAST_PORT: '0', ...environment }, stdio: ['ignore', 'pipe', 'pipe'] });
    this.#child.stdout?.on('data', (chunk: Buffer) => (this.#output += chunk.toString()));
    this.#child.stderr?.on('data', (chunk: Buffer) => (this.#errors += chunk.toString()));
    this.#exit = new Promise((resolve) => {
      this.#child.on('close', (code, signal) => resolve(code ?? (signal === 'SIGKILL' ? 137 : 1)));
    });
  }

  /** What it printed on stderr. */
  get errors(): string {
    return this.#errors;
  }

  get log(): readonly Record<string, unknown>[] {
    return this.#output
      .split('\n')
      .filter((line) => line.startsWith('{') && line.endsWith('}'))
      .map((line) => JSON.parse(line) as Record<string, unknown>);
  }

  /** Exit code, once it has ended by itself. */
  get exited(): Promise<number> {
    return this.#exit;
  }

  async url(): Promise<string> {
    let url: unknown;
    await until(
      () => {
        if (this.#child.exitCode !== null) throw new Error(`it ended: ${this.#errors}`);
        url = this.log.find((line) => 'url' in line)?.['url'];
        return url !== undefined;
      },
      30_000,
      'it listens',
    );
    return String(url);
  }

  async get(path: string): Promise<Response> {
    return fetch(`${await this.url()}${path}`);
  }

  /** The answer as JSON, as the caller knows it. */
  async json<T extends object>(path: string): Promise<T> {
    return (await (await this.get(path)).json()) as T;
  }

  /** Value of a metric without labels; NaN while it is absent. */
  async metric(name: string): Promise<number> {
    const text = await (await this.get('/metrics')).text();
    return Number(new RegExp(`^${name} (\\S+)$`, 'm').exec(text)?.[1] ?? Number.NaN);
  }

  async ready(): Promise<void> {
    await until(async () => (await this.get('/ready')).ok, 60_000, `${await this.url()} is ready`);
  }

  /** Waits until `/ready` names the alarm. */
  async alarm(code: string): Promise<void> {
    const raised = async (): Promise<boolean> => (await this.json<Readiness>('/ready')).alarms.some((alarm) => alarm.code === code);
    await until(raised, 60_000, `the alarm ${code} is raised`);
  }

  /** As Kubernetes stops it. Answers the exit code. */
  stop(): Promise<number> {
    this.#child.kill('SIGTERM');
    return this.#exit;
  }

  kill(): Promise<number> {
    this.#child.kill('SIGKILL');
    return this.#exit;
  }
}
