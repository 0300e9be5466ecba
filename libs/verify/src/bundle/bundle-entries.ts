import { HoldfastError } from '@holdfast/record';
import type { Finding, FindingCode } from '../findings.js';
import { finding } from '../findings.js';

/** What a bundle is to the verifier: names and bytes. A zip file, a folder and a map in memory can all be that. */
export interface BundleEntries {
  /** Every entry, duplicates as often as they are there. */
  names(): readonly string[];
  /** Bytes of an entry; undefined when there is none. May throw when it cannot be read: that is a finding. */
  read(name: string): Promise<Uint8Array | undefined>;
}

/** Entries as the steps of the verifier use them: what cannot be read or parsed is reported and then absent. */
export class EntryReader {
  readonly #entries: BundleEntries;
  readonly #add: (found: Finding) => void;
  /** Names in the bundle, each once. */
  readonly names: ReadonlySet<string>;
  readonly #unreadable = new Set<string>();

  constructor(entries: BundleEntries, add: (found: Finding) => void) {
    this.#entries = entries;
    this.#add = add;
    const names = entries.names();
    this.names = new Set(names);
    const seen = new Set<string>();
    for (const name of names) {
      // Which of the two a reader shows is his choice: neither can be relied on.
      if (seen.has(name)) add(finding('BUNDLE_ENTRY_TWICE', name, 'the bundle has two entries of this name.'));
      seen.add(name);
    }
  }

  report(found: Finding): void {
    this.#add(found);
  }

  /** Bytes of an entry, or undefined when it is not there or cannot be read. */
  async read(name: string): Promise<Uint8Array | undefined> {
    if (!this.names.has(name) || this.#unreadable.has(name)) return undefined;
    let problem = 'it is listed and cannot be read';
    try {
      const bytes = await this.#entries.read(name);
      if (bytes !== undefined) return bytes;
    } catch (error) {
      // A damaged container may fail in any way; whatever it was, these bytes are not there.
      problem = `it cannot be read: ${error instanceof Error ? error.message : 'unknown fault'}`;
    }
    this.#unreadable.add(name);
    this.#add(finding('BUNDLE_ENTRY_MALFORMED', name, `${problem}.`));
    return undefined;
  }

  /** A part of a bundle without which nothing can be judged that depends on it; its absence is reported under `code`. */
  async demand(name: string, code: FindingCode = 'BUNDLE_ENTRY_MISSING'): Promise<Uint8Array | undefined> {
    if (!this.names.has(name)) this.#add(finding(code, name, 'the bundle does not have this entry.'));
    return this.read(name);
  }

  /** What `parse` makes of bytes, or undefined and a finding. */
  parse<T>(place: string, parse: () => T, code: FindingCode = 'BUNDLE_ENTRY_MALFORMED'): T | undefined {
    try {
      return parse();
    } catch (error) {
      if (!(error instanceof HoldfastError)) throw error;
      this.#add(finding(code, place, `${error.message.replace(/\.$/, '')}.`));
      return undefined;
    }
  }
}
