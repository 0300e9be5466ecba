import { randomBytes } from 'node:crypto';
import { GetObjectCommand, PutObjectCommand } from '@aws-sdk/client-s3';
import { md5 } from '../digests.js';
import { S3Calls } from '../s3-calls.js';
import { S3Fault } from '../s3-fault.js';
import type { Bench } from './bench.js';
import { broken, judge, notTried, type Outcome, type Probe } from './report.js';

const RACERS = 20;

/** What the commit point rests on: conditional create in the unversioned bucket. */
export function claimProbes(full: boolean): readonly Probe[] {
  return [
    {
      name: 'claim_race',
      promise: 'Of many that create one key with If-None-Match at the same moment in the claims bucket, exactly one wins.',
      reliedOn: true,
      quick: true,
      run: (bench) => race(bench, full ? 25 : 3),
    },
    {
      name: 'claim_not_overwritten',
      promise: 'A later conditional create in the claims bucket is refused with 412 and changes nothing.',
      reliedOn: true,
      quick: true,
      run: repeat,
    },
    {
      name: 'missing_claim_404',
      promise: 'A claim that is not there reads as 404 NoSuchKey.',
      reliedOn: true,
      quick: true,
      run: (bench) => missing(bench, bench.claims),
    },
    {
      name: 'missing_key_404',
      promise: 'An object that is not there reads as 404 NoSuchKey.',
      reliedOn: true,
      quick: true,
      run: (bench) => missing(bench, bench.vault),
    },
    {
      name: 'if_match',
      promise: 'If-Match lets a put pass when the tag is right, and refuses it when it is wrong.',
      reliedOn: false,
      quick: false,
      run: ifMatch,
    },
  ];
}

async function race(bench: Bench, rounds: number): Promise<Outcome> {
  // Connections of their own: one pool would line the racers up.
  const racers = Array.from({ length: 4 }, () => new S3Calls(bench.connection));
  try {
    let unsure = 0;
    for (let round = 0; round < rounds; round++) {
      const key = bench.key(`race/${String(round)}`);
      const bodies = Array.from({ length: RACERS }, () => randomBytes(24));
      const answers = await Promise.all(bodies.map((body, i) => create(racers[i % racers.length] ?? bench.calls, bench.claims, key, body)));
      const winners = bodies.filter((_, i) => answers[i] === 'created');
      unsure += answers.filter((answer) => answer === 'unsure').length;
      if (winners.length > 1)
        return broken(
          `in round ${String(round + 1)} of ${String(rounds)}, ${String(winners.length)} of ${String(RACERS)} racers were told that they won`,
        );
      const read = await readClaim(bench, key);
      const [winner] = winners;
      if (winner !== undefined && Buffer.compare(read, winner) !== 0) return broken('the claim holds other bytes than the winner wrote');
      if (winner === undefined && !bodies.some((body) => Buffer.compare(read, body) === 0)) return broken('the claim holds bytes that nobody wrote');
    }
    return judge(true, `${String(rounds)} rounds of ${String(RACERS)} racers had one winner each (${String(unsure)} answers were unsure)`);
  } finally {
    for (const racer of racers) racer.close();
  }
}

async function repeat(bench: Bench): Promise<Outcome> {
  const key = bench.key('repeat');
  const first = await create(bench.calls, bench.claims, key, Buffer.from('first'));
  if (first !== 'created') return notTried(`the first create answered "${first}"`);
  const answers = new Set<string>();
  for (let i = 0; i < 5; i++) answers.add(await create(bench.calls, bench.claims, key, Buffer.from(`later ${String(i)}`)));
  const text = (await readClaim(bench, key)).toString();
  return judge(
    text === 'first' && !answers.has('created'),
    `five later creates were answered "${[...answers].join('", "')}", and the claim reads "${text}"`,
  );
}

async function missing(bench: Bench, bucket: string): Promise<Outcome> {
  try {
    await bench.calls.retried((client) => client.send(new GetObjectCommand({ Bucket: bucket, Key: bench.key('not-there') })));
    return broken('reading it was answered as if it were there');
  } catch (error) {
    const fault = S3Fault.of(error);
    if (fault.status === undefined || fault.status >= 500) throw fault;
    return judge(fault.status === 404 && fault.reason === 'NoSuchKey', `answered ${fault.message}`);
  }
}

async function ifMatch(bench: Bench): Promise<Outcome> {
  const put = (IfMatch: string | undefined, text: string): Promise<unknown> => {
    const body = Buffer.from(text);
    const condition = IfMatch === undefined ? {} : { IfMatch };
    return bench.calls.once((client) =>
      client.send(new PutObjectCommand({ Bucket: bench.claims, Key: bench.key('if-match'), Body: body, ContentMD5: md5(body), ...condition })),
    );
  };
  await put(undefined, 'one');
  const tag = (text: string): string => `"${Buffer.from(md5(Buffer.from(text)), 'base64').toString('hex')}"`;
  const wrong = await bench.refusal(put(tag('other'), 'two'));
  const right = await bench.refusal(put(tag('one'), 'three'));
  return judge(wrong !== undefined && right === undefined, `a wrong tag was ${said(wrong)}, the right one ${said(right)}`);
}

function said(refusal: string | undefined): string {
  return refusal === undefined ? 'accepted' : `refused: ${refusal}`;
}

async function create(calls: S3Calls, bucket: string, key: string, body: Uint8Array): Promise<'created' | 'exists' | 'unsure'> {
  try {
    await calls.once((client) =>
      client.send(new PutObjectCommand({ Bucket: bucket, Key: key, Body: body, ContentMD5: md5(body), IfNoneMatch: '*' })),
    );
    return 'created';
  } catch (error) {
    const fault = S3Fault.of(error);
    if (fault.status === 412) return 'exists';
    if (fault.status === 403 || fault.status === 404 || fault.status === 400) throw fault;
    return 'unsure';
  }
}

async function readClaim(bench: Bench, key: string): Promise<Buffer> {
  return bench.calls.retried(async (client) => {
    const output = await client.send(new GetObjectCommand({ Bucket: bench.claims, Key: key }));
    return Buffer.from((await output.Body?.transformToByteArray()) ?? []);
  });
}
