import type { ObjectKey, ObjectStore, ObjectVersion } from '@holdfast/ports';

/** All that is asked of a source: nothing of a run can write to it. */
export type ReadableStore = Pick<ObjectStore, 'get' | 'head' | 'list' | 'now'>;

/** One key as two stores have it; versions and delete markers newest first, none where a store has no such key. */
export interface KeyPair {
  readonly key: ObjectKey;
  readonly source: readonly ObjectVersion[];
  readonly copy: readonly ObjectVersion[];
}

/** Walks over the listings of two stores side by side, ascending by key. Holds one key of each in memory. */
export async function* pairedKeys(source: ReadableStore, copy: ReadableStore, prefix: string): AsyncGenerator<KeyPair> {
  const left = byKey(source.list(prefix));
  const right = byKey(copy.list(prefix));
  try {
    let [a, b] = await Promise.all([next(left), next(right)]);
    while (a !== undefined || b !== undefined) {
      const key = b === undefined || (a !== undefined && a.key <= b.key) ? (a?.key ?? '') : b.key;
      const [here, there] = [a?.key === key ? a : undefined, b?.key === key ? b : undefined];
      yield { key, source: here?.versions ?? [], copy: there?.versions ?? [] };
      [a, b] = await Promise.all([here === undefined ? a : next(left), there === undefined ? b : next(right)]);
    }
  } finally {
    await Promise.all([left.return(undefined), right.return(undefined)]);
  }
}

interface Versions {
  readonly key: ObjectKey;
  readonly versions: readonly ObjectVersion[];
}

async function next(keys: AsyncGenerator<Versions, void>): Promise<Versions | undefined> {
  const result = await keys.next();
  return result.done === true ? undefined : result.value;
}

async function* byKey(listing: AsyncIterable<ObjectVersion>): AsyncGenerator<Versions, void> {
  let versions: ObjectVersion[] = [];
  for await (const version of listing) {
    const [first] = versions;
    if (first !== undefined && first.key !== version.key) {
      yield { key: first.key, versions };
      versions = [];
    }
    versions.push(version);
  }
  const [first] = versions;
  if (first !== undefined) yield { key: first.key, versions };
}
