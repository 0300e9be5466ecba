// Over 300 lines: one class for one port; requests, retries and errors are apart already.
import { randomBytes } from 'node:crypto';
import {
  DeleteObjectCommand,
  GetObjectCommand,
  HeadBucketCommand,
  HeadObjectCommand,
  PutObjectCommand,
  PutObjectLegalHoldCommand,
  PutObjectRetentionCommand,
  type HeadObjectCommandOutput,
  type S3Client,
} from '@aws-sdk/client-s3';
import { checkLock, checkObjectBody, checkObjectKey, checkRange } from '@holdfast/ports';
import type { ByteRange, Lock, ObjectKey, ObjectState, ObjectStore, ObjectVersion, VersionId } from '@holdfast/ports';
import { HoldfastError } from '@holdfast/record';
import { checkVaultBucket } from './buckets.js';
import { md5, sha256 } from './digests.js';
import { S3Calls } from './s3-calls.js';
import { S3Fault, toHoldfastError } from './s3-fault.js';
import { listVersions } from './s3-list.js';
import type { S3StoreOptions } from './s3-options.js';

/** 2^32 seconds after 1970, 2106-02-07: some servers wrap later dates into the past, which would unlock what is locked. */
const WRAP = new Date(2 ** 32 * 1000);
const FAR = new Date('2110-01-01T00:00:00Z');

/**
 * Object store over one versioned bucket with Object Lock. Bodies go as one buffer in one request (multipart loses locks on
 * some servers), always with Content-MD5, SHA-256 and explicit lock headers, and are read back; reads name the version.
 */
export class S3ObjectStore implements ObjectStore {
  readonly #calls: S3Calls;
  readonly #bucket: string;
  readonly #pageSize: number;
  #keepsFarDates: Promise<boolean> | undefined;

  constructor(options: S3StoreOptions) {
    this.#calls = new S3Calls(options);
    this.#bucket = options.bucket;
    this.#pageSize = options.pageSize ?? 1000;
  }

  /** Checks credentials, bucket, versioning and Object Lock. @throws HoldfastError `bad_configuration` with what to do, `store_unavailable` */
  async prepare(): Promise<void> {
    await checkVaultBucket(this.#calls, this.#bucket);
  }

  close(): void {
    this.#calls.close();
  }

  async put(key: ObjectKey, body: Uint8Array, lock: Lock): Promise<VersionId> {
    checkObjectKey(key);
    checkObjectBody(body);
    checkLock(lock);
    await this.#checkDate(lock.retainUntil);
    try {
      const version = await this.#put(key, body, lock);
      await this.#readBack(key, version, body, lock);
      return version;
    } catch (error) {
      throw await this.#explain(error, `store ${key}`);
    }
  }

  async get(key: ObjectKey, version: VersionId, range?: ByteRange): Promise<Uint8Array> {
    checkObjectKey(key);
    if (range !== undefined) checkRange(range);
    const wanted = range === undefined ? undefined : `bytes=${String(range.start)}-${String(range.end)}`;
    try {
      // The body is part of the attempt: a connection that breaks in the middle of it is as transient as one that never was.
      return await this.#calls.retried(async (client) => {
        const output = await client.send(
          new GetObjectCommand({ Bucket: this.#bucket, Key: key, VersionId: version, ...(wanted === undefined ? {} : { Range: wanted }) }),
        );
        if (range !== undefined && output.ContentRange?.startsWith(`bytes ${String(range.start)}-`) !== true) {
          throw new HoldfastError('store_refused', `the object store ignores byte ranges (reading ${key})`);
        }
        const bytes = await output.Body?.transformToByteArray();
        if (bytes === undefined || (output.ContentLength !== undefined && bytes.byteLength !== output.ContentLength)) {
          throw new S3Fault(undefined, 'BodyTruncated');
        }
        return bytes;
      });
    } catch (error) {
      throw await this.#missingOr(error, key, version, `read ${key}`);
    }
  }

  async head(key: ObjectKey, version: VersionId): Promise<ObjectState> {
    checkObjectKey(key);
    return stateOf(await this.#head(key, version));
  }

  list(prefix: string, options: { readonly after?: ObjectKey } = {}): AsyncIterable<ObjectVersion> {
    return listVersions(this.#calls, this.#bucket, this.#pageSize, prefix, options.after);
  }

  async setLegalHold(key: ObjectKey, version: VersionId, on: boolean): Promise<void> {
    checkObjectKey(key);
    const Status = on ? 'ON' : 'OFF';
    await this.#until(key, version, `set the legal hold of ${key}`, (state) => {
      if (state.legalHold === on) return undefined;
      const LegalHold = { Status } as const;
      const command = new PutObjectLegalHoldCommand({ Bucket: this.#bucket, Key: key, VersionId: version, LegalHold });
      return (client) => client.send(command);
    });
  }

  async extendLock(key: ObjectKey, version: VersionId, lock: Lock): Promise<void> {
    checkObjectKey(key);
    checkLock(lock);
    await this.#checkDate(lock.retainUntil);
    let first = true;
    await this.#until(key, version, `extend the lock of ${key}`, (state) => {
      const before = state.lock;
      // We refuse it ourselves: there are servers that would shorten it.
      const shorter = before !== null && (before.mode !== lock.mode || before.retainUntil > lock.retainUntil);
      if (shorter && first) throw new HoldfastError('object_locked', `the lock of ${key} can only be made longer`);
      // Later on, "longer than asked for" is somebody else's longer extension, which is as good.
      if (before !== null && (shorter || before.retainUntil.getTime() === lock.retainUntil.getTime())) return undefined;
      first = false;
      const Retention = { Mode: lock.mode, RetainUntilDate: lock.retainUntil };
      const command = new PutObjectRetentionCommand({ Bucket: this.#bucket, Key: key, VersionId: version, Retention });
      return (client) => client.send(command);
    });
  }

  async delete(key: ObjectKey, version: VersionId, options: { readonly bypass?: boolean } = {}): Promise<void> {
    checkObjectKey(key);
    const bypass = options.bypass === true;
    // Some servers delete what is held once its lock has ended: nothing is sent that ought to be refused.
    await this.#checkUnlocked(key, version, bypass);
    try {
      await this.#calls.retried((client) =>
        client.send(
          new DeleteObjectCommand({ Bucket: this.#bucket, Key: key, VersionId: version, ...(bypass ? { BypassGovernanceRetention: true } : {}) }),
        ),
      );
    } catch (error) {
      const fault = S3Fault.of(error);
      if ((fault.status === 404 || fault.status === 400) && !(await this.#isListed(key, version))) return;
      // 403 is both "locked" and "not allowed to you". A hold or lock of the last moment is the first.
      if (fault.status === 403) {
        await this.#checkUnlocked(key, version, bypass);
        if (bypass) await this.#checkUnlocked(key, version, false);
      }
      throw await this.#explain(error, `delete ${key}`);
    }
  }

  async now(): Promise<Date> {
    try {
      const output = await this.#calls.retried((client) => client.send(new HeadBucketCommand({ Bucket: this.#bucket })));
      const date = this.#calls.dateOf(output);
      if (date === undefined) throw new HoldfastError('store_refused', 'the object store sends no Date header');
      return date;
    } catch (error) {
      if (S3Fault.of(error).status === 404) throw toHoldfastError(new S3Fault(404, 'NoSuchBucket'), 'tell the time', this.#bucket);
      throw toHoldfastError(error, 'tell the time', this.#bucket);
    }
  }

  async #put(key: ObjectKey, body: Uint8Array, lock: Lock): Promise<VersionId> {
    const command = {
      Bucket: this.#bucket,
      Key: key,
      Body: body,
      ContentLength: body.byteLength,
      ContentMD5: md5(body),
      ChecksumSHA256: sha256(body),
      ObjectLockMode: lock.mode,
      ObjectLockRetainUntilDate: lock.retainUntil,
      ObjectLockLegalHoldStatus: 'OFF',
    } as const;
    const output = await this.#calls.retried((client) => client.send(new PutObjectCommand(command)));
    // Stored and locked, and nobody knows its version yet: after a kill it stays as one more version, which `verify` lists.
    if (output.VersionId === undefined || output.VersionId === 'null') {
      throw new HoldfastError('bad_configuration', `the bucket ${this.#bucket} is not versioned: it must be created with Object Lock`);
    }
    return output.VersionId;
  }

  async #readBack(key: ObjectKey, version: VersionId, body: Uint8Array, lock: Lock): Promise<void> {
    const state = stateOf(await this.#head(key, version));
    if (state.size !== body.byteLength || !sameLock(state.lock, lock)) {
      const seen = `${String(state.size)} bytes, ${state.lock === null ? 'no lock' : `${state.lock.mode} until ${state.lock.retainUntil.toISOString()}`}`;
      throw new HoldfastError('store_refused', `${key} reads back otherwise than it was stored: ${seen}`);
    }
  }

  async #head(key: ObjectKey, version: VersionId): Promise<HeadObjectCommandOutput> {
    try {
      return await this.#calls.retried((client) => client.send(new HeadObjectCommand({ Bucket: this.#bucket, Key: key, VersionId: version })));
    } catch (error) {
      throw await this.#missingOr(error, key, version, `read the state of ${key}`);
    }
  }

  /**
   * Looks, changes what is not as wanted (`plan` answers undefined when it is), looks again. Servers answer 500 to calls that
   * meet, having applied them or not: only what is read back counts.
   */
  async #until(key: ObjectKey, version: VersionId, doing: string, plan: Plan): Promise<void> {
    for (let attempt = 0; ; attempt++) {
      const send = plan(stateOf(await this.#head(key, version)));
      if (send === undefined) return;
      if (attempt === this.#calls.attempts) {
        throw new HoldfastError('store_unavailable', `the object store does not ${doing}: it reads back otherwise after ${String(attempt)} attempts`);
      }
      if (attempt > 0) await this.#calls.pause(attempt);
      try {
        await this.#calls.once(send);
      } catch (error) {
        if (!S3Fault.of(error).transient) throw await this.#explain(error, doing);
      }
    }
  }

  /** @throws HoldfastError `object_locked` when a delete of this version ought to be refused now, by the server's clock */
  async #checkUnlocked(key: ObjectKey, version: VersionId, bypass: boolean): Promise<void> {
    let output;
    try {
      output = await this.#head(key, version);
    } catch (error) {
      // Not there, or a delete marker, which nothing locks.
      if (error instanceof HoldfastError && error.code === 'object_missing') return;
      throw error;
    }
    const { lock, legalHold } = stateOf(output);
    if (legalHold) throw new HoldfastError('object_locked', `${key} is under legal hold`);
    const now = this.#calls.dateOf(output) ?? new Date();
    if (lock !== null && lock.retainUntil > now && !(bypass && lock.mode === 'GOVERNANCE')) {
      throw new HoldfastError('object_locked', `${key} is locked (${lock.mode} until ${lock.retainUntil.toISOString()})`);
    }
  }

  /** `object_missing` only when the server says so of the version in a bucket that exists; a 404 of anything else is an error. */
  async #missingOr(error: unknown, key: ObjectKey, version: VersionId, doing: string): Promise<HoldfastError> {
    if (error instanceof HoldfastError) return error;
    const fault = S3Fault.of(error);
    if (fault.status === 416) return new HoldfastError('bad_request', `the range starts after the end of ${key}`, { cause: fault });
    const missing = new HoldfastError('object_missing', `no version ${version} of ${key}`, { cause: fault });
    // 405: the version is a delete marker.
    if (fault.status === 405) return missing;
    // 400: the server finds that this cannot be one of its version ids (it came from another store); the list decides.
    if (fault.status === 400 && !(await this.#isListed(key, version))) return missing;
    if (fault.status !== 404) return this.#explain(fault, doing);
    if (fault.reason === 'NoSuchKey' || fault.reason === 'NoSuchVersion') return missing;
    if (fault.reason === 'NoSuchBucket') return toHoldfastError(fault, doing, this.#bucket);
    // A HEAD has no body to say what is missing.
    try {
      await this.#calls.retried((client) => client.send(new HeadBucketCommand({ Bucket: this.#bucket })));
      return missing;
    } catch (other) {
      const again = S3Fault.of(other);
      return toHoldfastError(again.status === 404 ? new S3Fault(404, 'NoSuchBucket') : again, doing, this.#bucket);
    }
  }

  async #isListed(key: ObjectKey, version: VersionId): Promise<boolean> {
    for await (const row of this.list(key)) {
      if (row.key !== key) break;
      if (row.version === version) return true;
    }
    return false;
  }

  /** A refusal that may come from how the bucket is set up is looked into, so that the message says what to do. */
  async #explain(error: unknown, doing: string): Promise<HoldfastError> {
    const failed = toHoldfastError(error, doing, this.#bucket);
    if (failed.code !== 'bad_request' || error instanceof HoldfastError) return failed;
    try {
      await checkVaultBucket(this.#calls, this.#bucket);
      return failed;
    } catch (other) {
      return toHoldfastError(other, doing, this.#bucket);
    }
  }

  async #checkDate(until: Date): Promise<void> {
    if (until < WRAP) return;
    this.#keepsFarDates ??= this.#probeFarDate();
    let kept: boolean;
    try {
      kept = await this.#keepsFarDates;
    } catch (error) {
      this.#keepsFarDates = undefined;
      throw toHoldfastError(error, 'try a far lock date', this.#bucket);
    }
    if (!kept)
      throw new HoldfastError(
        'bad_request',
        `this object store cannot keep a lock until ${until.toISOString()}: it wraps dates after ${WRAP.toISOString()} into the past`,
      );
  }

  /**
   * Asked once, and only when such a date is wanted. GOVERNANCE, so that a server that keeps the date can be freed of the
   * probe; where we may not bypass, a few bytes stay.
   */
  async #probeFarDate(): Promise<boolean> {
    const key = `store-check/far-date/${randomBytes(8).toString('hex')}`;
    const lock = { mode: 'GOVERNANCE', retainUntil: FAR } as const;
    let version: string;
    try {
      version = await this.#put(key, Buffer.from('far date'), lock);
    } catch (error) {
      // A server that refuses such a date is honest, and cannot keep it either.
      if (S3Fault.of(error).status === 400) return false;
      throw error;
    }
    const kept = sameLock(stateOf(await this.#head(key, version)).lock, lock);
    try {
      await this.#calls.retried((client) =>
        client.send(new DeleteObjectCommand({ Bucket: this.#bucket, Key: key, VersionId: version, BypassGovernanceRetention: true })),
      );
    } catch (error) {
      if (S3Fault.of(error).status !== 403) throw error;
    }
    return kept;
  }
}

/** The next request towards what is wanted, or undefined when `state` is as wanted. */
type Plan = (state: ObjectState) => ((client: S3Client) => Promise<unknown>) | undefined;

function stateOf(output: HeadObjectCommandOutput): ObjectState {
  const { ObjectLockMode: mode, ObjectLockRetainUntilDate: retainUntil } = output;
  return {
    size: output.ContentLength ?? 0,
    lock: (mode === 'COMPLIANCE' || mode === 'GOVERNANCE') && retainUntil !== undefined ? { mode, retainUntil } : null,
    legalHold: output.ObjectLockLegalHoldStatus === 'ON',
    lastModified: output.LastModified ?? new Date(0),
  };
}

function sameLock(a: Lock | null, b: Lock): boolean {
  return a?.mode === b.mode && a.retainUntil.getTime() === b.retainUntil.getTime();
}
