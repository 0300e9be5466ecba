import { expect, it } from '@jest/globals';
import { AnchoredHeads, RecordOpener } from '@holdfast/discovery';
import { Notary } from '@holdfast/notary';
import { TestClock } from '@holdfast/test-kit';
import { CHECKPOINT_PREFIX } from '@holdfast/tlog';
import { MemoryArchive, SOURCE, TOPIC, TestAlarms } from '../harness/memory-archive.js';

// Invariant I6: records younger than the last checkpoint are marked.

it('a record is anchored once a signed checkpoint covers it, and not a moment sooner', async () => {
  const clock = new TestClock();
  const memory = await MemoryArchive.create({ clock });
  memory.append(4);
  await memory.finish('one');
  const reader = await memory.open();
  const opener = new RecordOpener(reader.archive, reader.governance, reader.reader, new AnchoredHeads(reader.archive, reader.governance));
  const anchored = async (offset: number): Promise<boolean> => (await opener.open(`${SOURCE}~${TOPIC}~0~0~${offset}`)).anchored;
  expect(await anchored(0)).toBe(false);
  const notarise = async (): Promise<unknown> => new Notary({ ...(await memory.open()), alarms: new TestAlarms() }).untilCovered();
  await notarise();
  clock.advance(60_000);
  expect(await anchored(0)).toBe(true);
  memory.append(4);
  await memory.finish('two');
  clock.advance(60_000);
  expect([await anchored(0), await anchored(4)]).toEqual([true, false]);
  // Claimed by the log, and the checkpoint is gone: nobody has signed for it.
  await notarise();
  for await (const { key, version } of memory.vault.list(CHECKPOINT_PREFIX)) memory.vault.destroy(key, version);
  clock.advance(60_000);
  expect([await anchored(0), await anchored(4)]).toEqual([true, false]);
  await notarise();
  clock.advance(60_000);
  expect(await anchored(4)).toBe(true);
});
