import { nodeCrypto as crypto } from '@holdfast/crypto-node';
import { encodeAddCheckpoint } from '@holdfast/tlog';
import type { VerifierKey } from '@holdfast/tlog';
import { CosigningWitness, HttpWitness, WitnessFolder, WitnessServer } from '../src/index.js';
import type { WitnessEvent, WitnessFolderOptions } from '../src/index.js';
import type { TestLog } from './test-log.js';

export const clock = { now: () => new Date() };

/** A witness as `holdfast witness` runs it, in this process. */
export class RunningWitness {
  readonly url: string;
  readonly events: readonly WitnessEvent[];
  readonly folder: WitnessFolder;
  readonly #server: WitnessServer;

  private constructor(folder: WitnessFolder, server: WitnessServer, events: readonly WitnessEvent[]) {
    this.folder = folder;
    this.#server = server;
    this.events = events;
    this.url = `http://127.0.0.1:${server.port}/`;
  }

  static async start(path: string, logs: readonly VerifierKey[], options: Partial<WitnessFolderOptions> = {}): Promise<RunningWitness> {
    const events: WitnessEvent[] = [];
    const report = (event: WitnessEvent): void => {
      events.push(event);
    };
    const folder = await WitnessFolder.open(path, { crypto, name: 'witness.example/w', ...options });
    const witness = new CosigningWitness({ crypto, clock, folder, logs, report });
    return new RunningWitness(folder, await WitnessServer.listen({ witness, port: 0, host: '127.0.0.1', report }), events);
  }

  client(name = 'w'): HttpWitness {
    return new HttpWitness({ crypto, clock, name, url: this.url, key: this.folder.key.key });
  }

  post(body: Uint8Array | string): Promise<Response> {
    return fetch(`${this.url}add-checkpoint`, { method: 'POST', body: new Uint8Array(Buffer.from(body)) });
  }

  /** Asks as the protocol says: with a proof from `old`. */
  async add(log: TestLog, old: number, size: number, history = 0): Promise<Response> {
    const proof = old <= size ? await log.proof(old, size, history) : [];
    return this.post(encodeAddCheckpoint({ old, proof, checkpoint: await log.at(size, history) }));
  }

  async stop(): Promise<void> {
    await this.#server.close();
    this.folder.close();
  }
}
