import { HoldfastError, eventsOf, messageChain, parseRecordId } from '@holdfast/record';
import type { ParsedRecord, RawRecord, RecordId } from '@holdfast/record';
import { decodeRecord, proofHolds, toHex } from '@holdfast/seal';
import type { ManifestObject, OpenedRecord } from '@holdfast/seal';
import { countClaims } from '@holdfast/vault';
import type { Archive, Committed, GovernanceLog, SegmentReader } from '@holdfast/vault';
import type { AnchoredHeads } from './anchored-heads.js';
import { ManifestCache } from './manifest-cache.js';

/** A record read from the vault, its proof checked up to a committed manifest. */
export interface VerifiedRecord {
  readonly id: RecordId;
  readonly record: RawRecord;
  readonly parsed: ParsedRecord;
  readonly committed: Committed;
  readonly object: ManifestObject;
  readonly proof: OpenedRecord;
  /** False: sealed, but not under a signed checkpoint of the transparency log. */
  readonly anchored: boolean;
}

/** Opens records from the vault (invariant I6: what is shown was read there and its proof checked). */
export class RecordOpener {
  readonly #archive: Archive;
  readonly #reader: SegmentReader;
  readonly #manifests: ManifestCache;
  readonly #anchored: AnchoredHeads | undefined;

  /** Without `anchored` no record counts as such. */
  constructor(archive: Archive, governance: GovernanceLog, reader: SegmentReader, anchored?: AnchoredHeads) {
    this.#archive = archive;
    this.#reader = reader;
    this.#manifests = new ManifestCache(archive, governance);
    this.#anchored = anchored;
  }

  /**
   * Opens a record by id; `seq` is a hint (from the index), without it the segment is found by halving.
   * @throws HoldfastError `bad_request`, `record_missing`, `content_damaged`
   */
  async open(text: string, seq?: number): Promise<VerifiedRecord> {
    const id = parseRecordId(text);
    const chain = messageChain(id);
    const hinted = seq === undefined ? undefined : await this.#manifests.get(chain, seq);
    const committed = hinted !== undefined && covers(hinted, id.offset) ? hinted : await this.#find(chain, id.offset);
    const opened = committed === undefined ? undefined : await this.#reader.open(committed.manifest, id.offset);
    if (committed === undefined || opened === undefined) throw new HoldfastError('record_missing', `The archive holds no record ${text}.`);
    const { record: proof, object } = opened;
    // The reader has checked the way down; this checks the way up, as a stranger would with the proof in hand.
    if (!proofHolds(this.#archive.crypto, proof, object.root))
      throw new HoldfastError('content_damaged', `The proof of ${text} does not lead to its manifest.`);
    const { record } = decodeRecord(proof.bytes);
    const anchored = (await this.#anchored?.covers(chain, committed.manifest.seq)) === true;
    return { id, record, parsed: eventsOf(record, id), committed, object, proof, anchored };
  }

  /** The committed segment whose offsets cover `offset`. */
  async #find(chain: string, offset: bigint): Promise<Committed | undefined> {
    let low = 0;
    let high = await countClaims(this.#archive, chain);
    while (low < high) {
      const middle = Math.floor((low + high) / 2);
      const committed = await this.#manifests.get(chain, middle);
      if (covers(committed, offset)) return committed;
      if (offset < BigInt(committed.manifest.first)) high = middle;
      else low = middle + 1;
    }
    return undefined;
  }
}

function covers({ manifest }: Committed, offset: bigint): boolean {
  return BigInt(manifest.first) <= offset && offset < BigInt(manifest.next);
}

/** The proof as JSON: what `docs/vault-format.md` needs to recompute the segment root. */
export function proofOf(opened: VerifiedRecord): object {
  const { proof, object, committed } = opened;
  return {
    recordBytes: toHex(proof.bytes),
    salt: toHex(proof.salt),
    leaf: toHex(proof.leaf),
    leafIndex: proof.leafIndex,
    leafCount: proof.leafCount,
    leafPath: proof.leafPath.map(toHex),
    blockEntry: toHex(proof.block.entry),
    blockIndex: proof.blockIndex,
    blockCount: proof.blockCount,
    blockPath: proof.blockPath.map(toHex),
    objectNumber: object.no,
    objectRoot: object.root,
    segmentRoot: committed.manifest.root,
    chain: committed.manifest.chain,
    seq: committed.manifest.seq,
    manifest: committed.hash,
    anchored: opened.anchored,
  };
}
