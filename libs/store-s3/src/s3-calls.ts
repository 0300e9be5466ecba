import { setTimeout as wait } from 'node:timers/promises';
import { S3Client, type S3ClientConfig } from '@aws-sdk/client-s3';
import { HoldfastError } from '@holdfast/record';
import { S3Fault } from './s3-fault.js';
import type { S3Connection } from './s3-options.js';

const LONGEST_DELAY_MS = 5000;

/** The client of one connection, with our own retries around it: one place, one rule, visible in tests. */
export class S3Calls {
  readonly client: S3Client;
  readonly #attempts: number;
  readonly #firstDelayMs: number;
  readonly #dates = new WeakMap<object, Date>();

  constructor(options: S3Connection) {
    this.client = new S3Client(configOf(options));
    this.#attempts = options.attempts ?? 6;
    this.#firstDelayMs = options.firstDelayMs ?? 100;
    this.client.middlewareStack.add(
      (next) => async (args) => {
        const result = await next(args);
        const date = dateHeader(result.response);
        if (date !== undefined && typeof result.output === 'object') this.#dates.set(result.output, date);
        return result;
      },
      // Outside of the deserializer, which makes `output`.
      { step: 'deserialize', priority: 'high', name: 'holdfastDate' },
    );
  }

  /** Sends once. @throws S3Fault, and as they are HoldfastErrors of `send` */
  async once<T>(send: (client: S3Client) => Promise<T>): Promise<T> {
    try {
      return await send(this.client);
    } catch (error) {
      throw error instanceof HoldfastError ? error : S3Fault.of(error);
    }
  }

  /** Sends until it is answered with anything but a transient fault, a few times. @throws S3Fault */
  async retried<T>(send: (client: S3Client) => Promise<T>): Promise<T> {
    for (let attempt = 1; ; attempt++) {
      try {
        return await this.once(send);
      } catch (error) {
        if (!(error instanceof S3Fault) || !error.transient || attempt >= this.#attempts) throw error;
      }
      await this.pause(attempt);
    }
  }

  /** The pause after the n-th attempt. Half of it is random, so that workers that failed together do not come back together. */
  async pause(attempt: number): Promise<void> {
    const full = Math.min(this.#firstDelayMs * 2 ** (attempt - 1), LONGEST_DELAY_MS);
    await wait(full / 2 + (Math.random() * full) / 2);
  }

  get attempts(): number {
    return this.#attempts;
  }

  /** The server's clock when it answered `output`, by its Date header (whole seconds). */
  dateOf(output: object): Date | undefined {
    return this.#dates.get(output);
  }

  close(): void {
    this.client.destroy();
  }
}

/** How every client of ours is set up. */
export function configOf(options: S3Connection): S3ClientConfig {
  const sockets = { keepAlive: true, maxSockets: options.maxSockets ?? 64 };
  return {
    region: options.region,
    ...(options.endpoint === undefined ? {} : { endpoint: options.endpoint }),
    ...(options.credentials === undefined ? {} : { credentials: { ...options.credentials } }),
    forcePathStyle: options.forcePathStyle ?? false,
    // The default adds CRC32 trailers that older servers refuse; we send MD5 and SHA-256 ourselves.
    requestChecksumCalculation: 'WHEN_REQUIRED',
    responseChecksumValidation: 'WHEN_REQUIRED',
    maxAttempts: 1,
    // A wrong clock is to be seen, not corrected in silence: lock dates come from it.
    disableClockSkewCorrection: true,
    // The SDK's warnings go to the console by default; what matters is in our errors.
    logger: { debug: ignore, info: ignore, warn: ignore, error: ignore },
    followRegionRedirects: false,
    requestHandler: {
      connectionTimeout: options.connectTimeoutMs ?? 5000,
      socketTimeout: options.socketTimeoutMs ?? 30_000,
      requestTimeout: options.requestTimeoutMs ?? 120_000,
      throwOnRequestTimeout: true,
      // Many requests waiting for a socket is our normal back-pressure, no reason for a warning on the console.
      socketAcquisitionWarningTimeout: 2 ** 31 - 1,
      httpAgent: sockets,
      httpsAgent: sockets,
    },
  };
}

function ignore(): void {
  // Nothing: see above.
}

function dateHeader(response: unknown): Date | undefined {
  if (typeof response !== 'object' || response === null || !('headers' in response)) return undefined;
  const { headers } = response;
  if (typeof headers !== 'object' || headers === null) return undefined;
  const value: unknown = Reflect.get(headers, 'date');
  const date = typeof value === 'string' ? new Date(value) : undefined;
  return date === undefined || Number.isNaN(date.getTime()) ? undefined : date;
}
