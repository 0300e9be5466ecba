import { describe, expect, it } from '@jest/globals';
import { ArchiveOfDays } from './archive-of-days.js';

const summary = (event: { readonly type: string; readonly day: string; readonly firstSeq: number; readonly lastSeq: number }): string =>
  `${event.type} ${event.day} ${event.firstSeq}-${event.lastSeq}`;

describe('day directories', () => {
  it('are sealed for every closed day and cohort, and attested once a day', async () => {
    const days = await ArchiveOfDays.create();
    await days.seal(12);
    await days.keep();
    expect(await days.segments()).toEqual([]);
    days.nextDay();
    await days.seal(8);
    days.nextDay(3);
    await days.seal(4);
    await days.keep();
    const events = (await days.segments()).flatMap((segment) => segment.events);
    expect(events.map(summary)).toEqual([
      'day.closed 2026-03-01 0-2',
      'day.closed 2026-03-01 0-2',
      'directories.attested 2026-03-01 0-2',
      'day.closed 2026-03-02 3-4',
      'day.closed 2026-03-02 3-4',
      'directories.attested 2026-03-02 3-4',
    ]);
    expect(await days.archive.problems()).toEqual([]);
    expect((await days.archive.verify()).findings).toEqual([]);
  });
});
