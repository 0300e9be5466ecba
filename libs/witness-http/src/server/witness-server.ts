import { createServer } from 'node:http';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import { HoldfastError } from '@holdfast/record';
import { MAX_ADD_CHECKPOINT } from '@holdfast/tlog';
import type { CosigningWitness, WitnessEvent, WitnessReply } from './cosigning-witness.js';

export interface WitnessServerOptions {
  readonly witness: CosigningWitness;
  readonly port: number;
  readonly host: string;
  readonly report: (event: WitnessEvent) => void;
}

const ADD_CHECKPOINT = '/add-checkpoint';
const CHECKPOINT = /^\/([0-9a-f]{64})\/checkpoint$/;
const TEXT = 'text/plain; charset=utf-8';
/** Anybody may call: one that sends a byte a minute must not keep its connection for long, nor many of them all of ours. */
const LIMITS = { headersTimeout: 10_000, requestTimeout: 15_000, connectionsCheckingInterval: 5_000 };
const MOST_CONNECTIONS = 200;
const FORCE_AFTER_MS = 5_000;

/** The HTTP side of a witness (c2sp.org/tlog-witness): submission and monitoring prefix are the same. */
export class WitnessServer {
  readonly #server: Server;
  readonly #witness: CosigningWitness;

  private constructor(server: Server, witness: CosigningWitness) {
    this.#server = server;
    this.#witness = witness;
  }

  /** Resolves when it listens. @throws HoldfastError `bad_configuration`: somebody else does, or nobody may */
  static async listen({ witness, port, host, report }: WitnessServerOptions): Promise<WitnessServer> {
    const server = createServer(LIMITS, (request, response) => {
      answer(witness, request, response).catch((error: unknown) => {
        report({ event: 'fault', error });
        if (response.headersSent) response.destroy();
        else send(response, { status: 500, type: TEXT, body: 'This witness has a fault of its own; nothing was co-signed.\n' });
      });
    });
    server.maxConnections = MOST_CONNECTIONS;
    await new Promise<void>((resolve, reject) => {
      server.once('error', (cause: NodeJS.ErrnoException) => {
        const sentence =
          cause.code === 'EADDRINUSE'
            ? `Port ${port} is in use: stop what listens there, or choose another with --port.`
            : `Nothing can listen on port ${port} of ${host} (${cause.code ?? cause.message}): choose others with --port and --host.`;
        reject(new HoldfastError('bad_configuration', sentence, { cause }));
      });
      server.listen(port, host, resolve);
    });
    server.removeAllListeners('error');
    server.on('error', (error) => {
      report({ event: 'fault', error });
    });
    return new WitnessServer(server, witness);
  }

  get port(): number {
    const address = this.#server.address();
    return typeof address === 'object' && address !== null ? address.port : 0;
  }

  /** Takes no more, and resolves when everything that was begun is answered. */
  async close(): Promise<void> {
    const closed = new Promise<void>((resolve) => {
      this.#server.close(() => {
        resolve();
      });
    });
    const force = setTimeout(() => {
      this.#server.closeAllConnections();
    }, FORCE_AFTER_MS);
    await closed;
    clearTimeout(force);
    // Whoever was cut off may still be being remembered.
    await this.#witness.settled();
  }
}

async function answer(witness: CosigningWitness, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const path = (request.url ?? '').split('?')[0] ?? '';
  const reading = request.method === 'GET' || request.method === 'HEAD';
  const id = CHECKPOINT.exec(path)?.[1];
  if (path === ADD_CHECKPOINT && request.method === 'POST') {
    const body = await bodyOf(request);
    if (body === 'gone') return;
    if (body !== 'too large') {
      send(response, await witness.addCheckpoint(body));
      return;
    }
    // The rest of it is not read: the connection cannot carry another request.
    response.setHeader('connection', 'close');
    send(response, { status: 413, type: TEXT, body: `A request has at most ${MAX_ADD_CHECKPOINT} bytes.\n` });
  } else if (path === ADD_CHECKPOINT) {
    response.setHeader('allow', 'POST');
    send(response, { status: 405, type: TEXT, body: 'Checkpoints are sent here with POST.\n' });
  } else if (id === undefined) send(response, { status: 404, type: TEXT, body: 'There is nothing here; this is a witness of transparency logs.\n' });
  else if (!reading) {
    response.setHeader('allow', 'GET, HEAD');
    send(response, { status: 405, type: TEXT, body: 'A checkpoint is read with GET.\n' });
  } else {
    const held = witness.checkpoint(id);
    if (held === undefined) send(response, { status: 404, type: TEXT, body: 'No checkpoint of this log was co-signed here.\n' });
    else {
      // Whoever asks wants the newest.
      response.setHeader('cache-control', 'no-store');
      send(response, { status: 200, type: TEXT, body: held });
    }
  }
}

/** `gone`: who sent it has hung up, and nobody waits for an answer. */
async function bodyOf(request: IncomingMessage): Promise<Uint8Array | 'too large' | 'gone'> {
  if (Number(request.headers['content-length'] ?? 0) > MAX_ADD_CHECKPOINT) return 'too large';
  const parts: Buffer[] = [];
  let size = 0;
  try {
    // Leaving the loop must not destroy the connection: the refusal goes over it.
    const stream: AsyncIterable<Buffer> = request.iterator({ destroyOnReturn: false });
    for await (const part of stream) {
      size += part.length;
      if (size > MAX_ADD_CHECKPOINT) return 'too large';
      parts.push(part);
    }
  } catch (error) {
    if (request.destroyed) return 'gone';
    throw error;
  }
  return Buffer.concat(parts);
}

function send(response: ServerResponse, { status, type, body }: Omit<WitnessReply, 'body'> & { readonly body: string | Uint8Array }): void {
  response.writeHead(status, { 'content-type': type, 'content-length': Buffer.byteLength(body), 'x-content-type-options': 'nosniff' });
  response.end(body);
}
