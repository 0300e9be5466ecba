import { DeleteObjectCommand, GetObjectCommand, ListObjectsV2Command, PutObjectCommand } from '@aws-sdk/client-s3';
import { checkClaimBody, checkObjectKey } from '@holdfast/ports';
import type { ClaimStore } from '@holdfast/ports';
import { checkClaimsBucket } from './buckets.js';
import { md5 } from './digests.js';
import { S3Calls } from './s3-calls.js';
import { S3Fault, toHoldfastError } from './s3-fault.js';
import type { S3StoreOptions } from './s3-options.js';

/** Claims in an unversioned bucket of their own, made with `If-None-Match: *`, which is atomic there and only there. */
export class S3ClaimStore implements ClaimStore {
  readonly #calls: S3Calls;
  readonly #bucket: string;
  readonly #pageSize: number;

  constructor(options: S3StoreOptions) {
    this.#calls = new S3Calls(options);
    this.#bucket = options.bucket;
    this.#pageSize = options.pageSize ?? 1000;
  }

  /** Checks credentials and bucket, and that it is not versioned. @throws HoldfastError `bad_configuration` with what to do */
  async prepare(): Promise<void> {
    await checkClaimsBucket(this.#calls, this.#bucket);
  }

  close(): void {
    this.#calls.close();
  }

  async create(key: string, body: Uint8Array): Promise<'created' | 'exists' | 'unsure'> {
    checkObjectKey(key);
    checkClaimBody(body);
    const ContentMD5 = md5(body);
    const command = new PutObjectCommand({
      Bucket: this.#bucket,
      Key: key,
      Body: body,
      ContentLength: body.byteLength,
      ContentMD5,
      IfNoneMatch: '*',
    });
    try {
      // Sent once: a repeat of our own request that won would answer "exists".
      await this.#calls.once((client) => client.send(command));
      return 'created';
    } catch (error) {
      const fault = S3Fault.of(error);
      if (fault.status === 412) return 'exists';
      const failed = toHoldfastError(fault, `claim ${key}`, this.#bucket);
      if (failed.code === 'bad_configuration' || failed.code === 'clock_skew') throw failed;
      return 'unsure';
    }
  }

  async read(key: string): Promise<Uint8Array | undefined> {
    checkObjectKey(key);
    try {
      return await this.#calls.retried(async (client) => {
        const output = await client.send(new GetObjectCommand({ Bucket: this.#bucket, Key: key }));
        const bytes = await output.Body?.transformToByteArray();
        if (bytes === undefined || (output.ContentLength !== undefined && bytes.byteLength !== output.ContentLength)) {
          throw new S3Fault(undefined, 'BodyTruncated');
        }
        return bytes;
      });
    } catch (error) {
      const fault = S3Fault.of(error);
      // Only the server's own word for it: a 404 of some proxy must not look like a free number.
      if (fault.status === 404 && fault.reason === 'NoSuchKey') return undefined;
      throw toHoldfastError(fault, `read the claim ${key}`, this.#bucket);
    }
  }

  async *list(prefix: string): AsyncIterable<string> {
    let StartAfter: string | undefined;
    for (;;) {
      const command = new ListObjectsV2Command({
        Bucket: this.#bucket,
        Prefix: prefix,
        MaxKeys: this.#pageSize,
        ...(StartAfter === undefined ? {} : { StartAfter }),
      });
      let page;
      try {
        page = await this.#calls.retried((client) => client.send(command));
      } catch (error) {
        throw toHoldfastError(error, `list the claims of ${prefix}`, this.#bucket);
      }
      for (const { Key } of page.Contents ?? []) {
        if (Key === undefined || (StartAfter !== undefined && Key <= StartAfter)) continue;
        yield Key;
        StartAfter = Key;
      }
      if (page.IsTruncated !== true) return;
    }
  }

  async remove(key: string): Promise<void> {
    checkObjectKey(key);
    try {
      await this.#calls.retried((client) => client.send(new DeleteObjectCommand({ Bucket: this.#bucket, Key: key })));
    } catch (error) {
      const fault = S3Fault.of(error);
      if (fault.status === 404 && fault.reason === 'NoSuchKey') return;
      throw toHoldfastError(fault, `remove the claim ${key}`, this.#bucket);
    }
  }
}
