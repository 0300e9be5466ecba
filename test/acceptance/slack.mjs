// Part 5: a Slack export goes in whole, is known again, and survives the loss of the search index.
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { RecordOpener } from '@holdfast/discovery';
import { parseMessageChain } from '@holdfast/record';
import { writeSlackExport } from '@holdfast/test-kit/exports';
import { judgeByVerifier, judgeSearches } from './judge.mjs';
import { holdfastJson } from './programs.mjs';
import { BruteForce, SLACK_QUERIES } from './spot-queries.mjs';
import { must } from './wait.mjs';

/** @typedef {import('./archive-under-test.mjs').ArchiveUnderTest} ArchiveUnderTest */
/** @typedef {import('@holdfast/assembly').OpenedArchive} OpenedArchive */
/** @typedef {import('@holdfast/record').Event} Event */

/** Records opened at one time. */
const AT_ONCE = 16;

/**
 * @param {ArchiveUnderTest} archive empty
 * @param {{ messages: number, channels: number, seed: number, say?: (line: string) => void }} options
 */
export async function importSlack(archive, { messages, channels, seed, say = () => undefined }) {
  const path = join(archive.folder, 'export.zip');
  const files = await writeSlackExport(path, { messages, channels, seed });
  /** @type {Record<string, number>} */
  const seconds = {};
  const timed = async (/** @type {string} */ what, /** @type {string[]} */ args) => {
    const began = performance.now();
    const answer = await holdfastJson(archive, args);
    seconds[what] = Math.round(performance.now() - began) / 1000;
    say(`holdfast ${args.join(' ')}: ${seconds[what]} s`);
    return answer;
  };
  const first = await timed('import', ['import', 'slack', path]);
  must(
    first['written'] === first['total'] && first['summary'].messages === messages && first['before'] === false,
    `the import says ${JSON.stringify(first)}`,
  );
  const ingested = await timed('ingest', ['ingest', '--until-idle']);
  must(
    ingested['records'] === first['total'] && ingested['unparsed'] === 0,
    `${ingested['records']} records sealed, ${ingested['unparsed']} unparsed`,
  );
  const second = await timed('second import', ['import', 'slack', path]);
  must(second['before'] === true && second['written'] === 0, `a second import says ${JSON.stringify(second)}`);

  const opened = await archive.open();
  try {
    const scan = new BruteForce(SLACK_QUERIES);
    const began = performance.now();
    const events = await openAll(opened, scan, say);
    seconds['open all'] = Math.round(performance.now() - began) / 1000;
    must(events.length === first['total'], `${events.length} events open, ${first['total']} were imported`);
    const leaves = accountForLeaves(files, events);
    const expected = { partitions: [], answers: scan.answers() };
    const hits = await judgeSearches(opened, expected);
    await deleteIndex(archive);
    const rebuilt = await timed('index rebuild', ['index', 'rebuild']);
    must(rebuilt['documents'] === first['total'], `the rebuilt index holds ${rebuilt['documents']} documents of ${first['total']}`);
    await judgeSearches(opened, expected);
    const verify = await judgeByVerifier(archive, first['total']);
    return { messages, channels, records: first['total'], leaves, seconds, hits, verify };
  } finally {
    await opened.close();
  }
}

/**
 * Opens every record with its proof, as a reader would; answers their events.
 * @param {OpenedArchive} opened
 * @param {BruteForce} scan
 * @param {(line: string) => void} say
 */
async function openAll(opened, scan, say) {
  await opened.governance.refresh();
  const opener = new RecordOpener(opened.archive, opened.governance, opened.reader);
  const index = opened.index();
  await index.open();
  /** @type {Event[]} */
  const events = [];
  const open = async (/** @type {import('@holdfast/ports').SearchHit} */ { id, seq }) => {
    const { parsed, record, id: at } = await opener.open(id, seq);
    const event = parsed.events[at.event];
    must(event !== undefined && parsed.events.length === 1, `${id} is not one event`);
    events.push(event);
    scan.ask(record, at);
    if (events.length % 10_000 === 0) say(`${events.length} records opened with their proofs`);
  };
  try {
    for (const chain of opened.governance.state.chains.keys()) {
      if (parseMessageChain(chain) === undefined) continue;
      const hits = index.all(chain)[Symbol.asyncIterator]();
      // Each lane takes the next one; a generator answers one call after the other.
      const lane = async () => {
        for (let next = await hits.next(); next.done !== true; next = await hits.next()) await open(next.value);
      };
      await Promise.all(Array.from({ length: AT_ONCE }, lane));
    }
    return events;
  } finally {
    await index.close();
  }
}

/**
 * Every leaf of the export is in the event of its own message, or, for the lists of the workspace, in one of the others.
 * @param {ReadonlyMap<string, unknown>} files
 * @param {readonly Event[]} events
 * @returns {number} how many leaves there are
 */
function accountForLeaves(files, events) {
  const byTime = Map.groupBy(events, (event) => event.source_id ?? '');
  let count = 0;
  const lists = [];
  for (const [name, content] of files) {
    if (!name.includes('/')) {
      lists.push(content);
      continue;
    }
    for (const message of /** @type {Record<string, unknown>[]} */ (content)) {
      const event = byTime.get(String(message['ts']))?.pop();
      must(event !== undefined, `${name}: the message ${String(message['ts'])} has no event`);
      count += account(message, [event], `${name} ${String(message['ts'])}`);
    }
  }
  return count + account(lists, [...byTime.values()].flat(), 'the lists of the workspace');
}

/**
 * @param {unknown} source
 * @param {readonly unknown[]} held
 * @param {string} where
 */
function account(source, held, where) {
  /** @type {Map<string, number>} */
  const there = new Map();
  for (const leaf of held.flatMap(leavesOf)) there.set(leaf, (there.get(leaf) ?? 0) + 1);
  const leaves = leavesOf(source);
  for (const leaf of leaves) {
    const left = there.get(leaf) ?? 0;
    must(left > 0, `${where}: ${leaf} is nowhere in the archive`);
    // Each leaf of an event answers for one of the export.
    there.set(leaf, left - 1);
  }
  return leaves.length;
}

/**
 * Every leaf as text; empty containers are leaves.
 * @param {unknown} value
 * @returns {string[]}
 */
function leavesOf(value) {
  if (typeof value !== 'object' || value === null) return [JSON.stringify(value)];
  const inner = Object.values(value).flatMap(leavesOf);
  return inner.length > 0 ? inner : [Array.isArray(value) ? '[]' : '{}'];
}

/** As an accident would. @param {ArchiveUnderTest} archive */
async function deleteIndex(archive) {
  const data = archive.env['HOLDFAST_DATA'];
  if (data !== undefined) {
    for (const suffix of ['', '-wal', '-shm']) await rm(join(data, `index.sqlite${suffix}`), { force: true });
    return;
  }
  const url = archive.env['HOLDFAST_ELASTIC_URL'] ?? '';
  const prefix = archive.env['HOLDFAST_S3_BUCKET_PREFIX'] ?? '';
  const all = /** @type {Record<string, unknown>} */ (await (await fetch(`${url}/${prefix}-*/_alias`)).json());
  const names = Object.keys(all);
  must(names.length > 0, 'there is no index to delete');
  const answer = await fetch(`${url}/${names.join(',')}`, { method: 'DELETE' });
  must(answer.ok, `the indices cannot be deleted: ${answer.status}`);
}
