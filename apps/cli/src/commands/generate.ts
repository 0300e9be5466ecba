import { syntheticEvents } from '@holdfast/connectors';
import type { NewRecord } from '@holdfast/ports';
import type { OpenedArchive } from '@holdfast/assembly';
import { HoldfastError } from '@holdfast/record';
import { Progress, count, print } from '../output.js';
import type { GlobalOptions } from '../session.js';
import { withArchive } from '../session.js';

const BATCH = 5_000;

export interface GenerateOptions extends GlobalOptions {
  readonly records: number;
  readonly seed: number;
  readonly conversations: number;
}

/** `holdfast generate`: a bilingual synthetic corpus into the source. */
export async function generate(options: GenerateOptions): Promise<number> {
  return withArchive(options, { create: true }, async (opened) => {
    const progress = new Progress(options.json === true);
    const { records, seed, conversations } = options;
    const written = await appendAll(opened, syntheticEvents({ records, seed, conversations, timestamp: BigInt(Date.now()) }), (done) => {
      progress.show(`${count(done)} of ${count(records)} records written to the source`);
    });
    progress.end();
    print(
      options.json === true,
      { records: written, seed, conversations, topic: opened.topics[0] },
      () =>
        `${count(written)} records are in the source (seed ${seed}). Next: holdfast ingest --until-idle${options.data === undefined ? '' : ` --data ${options.data}`}`,
    );
    return 0;
  });
}

/** Appends records in batches, in order; answers how many. */
export async function appendAll(
  opened: OpenedArchive,
  records: Iterable<NewRecord> | AsyncIterable<NewRecord>,
  onProgress: (done: number) => void,
): Promise<number> {
  const topic = opened.topics[0];
  if (topic === undefined) throw new HoldfastError('bad_configuration', 'The archive has no topic to write to.');
  const sink = opened.sink();
  let done = 0;
  let batch: NewRecord[] = [];
  const flush = async (): Promise<void> => {
    if (batch.length === 0) return;
    await sink.append(topic, batch);
    done += batch.length;
    batch = [];
    onProgress(done);
  };
  try {
    for await (const record of records) {
      batch.push(record);
      if (batch.length >= BATCH) await flush();
    }
    await flush();
  } finally {
    await sink.close();
  }
  return done;
}
