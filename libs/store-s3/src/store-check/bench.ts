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
import { md5 } from '../digests.js';
import { configOf, S3Calls } from '../s3-calls.js';
import { S3Fault } from '../s3-fault.js';
import type { S3Connection } from '../s3-options.js';

export type Right = 'delete' | 'bypass' | 'retain';
const RIGHT_S = 10;

/** Everything a check leaves behind for a while lies under this prefix, in both buckets. */
export const CHECK_PREFIX = 'store-check/';

/** Raw calls for the probes: unlike the adapters it sends what ought to be refused, and looks what happened. */
export class Bench {
  readonly calls: S3Calls;
  readonly vault: string;
  readonly claims: string;
  readonly connection: S3Connection;
  readonly #run = randomBytes(6).toString('hex');
  readonly #rights = new Map<Right, Promise<boolean>>();
  #skewMs = 0;

  constructor(connection: S3Connection, vault: string, claims: string) {
    this.calls = new S3Calls(connection);
    this.connection = connection;
    this.vault = vault;
    this.claims = claims;
  }

  key(name: string): string {
    return `${CHECK_PREFIX}${this.#run}/${name}`;
  }

  /** Another client of the same connection, set up otherwise; the caller destroys it. */
  client(change: S3ClientConfig): S3Client {
    return new S3Client({ ...configOf(this.connection), ...change });
  }

  async syncClock(): Promise<void> {
    this.#skewMs = (await this.serverTime()).getTime() - Date.now();
  }

  /** A lock that ends `seconds` from now by the server's clock. */
  lock(mode: LockMode, seconds: number): Lock {
    return { mode, retainUntil: new Date(Math.ceil((Date.now() + this.#skewMs) / 1000 + seconds) * 1000) };
  }

  async passed(instant: Date): Promise<void> {
    while ((await this.serverTime()) <= instant) await wait(250);
  }

  async put(name: string, lock?: Lock, more: Partial<PutObjectCommandInput> = {}): Promise<string> {
    const body = Buffer.from(`store-check ${name}`);
    const locked = lock === undefined ? {} : { ObjectLockMode: lock.mode, ObjectLockRetainUntilDate: lock.retainUntil };
    const command = { Bucket: this.vault, Key: this.key(name), Body: body, ContentMD5: md5(body), ...locked, ...more };
    const output = await this.calls.retried((client) => client.send(new PutObjectCommand(command)));
    return output.VersionId ?? 'null';
  }

  async head(name: string, version: string): Promise<HeadObjectCommandOutput> {
    return this.calls.retried((client) => client.send(new HeadObjectCommand({ Bucket: this.vault, Key: this.key(name), VersionId: version })));
  }

  async exists(name: string, version: string): Promise<boolean> {
    return (await this.refusal(this.head(name, version))) === undefined;
  }

  async read(name: string, version: string, range?: string): Promise<string> {
    const command = { Bucket: this.vault, Key: this.key(name), VersionId: version, ...(range === undefined ? {} : { Range: range }) };
    return this.calls.retried(async (client) => {
      const output = await client.send(new GetObjectCommand(command));
      return (await output.Body?.transformToString()) ?? '';
    });
  }

  /** Sends a delete of a version; undefined when it was accepted, else how it was refused. */
  delete(name: string, version: string, bypass = false): Promise<string | undefined> {
    const command = { Bucket: this.vault, Key: this.key(name), VersionId: version, ...(bypass ? { BypassGovernanceRetention: true } : {}) };
    return this.refusal(this.calls.retried((client) => client.send(new DeleteObjectCommand(command))));
  }

  hold(name: string, version: string, on: boolean): Promise<string | undefined> {
    const LegalHold = { Status: on ? 'ON' : 'OFF' } as const;
    const command = new PutObjectLegalHoldCommand({ Bucket: this.vault, Key: this.key(name), VersionId: version, LegalHold });
    return this.refusal(this.calls.retried((client) => client.send(command)));
  }

  retain(name: string, version: string, lock: Lock, bypass = false): Promise<string | undefined> {
    const Retention = { Mode: lock.mode, RetainUntilDate: lock.retainUntil };
    const more = bypass ? { BypassGovernanceRetention: true } : {};
    const command = new PutObjectRetentionCommand({ Bucket: this.vault, Key: this.key(name), VersionId: version, Retention, ...more });
    return this.refusal(this.calls.retried((client) => client.send(command)));
  }

  /**
   * Whether these credentials may do such a thing at all. Without the right every refusal is theirs and proves nothing about
   * the store, so a probe that was answered 403 asks here.
   */
  may(right: Right): Promise<boolean> {
    const known = this.#rights.get(right) ?? this.#try(right);
    this.#rights.set(right, known);
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
      const fault = S3Fault.of(error);
      if (fault.status === undefined || fault.status >= 500 || fault.status < 400) throw fault;
      return fault.message;
    }
  }

  async serverTime(): Promise<Date> {
    const output = await this.calls.retried((client) => client.send(new HeadBucketCommand({ Bucket: this.vault })));
    return this.calls.dateOf(output) ?? new Date();
  }
}
