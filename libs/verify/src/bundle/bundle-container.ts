import { parseEntryName } from '@holdfast/bundle';
import type { BundleIndex } from '@holdfast/bundle';
import { toHex } from '@holdfast/seal';
import type { Crypto } from '@holdfast/seal';
import type { Finding } from '../findings.js';
import { finding } from '../findings.js';
import type { EntryReader } from './bundle-entries.js';

/** Entries that no list can hold: the list itself, and the verifier, which nobody should take from a bundle. */
const UNLISTED = new Set(['bundle.json', 'verify.html']);

/** Names that the format has, and entries that are exactly those that `bundle.json` lists. */
export async function checkContainer(crypto: Crypto, entries: EntryReader, index: BundleIndex, add: (found: Finding) => void): Promise<void> {
  const listed = new Map(index.files.map((file) => [file.name, file]));
  for (const name of entries.names) {
    if (parseEntryName(name) === undefined) add(finding('BUNDLE_ENTRY_UNKNOWN', name, 'no bundle has an entry of this name.'));
    // What no list holds must be readable all the same.
    else if (UNLISTED.has(name)) await entries.read(name);
    else if (!listed.has(name)) add(finding('BUNDLE_ENTRY_UNKNOWN', name, 'bundle.json does not list this entry.'));
  }
  for (const { name, sha256, size } of index.files) {
    if (UNLISTED.has(name) || parseEntryName(name) === undefined)
      add(finding('BUNDLE_INDEX_WRONG', name, 'bundle.json lists an entry that it cannot list.'));
    const bytes = await entries.demand(name);
    if (bytes === undefined) continue;
    const hash = toHex(crypto.sha256(bytes));
    if (hash !== sha256 || bytes.length !== size)
      add(finding('BUNDLE_ENTRY_DIFFERS', name, `it has ${bytes.length} bytes with SHA-256 ${hash}, bundle.json says ${size} with ${sha256}.`));
  }
}
