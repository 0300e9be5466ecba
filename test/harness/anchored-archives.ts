import { rm, mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openEmbedded } from '@holdfast/assembly';
import { syntheticEvents } from '@holdfast/connectors';
import { toHex } from '@holdfast/seal';
import { TestClock } from '@holdfast/test-kit';
import { LedgerWriter, repairClaim } from '@holdfast/vault';
import { Outside } from './anchored.js';
import { MemoryArchive, SOURCE, TOPIC } from './memory-archive.js';
import type { Process } from './memory-archive.js';
import { SETTINGS, TOPIC as FOLDER_TOPIC, abandonAttempt, sealAll } from './sealed-folder.js';
import { StoreImage } from './store-image.js';

export interface AnchoredArchive {
  readonly image: StoreImage;
  readonly outside: Outside;
  remove(): Promise<void>;
}

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;

/**
 * A small archive in memory with everything that can be stored: two message chains, an access chain with inline and stored
 * content, an abandoned attempt, the statement of a repair, a log of several batches with states, anchored and in-between
 * checkpoints, co-signatures and tokens.
 */
export async function anchoredInMemory(): Promise<AnchoredArchive> {
  const clock = new TestClock();
  const memory = await MemoryArchive.create({ clock, partitions: 2 });
  const outside = new Outside((await memory.open()).archive, clock);
  for (const partition of [0, 1]) memory.append(5, { partition });
  await memory.finish('one');
  await repaired(memory);
  await outside.notarise(await memory.open());
  clock.advance(HOUR_MS);
  memory.append(4, { partition: 0 });
  await memory.finish('two');
  const process = await memory.open();
  await access(process, clock);
  // No tick is due at once: an in-between checkpoint, which nobody outside has seen.
  await outside.notarise(process, false);
  clock.advance(2 * HOUR_MS);
  memory.append(3, { partition: 1 });
  await memory.finish('three');
  await abandonAttempt(process, `msg/${SOURCE}/${TOPIC}/0/0`);
  await outside.notarise(await memory.open());
  return { image: await StoreImage.of(memory), outside, remove: () => Promise.resolve() };
}

/** The last manifest of partition 1 is lost, and its claim repaired: that number is written anew. */
async function repaired(memory: MemoryArchive): Promise<void> {
  const chain = `msg/${SOURCE}/${TOPIC}/1/0`;
  let last: { readonly key: string; readonly version: string } | undefined;
  for await (const version of memory.vault.list(`m/${chain}/`)) last = version;
  if (last === undefined) throw new Error(`${chain} has no manifests`);
  memory.vault.destroy(last.key, last.version);
  const process = await memory.open();
  await repairClaim(process.archive, process.governance, {
    chain,
    reason: 'a broken disk',
    principal: 'os:tester',
    signStatement: (payload) => Promise.resolve(memory.keys.signRecovery(payload, 'holdfast-statement')),
  });
  await memory.finish('repaired');
}

async function access(
  { archive, governance, clock, dataKeys }: Pick<Process, 'archive' | 'governance' | 'clock' | 'dataKeys'>,
  now: { now(): Date },
): Promise<void> {
  const writer = new LedgerWriter(archive, clock, governance, dataKeys, 'access/tester');
  const event = (): object => ({ id: toHex(archive.random(16)), time: now.now().toISOString(), principal: 'os:tester' });
  await writer.append({ subject: 'small', value: { type: 'access.search', ...event(), query: '合同' } });
  await writer.append({
    subject: 'large',
    value: { type: 'access.export', ...event(), ids: Array.from({ length: 2_500 }, () => toHex(archive.random(8))) },
  });
}

/** The same in a folder, by the adapters that run there: real files, real keys, the clock of the machine. */
export async function anchoredInFolder(records = 60): Promise<AnchoredArchive> {
  const folder = await mkdtemp(join(tmpdir(), 'holdfast-anchored-'));
  const opened = await openEmbedded(folder, SETTINGS);
  const outside = new Outside(opened.archive, opened.archive.clock);
  const sealMore = async (seed: number): Promise<void> => {
    const sink = opened.sink();
    await sink.append(FOLDER_TOPIC, [...syntheticEvents({ records, seed, conversations: 5, timestamp: 1_790_000_000_000n })]);
    await sink.close();
    await sealAll(opened, 40);
  };
  await sealMore(5);
  await outside.notarise(opened);
  await sealMore(6);
  await access(opened, opened.archive.clock);
  await abandonAttempt(opened, `msg/test/${FOLDER_TOPIC}/1/0`);
  await outside.notarise(opened);
  const image = await StoreImage.of(opened.archive);
  await opened.close();
  return { image, outside, remove: () => rm(folder, { recursive: true, force: true }) };
}
