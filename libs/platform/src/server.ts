import type { Server } from 'node:http';
import { Module } from '@nestjs/common';
import type { DynamicModule, NestApplicationOptions, Type } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import type { NestExpressApplication } from '@nestjs/platform-express';
import { HoldfastError } from '@holdfast/record';
import { httpMetrics } from './http-metrics.js';
import { nestLogger } from './logger.js';
import { PlatformModule } from './platform-module.js';
import type { PlatformOptions } from './platform-module.js';
import { allowHosts, sameOrigin, securityHeaders } from './security.js';

export const LOOPBACK = '127.0.0.1';

export interface ServerOptions extends PlatformOptions {
  readonly modules: readonly (Type | DynamicModule)[];
  readonly port: number;
  /** Default 127.0.0.1: nothing is open to a network unless somebody says so. */
  readonly host?: string;
  /** Names by which clients may call this server; default `localhost` on a loopback address, else any. */
  readonly hosts?: readonly string[];
  /** Largest JSON body; default 1 MiB. */
  readonly bodyMaxBytes?: number;
  /** How long a request may take to arrive; default 30 s. Responses are not limited: exports are long. */
  readonly requestTimeoutMs?: number;
  /** Last changes before listening: static files, parsers of other bodies. */
  readonly prepare?: (app: NestExpressApplication) => void;
}

export interface RunningServer {
  readonly app: NestExpressApplication;
  readonly url: string;
  readonly port: number;
  /** Stops intake, drains HTTP, then closes clients: the order of Nest's hooks. */
  close(): Promise<void>;
  /** Cuts what is still open, so that `close` ends. */
  cut(): void;
}

@Module({})
class RootModule {}

/** @throws HoldfastError `bad_configuration` when nothing can listen there */
export async function startServer(options: ServerOptions): Promise<RunningServer> {
  const root = { module: RootModule, imports: [PlatformModule.forRoot(options), ...options.modules] };
  // eslint-disable-next-line @typescript-eslint/no-unsafe-class-instance-assignment -- Nest documents its options as a literal and declares them as a class
  const settings: NestApplicationOptions = { logger: nestLogger(options.logger), abortOnError: false, bodyParser: false };
  const app = await NestFactory.create<NestExpressApplication>(root, settings);
  app.disable('x-powered-by');
  // An entity tag is a hash of the content, and nothing here is cached.
  app.disable('etag');
  app.use(httpMetrics(options.metrics), securityHeaders(), sameOrigin());
  const hosts = options.hosts ?? (isLoopback(options.host ?? LOOPBACK) ? ['localhost'] : undefined);
  if (hosts !== undefined) app.use(allowHosts(hosts));
  app.useBodyParser('json', { limit: options.bodyMaxBytes ?? 1 << 20, strict: true });
  options.prepare?.(app);

  const server = app.getHttpServer();
  server.requestTimeout = options.requestTimeoutMs ?? 30_000;
  server.headersTimeout = Math.min(10_000, server.requestTimeout);
  server.keepAliveTimeout = 5_000;
  try {
    await app.init();
    await listen(server, options.port, options.host ?? LOOPBACK);
  } catch (error) {
    // The first error says why; one while closing what had half started must not hide it.
    await app.close().catch((second: unknown) => options.logger.error({ err: second }, 'closing after a failed start failed'));
    throw error;
  }
  const address = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : options.port;
  const host = options.host ?? LOOPBACK;
  return {
    app,
    port,
    url: `http://${host.includes(':') ? `[${host}]` : host}:${port}`,
    close: () => app.close(),
    cut: () => server.closeAllConnections(),
  };
}

function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || host.startsWith('127.');
}

/** Not `app.listen`: that logs the error of a busy port with a stack before it can be put into words. */
function listen(server: Server, port: number, host: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => reject(unableToListen(error, port, host)));
    server.listen(port, host, resolve);
  });
}

function unableToListen(error: NodeJS.ErrnoException, port: number, host: string): Error {
  switch (error.code) {
    case 'EADDRINUSE':
      return new HoldfastError('bad_configuration', `Port ${port} on ${host} is in use: stop what listens there, or choose another port.`);
    case 'EACCES':
      return new HoldfastError('bad_configuration', `Port ${port} on ${host} needs more rights: choose a port above 1023.`);
    case 'EADDRNOTAVAIL':
    case 'ENOTFOUND':
      return new HoldfastError('bad_configuration', `${host} is not an address of this machine.`);
    default:
      return error;
  }
}
