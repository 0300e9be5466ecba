import { createServer, request, type IncomingHttpHeaders, type IncomingMessage, type Server, type ServerResponse } from 'node:http';

export interface Asked {
  readonly method: string;
  /** Without the bucket; empty for a request about a bucket. */
  readonly key: string;
  /** Absent: none was named. */
  readonly version: string | undefined;
  readonly query: URLSearchParams;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
}

export interface Reply {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | readonly string[]>>;
  readonly body: Buffer;
}

/** What a lying server pretends. */
export class Memory {
  /** Version ids of each key in the order of their puts. */
  readonly versions = new Map<string, string[]>();
  readonly bodies = new Map<string, Buffer>();
  /** Versions that are there, and that it denies. */
  readonly gone = new Set<string>();
  /** Locks that it shows instead of the real ones; undefined: it shows none. */
  readonly locks = new Map<string, { readonly mode: string; readonly until: string } | undefined>();

  of(key: string): string[] {
    return this.versions.get(key) ?? [];
  }
}

export interface Lie {
  /** Answers in the place of the server. */
  readonly before?: (asked: Asked, memory: Memory) => Reply | undefined;
  /** Changes the server's answer. */
  readonly after?: (asked: Asked, reply: Reply, memory: Memory) => Reply;
}

export const accepted = (text = '', headers: Readonly<Record<string, string>> = {}): Reply => ({
  status: text === '' && Object.keys(headers).length === 0 ? 204 : 200,
  headers: { date: new Date().toUTCString(), ...headers },
  body: Buffer.from(text),
});

const missing: Reply = {
  status: 404,
  headers: { date: new Date().toUTCString(), 'content-type': 'application/xml' },
  body: Buffer.from('<?xml version="1.0"?><Error><Code>NoSuchVersion</Code></Error>'),
};

/** A server that keeps every promise but one: before a real one, and telling its lie. Signatures go on as they came. */
export class LyingServer {
  readonly #server: Server;
  readonly #target: URL;
  readonly #lie: Lie;
  readonly #memory = new Memory();

  private constructor(target: string, lie: Lie) {
    this.#target = new URL(target);
    this.#lie = lie;
    this.#server = createServer((incoming, answer) => {
      this.#serve(incoming, answer).catch(() => answer.destroy());
    });
  }

  static async start(target: string, lie: Lie): Promise<LyingServer> {
    const one = new LyingServer(target, lie);
    await new Promise<void>((resolve) => one.#server.listen(0, '127.0.0.1', resolve));
    return one;
  }

  get endpoint(): string {
    const address = this.#server.address();
    if (address === null || typeof address === 'string') throw new Error('the server does not listen');
    return `http://127.0.0.1:${String(address.port)}`;
  }

  close(): void {
    this.#server.closeAllConnections();
    this.#server.close();
  }

  async #serve(incoming: IncomingMessage, answer: ServerResponse): Promise<void> {
    const url = new URL(incoming.url ?? '/', this.#target);
    const [, , ...path] = url.pathname.split('/');
    const chunks: Buffer[] = [];
    for await (const chunk of incoming) chunks.push(Buffer.from(chunk as Uint8Array));
    const asked: Asked = {
      method: incoming.method ?? '',
      key: decodeURIComponent(path.join('/')),
      version: url.searchParams.get('versionId') ?? undefined,
      query: url.searchParams,
      headers: incoming.headers,
      body: Buffer.concat(chunks),
    };
    const own = this.#lie.before?.(asked, this.#memory);
    const real = own ?? this.#pretend(asked, await this.#forward(incoming, asked.body));
    const reply = this.#lie.after?.(asked, real, this.#memory) ?? real;
    answer.sendDate = false;
    answer.writeHead(reply.status, { ...reply.headers, ...(asked.method === 'HEAD' ? {} : { 'content-length': String(reply.body.length) }) });
    answer.end(asked.method === 'HEAD' ? undefined : reply.body);
  }

  #pretend(asked: Asked, reply: Reply): Reply {
    const { method, key, version } = asked;
    const made = reply.headers['x-amz-version-id'];
    if (method === 'PUT' && typeof made === 'string' && key !== '') {
      this.#memory.versions.set(key, [...this.#memory.of(key), made]);
      this.#memory.bodies.set(key, asked.body);
    }
    if (version === undefined || (method !== 'GET' && method !== 'HEAD')) return reply;
    if (this.#memory.gone.has(version)) return missing;
    return this.#memory.locks.has(version) ? withLock(reply, this.#memory.locks.get(version)) : reply;
  }

  #forward({ method, url, headers }: IncomingMessage, body: Buffer): Promise<Reply> {
    const { hostname, port } = this.#target;
    return new Promise((resolve, reject) => {
      const forward = request({ hostname, port, method, path: url, headers, agent: false }, (response) => {
        const chunks: Buffer[] = [];
        response.on('data', (chunk: Buffer) => chunks.push(chunk));
        response.once('error', reject);
        response.once('end', () => {
          const kept = Object.entries(response.headers).filter(
            ([name, value]) => value !== undefined && name !== 'transfer-encoding' && name !== 'connection',
          );
          resolve({ status: response.statusCode ?? 502, headers: Object.fromEntries(kept) as Reply['headers'], body: Buffer.concat(chunks) });
        });
      });
      forward.once('error', reject);
      forward.end(body);
    });
  }
}

/** An answer that shows another lock, or none. */
export function withLock(reply: Reply, lock: { readonly mode: string; readonly until: string } | undefined): Reply {
  const others = Object.entries(reply.headers).filter(
    ([name]) => !name.startsWith('x-amz-object-lock-mode') && !name.startsWith('x-amz-object-lock-retain'),
  );
  const shown = lock === undefined ? {} : { 'x-amz-object-lock-mode': lock.mode, 'x-amz-object-lock-retain-until-date': lock.until };
  return { ...reply, headers: { ...Object.fromEntries(others), ...shown } };
}
