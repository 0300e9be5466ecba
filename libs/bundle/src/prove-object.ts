import { HoldfastError } from '@holdfast/record';
import { DIRECTORY_ENTRY, compareBytes, equalBytes, fromHex, objectEntry, toHex } from '@holdfast/seal';
import type { Crypto, Manifest, ManifestObject, Trailer } from '@holdfast/seal';
import type { BlockProof, DirectoryProof, LeafProof, ObjectProof } from './object-proof.js';
import { parseDirectoryEntry } from './object-proof.js';
import { TreePaths } from './tree-paths.js';

/** What a bundle needs of one content object. Everything else of a proof is computed from it. */
export interface ObjectSource {
  readonly manifest: Manifest;
  /** Number of the object in its manifest. */
  readonly no: number;
  readonly trailer: Trailer;
  /** For each block that holds a wanted record: leaf data of all its records, in order. */
  readonly blocks: readonly { readonly no: number; readonly leaves: readonly Uint8Array[] }[];
  /** Records of the bundle in this object, by index in the object; a salt only for what is shown. */
  readonly records: readonly { readonly index: number; readonly salt?: Uint8Array }[];
  /** For a whole conversation: the plaintext of the directory, the label key (null for clear objects), the conversation's label. */
  readonly directory?: { readonly plain: Uint8Array; readonly labelKey: Uint8Array | null; readonly key: Uint8Array };
}

/**
 * The proof of one object for a bundle. What it is made from has been checked by whoever opened the object; a proof that
 * would not verify is an error here, not a surprise in court.
 * @throws HoldfastError `content_damaged`
 */
export function proveObject(crypto: Crypto, source: ObjectSource): ObjectProof {
  const { manifest, no, trailer } = source;
  const object = manifest.objects[no];
  if (object === undefined) throw damaged(`the manifest has no object ${no}`);
  const segment = new TreePaths(
    crypto,
    manifest.objects.map((each) => objectEntry({ no: each.no, records: each.records, root: fromHex(each.root, 32) })),
  );
  const tree = new TreePaths(
    crypto,
    trailer.blocks.map(({ entry }) => entry),
  );
  if (toHex(tree.root) !== object.root) throw damaged('the trailer is not that of the object');
  const blocks: BlockProof[] = [];
  const leaves: LeafProof[] = [];
  const wanted = [...source.records].sort((a, b) => a.index - b.index);
  for (const { no: number, leaves: data } of [...source.blocks].sort((a, b) => a.no - b.no)) {
    const block = trailer.blocks[number];
    const mine = wanted.filter(({ index }) => block !== undefined && index >= block.firstIndex && index < block.firstIndex + block.count);
    if (block === undefined || mine.length === 0) continue;
    const within = new TreePaths(crypto, data);
    if (data.length !== block.count || !equalBytes(within.root, block.root)) throw damaged(`the leaves of block ${number} do not lead to its root`);
    blocks.push({ no: number, entry: block.entry, path: tree.path(number) });
    for (const { index, salt } of mine) {
      const leaf = data[index - block.firstIndex];
      if (leaf === undefined) throw damaged(`block ${number} has no record ${index}`);
      const path = within.path(index - block.firstIndex);
      leaves.push({ block: number, index, leaf, path, ...(salt === undefined ? {} : { salt }) });
    }
  }
  if (leaves.length !== wanted.length) throw damaged('a record that is to be proven lies in no block that was given');
  return {
    chain: manifest.chain,
    seq: manifest.seq,
    no,
    objects: manifest.objects.length,
    path: segment.path(no),
    blocks,
    leaves,
    ...(source.directory === undefined ? {} : { directory: proveDirectory(crypto, object, source.directory) }),
  };
}

/** One entry when the conversation is in the object, its neighbours when it is not (bundle format section 5.1). */
function proveDirectory(crypto: Crypto, object: ManifestObject, { plain, labelKey, key }: NonNullable<ObjectSource['directory']>): DirectoryProof {
  const entries = Array.from({ length: plain.length / DIRECTORY_ENTRY }, (_, i) => plain.subarray(i * DIRECTORY_ENTRY, (i + 1) * DIRECTORY_ENTRY));
  const tree = new TreePaths(crypto, entries);
  if (plain.length !== object.directory.entries * DIRECTORY_ENTRY || toHex(tree.root) !== object.directory.root)
    throw damaged('the directory is not the one that the manifest names');
  const label = crypto.hmacSha256(labelKey ?? new Uint8Array(32), key);
  // The first entry whose label is not below: the conversation itself, or its upper neighbour.
  let at = 0;
  while (at < entries.length && compareBytes(entries[at]?.subarray(0, 32) ?? label, label) < 0) at++;
  const upper = entries[at];
  const present = upper !== undefined && equalBytes(parseDirectoryEntry(upper).label, label);
  const indexes = present ? [at] : [at - 1, at].filter((index) => index >= 0 && index < entries.length);
  return {
    ...(labelKey === null ? {} : { labelKey }),
    entries: indexes.map((index) => ({ index, entry: entries[index]?.slice() ?? new Uint8Array(0), path: tree.path(index) })),
  };
}

function damaged(what: string): HoldfastError {
  return new HoldfastError('content_damaged', `a record cannot be proven: ${what}`);
}
