import { proveObject } from '@holdfast/bundle';
import type { BundleParts, LogProof, ObjectProof, ObjectSource, RecordPart } from '@holdfast/bundle';
import {
  DirectoryBuilder,
  LeafHasher,
  ObjectReader,
  deriveObjectKeys,
  equalBytes,
  fromHex,
  inclusionPath,
  leafHash,
  toHex,
  utf8,
} from '@holdfast/seal';
import type { Crypto, ManifestObject } from '@holdfast/seal';
import type { SealedArchive, SealedManifest } from './sealed-archive.js';

/** A record as it lies in an object, with what its leaf is made of. */
export interface OpenedAt {
  readonly index: number;
  readonly offset: bigint;
  readonly bytes: Uint8Array;
  readonly key: Uint8Array | null;
  readonly salt: Uint8Array;
  readonly leaf: Uint8Array;
}

/** Opens an object of a sealed archive: all its records, its directory, its label key. */
export function openObject(
  crypto: Crypto,
  archive: SealedArchive,
  segment: SealedManifest,
  no: number,
): { records: OpenedAt[]; source: Omit<ObjectSource, 'records'>; labelKey: Uint8Array; directory: Uint8Array } {
  const object = segment.manifest.objects[no];
  const stored = segment.objects[no];
  if (object === undefined || stored?.dataKey == null) throw new Error('no such encrypted object');
  const place = { archive: archive.id, chain: segment.manifest.chain, seq: segment.manifest.seq };
  const keys = deriveObjectKeys(crypto, stored.dataKey, fromHex(object.random ?? '', 32), { ...place, no });
  const reader = new ObjectReader(crypto, place, object, stored.dataKey);
  const { bytes } = stored.sealed;
  const trailer = reader.readTrailer(bytes.subarray(bytes.length - object.trailer));
  const hasher = new LeafHasher(crypto, { classNumber: object.cohort.number, period: object.cohort.period });
  const builder = new DirectoryBuilder(0);
  const records: OpenedAt[] = [];
  const hashes = new Uint8Array(object.records * 32);
  reader.walk(bytes, (plain, start, end, head, index) => {
    const record = plain.slice(start, end);
    const salt = crypto.keystream(keys.salt, index * 2, 32);
    const salted = new Uint8Array([...salt, ...record]);
    const leaf = hasher.data(head, crypto.sha256(salted));
    const key = head.keyAt < 0 ? null : plain.slice(head.keyAt, head.keyEnd);
    builder.add(key, index);
    hashes.set(leafHash(crypto, leaf), index * 32);
    records.push({ index, offset: head.offset, bytes: record, key, salt, leaf });
  });
  const blocks = trailer.blocks.map((block, i) => ({
    no: i,
    leaves: records.slice(block.firstIndex, block.firstIndex + block.count).map(({ leaf }) => leaf),
  }));
  const directory = builder.build(crypto, keys.label, hashes).bytes;
  return { records, source: { manifest: segment.manifest, no, trailer, blocks }, labelKey: keys.label, directory };
}

/** What becomes of a record; undefined leaves it out. */
export type Selection = (record: OpenedAt, chain: string) => Omit<RecordPart & object, 'chain' | 'offset' | 'bytes'> | undefined;

export interface BundleOptions {
  readonly checkpoint: Uint8Array;
  /** Time of the tick that is the last entry. */
  readonly time: Date;
  readonly scope: BundleParts['scope'];
  readonly select: Selection;
  readonly language?: 'en' | 'zh-CN';
  readonly tokens?: readonly Uint8Array[];
  readonly policy?: string;
}

/** The parts of a bundle over everything that the archive has logged. */
export function bundleParts(crypto: Crypto, archive: SealedArchive, options: BundleOptions): BundleParts {
  const { scope } = options;
  const whole = scope.kind === 'conversation' ? fromHex(scope.key, scope.key.length / 2) : undefined;
  const records: RecordPart[] = [];
  const objects: ObjectProof[] = [];
  const manifests: BundleParts['manifests'][number][] = [];
  for (const [chain, segments] of archive.chains) {
    if (!chain.startsWith('msg/')) continue;
    for (const segment of segments) {
      let used = whole !== undefined;
      segment.manifest.objects.forEach((_object: ManifestObject, no) => {
        const opened = openObject(crypto, archive, segment, no);
        const mine = opened.records.flatMap((record) => {
          if (whole !== undefined && (record.key === null || !equalBytes(record.key, whole))) return [];
          const state = options.select(record, chain);
          return state === undefined ? [] : [{ record, state }];
        });
        for (const { record, state } of mine)
          records.push({ chain, offset: record.offset, ...state, ...(state.state === 'shown' ? { bytes: record.bytes } : {}) } as RecordPart);
        if (mine.length === 0 && whole === undefined) return;
        used = true;
        objects.push(
          proveObject(crypto, {
            ...opened.source,
            records: mine.map(({ record, state }) => ({ index: record.index, ...(state.state === 'shown' ? { salt: record.salt } : {}) })),
            ...(whole === undefined ? {} : { directory: { plain: opened.directory, labelKey: opened.labelKey, key: whole } }),
          }),
        );
      });
      if (used) manifests.push({ chain, seq: segment.manifest.seq, bytes: segment.bytes });
    }
  }
  const governance = archive.chains.get('gov') ?? [];
  return {
    genesis: archive.genesis,
    gov: {
      manifests: governance.map(({ bytes }) => bytes),
      objects: governance.flatMap(({ manifest, objects: sealed }) =>
        sealed.flatMap(({ sealed: { enc, bytes } }, no) =>
          enc === 'none' && manifest.objects[no]?.inline === undefined ? [{ seq: manifest.seq, no, bytes }] : [],
        ),
      ),
    },
    checkpoint: { bytes: options.checkpoint, origin: archive.origin, size: archive.entries.length, root: archive.root() },
    heads: { tick: archive.entries.at(-1) ?? new Uint8Array(0), path: pathOf(crypto, archive, archive.entries.length - 1), heads: archive.heads() },
    time: options.time,
    tokens: options.tokens ?? [],
    ...(options.policy === undefined ? {} : { policy: utf8(options.policy) }),
    manifests,
    logProofs: manifests.map(({ chain, seq, bytes }): LogProof => {
      const index = indexOf(crypto, archive, chain, seq, bytes);
      return { chain, seq, index, path: pathOf(crypto, archive, index) };
    }),
    objects,
    records,
    scope,
    language: options.language ?? 'en',
    timeZone: 'Asia/Shanghai',
    software: 'holdfast 0.1.0',
    verifier: utf8('<!doctype html><title>verifier</title>'),
  };
}

function pathOf(crypto: Crypto, archive: SealedArchive, index: number): Uint8Array[] {
  const hashes = new Uint8Array(archive.entries.length * 32);
  archive.entries.forEach((entry, i) => {
    hashes.set(leafHash(crypto, entry), i * 32);
  });
  return inclusionPath(crypto, hashes, archive.entries.length, index);
}

function indexOf(crypto: Crypto, archive: SealedArchive, chain: string, seq: number, bytes: Uint8Array): number {
  const hash = toHex(crypto.sha256(bytes));
  const index = archive.entries.findIndex((entry) => toHex(entry).endsWith(hash));
  if (index < 0) throw new Error(`${chain} ${seq} is not in the log`);
  return index;
}
