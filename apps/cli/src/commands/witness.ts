import { readFile } from 'node:fs/promises';
import { nodeCrypto } from '@holdfast/crypto-node';
import { HoldfastError } from '@holdfast/record';
import { LOG_SIGNATURE, formatVkey, parsePolicy, parseVkey, toBase64 } from '@holdfast/tlog';
import type { VerifierKey } from '@holdfast/tlog';
import { CosigningWitness, WitnessFolder, WitnessServer } from '@holdfast/witness-http';
import type { WitnessEvent } from '@holdfast/witness-http';
import { EXIT, count, print, sentenceOf } from '../output.js';
import { printable } from '../terminal.js';

export interface WitnessOptions {
  readonly dir: string;
  readonly port: number;
  readonly host: string;
  /** vkeys. */
  readonly log?: readonly string[];
  readonly policy?: string;
  readonly name?: string;
  readonly json?: boolean;
  readonly environment: NodeJS.ProcessEnv;
}

/** `holdfast witness`: co-signs the checkpoints of logs until Ctrl-C. It needs no archive. */
export async function witness(options: WitnessOptions): Promise<number> {
  const logs = await logsOf(options);
  const folder = await WitnessFolder.open(options.dir, { crypto: nodeCrypto, ...(options.name !== undefined && { name: options.name }) });
  try {
    const report = (event: WitnessEvent): void => {
      process.stderr.write(`${printable(`${new Date().toISOString()} ${lineOf(event, folder, options)}`)}\n`);
    };
    const cosigning = new CosigningWitness({ crypto: nodeCrypto, clock: { now: () => new Date() }, folder, logs, report });
    const stopped = new Promise<void>((resolve) => {
      for (const signal of ['SIGINT', 'SIGTERM'] as const)
        process.once(signal, () => {
          resolve();
        });
    });
    const server = await WitnessServer.listen({ witness: cosigning, port: options.port, host: options.host, report });
    announce(options, folder, logs, server.port);
    await stopped;
    await server.close();
    if (options.json !== true) process.stdout.write('Stopped cleanly.\n');
    return EXIT.done;
  } finally {
    folder.close();
  }
}

/** @throws HoldfastError `bad_configuration` */
async function logsOf({ log = [], policy }: WitnessOptions): Promise<readonly VerifierKey[]> {
  const keys = log.map((vkey) => {
    try {
      return parseVkey(nodeCrypto, vkey);
    } catch (cause) {
      if (!(cause instanceof HoldfastError)) throw cause;
      throw new HoldfastError('bad_configuration', `--log: ${cause.message}`, { cause });
    }
  });
  if (policy !== undefined) {
    const text = await readFile(policy, 'utf8').catch((cause: unknown) => {
      throw new HoldfastError('bad_configuration', `--policy names ${policy}, which cannot be read.`, { cause });
    });
    keys.push(...parsePolicy(nodeCrypto, text).logs.map(({ key }) => key));
  }
  // Before the folder is touched: a mistyped command must not make a witness.
  if (keys.length === 0)
    throw new HoldfastError('bad_configuration', 'Name the logs to co-sign: --log VKEY, or --policy FILE with a line that begins with log.');
  const wrong = keys.find(({ type }) => type !== LOG_SIGNATURE);
  if (wrong !== undefined) throw new HoldfastError('bad_configuration', `--log: ${wrong.name} is the key of a witness, not of a log.`);
  return keys;
}

function announce({ host, dir, json }: WitnessOptions, folder: WitnessFolder, logs: readonly VerifierKey[], port: number): void {
  const { key } = folder.key;
  const vkey = formatVkey(key);
  const url = `http://${host.includes(':') ? `[${host}]` : host}:${port}/`;
  const origins = [...new Set(logs.map(({ name }) => name))];
  const holds = folder.all.map(({ origin, size, root }) => ({ origin, size, root: toBase64(root) }));
  // What a policy calls it is the operator's choice; the last part of its name is a good one.
  const short = /[A-Za-z0-9][A-Za-z0-9._-]{0,62}$/.exec(key.name)?.[0] ?? 'witness';
  print(json === true, { name: key.name, vkey, url, folder: folder.path, created: folder.created, logs: origins, holds }, () =>
    [
      folder.created ? `A new witness was made in ${dir}: ${key.name}.` : `The witness ${key.name} goes on.`,
      `vkey      ${vkey}`,
      `address   ${url}`,
      ...origins.map((origin) => {
        const held = holds.find((one) => one.origin === origin);
        return `co-signs  ${origin}, ${held === undefined ? 'nothing yet' : `so far up to size ${count(held.size)}, root ${held.root}`}`;
      }),
      ...holds.filter(({ origin }) => !origins.includes(origin)).map(({ origin, size }) => `remembers ${origin}, size ${count(size)}, not named now`),
      '',
      'Give the operator of the archive these two lines, for the policy of the log and for HOLDFAST_WITNESS_URLS:',
      `  witness ${short} ${vkey}`,
      `  ${short}=${url}`,
      'Ctrl-C stops it; the next start goes on with what it remembers.',
    ].join('\n'),
  );
}

function lineOf(event: WitnessEvent, folder: WitnessFolder, { environment }: WitnessOptions): string {
  switch (event.event) {
    case 'first_cosigned':
      return `co-signed a first checkpoint of ${event.checkpoint.origin}, size ${count(event.checkpoint.size)}.`;
    case 'fork':
      return `FORK: ${event.held.origin} has signed two roots of size ${count(event.held.size)}. Both checkpoints are in ${folder.path}/forks; the second was refused. Keep them and tell everybody who relies on this log.`;
    case 'fault':
      return `a request was not answered. ${sentenceOf(event.error, environment['HOLDFAST_DEBUG'] === '1')}`;
  }
}
