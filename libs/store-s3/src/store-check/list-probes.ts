import { DeleteObjectCommand, ListObjectsV2Command, ListObjectVersionsCommand } from '@aws-sdk/client-s3';
import { toHoldfastError } from '../s3-fault.js';
import { listVersions } from '../s3-list.js';
import type { Bench } from './bench.js';
import { broken, judge, kept, type Outcome } from './report.js';
import type { Probe } from './probe.js';

const MISSED = 'An inventory leaves something out or counts it twice, so nobody can say that it is complete.';

/** Listings of versions: what an inventory and a second copy rest on. */
export const listProbes: readonly Probe[] = [
  {
    name: 'list_pages',
    group: 'list',
    promise: 'A listing in small pages shows every version once, in order.',
    meaning: MISSED,
    reliedOn: false,
    quick: false,
    run: pages,
  },
  {
    name: 'list_many_versions',
    group: 'list',
    promise: 'A listing of more versions than one page holds shows every version once, in order.',
    meaning: MISSED,
    reliedOn: false,
    quick: false,
    run: many,
  },
  {
    name: 'list_after_write',
    group: 'list',
    promise: 'A listing shows at once what was put, what was hidden by a marker, and not what was deleted.',
    meaning: 'An inventory shows an earlier state, and a fresh loss or addition goes unnoticed.',
    reliedOn: false,
    quick: false,
    run: async (bench) => {
      for (let round = 0; round < 8; round++) {
        const name = `listed/${String(round)}`;
        const [first, second] = [await bench.put(name), await bench.put(name)];
        if ((await rows(bench, name)).length !== 2) return broken('two versions were put, and not two are listed');
        await bench.delete(name, second);
        await bench.send((client) => client.send(new DeleteObjectCommand({ Bucket: bench.vault, Key: bench.key(name) })));
        const after = await rows(bench, name);
        if (!after.includes(first) || after.includes(second) || after.length !== 2)
          return broken(`after a delete and a marker ${String(after.length)} rows are listed, or the wrong ones`);
        const current = await bench.send((client) => client.send(new ListObjectsV2Command({ Bucket: bench.vault, Prefix: bench.key(name) })));
        if ((current.Contents ?? []).length > 0) return broken('what is behind a marker is listed as current');
      }
      return kept('eight times a put, a delete and a marker showed at once');
    },
  },
  {
    name: 'list_newest_first',
    group: 'list',
    promise: 'A listing shows the versions of a key newest first, and only the newest as the latest.',
    meaning: 'Nobody can say in which order versions were stored, and what is the current one.',
    reliedOn: false,
    quick: false,
    run: async (bench) => {
      const put: string[] = [];
      for (let i = 0; i < 6; i++) put.push(await bench.put('order'));
      const { Versions = [] } = await bench.send((client) =>
        client.send(new ListObjectVersionsCommand({ Bucket: bench.vault, Prefix: bench.key('order') })),
      );
      const latest = Versions.filter((row) => row.IsLatest === true).map((row) => row.VersionId);
      const inOrder = Versions.map((row) => row.VersionId).join() === put.toReversed().join();
      return judge(
        inOrder && latest.length === 1 && latest[0] === put.at(-1),
        `six versions are listed ${inOrder ? 'newest first' : 'in another order'}, ${String(latest.length)} as the latest`,
      );
    },
  },
];

async function rows(bench: Bench, name: string): Promise<string[]> {
  const seen: string[] = [];
  for await (const row of listVersions(bench.calls, bench.vault, 1000, bench.key(name), undefined)) seen.push(row.version);
  return seen;
}

async function pages(bench: Bench): Promise<Outcome> {
  const put: string[] = [];
  for (const name of ['list/a', 'list/a-b', 'list/b', 'list/c']) {
    for (let i = 0; i < 4; i++) put.push(await bench.put(name));
  }
  // Pages of every size from 1 on end at every place once.
  for (let page = 1; page <= 5; page++) {
    const fault = await faultOf(bench, 'list/', page, put);
    if (fault !== undefined) return broken(fault);
  }
  return kept(`${String(put.length)} versions showed once each in pages of 1 to 5`);
}

async function many(bench: Bench): Promise<Outcome> {
  const put: string[] = [];
  const names = Array.from({ length: 5 }, (_, i) => `many/${String(i)}`);
  while (put.length < bench.many) {
    if (bench.stopped) break;
    put.push(...(await Promise.all(names.map((name) => bench.put(name)))));
    if (put.length % 100 === 0) bench.say(`${String(put.length)} of ${String(bench.many)} versions put for a long listing`);
  }
  const page = Math.min(1000, Math.ceil(bench.many / 3));
  const fault = await faultOf(bench, 'many/', page, put);
  return fault === undefined ? kept(`${String(put.length)} versions showed once each in pages of ${String(page)}`) : broken(fault);
}

/** What is wrong with a listing in pages of such a size; undefined when it is right. */
async function faultOf(bench: Bench, prefix: string, page: number, put: readonly string[]): Promise<string | undefined> {
  const seen: string[] = [];
  const given = new Set<string>();
  try {
    for await (const row of listVersions(bench.calls, bench.vault, page, bench.key(prefix), undefined, (version) => seen.push(version)))
      given.add(row.version);
  } catch (error) {
    return toHoldfastError(error, 'list', bench.vault).message;
  }
  const missed = put.filter((version) => !given.has(version)).length;
  if (missed > 0) return `pages of ${String(page)} leave out ${String(missed)} of ${String(put.length)} versions`;
  const twice = seen.length - new Set(seen).size;
  return twice > 0 ? `pages of ${String(page)} show ${String(twice)} of ${String(put.length)} versions twice` : undefined;
}
