import {
  AbortMultipartUploadCommand,
  CompleteMultipartUploadCommand,
  CreateMultipartUploadCommand,
  UploadPartCommand,
  type CreateMultipartUploadCommandInput,
} from '@aws-sdk/client-s3';
import { md5 } from '../digests.js';
import { LOCKED_S, type Bench } from './bench.js';
import { isDenied, lockOf, spell } from './judgements.js';
import { broken, judge, kept, refused, said, Unseen, type Outcome } from './report.js';
import type { Probe } from './probe.js';

const PART = Buffer.from('one part');
const UNPROTECTED = 'Large evidence, which tools upload in parts, is not protected though everybody asked for it.';

/** Uploads in parts. Holdfast makes none; most other tools do from some size on. */
export const multipartProbes: readonly Probe[] = [
  {
    name: 'multipart_lock',
    group: 'multipart',
    promise: 'A multipart upload keeps its lock.',
    meaning: UNPROTECTED,
    reliedOn: false,
    quick: false,
    run: async (bench) => {
      const lock = bench.lock('GOVERNANCE', LOCKED_S);
      const version = await upload(bench, 'multipart', { ObjectLockMode: lock.mode, ObjectLockRetainUntilDate: lock.retainUntil });
      const seen = lockOf(await bench.head('multipart', version));
      return judge(seen === spell(lock), `asked for ${spell(lock)}, HEAD shows ${seen}`);
    },
  },
  {
    name: 'multipart_lock_blocks_delete',
    group: 'multipart',
    promise: 'A version that was uploaded in parts under COMPLIANCE cannot be deleted.',
    meaning: UNPROTECTED,
    reliedOn: false,
    quick: false,
    run: async (bench) => {
      const lock = bench.lock('COMPLIANCE', LOCKED_S);
      const version = await upload(bench, 'multi-delete', { ObjectLockMode: lock.mode, ObjectLockRetainUntilDate: lock.retainUntil });
      return undeleted(bench, 'multi-delete', version);
    },
  },
  {
    name: 'multipart_hold_blocks_delete',
    group: 'multipart',
    promise: 'A version that was uploaded in parts with a hold cannot be deleted.',
    meaning: UNPROTECTED,
    reliedOn: false,
    quick: false,
    run: async (bench) => {
      const version = await upload(bench, 'multi-hold', { ObjectLockLegalHoldStatus: 'ON' });
      const outcome = await undeleted(bench, 'multi-hold', version);
      if (outcome.result !== 'broken') await bench.hold('multi-hold', version, false);
      return outcome;
    },
  },
  {
    name: 'multipart_wrong_md5_refused',
    group: 'multipart',
    promise: 'A part with a wrong Content-MD5 is refused.',
    meaning: 'Large evidence that was damaged on its way is stored as if it were whole.',
    reliedOn: false,
    quick: false,
    run: (bench) =>
      inUpload(bench, 'multi-md5', async (UploadId) => {
        const where = { Bucket: bench.vault, Key: bench.key('multi-md5'), UploadId, PartNumber: 1 };
        const wrong = new UploadPartCommand({ ...where, Body: PART, ContentMD5: md5(Buffer.from('other')) });
        const refusal = await bench.refusal(bench.send((client) => client.send(wrong)));
        return judge(refusal !== undefined, `it was ${said(refusal)}`);
      }),
  },
  {
    name: 'multipart_wrong_part_refused',
    group: 'multipart',
    promise: 'An upload that is completed with another tag than that of its part is refused.',
    meaning: 'Large evidence is put together from other parts than those that were meant.',
    reliedOn: false,
    quick: false,
    run: (bench) =>
      inUpload(bench, 'multi-tag', async (UploadId) => {
        const where = { Bucket: bench.vault, Key: bench.key('multi-tag'), UploadId };
        await bench.send((client) => client.send(new UploadPartCommand({ ...where, PartNumber: 1, Body: PART, ContentMD5: md5(PART) })));
        const Parts = [{ PartNumber: 1, ETag: '"00000000000000000000000000000000"' }];
        const refusal = await bench.refusal(
          bench.send((client) => client.send(new CompleteMultipartUploadCommand({ ...where, MultipartUpload: { Parts } }))),
        );
        return judge(refusal !== undefined, `it was ${said(refusal)}`);
      }),
  },
  {
    name: 'multipart_if_none_match',
    group: 'condition',
    promise: 'An upload in parts that is completed with If-None-Match is refused when the key is there.',
    meaning: 'Who relies on it overwrites, in the eyes of every reader, what was there first.',
    reliedOn: false,
    quick: false,
    run: async (bench) => {
      await bench.put('multi-condition');
      const refusal = await bench.refusal(upload(bench, 'multi-condition', {}, '*'));
      return judge(refusal !== undefined, `it was ${said(refusal)}`);
    },
  },
];

/** An upload of one part. */
async function upload(
  bench: Bench,
  name: string,
  lock: Pick<CreateMultipartUploadCommandInput, 'ObjectLockMode' | 'ObjectLockRetainUntilDate' | 'ObjectLockLegalHoldStatus'>,
  IfNoneMatch?: string,
): Promise<string> {
  const where = { Bucket: bench.vault, Key: bench.key(name) };
  const { UploadId } = await bench.send((client) => client.send(new CreateMultipartUploadCommand({ ...where, ...lock })));
  if (UploadId === undefined) throw new Unseen(refused('the upload got no id'));
  const part = await bench.send((client) =>
    client.send(new UploadPartCommand({ ...where, UploadId, PartNumber: 1, Body: PART, ContentMD5: md5(PART) })),
  );
  const Parts = [{ PartNumber: 1, ...(part.ETag === undefined ? {} : { ETag: part.ETag }) }];
  const condition = IfNoneMatch === undefined ? {} : { IfNoneMatch };
  const complete = new CompleteMultipartUploadCommand({ ...where, UploadId, MultipartUpload: { Parts }, ...condition });
  try {
    const { VersionId } = await bench.send((client) => client.send(complete));
    return VersionId ?? 'null';
  } catch (error) {
    await bench.refusal(bench.send((client) => client.send(new AbortMultipartUploadCommand({ ...where, UploadId }))));
    throw error;
  }
}

/** Starts an upload for `work`, and takes it away again. */
async function inUpload(bench: Bench, name: string, work: (uploadId: string) => Promise<Outcome>): Promise<Outcome> {
  const where = { Bucket: bench.vault, Key: bench.key(name) };
  const { UploadId } = await bench.send((client) => client.send(new CreateMultipartUploadCommand(where)));
  if (UploadId === undefined) return refused('the upload got no id');
  try {
    return await work(UploadId);
  } finally {
    // Refused when it was completed after all: then there is nothing to take away.
    await bench.refusal(bench.send((client) => client.send(new AbortMultipartUploadCommand({ ...where, UploadId }))));
  }
}

async function undeleted(bench: Bench, name: string, version: string): Promise<Outcome> {
  const refusal = await bench.delete(name, version);
  const text = await bench.read(name, version).catch(() => undefined);
  if (text !== PART.toString()) return broken(`the delete was ${said(refusal)} and the version is gone`);
  if (refusal !== undefined && isDenied(refusal) && !(await bench.may('delete'))) return refused('these credentials may not delete');
  return refusal === undefined ? broken('the delete was accepted, though the version is still there') : kept(`the delete was refused (${refusal})`);
}
