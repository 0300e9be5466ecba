// Over 300 lines: a list of short probes that share nothing.
import { randomBytes } from 'node:crypto';
import { Readable } from 'node:stream';
import {
  CompleteMultipartUploadCommand,
  CreateBucketCommand,
  CreateMultipartUploadCommand,
  DeleteBucketCommand,
  DeleteObjectCommand,
  GetObjectCommand,
  HeadObjectCommand,
  PutObjectCommand,
  PutObjectLockConfigurationCommand,
  UploadPartCommand,
  type PutObjectCommandInput,
  type S3Client,
} from '@aws-sdk/client-s3';
import { md5, sha256 } from '../digests.js';
import { S3Fault, toHoldfastError } from '../s3-fault.js';
import { listVersions } from '../s3-list.js';
import type { Bench } from './bench.js';
import { broken, judge, kept, notTried, type Outcome, type Probe } from './report.js';

const FAR = new Date('2110-01-01T00:00:00Z');

/** Checksums, reads, conditions and listings. */
export const objectProbes: readonly Probe[] = [
  {
    name: 'wrong_md5_refused',
    promise: 'A put with a wrong Content-MD5 is refused.',
    reliedOn: true,
    quick: true,
    run: (bench) => refusedPut(bench, 'wrong-md5', { ContentMD5: md5(Buffer.from('other')) }),
  },
  {
    name: 'wrong_sha256_refused',
    promise: 'A put with a wrong x-amz-checksum-sha256 is refused.',
    reliedOn: false,
    quick: true,
    run: (bench) => refusedPut(bench, 'wrong-sha256', { ChecksumSHA256: sha256(Buffer.from('other')) }),
  },
  {
    name: 'sha256_on_head',
    promise: 'HEAD shows the SHA-256 that was put.',
    reliedOn: false,
    quick: false,
    run: async (bench) => {
      const wanted = sha256(Buffer.from('store-check sha256'));
      const version = await bench.put('sha256', undefined, { ChecksumSHA256: wanted });
      const command = new HeadObjectCommand({ Bucket: bench.vault, Key: bench.key('sha256'), VersionId: version, ChecksumMode: 'ENABLED' });
      const { ChecksumSHA256: seen } = await bench.calls.retried((client) => client.send(command));
      return judge(seen === wanted, seen === undefined ? 'HEAD shows none' : `HEAD shows ${seen === wanted ? 'the same' : 'another'}`);
    },
  },
  {
    name: 'tampered_body_refused',
    promise: 'A body that was changed after it was signed is refused.',
    reliedOn: false,
    quick: false,
    run: tampered,
  },
  {
    name: 'truncated_upload_refused',
    promise: 'An upload that breaks off leaves no version.',
    reliedOn: false,
    quick: false,
    run: truncated,
  },
  {
    name: 'read_behind_delete_marker',
    promise: 'A version is read by its id behind a delete marker.',
    reliedOn: true,
    quick: true,
    run: async (bench) => {
      const version = await bench.put('hidden');
      const marker = await bench.calls.retried((client) => client.send(new DeleteObjectCommand({ Bucket: bench.vault, Key: bench.key('hidden') })));
      const text = await bench.read('hidden', version);
      const state = await bench.head('hidden', version);
      return judge(
        text === 'store-check hidden' && state.ContentLength === text.length,
        `behind ${marker.DeleteMarker === true ? 'a marker' : 'a delete'} it reads ${String(text.length)} bytes`,
      );
    },
  },
  {
    name: 'range_reads',
    promise: 'A byte range of a version is read exactly.',
    reliedOn: false,
    quick: true,
    run: async (bench) => {
      const text = await bench.read('range', await bench.put('range'), 'bytes=6-10');
      return judge(text === 'check', `bytes 6 to 10 of "store-check range" read "${text}"`);
    },
  },
  {
    name: 'lock_put_needs_checksum',
    promise: 'A put with a lock and without any checksum is refused.',
    reliedOn: false,
    quick: false,
    run: (bench) => {
      const lock = bench.lock('GOVERNANCE', 5);
      return refusedPut(bench, 'no-checksum', { ContentMD5: undefined, ObjectLockMode: lock.mode, ObjectLockRetainUntilDate: lock.retainUntil });
    },
  },
  {
    name: 'if_none_match_versioned',
    promise: 'If-None-Match refuses a second put to a key of the versioned bucket, also under a race.',
    reliedOn: false,
    quick: false,
    run: ifNoneMatch,
  },
  {
    name: 'default_retention_on_head',
    promise: "A bucket's default retention is shown by HEAD of what is put there.",
    reliedOn: false,
    quick: false,
    run: defaultRetention,
  },
  {
    name: 'far_dates',
    promise: 'A lock until 2110 is kept as it is.',
    reliedOn: false,
    quick: false,
    run: async (bench) => {
      const version = await bench.put('far', { mode: 'GOVERNANCE', retainUntil: FAR });
      const seen = (await bench.head('far', version)).ObjectLockRetainUntilDate?.toISOString() ?? 'no date';
      await bench.delete('far', version, true);
      return judge(seen === FAR.toISOString(), `it reads ${seen}`);
    },
  },
  { name: 'multipart_lock', promise: 'A multipart upload keeps its lock.', reliedOn: false, quick: false, run: multipart },
  {
    name: 'stream_bodies',
    promise: 'A stream with a checksum trailer can be put.',
    reliedOn: false,
    quick: false,
    run: streamed,
  },
  {
    name: 'list_pages',
    promise: 'A listing in pages shows every version once, in order.',
    reliedOn: false,
    quick: false,
    run: listing,
  },
  {
    name: 'folder_keys',
    promise: 'Keys `a` and `a/b` can be there together.',
    reliedOn: false,
    quick: false,
    run: async (bench) => {
      await bench.put('folder');
      const refusal = await bench.refusal(bench.put('folder/below'));
      return judge(refusal === undefined, refusal === undefined ? 'both were put' : `the second was refused: ${refusal}`);
    },
  },
  {
    name: 'odd_characters',
    promise: 'Keys with blanks, signs and letters of any script are kept as they are.',
    reliedOn: false,
    quick: false,
    run: async (bench) => {
      const odd = 'odd/a b+c%20&=~.@—合同';
      const refusal = await bench.refusal(bench.put(odd));
      if (refusal !== undefined) return broken(`refused: ${refusal}`);
      for await (const row of listVersions(bench.calls, bench.vault, 1000, bench.key('odd/'), undefined)) {
        if (row.key === bench.key(odd)) return kept('it lists as it was put');
      }
      return broken('it does not list as it was put');
    },
  },
  {
    name: 'lock_on_get',
    promise: 'GET shows lock and hold as HEAD does.',
    reliedOn: false,
    quick: false,
    run: async (bench) => {
      const version = await bench.put('get', bench.lock('GOVERNANCE', 5));
      const command = new GetObjectCommand({ Bucket: bench.vault, Key: bench.key('get'), VersionId: version });
      const mode = await bench.calls.retried(async (client) => {
        const output = await client.send(command);
        await output.Body?.transformToByteArray();
        return output.ObjectLockMode;
      });
      return judge(mode === 'GOVERNANCE', mode === undefined ? 'GET shows no lock' : `GET shows ${mode}`);
    },
  },
  { name: 'wrong_secret_refused', promise: 'A request signed with a wrong secret is refused.', reliedOn: false, quick: true, run: wrongSecret },
  { name: 'clock_skew_refused', promise: 'A request dated an hour off is refused.', reliedOn: false, quick: false, run: skewed },
];

async function refusedPut(bench: Bench, name: string, more: Partial<PutObjectCommandInput>): Promise<Outcome> {
  const refusal = await bench.refusal(bench.put(name, undefined, more));
  // Refused for another reason than the one on trial? Then the same put without the mistake is refused too, and throws.
  if (refusal !== undefined) await bench.put(`${name}-right`);
  return judge(refusal !== undefined, refusal === undefined ? 'it was accepted' : `refused: ${refusal}`);
}

async function tampered(bench: Bench): Promise<Outcome> {
  const client = bench.client({});
  // After signing, just before the wire.
  client.middlewareStack.add(
    (next) => (args) => {
      Reflect.set(Object(args.request), 'body', Buffer.from('tampered!'));
      return next(args);
    },
    { step: 'finalizeRequest', priority: 'low', name: 'tamper' },
  );
  try {
    const command = new PutObjectCommand({ Bucket: bench.vault, Key: bench.key('tampered'), Body: Buffer.from('untouched') });
    const refusal = await bench.refusal(client.send(command));
    return judge(refusal !== undefined, refusal === undefined ? 'it was accepted' : `refused: ${refusal}`);
  } finally {
    client.destroy();
  }
}

async function truncated(bench: Bench): Promise<Outcome> {
  const body = new Readable({ read: () => undefined });
  body.push(Buffer.alloc(1000, 'x'));
  const client = bench.client({});
  const stop = new AbortController();
  const sent = client.send(new PutObjectCommand({ Bucket: bench.vault, Key: bench.key('truncated'), Body: body, ContentLength: 5000 }), {
    abortSignal: stop.signal,
  });
  const timer = setTimeout(() => {
    stop.abort();
  }, 1000);
  try {
    await sent;
    return broken('it was accepted');
  } catch {
    // However it ended, what counts is whether a version is there.
    for await (const row of listVersions(bench.calls, bench.vault, 1000, bench.key('truncated'), undefined)) {
      return broken(`${String(row.size)} of 5000 bytes became a version`);
    }
    return kept('1000 of 5000 bytes left no version');
  } finally {
    clearTimeout(timer);
    body.destroy();
    client.destroy();
  }
}

async function ifNoneMatch(bench: Bench): Promise<Outcome> {
  const put = (name: string): Promise<string | undefined> => bench.refusal(bench.put(name, undefined, { IfNoneMatch: '*' }));
  await put('condition');
  if ((await put('condition')) === undefined) return broken('it is ignored: a second put made another version');
  let most = 0;
  for (let round = 0; round < 5; round++) {
    const answers = await Promise.allSettled(Array.from({ length: 20 }, () => put(`condition-race-${String(round)}`)));
    most = Math.max(most, answers.filter((answer) => answer.status === 'fulfilled' && answer.value === undefined).length);
  }
  return judge(most <= 1, `one at a time it is obeyed; of 20 racers at most ${String(most)} won`);
}

async function defaultRetention(bench: Bench): Promise<Outcome> {
  const Bucket = `${bench.vault.slice(0, 40)}-check-${randomBytes(4).toString('hex')}`;
  const send = <T>(call: (client: S3Client) => Promise<T>): Promise<T> => bench.calls.retried(call);
  const refusal = await bench.refusal(send((client) => client.send(new CreateBucketCommand({ Bucket, ObjectLockEnabledForBucket: true }))));
  if (refusal !== undefined) return notTried(`no bucket can be made to try it in (${refusal})`);
  const Rule = { DefaultRetention: { Mode: 'GOVERNANCE', Days: 1 } } as const;
  await send((client) =>
    client.send(new PutObjectLockConfigurationCommand({ Bucket, ObjectLockConfiguration: { ObjectLockEnabled: 'Enabled', Rule } })),
  );
  const Body = Buffer.from('x');
  const { VersionId } = await send((client) => client.send(new PutObjectCommand({ Bucket, Key: 'x', Body, ContentMD5: md5(Body) })));
  const named = VersionId === undefined ? {} : { VersionId };
  const state = await send((client) => client.send(new HeadObjectCommand({ Bucket, Key: 'x', ...named })));
  // The bucket may have to stay for its day when these credentials may not bypass.
  const gone = await bench.refusal(
    send((client) => client.send(new DeleteObjectCommand({ Bucket, Key: 'x', ...named, BypassGovernanceRetention: true }))),
  );
  const removed = gone ?? (await bench.refusal(send((client) => client.send(new DeleteBucketCommand({ Bucket })))));
  const left = removed === undefined ? '' : `; the bucket ${Bucket} stays until it is removed by hand`;
  return judge(state.ObjectLockMode === 'GOVERNANCE', `HEAD shows ${state.ObjectLockMode ?? 'no lock'}${left}`);
}

async function multipart(bench: Bench): Promise<Outcome> {
  const lock = bench.lock('GOVERNANCE', 30);
  const where = { Bucket: bench.vault, Key: bench.key('multipart') };
  const locked = { ...where, ObjectLockMode: lock.mode, ObjectLockRetainUntilDate: lock.retainUntil };
  const { UploadId } = await bench.calls.retried((client) => client.send(new CreateMultipartUploadCommand(locked)));
  if (UploadId === undefined) return notTried('the upload got no id');
  const Body = Buffer.from('one part');
  const part = await bench.calls.retried((client) =>
    client.send(new UploadPartCommand({ ...where, UploadId, PartNumber: 1, Body, ContentMD5: md5(Body) })),
  );
  const Parts = [{ PartNumber: 1, ...(part.ETag === undefined ? {} : { ETag: part.ETag }) }];
  const complete = new CompleteMultipartUploadCommand({ ...where, UploadId, MultipartUpload: { Parts } });
  const { VersionId } = await bench.calls.retried((client) => client.send(complete));
  const state = await bench.calls.retried((client) =>
    client.send(new HeadObjectCommand({ ...where, ...(VersionId === undefined ? {} : { VersionId }) })),
  );
  return judge(state.ObjectLockMode === 'GOVERNANCE', `HEAD shows ${state.ObjectLockMode ?? 'no lock'}`);
}

async function streamed(bench: Bench): Promise<Outcome> {
  const client = bench.client({ requestChecksumCalculation: 'WHEN_SUPPORTED' });
  try {
    const Body = Readable.from([Buffer.alloc(1000, 'x')]);
    const command = new PutObjectCommand({ Bucket: bench.vault, Key: bench.key('stream'), Body, ContentLength: 1000 });
    const refusal = await bench.refusal(client.send(command));
    return judge(refusal === undefined, refusal === undefined ? 'it was accepted' : `refused: ${refusal}`);
  } finally {
    client.destroy();
  }
}

async function listing(bench: Bench): Promise<Outcome> {
  const put: string[] = [];
  for (const name of ['list/a', 'list/a-b', 'list/b', 'list/c']) {
    for (let i = 0; i < 4; i++) put.push(await bench.put(name));
  }
  const seen: string[] = [];
  // Pages of every size from 1 on end at every place once.
  for (let page = 1; page <= 5; page++) {
    seen.length = 0;
    const rows = new Set<string>();
    try {
      for await (const row of listVersions(bench.calls, bench.vault, page, bench.key('list/'), undefined, (version) => seen.push(version)))
        rows.add(row.version);
    } catch (error) {
      return broken(toHoldfastError(error, 'list', bench.vault).message);
    }
    const once = new Set(seen);
    if (!put.every((version) => rows.has(version)))
      return broken(`pages of ${String(page)} leave out ${String(put.filter((v) => !rows.has(v)).length)} of ${String(put.length)} versions`);
    if (seen.length !== once.size) return broken(`pages of ${String(page)} show ${String(seen.length - once.size)} versions twice`);
  }
  return kept(`${String(put.length)} versions showed once each in pages of 1 to 5`);
}

async function wrongSecret(bench: Bench): Promise<Outcome> {
  const credentials = bench.connection.credentials;
  if (credentials === undefined) return notTried('the credentials come from the environment');
  const client = bench.client({ credentials: { accessKeyId: credentials.accessKeyId, secretAccessKey: randomBytes(16).toString('hex') } });
  return refusedClient(bench, client);
}

async function skewed(bench: Bench): Promise<Outcome> {
  return refusedClient(bench, bench.client({ systemClockOffset: 3_600_000, disableClockSkewCorrection: false }));
}

async function refusedClient(bench: Bench, client: S3Client): Promise<Outcome> {
  try {
    const refusal = await bench.refusal(client.send(new GetObjectCommand({ Bucket: bench.vault, Key: bench.key('nobody') })));
    return judge(refusal?.includes('HTTP 403') === true, refusal === undefined ? 'it was accepted' : `refused: ${refusal}`);
  } catch (error) {
    return notTried(S3Fault.of(error).message);
  } finally {
    client.destroy();
  }
}
