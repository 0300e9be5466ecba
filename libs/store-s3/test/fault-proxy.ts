import { createServer, request, type IncomingMessage, type Server, type ServerResponse } from 'node:http';

/** What happens to one request: it passes, is answered by us, is applied and its answer lost, its answer is cut, or nothing ever comes. */
export type Fault =
  'pass' | 'lose_answer' | 'cut_answer' | 'hang' | { readonly status: number; readonly body: string } | { readonly applyThen: number };

/** A proxy before a real server that does to each request what `plan` says, and remembers them. */
export class FaultProxy {
  plan: (method: string, path: string, n: number) => Fault = () => 'pass';
  readonly seen: string[] = [];
  readonly #server: Server;
  readonly #target: URL;

  private constructor(target: string) {
    this.#target = new URL(target);
    this.#server = createServer((incoming, answer) => {
      this.#serve(incoming, answer);
    });
  }

  static async start(target: string): Promise<FaultProxy> {
    const proxy = new FaultProxy(target);
    await new Promise<void>((resolve) => proxy.#server.listen(0, '127.0.0.1', resolve));
    return proxy;
  }

  get endpoint(): string {
    const address = this.#server.address();
    if (address === null || typeof address === 'string') throw new Error('the proxy does not listen');
    return `http://127.0.0.1:${String(address.port)}`;
  }

  /** Forgets what was seen and takes a new plan, whose `n` counts from 1. */
  reset(plan: (method: string, path: string, n: number) => Fault = () => 'pass'): void {
    this.seen.length = 0;
    this.plan = plan;
  }

  close(): void {
    this.#server.closeAllConnections();
    this.#server.close();
  }

  #serve(incoming: IncomingMessage, answer: ServerResponse): void {
    const { method = '', url = '' } = incoming;
    this.seen.push(`${method} ${url}`);
    const fault = this.plan(method, url, this.seen.length);
    if (fault === 'hang') return;
    if (typeof fault === 'object' && 'status' in fault) {
      incoming.resume().once('end', () => answer.writeHead(fault.status, { 'content-type': 'text/html' }).end(fault.body));
      return;
    }
    // The Host header is signed: it goes on as it came.
    const { hostname, port } = this.#target;
    const forward = request({ hostname, port, method, path: url, headers: incoming.headers, agent: false }, (response) => {
      if (fault === 'lose_answer') return void response.resume().once('end', () => answer.destroy());
      if (typeof fault === 'object') return void response.resume().once('end', () => answer.writeHead(fault.applyThen).end());
      answer.writeHead(response.statusCode ?? 502, response.headers);
      if (fault === 'cut_answer') {
        response.once('data', (chunk: Buffer) => answer.write(chunk.subarray(0, chunk.length / 2), () => answer.destroy()));
        return;
      }
      response.pipe(answer);
    });
    forward.once('error', () => answer.destroy());
    incoming.pipe(forward);
  }
}
