// What opening one record with its full proof reads: counted at the stores, not measured by a clock.
import { nodeCrypto } from '@holdfast/crypto-node';
import { RecordOpener } from '@holdfast/discovery';
import { parseMessageChain } from '@holdfast/record';
import { equalBytes, fromHex, leafHash } from '@holdfast/seal';
import { encodeEntry, inclusionProof, parseEntry, rootFromInclusion } from '@holdfast/tlog';
import { DataKeys, LogFollower, LogTiles, SegmentReader, countClaims, readCommitted } from '@holdfast/vault';
import { Random } from './random.mjs';
import { must } from './wait.mjs';

/** @typedef {import('@holdfast/assembly').OpenedArchive} OpenedArchive */

const SAMPLES = 50;

/** Calls and bytes of reads since the last look. */
class Reads {
  /** @type {Record<string, number>} */
  #counts = {};

  /** @param {string} what @param {number} [bytes] */
  note(what, bytes = 0) {
    this.#counts[what] = (this.#counts[what] ?? 0) + 1;
    if (bytes > 0) this.#counts['bytes'] = (this.#counts['bytes'] ?? 0) + bytes;
  }

  /** @returns {Record<string, number>} */
  take() {
    const counts = this.#counts;
    this.#counts = {};
    return counts;
  }

  /** The archive through which reads are counted. @param {OpenedArchive['archive']} archive @returns {OpenedArchive['archive']} */
  over(archive) {
    const { vault, claims } = archive;
    const kind = (/** @type {string} */ key) => (/^[mo]\//.test(key) ? (key.startsWith('m/') ? 'manifest' : 'content') : 'log');
    /** @type {typeof vault.get} */
    const get = async (key, version, range) => {
      const bytes = await vault.get(key, version, range);
      this.note(`${kind(key)} reads`, bytes.length);
      return bytes;
    };
    /** @type {typeof vault.list} */
    const list = (prefix, options) => {
      this.note(`${kind(prefix)} listings`);
      return vault.list(prefix, options);
    };
    /** @type {typeof claims.read} */
    const read = async (key) => {
      const bytes = await claims.read(key);
      this.note('claim reads', bytes?.length);
      return bytes;
    };
    // Methods of a class are no own properties: the rest is reached through the prototype.
    return {
      ...archive,
      vault: Object.assign(Object.create(vault), { get, list, head: vault.head.bind(vault) }),
      claims: Object.assign(Object.create(claims), { read, list: claims.list.bind(claims) }),
    };
  }
}

/**
 * Opens records at random and proves each up to a checkpoint. The segment is known, as a search names it; nothing is in
 * memory but the data key of the day and the end of the log, which every process follows.
 * @param {import('./archive-under-test.mjs').ArchiveUnderTest} archive
 * @param {{ records: number, seed: number }} options
 */
export async function openWithProof(archive, { records, seed }) {
  const opened = await archive.open();
  try {
    await opened.governance.refresh();
    const reads = new Reads();
    const counted = reads.over(opened.archive);
    const keys = new DataKeys(opened.archive, () => opened.governance.ledgerUntil(new Date()));
    const log = new LogFollower(opened.archive, opened.governance);
    await log.refresh();
    const { size } = log.fold.end;
    const places = await placesOf(opened, log, size);
    const random = new Random(seed);
    const chains = [...opened.governance.state.chains.keys()].filter((chain) => chain.startsWith('msg/'));
    const opening = [];
    const proving = [];
    let [inLog, inObject] = [0, 0];
    for (let i = 0; i < SAMPLES; i++) {
      const chain = chains[i % chains.length] ?? '';
      const seq = random.whole(0, (await countClaims(opened.archive, chain)) - 1);
      const committed = await readCommitted(opened.archive, chain, seq, opened.governance.keys);
      must(committed !== undefined, `${chain} ${seq} is not there`);
      const offset = BigInt(random.whole(Number(committed.manifest.first), Number(committed.manifest.next) - 1));
      if (i < chains.length) await new SegmentReader(opened.archive, keys).open(committed.manifest, offset);
      const { source, topic, partition, epoch } = parseMessageChain(chain) ?? {};
      const opener = new RecordOpener(counted, opened.governance, new SegmentReader(counted, keys));
      reads.take();
      const shown = await opener.open(`${source}~${topic}~${partition}~${epoch}~${offset}`, seq);
      opening.push(reads.take());
      const place = places.get(`${chain} ${seq}`) ?? -1;
      const path = await inclusionProof(nodeCrypto, new LogTiles(counted, log), place, size);
      proving.push(reads.take());
      const entry = encodeEntry({ type: 'manifest', chain, seq, hash: fromHex(shown.committed.hash, 32) });
      const root = rootFromInclusion(nodeCrypto, leafHash(nodeCrypto, entry), place, size, path);
      must(root !== undefined && equalBytes(root, log.fold.root()), `the path of ${chain} ${seq} does not lead to the root of the log`);
      inLog = Math.max(inLog, path.length);
      inObject = Math.max(inObject, shown.proof.leafPath.length + shown.proof.blockPath.length);
    }
    return {
      records,
      logEntries: size,
      samples: SAMPLES,
      opening: most(opening),
      proof: { ...most(proving), hashesInLog: inLog, hashesInObject: inObject },
    };
  } finally {
    await opened.close();
  }
}

/**
 * Where each manifest stands in the log.
 * @param {OpenedArchive} opened
 * @param {LogFollower} log
 * @param {number} size
 */
async function placesOf(opened, log, size) {
  /** @type {Map<string, number>} */
  const places = new Map();
  const entries = await new LogTiles(opened.archive, log).entries(0, size);
  entries.forEach((bytes, i) => {
    const entry = parseEntry(bytes);
    if (entry.type === 'manifest') places.set(`${entry.chain} ${entry.seq}`, i);
  });
  return places;
}

/**
 * The most of each count in any sample.
 * @param {Record<string, number>[]} samples
 */
function most(samples) {
  /** @type {Record<string, number>} */
  const highest = {};
  for (const sample of samples) for (const [what, count] of Object.entries(sample)) highest[what] = Math.max(highest[what] ?? 0, count);
  return highest;
}
