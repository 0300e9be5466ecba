import { randomBytes } from 'node:crypto';
import { DeleteObjectCommand, GetObjectCommand, PutObjectCommand } from '@aws-sdk/client-s3';
import { md5 } from '../digests.js';
import { S3Calls } from '../s3-calls.js';
import { S3Fault } from '../s3-fault.js';
import type { Bench } from './bench.js';
import { broken, judge, notTried, refused, said, type Outcome } from './report.js';
import type { Probe } from './probe.js';

const RACERS = 20;

/** What the commit point rests on: conditional create in the unversioned bucket. */
export function claimProbes(full: boolean): readonly Probe[] {
  return [
    {
      name: 'claim_race',
      group: 'condition',
      promise: 'Of many that create one key with If-None-Match at the same moment in the claims bucket, exactly one wins.',
      meaning: 'Two writers both believe that theirs is the next entry, and the record of evidence splits in two.',
      reliedOn: true,
      quick: true,
      run: (bench) => race(bench, full ? 25 : 3, RACERS, 24),
    },
    {
      name: 'claim_not_overwritten',
      group: 'condition',
      promise: 'A later conditional create in the claims bucket is refused with 412 and changes nothing.',
      meaning: 'What was decided once is decided again otherwise, and nobody is told.',
      reliedOn: true,
      quick: true,
      run: repeat,
    },
    {
      name: 'missing_claim_404',
      group: 'condition',
      promise: 'A claim that is not there reads as 404 NoSuchKey.',
      meaning: 'A fault is taken for "nothing there", or the other way round.',
      reliedOn: true,
      quick: true,
      run: (bench) => missing(bench, bench.claims),
    },
    {
      name: 'missing_key_404',
      group: 'condition',
      promise: 'An object that is not there reads as 404 NoSuchKey.',
      meaning: 'A fault is taken for "the evidence is gone", or the other way round.',
      reliedOn: true,
      quick: true,
      run: (bench) => missing(bench, bench.vault),
    },
    {
      name: 'if_match',
      group: 'condition',
      promise: 'If-Match lets a put pass when the tag is right, and refuses it when it is wrong.',
      meaning: 'Who relies on it overwrites what another has just written.',
      reliedOn: false,
      quick: false,
      run: ifMatch,
    },
    {
      name: 'claim_race_large',
      group: 'condition',
      promise: 'The same with bodies of one megabyte: one wins, and what is read is all of its bytes.',
      meaning: 'What is read is a mixture of two, which nobody ever wrote.',
      reliedOn: false,
      quick: false,
      run: (bench) => race(bench, 2, 8, 1_000_000),
    },
    {
      name: 'claim_after_delete',
      group: 'condition',
      promise: 'After a delete a conditional create in an unversioned bucket wins again.',
      meaning: 'What was removed by repair cannot be put right.',
      reliedOn: false,
      quick: false,
      run: async (bench) => {
        const key = bench.key('again');
        const first = await create(bench.calls, bench.claims, key, Buffer.from('one'));
        const gone = await bench.refusal(bench.send((client) => client.send(new DeleteObjectCommand({ Bucket: bench.claims, Key: key }))));
        if (gone !== undefined) return refused(`these credentials may not delete a claim (${gone})`);
        const second = await create(bench.calls, bench.claims, key, Buffer.from('two'));
        return judge(first === 'created' && second === 'created', `the first create was answered "${first}", the one after the delete "${second}"`);
      },
    },
    {
      name: 'delete_if_match',
      group: 'condition',
      promise: 'A delete with an If-Match that is wrong is refused.',
      meaning: 'Who relies on it deletes what another has just written.',
      reliedOn: false,
      quick: false,
      run: async (bench) => {
        const where = { Bucket: bench.claims, Key: bench.key('delete-match') };
        await create(bench.calls, bench.claims, where.Key, Buffer.from('one'));
        const command = new DeleteObjectCommand({ ...where, IfMatch: '"00000000000000000000000000000000"' });
        const refusal = await bench.refusal(bench.send((client) => client.send(command)));
        return judge(refusal !== undefined, `it was ${said(refusal)}`);
      },
    },
    {
      name: 'if_none_match_versioned',
      group: 'condition',
      promise: 'If-None-Match refuses a second put to a key of the versioned bucket, also under a race.',
      meaning: 'Who relies on it puts a second version above the evidence, which then hides it.',
      reliedOn: false,
      quick: false,
      run: ifNoneMatch,
    },
    {
      name: 'if_none_match_behind_marker',
      group: 'condition',
      promise: 'In a versioned bucket a delete marker counts as nothing for If-None-Match.',
      meaning: 'A name that was hidden once can never be used again.',
      reliedOn: false,
      quick: false,
      run: async (bench) => {
        await bench.put('condition-marker');
        await bench.send((client) => client.send(new DeleteObjectCommand({ Bucket: bench.vault, Key: bench.key('condition-marker') })));
        const refusal = await bench.refusal(bench.put('condition-marker', undefined, { IfNoneMatch: '*' }));
        return judge(refusal === undefined, `it was ${said(refusal)}`);
      },
    },
  ];
}

async function race(bench: Bench, rounds: number, runners: number, bytes: number): Promise<Outcome> {
  // Connections of their own: one pool would line the racers up.
  const racers = Array.from({ length: 4 }, () => new S3Calls(bench.connection));
  try {
    let unsure = 0;
    for (let round = 0; round < rounds; round++) {
      const key = bench.key(`race/${String(bytes)}/${String(round)}`);
      const bodies = Array.from({ length: runners }, () => randomBytes(bytes));
      const answers = await Promise.all(bodies.map((body, i) => create(racers[i % racers.length] ?? bench.calls, bench.claims, key, body)));
      const winners = bodies.filter((_, i) => answers[i] === 'created');
      unsure += answers.filter((answer) => answer === 'unsure').length;
      if (winners.length > 1)
        return broken(
          `in round ${String(round + 1)} of ${String(rounds)}, ${String(winners.length)} of ${String(runners)} racers were told that they won`,
        );
      if (bench.stopped) return notTried('the check was interrupted');
      const read = await readClaim(bench, key);
      const [winner] = winners;
      if (winner !== undefined && Buffer.compare(read, winner) !== 0) return broken('the claim holds other bytes than the winner wrote');
      if (winner === undefined && !bodies.some((body) => Buffer.compare(read, body) === 0)) return broken('the claim holds bytes that nobody wrote');
    }
    return judge(true, `${String(rounds)} rounds of ${String(runners)} racers had one winner each (${String(unsure)} answers were unsure)`);
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

async function ifNoneMatch(bench: Bench): Promise<Outcome> {
  const put = (name: string): Promise<string | undefined> => bench.refusal(bench.put(name, undefined, { IfNoneMatch: '*' }));
  await put('condition');
  if ((await put('condition')) === undefined) return broken('it is ignored: a second put made another version');
  let most = 0;
  for (let round = 0; round < 5; round++) {
    const answers = await Promise.allSettled(Array.from({ length: RACERS }, () => put(`condition-race-${String(round)}`)));
    most = Math.max(most, answers.filter((answer) => answer.status === 'fulfilled' && answer.value === undefined).length);
  }
  return judge(most <= 1, `one at a time it is obeyed; of ${String(RACERS)} racers at most ${String(most)} won`);
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
