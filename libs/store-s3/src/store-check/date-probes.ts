import { randomBytes } from 'node:crypto';
import { setTimeout as wait } from 'node:timers/promises';
import { GetObjectCommand, HeadBucketCommand, type S3Client } from '@aws-sdk/client-s3';
import { S3Fault } from '../s3-fault.js';
import type { Bench } from './bench.js';
import { lockOf } from './judgements.js';
import { broken, judge, notTried, refused, said, type Outcome } from './report.js';
import type { Probe } from './probe.js';

const WRAPPED = 'A lock for a long time is none: the store counts the date as past, and evidence can be destroyed at once.';
/** Further apart, S3 refuses every request (15 minutes). */
const CLOCK_S = 300;

/** Dates of locks at their limits, and the clock that locks are measured by. */
export const dateProbes: readonly Probe[] = [
  farDate('far_dates', 'A lock until 2110 is kept as it is.', '2110-01-01T00:00:00Z'),
  farDate('date_of_2106', 'A lock until the last second of 32 bits, in 2106, is kept as it is.', '2106-02-07T06:28:15Z'),
  farDate('date_of_9999', 'A lock until the end of 9999 is kept as it is.', '9999-12-31T23:59:59Z'),
  {
    name: 'past_date_refused',
    group: 'date',
    promise: 'A put with a lock that has ended already is refused.',
    meaning: 'A wrong date stores evidence without protection, and nobody is told.',
    reliedOn: false,
    quick: false,
    run: async (bench) => {
      const retainUntil = new Date((await bench.serverTime()).getTime() - 60_000);
      const refusal = await bench.refusal(bench.put('past', { mode: 'COMPLIANCE', retainUntil }));
      return judge(refusal !== undefined, `it was ${said(refusal)}`);
    },
  },
  {
    name: 'date_header',
    group: 'clock',
    promise: 'Every answer carries a Date, and it goes forward.',
    meaning: "Nobody can know when a lock ends by the store's own clock, which is the one that counts.",
    reliedOn: true,
    quick: false,
    run: async (bench) => {
      const seen: Date[] = [];
      for (let i = 0; i < 3; i++) {
        if (i > 0) await wait(1500);
        const date = bench.calls.dateOf(await bench.send((client) => client.send(new HeadBucketCommand({ Bucket: bench.vault }))));
        if (date === undefined) return broken('an answer carries no Date');
        seen.push(date);
      }
      const [first, second, third] = seen.map((date) => date.getTime());
      const forward = first !== undefined && second !== undefined && third !== undefined && first < second && second < third;
      return judge(forward, `one and a half seconds apart it said ${seen.map((date) => date.toISOString()).join(', ')}`);
    },
  },
  {
    name: 'clock_agrees',
    group: 'clock',
    promise: 'The clock of the store is at most five minutes from that of this machine.',
    meaning: 'A store whose clock runs ahead ends every lock early by as much.',
    reliedOn: false,
    quick: false,
    run: async (bench) => {
      const before = Date.now();
      const there = (await bench.serverTime()).getTime();
      const off = Math.round((there - (before + Date.now()) / 2) / 1000);
      return judge(Math.abs(off) <= CLOCK_S, `it is ${String(off)} s ahead of this machine, give or take one`);
    },
  },
  {
    name: 'last_modified_agrees',
    group: 'clock',
    promise: 'The time of storing that the store reports is that of its own clock.',
    meaning: 'Nobody can say when evidence was stored.',
    reliedOn: false,
    quick: false,
    run: async (bench) => {
      const before = await bench.serverTime();
      const { LastModified } = await bench.head('modified', await bench.put('modified'));
      const after = await bench.serverTime();
      if (LastModified === undefined) return broken('HEAD shows no time');
      // Whole seconds, rounded up or down; nothing else may lie between.
      const inside = LastModified.getTime() >= before.getTime() - 1000 && LastModified.getTime() <= after.getTime() + 1000;
      return judge(inside, `put between ${before.toISOString()} and ${after.toISOString()}, HEAD shows ${LastModified.toISOString()}`);
    },
  },
  {
    name: 'clock_skew_refused',
    group: 'clock',
    promise: 'A request dated an hour off, ahead or behind, is refused.',
    meaning: 'A request that was recorded can be sent again at any later time.',
    reliedOn: false,
    quick: false,
    run: async (bench) => {
      for (const systemClockOffset of [3_600_000, -3_600_000]) {
        const outcome = await refusedClient(bench, bench.client({ systemClockOffset, disableClockSkewCorrection: false }));
        if (outcome.result !== 'kept') return outcome;
      }
      return { result: 'kept', seen: 'both were refused' };
    },
  },
  {
    name: 'wrong_secret_refused',
    group: 'clock',
    promise: 'A request signed with a wrong secret is refused.',
    meaning: 'Anybody can do anything.',
    reliedOn: false,
    quick: true,
    run: async (bench) => {
      const { credentials } = bench.connection;
      if (credentials === undefined) return notTried('the credentials come from the environment');
      const wrong = { accessKeyId: credentials.accessKeyId, secretAccessKey: randomBytes(16).toString('hex') };
      return refusedClient(bench, bench.client({ credentials: wrong }));
    },
  },
];

/** Under GOVERNANCE, and only where it can be taken away again: nothing may stay for a hundred years. */
function farDate(name: string, promise: string, text: string): Probe {
  return {
    name,
    group: 'date',
    promise,
    meaning: WRAPPED,
    reliedOn: false,
    quick: false,
    run: async (bench) => {
      if (!(await bench.may('bypass'))) return refused('these credentials may not bypass, and a lock for so long could not be taken away');
      const retainUntil = new Date(text);
      let version = '';
      const refusal = await bench.refusal(
        bench.put(name, { mode: 'GOVERNANCE', retainUntil }).then((id) => {
          version = id;
        }),
      );
      if (refusal !== undefined) return broken(`it was refused: ${refusal}`);
      const seen = lockOf(await bench.head(name, version));
      const answer = await bench.delete(name, version);
      const there = await bench.exists(name, version);
      await bench.delete(name, version, true);
      const as = `GOVERNANCE until ${retainUntil.toISOString()}`;
      return judge(seen === as && answer !== undefined && there, `it reads ${seen}; a delete was ${said(answer)}`);
    },
  };
}

async function refusedClient(bench: Bench, client: S3Client): Promise<Outcome> {
  try {
    const refusal = await bench.refusal(client.send(new GetObjectCommand({ Bucket: bench.vault, Key: bench.key('nobody') })));
    return judge(refusal?.includes('HTTP 403') === true, `it was ${said(refusal)}`);
  } catch (error) {
    return notTried(S3Fault.of(error).message);
  } finally {
    client.destroy();
  }
}
