import { createHash } from 'node:crypto';
import { Readable } from 'node:stream';
import { GetObjectCommand, HeadObjectCommand, PutObjectCommand, type PutObjectCommandInput } from '@aws-sdk/client-s3';
import { md5, sha256 } from '../digests.js';
import { listVersions } from '../s3-list.js';
import type { Bench } from './bench.js';
import { broken, judge, kept, said, type Outcome } from './report.js';
import type { Probe } from './probe.js';

const OTHER = Buffer.from('other');
const DAMAGED = 'Evidence that was damaged on its way is stored as if it were whole.';
const UNSEEN_DAMAGE = 'Who relies on this checksum stores damaged evidence as if it were whole.';

/** Bytes on their way to the store and back. */
export const checksumProbes: readonly Probe[] = [
  {
    name: 'wrong_md5_refused',
    group: 'checksum',
    promise: 'A put with a wrong Content-MD5 is refused.',
    meaning: DAMAGED,
    reliedOn: true,
    quick: true,
    run: (bench) => refusedPut(bench, 'wrong-md5', { ContentMD5: md5(OTHER) }),
  },
  wrongSum('sha256', { ChecksumSHA256: sha256(OTHER) }, true),
  // Sums of no bytes at all.
  wrongSum('crc32', { ChecksumCRC32: 'AAAAAA==' }),
  wrongSum('crc32c', { ChecksumCRC32C: 'AAAAAA==' }),
  wrongSum('crc64nvme', { ChecksumCRC64NVME: 'AAAAAAAAAAA=' }),
  wrongSum('sha1', { ChecksumSHA1: createHash('sha1').update(OTHER).digest('base64') }),
  {
    name: 'sha256_on_head',
    group: 'checksum',
    promise: 'HEAD shows the SHA-256 that was put.',
    meaning: 'To know whether stored bytes are those that were put, all of them have to be read.',
    reliedOn: false,
    quick: false,
    run: async (bench) => {
      const wanted = sha256(Buffer.from('store-check sha256'));
      const version = await bench.put('sha256', undefined, { ChecksumSHA256: wanted });
      const command = new HeadObjectCommand({ Bucket: bench.vault, Key: bench.key('sha256'), VersionId: version, ChecksumMode: 'ENABLED' });
      const { ChecksumSHA256: seen } = await bench.send((client) => client.send(command));
      return judge(seen === wanted, seen === undefined ? 'HEAD shows none' : `HEAD shows ${seen === wanted ? 'the same' : 'another'}`);
    },
  },
  {
    name: 'tampered_body_refused',
    group: 'checksum',
    promise: 'A body that was changed after it was signed is refused.',
    meaning: 'Somebody between client and store can put other bytes in the place of evidence.',
    reliedOn: false,
    quick: false,
    run: tampered,
  },
  {
    name: 'truncated_upload_refused',
    group: 'checksum',
    promise: 'An upload that breaks off leaves no version.',
    meaning: 'Half a piece of evidence is stored as if it were whole.',
    reliedOn: false,
    quick: false,
    run: truncated,
  },
  {
    name: 'lock_put_needs_checksum',
    group: 'checksum',
    promise: 'A put with a lock and without any checksum is refused.',
    meaning: 'Damaged evidence can be locked in for years.',
    reliedOn: false,
    quick: false,
    run: (bench) => {
      const lock = bench.lock('GOVERNANCE', 5);
      return refusedPut(bench, 'no-checksum', { ContentMD5: undefined, ObjectLockMode: lock.mode, ObjectLockRetainUntilDate: lock.retainUntil });
    },
  },
  {
    name: 'stream_bodies',
    group: 'checksum',
    promise: 'A stream with a checksum trailer can be put.',
    meaning: 'Programs that upload while they read fail; they have to know their bytes first.',
    reliedOn: false,
    quick: false,
    run: streamed,
  },
  {
    name: 'range_reads',
    group: 'checksum',
    promise: 'A byte range of a version is read exactly.',
    meaning: 'A part of a piece of evidence is shown as another part.',
    reliedOn: false,
    quick: true,
    run: async (bench) => {
      const text = await bench.read('range', await bench.put('range'), 'bytes=6-10');
      return judge(text === 'check', `bytes 6 to 10 of "store-check range" read "${text}"`);
    },
  },
  {
    name: 'lock_on_get',
    group: 'compliance',
    promise: 'GET shows lock and hold as HEAD does.',
    meaning: 'Whoever reads evidence has to ask a second time to learn whether it is protected.',
    reliedOn: false,
    quick: false,
    run: async (bench) => {
      const version = await bench.put('get', bench.lock('GOVERNANCE', 5));
      const command = new GetObjectCommand({ Bucket: bench.vault, Key: bench.key('get'), VersionId: version });
      const mode = await bench.send(async (client) => {
        const output = await client.send(command);
        await output.Body?.transformToByteArray();
        return output.ObjectLockMode;
      });
      return judge(mode === 'GOVERNANCE', mode === undefined ? 'GET shows no lock' : `GET shows ${mode}`);
    },
  },
];

function wrongSum(algorithm: string, more: Partial<PutObjectCommandInput>, quick = false): Probe {
  return {
    name: `wrong_${algorithm}_refused`,
    group: 'checksum',
    promise: `A put with a wrong x-amz-checksum-${algorithm} is refused.`,
    meaning: UNSEEN_DAMAGE,
    reliedOn: false,
    quick,
    run: (bench) => refusedPut(bench, `wrong-${algorithm}`, more),
  };
}

async function refusedPut(bench: Bench, name: string, more: Partial<PutObjectCommandInput>): Promise<Outcome> {
  const refusal = await bench.refusal(bench.put(name, undefined, more));
  // Refused for another reason than the one on trial? Then the same put without the mistake is refused too, and throws.
  if (refusal !== undefined) await bench.put(`${name}-right`);
  return judge(refusal !== undefined, `it was ${said(refusal)}`);
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
    return judge(refusal !== undefined, `it was ${said(refusal)}`);
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

async function streamed(bench: Bench): Promise<Outcome> {
  const client = bench.client({ requestChecksumCalculation: 'WHEN_SUPPORTED' });
  try {
    const Body = Readable.from([Buffer.alloc(1000, 'x')]);
    const command = new PutObjectCommand({ Bucket: bench.vault, Key: bench.key('stream'), Body, ContentLength: 1000 });
    const refusal = await bench.refusal(client.send(command));
    return judge(refusal === undefined, `it was ${said(refusal)}`);
  } finally {
    client.destroy();
  }
}
