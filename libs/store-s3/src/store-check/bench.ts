// Over 300 lines: every kind of call that a probe makes, in one place, so that all are counted, retried and signed alike.
import { randomBytes } from 'node:crypto';
import { setTimeout as wait } from 'node:timers/promises';
import {
  DeleteObjectCommand,
  GetObjectCommand,
  HeadBucketCommand,
  HeadObjectCommand,
  PutObjectCommand,
  PutObjectLegalHoldCommand,
  PutObjectRetentionCommand,
  S3Client,
  type HeadObjectCommandOutput,
  type PutObjectCommandInput,
  type S3ClientConfig,
} from '@aws-sdk/client-s3';
import type { Lock, LockMode } from '@holdfast/ports';
import { createBucket } from '../buckets.js';
import { md5 } from '../digests.js';
import { configOf, S3Calls } from '../s3-calls.js';
import { S3Fault } from '../s3-fault.js';
import type { S3Connection } from '../s3-options.js';
import { notTried, refused, Unseen, type Answer } from './report.js';

export type Right = 'delete' | 'bypass' | 'retain';
const RIGHT_S = 10;
/** The shortest lock that probes wait for, where the store takes any. */
const SHORT_S = 4;
/** Locks to try, in seconds, when the store wants them longer: a minute, an hour, a day. */
const LONGER_S = [65, 3665, 90_000];
/** A lock shall not end while it is on trial; also on a slow machine. */
export const LOCKED_S = 30;

/** Everything a check leaves behind for a while lies under this prefix, in both buckets. */
export const CHECK_PREFIX = 'store-check/';

export interface BenchSettings {
  readonly connection: S3Connection;
  readonly vault: string;
  readonly claims: string;
  /** Buckets may be made for probes that must not touch the buckets of an archive. */
  readonly mayCreate: boolean;
  /** The longest wait for a lock to end. */
  readonly patienceS: number;
  /** Versions in the long listing. */
  readonly many: number;
  readonly signal?: AbortSignal | undefined;
  readonly onWaiting?: ((sentence: string) => void) | undefined;
}

interface Shared extends BenchSettings {
  readonly calls: S3Calls;
  readonly run: string;
  readonly rights: Map<Right, Promise<boolean>>;
  readonly scratch: string[];
  skewMs: number;
  /** The shortest lock that this store takes, in seconds. */
  leastS: number;
}

/** Raw calls for the probes: unlike the adapters it sends what ought to be refused, and looks what happened. One for each probe. */
export class Bench {
  /** Refusals that this probe met. */
  readonly answers: Answer[] = [];
  readonly #shared: Shared;

  private constructor(shared: Shared) {
    this.#shared = shared;
  }

  static open(settings: BenchSettings): Bench {
    const run = randomBytes(6).toString('hex');
    const calls = new S3Calls(settings.connection);
    return new Bench({ ...settings, calls, run, rights: new Map(), scratch: [], skewMs: 0, leastS: SHORT_S });
  }

  /** The same bench for another probe, with answers of its own. */
  forProbe(): Bench {
    return new Bench(this.#shared);
  }

  get calls(): S3Calls {
    return this.#shared.calls;
  }

  get vault(): string {
    return this.#shared.vault;
  }

  get claims(): string {
    return this.#shared.claims;
  }

  get connection(): S3Connection {
    return this.#shared.connection;
  }

  get many(): number {
    return this.#shared.many;
  }

  get patienceS(): number {
    return this.#shared.patienceS;
  }

  get stopped(): boolean {
    return this.#shared.signal?.aborted === true;
  }

  /** Buckets that probes have made. */
  get scratchBuckets(): readonly string[] {
    return this.#shared.scratch;
  }

  say(sentence: string): void {
    this.#shared.onWaiting?.(sentence);
  }

  /** Where this check puts its objects, in every bucket. */
  get prefix(): string {
    return `${CHECK_PREFIX}${this.#shared.run}/`;
  }

  key(name: string): string {
    return this.prefix + name;
  }

  send<T>(call: (client: S3Client) => Promise<T>): Promise<T> {
    return this.calls.retried(call);
  }

  /** Another client of the same connection, set up otherwise; the caller destroys it. */
  client(change: S3ClientConfig): S3Client {
    return new S3Client({ ...configOf(this.connection), ...change });
  }

  /** A put with headers as the SDK would never write them; they are signed all the same. */
  async putWith(name: string, headers: Readonly<Record<string, string>>): Promise<string> {
    const client = this.client({});
    client.middlewareStack.add(
      (next) => (args) => {
        const { request } = args;
        if (typeof request === 'object' && request !== null && 'headers' in request) Object.assign(Object(request.headers), headers);
        return next(args);
      },
      { step: 'build', priority: 'low', name: 'otherHeaders' },
    );
    const Body = Buffer.from(`store-check ${name}`);
    try {
      const { VersionId } = await client.send(new PutObjectCommand({ Bucket: this.vault, Key: this.key(name), Body, ContentMD5: md5(Body) }));
      return VersionId ?? 'null';
    } finally {
      client.destroy();
    }
  }

  async syncClock(): Promise<void> {
    this.#shared.skewMs = (await this.serverTime()).getTime() - Date.now();
  }

  /** Finds the shortest lock that the store takes: a policy may want a day at least. */
  async learnLeastLock(): Promise<void> {
    for (const seconds of [SHORT_S, ...LONGER_S]) {
      const retainUntil = this.#after(seconds);
      const refusal = await this.refusal(this.put(`least-${String(seconds)}`, { mode: 'GOVERNANCE', retainUntil }));
      if (refusal !== undefined) continue;
      this.#shared.leastS = seconds;
      return;
    }
    // It takes none: every probe will say so itself.
  }

  /** A lock that ends `seconds` from now by the server's clock, longer where the store wants it longer. */
  lock(mode: LockMode, seconds: number): Lock {
    return { mode, retainUntil: this.#after(seconds + this.#shared.leastS - SHORT_S) };
  }

  /** The shortest lock there is, for a probe that waits for its end. */
  shortLock(mode: LockMode): Lock {
    const { leastS, patienceS } = this.#shared;
    if (leastS > patienceS)
      throw new Unseen(
        notTried(`the shortest lock that the store takes, ${String(leastS)} s, is longer than the patience of ${String(patienceS)} s`),
      );
    return this.lock(mode, SHORT_S);
  }

  async passed(instant: Date): Promise<void> {
    for (let now = await this.serverTime(); now <= instant; now = await this.serverTime()) {
      if (this.stopped) throw new Unseen(notTried('the check was interrupted'));
      this.say(`waiting ${String(Math.ceil((instant.getTime() - now.getTime()) / 1000) + 1)} s for a lock to end`);
      await wait(250);
    }
  }

  async put(name: string, lock?: Lock, more: Partial<PutObjectCommandInput> = {}): Promise<string> {
    const body = Buffer.from(`store-check ${name}`);
    const locked = lock === undefined ? {} : { ObjectLockMode: lock.mode, ObjectLockRetainUntilDate: lock.retainUntil };
    const command = { Bucket: this.vault, Key: this.key(name), Body: body, ContentMD5: md5(body), ...locked, ...more };
    const output = await this.send((client) => client.send(new PutObjectCommand(command)));
    return output.VersionId ?? 'null';
  }

  /** Puts bytes of the probe's own. */
  bytes(name: string, body: Buffer, lock?: Lock): Promise<string> {
    return this.put(name, lock, { Body: body, ContentMD5: md5(body) });
  }

  async head(name: string, version?: string): Promise<HeadObjectCommandOutput> {
    const named = version === undefined ? {} : { VersionId: version };
    return this.send((client) => client.send(new HeadObjectCommand({ Bucket: this.vault, Key: this.key(name), ...named })));
  }

  /** Whether a version can still be read, with the bytes that `put` gave it: an answer to HEAD alone would prove nothing. */
  async exists(name: string, version: string): Promise<boolean> {
    try {
      return (await this.read(name, version)) === `store-check ${name}`;
    } catch (error) {
      const fault = S3Fault.of(error);
      if (fault.status === 404 || fault.status === 405 || fault.status === 400) return false;
      throw fault;
    }
  }

  async read(name: string, version?: string, range?: string): Promise<string> {
    const more = { ...(version === undefined ? {} : { VersionId: version }), ...(range === undefined ? {} : { Range: range }) };
    return this.send(async (client) => {
      const output = await client.send(new GetObjectCommand({ Bucket: this.vault, Key: this.key(name), ...more }));
      return (await output.Body?.transformToString('latin1')) ?? '';
    });
  }

  /** Sends a delete of a version; undefined when it was accepted, else how it was refused. */
  delete(name: string, version: string, bypass = false): Promise<string | undefined> {
    const command = { Bucket: this.vault, Key: this.key(name), VersionId: version, ...(bypass ? { BypassGovernanceRetention: true } : {}) };
    return this.refusal(this.send((client) => client.send(new DeleteObjectCommand(command))));
  }

  hold(name: string, version: string | undefined, on: boolean): Promise<string | undefined> {
    const LegalHold = { Status: on ? 'ON' : 'OFF' } as const;
    const named = version === undefined ? {} : { VersionId: version };
    const command = new PutObjectLegalHoldCommand({ Bucket: this.vault, Key: this.key(name), ...named, LegalHold });
    return this.refusal(this.send((client) => client.send(command)));
  }

  /** No lock: takes the retention away. */
  retain(name: string, version: string | undefined, lock: Lock | undefined, bypass = false): Promise<string | undefined> {
    const Retention = lock === undefined ? {} : { Mode: lock.mode, RetainUntilDate: lock.retainUntil };
    const more = { ...(version === undefined ? {} : { VersionId: version }), ...(bypass ? { BypassGovernanceRetention: true } : {}) };
    const command = new PutObjectRetentionCommand({ Bucket: this.vault, Key: this.key(name), Retention, ...more });
    return this.refusal(this.send((client) => client.send(command)));
  }

  /** A bucket for one probe: nothing that belongs to somebody is put at risk. It is removed when the check ends. */
  async scratch(locked: boolean): Promise<string> {
    if (!this.#shared.mayCreate) throw new Unseen(notTried('it is tried in a bucket of its own: run with --create'));
    const bucket = `${scratchPrefix(this.vault)}${randomBytes(4).toString('hex')}`;
    this.#shared.scratch.push(bucket);
    const refusal = await this.refusal(createBucket(this.calls, this.connection, bucket, locked));
    if (refusal !== undefined) throw new Unseen(refused(`no bucket can be made to try it in (${refusal})`));
    return bucket;
  }

  /**
   * Whether these credentials may do such a thing at all. Without the right every refusal is theirs and proves nothing about
   * the store, so a probe that was answered 403 asks here.
   */
  may(right: Right): Promise<boolean> {
    const known = this.#shared.rights.get(right) ?? this.#try(right);
    this.#shared.rights.set(right, known);
    return known;
  }

  async #try(right: Right): Promise<boolean> {
    const name = `right-${right}`;
    switch (right) {
      case 'delete':
        return (await this.delete(name, await this.put(name))) === undefined;
      case 'bypass':
        return (await this.delete(name, await this.put(name, this.lock('GOVERNANCE', RIGHT_S)), true)) === undefined;
      case 'retain':
        return (await this.retain(name, await this.put(name), this.lock('GOVERNANCE', RIGHT_S))) === undefined;
    }
  }

  /** Undefined when `sent` was accepted, else the refusal; anything that is neither (server fault, no answer) is thrown. */
  async refusal(sent: Promise<unknown>): Promise<string | undefined> {
    try {
      await sent;
      return undefined;
    } catch (error) {
      if (error instanceof Unseen) throw error;
      const fault = S3Fault.of(error);
      if (fault.status === undefined || (fault.status >= 500 && fault.status !== 501) || fault.status < 400) throw fault;
      this.answers.push({ status: fault.status, code: fault.reason });
      return fault.message;
    }
  }

  async serverTime(): Promise<Date> {
    const output = await this.send((client) => client.send(new HeadBucketCommand({ Bucket: this.vault })));
    return this.calls.dateOf(output) ?? new Date();
  }

  #after(seconds: number): Date {
    return new Date(Math.ceil((Date.now() + this.#shared.skewMs) / 1000 + seconds) * 1000);
  }
}

/** How the names of scratch buckets begin: a later check finds those of one that was killed. */
export function scratchPrefix(vault: string): string {
  return `${vault.slice(0, 40)}-check-`;
}
