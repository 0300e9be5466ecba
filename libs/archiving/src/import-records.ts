import { createHash } from 'node:crypto';
import { HoldfastError } from '@holdfast/record';
import type { RawRecord } from '@holdfast/record';
import type { NewRecord, RecordSink, RecordSource, TopicPartition } from '@holdfast/ports';
import { toHex } from '@holdfast/seal';
import { pause } from '@holdfast/vault';
import type { Archive, GovernanceLog } from '@holdfast/vault';

/** An export that was opened and checked as a whole (libs/connectors). */
export interface ImportFile {
  /** SHA-256 of the file: a second import of it is recognised. */
  readonly importId: string;
  readonly total: number;
  records(): AsyncIterable<NewRecord>;
}

export interface ImportParts {
  readonly archive: Archive;
  readonly governance: GovernanceLog;
  readonly sink: RecordSink;
  /** A reader in a group that no other run uses, for finding out how far an interrupted import came. */
  readonly scan: (run: string) => RecordSource;
  /**
   * How long a write that an earlier run was permitted can still be on its way into the source; 0 where a lock says that
   * no earlier run goes on.
   */
  readonly settleMs: number;
  readonly topic: string;
  readonly principal: string;
  /** `slack`, `events`. */
  readonly format: string;
}

export interface ImportOutcome {
  readonly importId: string;
  /** Appended now. */
  readonly written: number;
  /** Found in the source from an earlier, interrupted run. */
  readonly found: number;
  /** True when `gov` says that this very file was imported before: nothing was written. */
  readonly before: boolean;
}

const BATCH = 2_000;
/** A joining member of a group can wait for a rebalance before its first batch. */
const QUIET_MS = 30_000;

/** When an import of this file began, by `gov`; undefined when never. */
export async function importStarted(
  governance: GovernanceLog,
  importId: string,
): Promise<{ readonly timestamp: bigint; readonly finished: boolean } | undefined> {
  await governance.refresh();
  const known = governance.state.imports.get(importId);
  return known === undefined ? undefined : { timestamp: known.timestamp, finished: known.finished };
}

/**
 * Puts the records of an export into the source, once. Begin and end are sealed in `gov`; an import that was interrupted
 * goes on: what the source holds since its beginning is read back and not written again. `timestamp` must be the one of
 * `importStarted`, so that the records are the same byte for byte.
 *
 * Whether an earlier run was killed or goes on elsewhere cannot be seen, so the newest run owns the import: each seals
 * `import.started` or `import.resumed` first, and before every write a run looks whether it is still the newest. What an older
 * one was permitted before has reached the source after `settleMs`, and is then read back like everything else.
 */
export async function importRecords(
  parts: ImportParts,
  file: ImportFile,
  timestamp: bigint,
  onProgress: (done: number) => void,
  signal?: AbortSignal,
): Promise<ImportOutcome> {
  const { archive, governance, topic } = parts;
  const another = (): HoldfastError =>
    new HoldfastError('bad_request', 'Another import of this file has begun meanwhile: wait for its end, then run the command again.');
  const known = await importStarted(governance, file.importId);
  if (known?.finished === true) return { importId: file.importId, written: 0, found: file.total, before: true };
  const superseded = (): HoldfastError =>
    new HoldfastError('bad_request', 'Another run of this import has taken over, so this one stopped; what it has written is not written again.');
  const event = (): { id: string; time: string; principal: string } => ({
    id: toHex(archive.random(16)),
    time: archive.clock.now().toISOString(),
    principal: parts.principal,
  });
  const mine = event();
  const run = mine.id;
  const offsets = known === undefined ? await endsNow(parts.scan(run), topic) : [];
  // Asked again after a lost race: the last answer is the one that counts.
  const decision: { ours: boolean } = { ours: false };
  await governance.append((state) => {
    const there = state.imports.get(file.importId);
    // The caller looked before it began: records with another time are other records.
    decision.ours = known === undefined ? there === undefined : there?.finished === false && there.timestamp === timestamp;
    if (!decision.ours) return [];
    if (known !== undefined) return [{ type: 'import.resumed', ...mine, importId: file.importId }];
    return [
      {
        type: 'import.started',
        ...mine,
        importId: file.importId,
        format: parts.format,
        topic,
        timestamp: timestamp.toString(),
        records: file.total,
        offsets: offsets.map(String),
      },
    ];
  }, signal);
  // Both would write every record, and the archive would hold each twice.
  if (!decision.ours) throw another();
  const began = governance.state.imports.get(file.importId);
  if (began === undefined) throw new HoldfastError('chain_broken', 'the import was begun, but gov does not show it.');
  const permit = async (): Promise<void> => {
    await governance.refresh();
    if (governance.state.imports.get(file.importId)?.run !== run) throw superseded();
  };
  let there = new Map<string, number>();
  if (known !== undefined) {
    // True now: no other run is permitted anything any more.
    await pause(parts.settleMs, signal);
    there = await recordsSince(parts.scan(run), topic, began.offsets, signal);
  }
  let written = 0;
  let found = 0;
  let batch: NewRecord[] = [];
  const flush = async (): Promise<void> => {
    if (batch.length > 0) await parts.sink.append(topic, batch, permit);
    written += batch.length;
    batch = [];
    onProgress(written + found);
  };
  for await (const record of file.records()) {
    if (signal?.aborted === true) {
      await flush();
      throw new HoldfastError('stopped', 'The import was stopped; the same command goes on where it stopped.');
    }
    const name = fingerprint(record.key, record.value);
    const left = there.get(name) ?? 0;
    if (left > 0) {
      there.set(name, left - 1);
      found++;
    } else batch.push(record);
    if (batch.length >= BATCH) await flush();
  }
  await flush();
  // Everything is durable in the source. A crash before the next line only makes the next run read it back once more.
  const end = event();
  await governance.append((state) => {
    if (state.imports.get(file.importId)?.run !== run) throw superseded();
    return [{ type: 'import.finished', ...end, importId: file.importId }];
  }, signal);
  return { importId: file.importId, written, found, before: false };
}

function fingerprint(key: Uint8Array | null, value: Uint8Array | null): string {
  return createHash('sha256')
    .update(key ?? '')
    .update('\0')
    .update(value ?? '')
    .digest('base64')
    .slice(0, 24);
}

async function endsNow(source: RecordSource, topic: string): Promise<bigint[]> {
  return ends(source, topic).finally(() => source.close());
}

async function ends(source: RecordSource, topic: string): Promise<bigint[]> {
  const found = (await source.topics()).find((candidate) => candidate.topic === topic);
  const highs: bigint[] = [];
  for (let partition = 0; partition < (found?.partitions ?? 0); partition++) highs.push((await source.watermarks({ topic, partition })).high);
  return highs;
}

/**
 * Fingerprints of everything that the topic holds from the given offsets up to its present ends, with how often each is
 * there. Ends at the ends, or where nothing more comes: a log can end with a transaction marker, which no reader is given.
 * @throws HoldfastError `bad_request` when the source no longer holds all of it: what was written cannot be told then, and
 * writing it again could double it; `stopped`
 */
async function recordsSince(
  source: RecordSource,
  topic: string,
  from: readonly bigint[],
  signal: AbortSignal | undefined,
): Promise<Map<string, number>> {
  const there = new Map<string, number>();
  let timer: NodeJS.Timeout | undefined;
  try {
    const until = await ends(source, topic);
    const missing = new Set(until.flatMap((end, partition) => (end > (from[partition] ?? 0n) ? [partition] : [])));
    for (const partition of missing) {
      const { low } = await source.watermarks({ topic, partition });
      if (low > (from[partition] ?? 0n)) {
        throw new HoldfastError(
          'bad_request',
          `${topic}/${partition} no longer holds what was written since this import began (from ${from[partition] ?? 0n}, kept is ${low}): whether a record is there cannot be told, so the import cannot go on.`,
        );
      }
    }
    if (missing.size === 0) return there;
    await new Promise<void>((resolve, reject) => {
      let quietSince = Date.now();
      timer = setInterval(() => {
        if (signal?.aborted === true) reject(new HoldfastError('stopped', 'The import was stopped; the same command goes on where it stopped.'));
        if (Date.now() - quietSince > QUIET_MS) resolve();
      }, 100);
      const take = (at: TopicPartition, records: readonly RawRecord[]): void => {
        quietSince = Date.now();
        if (at.topic !== topic) return;
        for (const record of records) {
          const name = fingerprint(record.key, record.value);
          there.set(name, (there.get(name) ?? 0) + 1);
        }
        if ((records.at(-1)?.offset ?? -1n) + 1n >= (until[at.partition] ?? 0n)) missing.delete(at.partition);
        if (missing.size === 0) resolve();
      };
      const subscription = source.subscribe({
        assigned: (at) => {
          quietSince = Date.now();
          return Promise.resolve({ next: from[at.partition] ?? 0n });
        },
        uncompared: () => Promise.resolve(),
        batch: (at, batch) => {
          take(at, batch.records);
          return Promise.resolve();
        },
        revoked: () => Promise.resolve(),
        failed: (_at, error) => {
          // A source that is away is waited for, however long: silence is no end then.
          quietSince = error.code === 'source_unavailable' ? Number.POSITIVE_INFINITY : quietSince;
          if (error.code !== 'source_unavailable') reject(error);
        },
        recovered: () => {
          quietSince = Date.now();
        },
      });
      subscription.catch(reject);
    });
  } finally {
    clearInterval(timer);
    await source.close();
  }
  return there;
}
