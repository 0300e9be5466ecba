import { HoldfastError } from '@holdfast/record';
import type { Lock, ObjectVersion, WrapContext } from '@holdfast/ports';
import { LEDGER_CLASS, endOfPeriod, equalBytes, fromUtf8, toHex, utf8, wrapKey, wrapPrefix } from '@holdfast/seal';
import type { Cohort, ManifestObject } from '@holdfast/seal';
import type { Archive } from './archive.js';

/** A data key ready for sealing. */
export interface DataKey {
  /** `<day>/<32 hex digits>`, as manifests name it. */
  readonly id: string;
  readonly key: Uint8Array;
  /** SHA-256 of both wraps as stored, hex; manifests pin them. */
  readonly wraps: { readonly kek: string; readonly escrow: string };
}

const MAX_CACHED = 5_000;

/** What data keys need of an archive. */
export type DataKeyParts = Pick<Archive, 'wraps' | 'keys' | 'clock' | 'crypto' | 'random' | 'idHex'>;

/** Data keys of one process: one per chain, cohort and UTC day, made on first use, opened again for reading. */
export class DataKeys {
  readonly #archive: DataKeyParts;
  /** Lock of ledger wraps; other wraps are locked to the end of their cohort. */
  readonly #ledgerUntil: () => Date;
  readonly #current = new Map<string, Promise<DataKey>>();
  readonly #opened = new Map<string, Promise<Uint8Array>>();

  constructor(archive: DataKeyParts, ledgerUntil: () => Date) {
    this.#archive = archive;
    this.#ledgerUntil = ledgerUntil;
  }

  /** The key to seal with today. Both wraps are durable, and the KEK wrap was opened and compared, before it is answered. */
  current(chain: string, cohort: Cohort): Promise<DataKey> {
    const day = this.#archive.clock.now().toISOString().slice(0, 10);
    const name = wrapPrefix(chain, cohort, day);
    let key = this.#current.get(name);
    if (key === undefined) {
      key = this.#findOrMake(chain, cohort, day);
      this.#current.set(name, key);
      // A failure is not kept: the next caller tries again.
      key.catch(() => this.#current.delete(name));
      if (this.#current.size > MAX_CACHED) this.#current.delete(this.#current.keys().next().value ?? '');
    }
    return key;
  }

  /** The key of a sealed object. @throws HoldfastError `key_missing`, `key_malformed` */
  open(chain: string, object: ManifestObject): Promise<Uint8Array> {
    const id = object.dataKey;
    if (id === undefined) throw new HoldfastError('key_missing', 'a clear object has no data key.');
    let key = this.#opened.get(id);
    if (key === undefined) {
      key = this.#unwrap(chain, { className: object.cohort.class, period: object.cohort.period }, id);
      this.#opened.set(id, key);
      key.catch(() => this.#opened.delete(id));
      if (this.#opened.size > MAX_CACHED) this.#opened.delete(this.#opened.keys().next().value ?? '');
    }
    return key;
  }

  async #unwrap(chain: string, cohort: { className: string; period: string }, id: string): Promise<Uint8Array> {
    const [day = '', hex = ''] = id.split('/');
    const key = wrapKey(chain, cohort, day, hex, 'kek');
    let refused: unknown;
    for await (const version of this.#archive.wraps.list(key)) {
      if (version.deleteMarker || version.key !== key) continue;
      // Whoever may write to the store can add a version of a wrap; it must not keep readers from the good one.
      try {
        return await this.#openWrap(chain, cohort, hex, version);
      } catch (error) {
        if (!isUnusable(error)) throw error;
        refused ??= error;
      }
    }
    if (refused !== undefined) throw refused as Error;
    throw new HoldfastError('key_missing', `the wrap of data key ${id} of chain ${chain} is not in the wraps store.`);
  }

  /** A key made earlier today by this worker or one before it is taken up again: one key per chain, cohort and day. */
  async #findOrMake(chain: string, cohort: Cohort, day: string): Promise<DataKey> {
    const prefix = wrapPrefix(chain, cohort, day);
    for await (const version of this.#archive.wraps.list(prefix)) {
      const id = /\/([0-9a-f]{32})\/kek\.jwe$/.exec(version.key)?.[1];
      if (id === undefined || version.deleteMarker) continue;
      const [kek, escrow] = await Promise.all([
        this.#onlyVersion(wrapKey(chain, cohort, day, id, 'kek')),
        this.#onlyVersion(wrapKey(chain, cohort, day, id, 'escrow')),
      ]);
      // Killed between the two wraps, or somebody added a version: which bytes a manifest should pin cannot be told. A new key.
      if (kek === undefined || escrow === undefined) continue;
      try {
        const key = await this.#archive.keys.unwrap(fromUtf8(kek), this.#context(chain, cohort, id));
        return { id: `${day}/${id}`, key, wraps: { kek: this.#hash(kek), escrow: this.#hash(escrow) } };
      } catch (error) {
        // A wrap that does not open seals nothing: the next one, or a new key. `verify` reports it where it was used.
        if (!isUnusable(error)) throw error;
      }
    }
    return this.#make(chain, cohort, day);
  }

  async #openWrap(
    chain: string,
    cohort: { className: string; period: string },
    id: string,
    { key, version }: Pick<ObjectVersion, 'key' | 'version'>,
  ): Promise<Uint8Array> {
    return this.#archive.keys.unwrap(fromUtf8(await this.#archive.wraps.get(key, version)), this.#context(chain, cohort, id));
  }

  async #make(chain: string, cohort: Cohort, day: string): Promise<DataKey> {
    const { wraps, keys, random } = this.#archive;
    const id = toHex(random(16));
    const key = random(32);
    const context = this.#context(chain, cohort, id);
    const wrapped = await keys.wrap(key, context);
    const lock: Lock = { mode: 'GOVERNANCE', retainUntil: cohort.className === LEDGER_CLASS.name ? this.#ledgerUntil() : endOfPeriod(cohort.period) };
    // Nothing is sealed under a key whose wraps are not both durable and read back: a crash before leaves wraps of a key
    // that no manifest names. The KEK wrap is opened and compared; the escrow wrap is proven by the restore drill.
    for (const kind of ['escrow', 'kek'] as const) {
      const at = wrapKey(chain, cohort, day, id, kind);
      const version = await wraps.put(at, utf8(wrapped[kind]), lock);
      const back = await wraps.get(at, version);
      if (!equalBytes(back, utf8(wrapped[kind])))
        throw new HoldfastError('store_refused', `the wraps store gave back other bytes for ${at} than were stored.`);
      if (kind === 'kek' && !equalBytes(await keys.unwrap(fromUtf8(back), context), key)) {
        throw new HoldfastError('key_malformed', 'a data key does not open again from the wrap just made.');
      }
    }
    return { id: `${day}/${id}`, key, wraps: { kek: this.#hash(utf8(wrapped.kek)), escrow: this.#hash(utf8(wrapped.escrow)) } };
  }

  /** The bytes under a key that has exactly one version. */
  async #onlyVersion(key: string): Promise<Uint8Array | undefined> {
    const versions: ObjectVersion[] = [];
    for await (const version of this.#archive.wraps.list(key)) if (version.key === key) versions.push(version);
    const [only] = versions;
    return only === undefined || only.deleteMarker || versions.length > 1 ? undefined : this.#archive.wraps.get(key, only.version);
  }

  #hash(bytes: Uint8Array): string {
    return toHex(this.#archive.crypto.sha256(bytes));
  }

  #context(chain: string, cohort: { className: string; period: string }, dataKey: string): WrapContext {
    return { archive: this.#archive.idHex, chain, dataKey, cohort: { className: cohort.className, period: cohort.period } };
  }
}

/** Whether a wrap is at fault, and not the store or the key ring. */
function isUnusable(error: unknown): boolean {
  return error instanceof HoldfastError && (error.code === 'key_malformed' || error.code === 'format_malformed');
}
