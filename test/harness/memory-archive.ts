import { SEAL_LIMITS, SealWorker } from '@holdfast/archiving';
import type { SealLimits } from '@holdfast/archiving';
import { nodeCrypto, randomBytes } from '@holdfast/crypto-node';
import type { RetentionClass } from '@holdfast/governance';
import { IndexFollower, documentsOf } from '@holdfast/indexing';
import type { AlarmCode, Alarms, AlarmSeverity, ClaimStore, Clock, KeyRing, ObjectStore, TopicPartition } from '@holdfast/ports';
import { parseMessageChain } from '@holdfast/record';
import { decodeRecord, encodeRecord, toHex, utf8 } from '@holdfast/seal';
import {
  MemoryClaimStore,
  MemoryIndexStore,
  MemoryKeyRing,
  MemoryLog,
  MemoryObjectStore,
  MemoryRecordIndex,
  MemoryRecordSource,
  until,
} from '@holdfast/test-kit';
import type { IndexFaults, MemorySourceOptions } from '@holdfast/test-kit';
import { DataKeys, SegmentReader, cohortsNeeded, createArchive, openArchive, GovernanceLog, CheckedClock, readCommitted } from '@holdfast/vault';
import type { Archive, ArchiveParts } from '@holdfast/vault';
import { verifyArchive } from '@holdfast/verify';
import type { VerifyReport } from '@holdfast/verify';
import { evidenceOf } from '../../apps/cli/src/evidence.js';

export const SOURCE = 'test';
export const TOPIC = 'chat';
export const CLASSES = [
  { name: 'standard', number: 1, months: 12, lengthenMonths: 2 },
  { name: 'trade', number: 2, months: 24, lengthenMonths: 0 },
];
const SETTINGS = {
  name: 'Fakes',
  timeZone: 'UTC',
  profile: 'cluster' as const,
  logOrigin: 'test/log',
  defaultClass: 'standard',
  principal: 'service:test',
};

/** Alarms as a test sees them: which stand, and which ever stood. */
export class TestAlarms implements Alarms {
  readonly standing = new Map<string, string>();
  readonly raised: string[] = [];

  raise(code: AlarmCode, place: string, severity: AlarmSeverity, message: string): void {
    this.raised.push(code);
    this.standing.set(`${code} ${place}`, `${severity}: ${message}`);
  }

  clear(code: AlarmCode, place: string): void {
    this.standing.delete(`${code} ${place}`);
  }
}

/** One process: its own view of the stores, its own keys in memory, its own fold. */
export interface Process {
  readonly archive: Archive;
  readonly governance: GovernanceLog;
  readonly clock: CheckedClock;
  readonly dataKeys: DataKeys;
  readonly reader: SegmentReader;
}

/** A process over the stores of an archive. */
export async function processOf(parts: ArchiveParts): Promise<Process> {
  const archive = await openArchive(parts);
  const clock = new CheckedClock(archive);
  const governance = new GovernanceLog(archive, clock);
  await governance.refresh();
  const dataKeys = new DataKeys(archive, () => governance.ledgerUntil(archive.clock.now()));
  return { archive, governance, clock, dataKeys, reader: new SegmentReader(archive, dataKeys) };
}

export interface WorkerOptions extends MemorySourceOptions {
  readonly topic?: string;
  /** Another log under the same identity. */
  readonly log?: MemoryLog;
  readonly limits?: Partial<SealLimits>;
}

export interface MemoryArchiveOptions {
  readonly partitions?: number;
  readonly clock?: Clock;
  readonly classes?: readonly RetentionClass[];
}

const SYSTEM_CLOCK: Clock = { now: () => new Date() };

/** Stores, source and keys of one archive in memory; processes come and go over them. */
export class MemoryArchive {
  readonly vault: MemoryObjectStore;
  readonly wraps: MemoryObjectStore;
  readonly claims = new MemoryClaimStore();
  readonly log = new MemoryLog();
  readonly keys: MemoryKeyRing;
  readonly indexStore = new MemoryIndexStore();
  readonly clock: Clock;

  private constructor(clock: Clock, keys: MemoryKeyRing, partitions: number) {
    this.clock = clock;
    this.keys = keys;
    this.vault = new MemoryObjectStore({ clock });
    this.wraps = new MemoryObjectStore({ clock });
    this.log.create(TOPIC, partitions);
  }

  static async create({ partitions = 1, clock = SYSTEM_CLOCK, classes = CLASSES }: MemoryArchiveOptions = {}): Promise<MemoryArchive> {
    const made = new MemoryArchive(clock, new MemoryKeyRing(cohortsNeeded(classes, clock.now())), partitions);
    await createArchive(made.parts(), { ...SETTINGS, classes });
    return made;
  }

  parts(
    over: {
      readonly vault?: ObjectStore;
      readonly wraps?: ObjectStore;
      readonly claims?: ClaimStore;
      readonly keys?: KeyRing;
      readonly clock?: Clock;
    } = {},
  ): ArchiveParts {
    return {
      vault: this.vault,
      wraps: this.wraps,
      claims: this.claims,
      keys: this.keys,
      clock: this.clock,
      crypto: nodeCrypto,
      random: randomBytes,
      software: 'holdfast/test',
      ...over,
    };
  }

  /** A process that starts now. */
  open(over: Parameters<MemoryArchive['parts']>[0] = {}): Promise<Process> {
    return processOf(this.parts(over));
  }

  /** A seal worker of a process, not started. */
  worker(process: Process, alarms: Alarms, options: WorkerOptions = {}): SealWorker {
    const { log = this.log, topic = TOPIC, limits, ...source } = options;
    return new SealWorker({
      ...process,
      source: new MemoryRecordSource(log, [topic], source),
      sourceName: SOURCE,
      limits: { ...SEAL_LIMITS, segmentRecords: 4, segmentAgeMs: 10, ...limits },
      alarms,
      reliefMs: 200,
    });
  }

  append(count: number, { topic = TOPIC, partition = 0, text = 'record' } = {}): void {
    for (let i = 0; i < count; i++) {
      const at = this.log.watermarks({ topic, partition }).high;
      this.log.append(topic, partition, {
        key: utf8(`k${Number(at) % 3}`),
        value: utf8(`${text} ${at}`),
        headers: [],
        timestamp: 1_790_000_000_000n + at,
      });
    }
    this.log.wake();
  }

  isSealed(worker: SealWorker, topic = TOPIC): boolean {
    const status = worker.status();
    return (
      status.length === this.log.partitions(topic) &&
      status.every(({ partition, sealed }) => sealed >= this.log.watermarks({ topic, partition }).high)
    );
  }

  /** Waits until a running worker has sealed everything. */
  async untilSealed(worker: SealWorker, alarms: TestAlarms, topic = TOPIC, orElse: () => boolean = () => false): Promise<void> {
    await until(() => this.isSealed(worker, topic) || orElse(), 120_000, 'sealing everything').catch((error: unknown) => {
      throw new Error(`${String(error)}: ${JSON.stringify([...alarms.standing])}`);
    });
  }

  /** Runs a worker of a fresh process until everything is sealed. */
  async finish(group: string, topic = TOPIC, alarms = new TestAlarms()): Promise<void> {
    const worker = this.worker(await this.open(), alarms, { group, topic });
    await worker.start();
    await this.untilSealed(worker, alarms, topic);
    await worker.stop();
  }

  async index(process: Process, alarms: Alarms, faults?: IndexFaults): Promise<void> {
    const index = new MemoryRecordIndex({ store: this.indexStore, ...(faults !== undefined && { faults }) });
    await new IndexFollower({ ...process, index, alarms }).catchUp();
  }

  async verify(chains?: readonly string[]): Promise<VerifyReport> {
    return verifyArchive(
      evidenceOf({
        ...this.parts(),
        async *strays() {
          yield* [];
        },
      }),
      { crypto: nodeCrypto, ...(chains !== undefined && { chains }) },
    );
  }

  /** What is wrong with the archive against the source; nothing, when every offset was sealed once, byte for byte, and indexed. */
  async problems(topics: readonly string[] = [TOPIC]): Promise<string[]> {
    const process = await this.open();
    const chains = [...process.governance.state.chains.keys()].filter((chain) => topics.includes(chain.split('/')[2] ?? ''));
    const report = await this.verify(chains);
    const found = report.findings.map(({ code, place, message }) => `${code} ${place}: ${message}`);
    await this.index(process, new TestAlarms());
    for (const topic of topics)
      for (let partition = 0; partition < this.log.partitions(topic); partition++)
        found.push(...(await this.#problemsOf(process, { topic, partition })));
    return found;
  }

  async #problemsOf(process: Process, { topic, partition }: TopicPartition): Promise<string[]> {
    const found: string[] = [];
    const place = `${topic}/${partition}`;
    const sealed = new Map<bigint, string>();
    const documents = new Set<string>();
    const chains = [...process.governance.state.chains.keys()].filter((chain) => chain.startsWith(`msg/${SOURCE}/${topic}/${partition}/`));
    for (const chain of chains) {
      for (let seq = 0; ; seq++) {
        const committed = await readCommitted(process.archive, chain, seq, process.governance.keys);
        if (committed === undefined) break;
        await process.reader.walk(committed.manifest, (object) => (plain, start, end, head) => {
          if (sealed.has(head.offset)) found.push(`${chain} holds offset ${head.offset} twice`);
          const { record } = decodeRecord(Uint8Array.from(plain.subarray(start, end)));
          sealed.set(head.offset, toHex(encodeRecord(record, 0n)));
          const at = parseMessageChain(chain);
          const cohort = { className: object.cohort.class, period: object.cohort.period };
          if (at !== undefined) for (const { id } of documentsOf(record, { at, chain, seq, cohort })) documents.add(id);
        });
      }
    }
    const wanted = this.log.read({ topic, partition }, 0n, 1_000_000);
    for (const record of wanted) {
      const bytes = sealed.get(record.offset);
      if (bytes === undefined) found.push(`offset ${record.offset} of ${place} is not sealed`);
      else if (bytes !== toHex(encodeRecord(record, 0n))) found.push(`offset ${record.offset} of ${place} was sealed with other bytes`);
    }
    if (sealed.size !== wanted.length) found.push(`${sealed.size} records of ${place} are sealed, the source holds ${wanted.length}`);
    const indexed = new Set<string>();
    const index = new MemoryRecordIndex({ store: this.indexStore });
    await index.open();
    for (const chain of chains) for await (const { id } of index.all(chain)) indexed.add(id);
    if (indexed.size !== documents.size || [...documents].some((id) => !indexed.has(id)))
      found.push(`the index holds ${indexed.size} documents of ${place}, the vault ${documents.size}`);
    return found;
  }
}
