import type { ClaimStore, KeyRing, ObjectStore } from '@holdfast/ports';
import { HoldfastError } from '@holdfast/record';
import { unavailable } from '@holdfast/test-kit';
import type { MemoryArchive, Process } from './memory-archive.js';

/** What happens at a call to a store or the key ring. */
export type Fate =
  /** Nothing was done, and the process is gone. */
  | 'killed before'
  /** It was done, and the process is gone before it hears of it. */
  | 'killed after'
  /** Nothing was done, and it is reported failed. */
  | 'failed before'
  /** It was done, and is reported failed (a claim: unsure). */
  | 'failed after'
  /** Reported failed (a claim: unsure), and done a while later. */
  | 'done late';

const NEVER = new Promise<never>(() => undefined);
const LATE_MS = 120;

/** The calls of one process to its stores and keys, numbered from 1; the hook decides the fate of each. */
export class MortalProcess {
  readonly calls: string[] = [];
  dead = false;
  readonly #fateOf: (call: string, number: number) => Fate | undefined | Promise<Fate | undefined>;

  constructor(fateOf: (call: string, number: number) => Fate | undefined | Promise<Fate | undefined>) {
    this.#fateOf = fateOf;
  }

  /** Opens the archive as this process; rejects never, when it dies while it opens. */
  open(archive: MemoryArchive): Promise<Process> {
    return archive.open({
      vault: this.#store('vault', archive.vault),
      wraps: this.#store('wraps', archive.wraps),
      claims: this.#claims(archive.claims),
      keys: this.#keys(archive.keys),
    });
  }

  /** A hook for the source: a dead process reads nothing any more. */
  readonly source = (): Promise<void> | undefined => (this.dead ? NEVER : undefined);

  async #call<T>(name: string, work: () => Promise<T>, failure: () => T | Promise<T>): Promise<T> {
    if (this.dead) return NEVER;
    this.calls.push(name);
    const fate = await this.#fateOf(name, this.calls.length);
    // Another call may have been the end of this process meanwhile.
    if (this.#isDead()) return NEVER;
    switch (fate) {
      case undefined:
        return this.#alive(await work());
      case 'killed before':
        this.dead = true;
        return NEVER;
      case 'killed after':
        await work();
        this.dead = true;
        return NEVER;
      case 'failed before':
        return failure();
      case 'failed after':
        await work();
        return this.#alive(await failure());
      case 'done late':
        setTimeout(() => void work().catch(() => undefined), LATE_MS);
        return failure();
    }
  }

  /** An answer that comes after the end is heard by nobody. */
  #alive<T>(answer: T): T | Promise<T> {
    return this.dead ? NEVER : answer;
  }

  /** A method, because the compiler takes a property that was false to stay so. */
  #isDead(): boolean {
    return this.dead;
  }

  #refuse = (): never => {
    throw unavailable();
  };

  #store(name: string, store: ObjectStore): ObjectStore {
    const call = <T>(op: string, key: string, work: () => Promise<T>): Promise<T> => this.#call(`${name} ${op} ${key}`, work, this.#refuse);
    const list = async function* (prefix: string, options?: { readonly after?: string }): ReturnType<ObjectStore['list']> {
      await call('list', prefix, () => Promise.resolve());
      yield* store.list(prefix, options);
    };
    return {
      put: (key, body, lock) => call('put', key, () => store.put(key, body, lock)),
      get: (key, version, range) => call('get', key, () => store.get(key, version, range)),
      head: (key, version) => call('head', key, () => store.head(key, version)),
      list,
      setLegalHold: (key, version, on) => call('hold', key, () => store.setLegalHold(key, version, on)),
      extendLock: (key, version, lock) => call('extend', key, () => store.extendLock(key, version, lock)),
      delete: (key, version, options) => call('delete', key, () => store.delete(key, version, options)),
      now: () => call('now', '', () => store.now()),
    };
  }

  #claims(claims: ClaimStore): ClaimStore {
    return {
      create: (key, body) =>
        this.#call(
          `claims create ${key}`,
          () => claims.create(key, body),
          () => 'unsure',
        ),
      read: (key) => this.#call(`claims read ${key}`, () => claims.read(key), this.#refuse),
      list: (prefix) => claims.list(prefix),
      remove: (key) => this.#call(`claims remove ${key}`, () => claims.remove(key), this.#refuse),
    };
  }

  #keys(keys: KeyRing): KeyRing {
    const refuse = (): never => {
      throw new HoldfastError('key_missing', 'the key ring is not mounted (injected)');
    };
    return {
      manifestKey: () => keys.manifestKey(),
      logKey: () => keys.logKey(),
      recoveryKeys: () => keys.recoveryKeys(),
      cohorts: () => keys.cohorts(),
      sign: (payload, typ) => this.#call(`keys sign ${typ}`, () => keys.sign(payload, typ), refuse),
      signCheckpoint: (text) => this.#call('keys signCheckpoint', () => keys.signCheckpoint(text), refuse),
      wrap: (dataKey, context) => this.#call('keys wrap', () => keys.wrap(dataKey, context), refuse),
      unwrap: (jwe, context) => this.#call('keys unwrap', () => keys.unwrap(jwe, context), refuse),
    };
  }
}
