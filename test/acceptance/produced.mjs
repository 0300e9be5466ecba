// Puts records into the source and keeps what must come out again: counts, a digest of all bytes, answers.
import { createHash } from 'node:crypto';
import { BruteForce } from './spot-queries.mjs';

/** @typedef {import('@holdfast/record').RawRecord} RawRecord */
/** @typedef {import('@holdfast/ports').NewRecord} NewRecord */
/** @typedef {import('./archive-under-test.mjs').ArchiveUnderTest} ArchiveUnderTest */
/** @typedef {{ readonly records: number, readonly digest: string }} PartitionFacts */
/** @typedef {{ readonly partitions: readonly PartitionFacts[], readonly answers: readonly import('./spot-queries.mjs').Answer[] }} Expected */

/** A digest over all that a record is, in the order of offsets. */
export class RecordDigest {
  #hash = createHash('sha256');
  records = 0;

  /** @param {RawRecord} record */
  add({ offset, timestamp, timestampType, key, value, headers }) {
    this.records++;
    this.#hash.update(`${offset} ${timestamp} ${timestampType} ${headers.length}`);
    for (const bytes of [key, value, ...headers.flatMap((header) => [header.key, header.value])]) {
      // null is not empty.
      this.#hash.update(` ${bytes?.length ?? -1} `).update(bytes ?? '');
    }
  }

  /** @returns {PartitionFacts} */
  facts() {
    return { records: this.records, digest: this.#hash.digest('hex') };
  }
}

/** The producer of a test: appends, and remembers. */
export class Producer {
  #archive;
  #sink;
  #digests;
  #scan;
  records = 0;

  /**
   * @param {ArchiveUnderTest} archive
   * @param {import('@holdfast/ports').RecordSink} sink
   * @param {readonly string[]} queries
   */
  constructor(archive, sink, queries) {
    this.#archive = archive;
    this.#sink = sink;
    this.#digests = Array.from({ length: archive.partitions }, () => new RecordDigest());
    this.#scan = new BruteForce(queries);
  }

  /** @param {readonly NewRecord[]} batch */
  async append(batch) {
    const { topic, sourceName } = this.#archive;
    const places = await this.#sink.append(topic, batch);
    for (const [i, { key, value, headers, timestamp }] of batch.entries()) {
      const place = places[i];
      if (place === undefined) throw new Error('the sink did not say where a record went');
      const { partition, offset } = place;
      /** @type {RawRecord} */
      const record = { offset, timestamp, timestampType: 'create', key, value, headers };
      this.#digests[partition]?.add(record);
      this.#scan.ask(record, { source: sourceName, topic, partition, epoch: 0 });
    }
    this.records += batch.length;
  }

  /** @returns {Expected} */
  expected() {
    return { partitions: this.#digests.map((digest) => digest.facts()), answers: this.#scan.answers() };
  }

  close() {
    return this.#sink.close();
  }
}
