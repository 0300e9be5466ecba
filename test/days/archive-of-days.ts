import { DayKeeper, IndexFollower } from '@holdfast/indexing';
import type { Alarms, Position } from '@holdfast/ports';
import { decodeRecord, daysChain, messageChainOf, parseDayEvent, parseJson, utf8 } from '@holdfast/seal';
import type { DayEvent, Manifest } from '@holdfast/seal';
import { MemoryRecordIndex, TestClock } from '@holdfast/test-kit';
import { readCommitted } from '@holdfast/vault';
import type { Committed } from '@holdfast/vault';
import { MemoryArchive, SOURCE, TOPIC, TestAlarms } from '../harness/memory-archive.js';
import type { Process } from '../harness/memory-archive.js';

export const DAY_MS = 86_400_000;
export const CHAIN = `msg/${SOURCE}/${TOPIC}/0/0`;
export const DAYS = daysChain(CHAIN);
export const KEYS = ['c:1', 'c:2', 'c:3', 'c:4'] as const;

/** An archive whose clock tests turn, with records of two cohorts: chats, and what cannot be read. */
export class ArchiveOfDays {
  readonly clock: TestClock;
  readonly archive: MemoryArchive;
  #days = 0;

  private constructor(archive: MemoryArchive, clock: TestClock) {
    this.archive = archive;
    this.clock = clock;
  }

  static async create(): Promise<ArchiveOfDays> {
    const clock = new TestClock('2026-03-01T10:00:00.000Z');
    return new ArchiveOfDays(await MemoryArchive.create({ clock }), clock);
  }

  /** Seals `count` records, a third of them readable, one of ten without a key. */
  async seal(count: number): Promise<void> {
    for (let i = 0; i < count; i++) {
      const at = this.archive.log.watermarks({ topic: TOPIC, partition: 0 }).high;
      const n = Number(at);
      this.archive.log.append(TOPIC, 0, {
        key: n % 10 === 9 ? null : utf8(KEYS[n % KEYS.length] ?? ''),
        value: utf8(n % 3 === 0 ? JSON.stringify(chat(n)) : `no event ${n}`),
        headers: [],
        timestamp: 1_772_000_000_000n + at,
      });
    }
    this.archive.log.wake();
    await this.archive.finish(`day ${this.#days++}`);
  }

  nextDay(days = 1): void {
    this.clock.advance(days * DAY_MS);
  }

  async position(process: Process): Promise<Position> {
    const index = new MemoryRecordIndex({ store: this.archive.indexStore });
    return new IndexFollower({ ...process, index, alarms: new TestAlarms() }).catchUp();
  }

  /** Indexes, and seals the day directories that are due, as a process of its own. */
  async keep(alarms: Alarms = new TestAlarms(), process?: Process): Promise<DayKeeper> {
    const mine = process ?? (await this.archive.open());
    const keeper = new DayKeeper({ ...mine, alarms });
    await keeper.catchUp(await this.position(mine));
    return keeper;
  }

  /** Every committed segment of the days chain, with its events. */
  async segments(chain = DAYS): Promise<{ readonly committed: Committed; readonly events: readonly DayEvent[] }[]> {
    const process = await this.archive.open();
    const found = [];
    for (let seq = 0; ; seq++) {
      const committed = await readCommitted(process.archive, chain, seq, process.governance.keys);
      if (committed === undefined) return found;
      found.push({ committed, events: messageChainOf(chain) === undefined ? [] : await eventsOf(process, committed.manifest) });
    }
  }
}

async function eventsOf(process: Process, manifest: Manifest): Promise<DayEvent[]> {
  const events: DayEvent[] = [];
  await process.reader.walk(manifest, (object) => (plain, start, end) => {
    if (object.enc === 'none') events.push(parseDayEvent(parseJson(decodeRecord(plain.slice(start, end)).record.value ?? new Uint8Array(0))));
  });
  return events;
}

function chat(n: number): Record<string, unknown> {
  return {
    kind: 'message.created',
    platform: 'slack',
    workspace: { id: 'T1' },
    conversation: { id: 'C1', kind: 'channel_private', name: 'trading' },
    source_id: `m${n}`,
    actor: { source_user_id: 'U1', display_name: 'Li Wei 李伟' },
    times: { occurred_at: '2026-02-25T06:13:20.000Z' },
    body: { text: `message ${n}` },
  };
}
