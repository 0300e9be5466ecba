import { parseContentKey, parseManifestKey } from '@holdfast/seal';
import { parseBatch, parseLogKey } from '@holdfast/tlog';
import type { Row, Rows, StoreImage } from './store-image.js';

/** One thing that is stored: an object version, or a claim. */
export interface Target {
  readonly store: 'vault' | 'wraps' | 'claims';
  readonly key: string;
  /** Empty for a claim. */
  readonly version: string;
}

/** What an attacker with the disks of the server does to one of them; undefined where it makes no sense. */
export interface Mutation {
  readonly name: string;
  /** The second thing that it touches is named too. */
  readonly with?: (image: StoreImage, target: Target) => Target | undefined;
  readonly apply: (image: StoreImage, target: Target, other: Target | undefined) => StoreImage | undefined;
}

export function targetsOf(image: StoreImage): Target[] {
  const rows = (store: 'vault' | 'wraps'): Target[] => image[store].map(({ key, version }) => ({ store, key, version }));
  return [...rows('vault'), ...rows('wraps'), ...[...image.claims.keys()].map((key) => ({ store: 'claims' as const, key, version: '' }))];
}

/** What kind of thing it is, as the list of harmless mutations calls it. */
export function kindOf({ store, key }: Target): string {
  if (store === 'wraps') return key.endsWith('/kek.jwe') ? 'wrap' : 'escrow wrap';
  if (store === 'claims') return key === 'genesis/0' ? 'claim of the genesis' : key.startsWith('log/') ? 'claim of a batch' : 'claim';
  const log = parseLogKey(key);
  if (log !== undefined) return log.type;
  if (parseManifestKey(key) !== undefined) return 'manifest';
  if (parseContentKey(key) !== undefined) return 'content';
  return key.startsWith('s/') ? 'statement' : 'genesis';
}

export function bytesOf(image: StoreImage, { store, key, version }: Target): Uint8Array {
  const bytes = store === 'claims' ? image.claims.get(key) : rowOf(image, { store, key, version })?.bytes;
  if (bytes == null) throw new Error(`no bytes of ${key}`);
  return bytes;
}

function rowOf(image: StoreImage, { store, key, version }: Target): Row | undefined {
  return store === 'claims' ? undefined : image[store].find((row) => row.key === key && row.version === version);
}

/** The rows of one store after each row of the target was replaced by what `change` makes of it. */
function replaced(image: StoreImage, { store, key, version }: Target, change: (row: Row) => Rows): StoreImage {
  if (store === 'claims') throw new Error('a claim has no versions');
  const rows = image[store].flatMap((row) => (row.key === key && row.version === version ? change(row) : [row]));
  return image.with({ [store]: rows });
}

export function withBytes(image: StoreImage, target: Target, bytes: Uint8Array): StoreImage {
  if (target.store === 'claims') return image.with({ claims: new Map([...image.claims, [target.key, bytes]]) });
  return replaced(image, target, (row) => [{ ...row, bytes }]);
}

export function flipped(image: StoreImage, target: Target, at: number, mask: number): StoreImage {
  const changed = Uint8Array.from(bytesOf(image, target));
  changed[at] = (changed[at] ?? 0) ^ mask;
  return withBytes(image, target, changed);
}

const onlyVersions =
  (change: (row: Row) => Rows) =>
  (image: StoreImage, target: Target): StoreImage | undefined =>
    target.store === 'claims' ? undefined : replaced(image, target, change);

/** The next (or the one before) of the same kind and chain, by key. */
function neighbour(image: StoreImage, target: Target, step: 1 | -1): Target | undefined {
  const kind = kindOf(target);
  const same = targetsOf(image).filter((other) => kindOf(other) === kind && chainOf(other) === chainOf(target));
  same.sort((a, b) => (a.key < b.key ? -1 : 1));
  const at = same.findIndex(({ key, version }) => key === target.key && version === target.version);
  return same[at + step];
}

/** The chain that a manifest, content, a claim or a wrap belongs to; `log` for what the log has by number. */
export function chainOf({ store, key }: Target): string {
  if (store === 'claims') return key.replace(/\/\d{16}$/, '');
  if (store === 'wraps') return key.split('/').slice(0, -5).join('/');
  return (parseManifestKey(key) ?? parseContentKey(key))?.chain ?? '';
}

/** A chain (or the log) as it was before number `seq`, its claims included; undefined when it is not that long. */
export function cut(image: StoreImage, chain: string, seq: number): StoreImage | undefined {
  const batches = targetsOf(image).flatMap(({ store, key }) => {
    const log = store === 'vault' ? parseLogKey(key) : undefined;
    return log?.type === 'batch' ? [log.no] : [];
  });
  const claims = new Map([...image.claims].filter(([key]) => !(chainOf({ store: 'claims', key, version: '' }) === chain && seqOf(key) >= seq)));
  const sizes = chain === 'log' ? sizesOf(image) : [];
  const gone = ({ key }: Row): boolean => {
    if (chain !== 'log') {
      const name = parseManifestKey(key) ?? parseContentKey(key);
      return name?.chain === chain && name.seq >= seq;
    }
    const log = parseLogKey(key);
    if (log?.type === 'batch' || log?.type === 'state') return log.no >= seq;
    return (log?.type === 'checkpoint' || log?.type === 'token') && log.size > (seq === 0 ? 0 : (sizes[seq - 1] ?? 0));
  };
  const vault = image.vault.filter((row) => !gone(row));
  const last = chain === 'log' ? Math.max(...batches) : -1;
  if (vault.length === image.vault.length || (chain === 'log' && seq > last)) return undefined;
  return image.with({ vault, claims });
}

function seqOf(key: string): number {
  return Number(/\/(\d{16})$/.exec(key)?.[1] ?? Number.NaN);
}

/** Entries of the log after each of its batches. */
function sizesOf(image: StoreImage): number[] {
  const sizes: number[] = [];
  for (const { key, bytes } of image.vault) {
    const log = parseLogKey(key);
    if (log?.type !== 'batch' || bytes === null) continue;
    const { sizeBefore, entries } = parseBatch(bytes);
    sizes[log.no] = sizeBefore + entries.length;
  }
  return sizes;
}

/** A day that nothing is locked until. */
const SHORT = new Date('2026-12-24T00:00:00Z');

export const MUTATIONS: readonly Mutation[] = [
  {
    name: 'removed',
    apply: (image, target) =>
      target.store === 'claims'
        ? image.with({ claims: new Map([...image.claims].filter(([key]) => key !== target.key)) })
        : replaced(image, target, () => []),
  },
  { name: 'emptied', apply: (image, target) => withBytes(image, target, new Uint8Array(0)) },
  { name: 'cut', apply: (image, target) => withBytes(image, target, bytesOf(image, target).subarray(0, -1)) },
  { name: 'longer', apply: (image, target) => withBytes(image, target, Uint8Array.from([...bytesOf(image, target), 0])) },
  { name: 'stored again', apply: onlyVersions((row) => [{ ...row, version: `again-${row.version}` }, row]) },
  {
    name: 'shadowed by other bytes',
    apply: onlyVersions((row) => [{ ...row, version: `shadow-${row.version}`, bytes: Uint8Array.from([...(row.bytes ?? []), 0]) }, row]),
  },
  { name: 'hidden by a delete marker', apply: onlyVersions((row) => [{ ...row, version: `marker-${row.version}`, bytes: null, lock: null }, row]) },
  {
    name: 'replaced by a delete marker',
    apply: onlyVersions((row) => [{ ...row, version: `marker-${row.version}`, bytes: null, lock: null }]),
  },
  { name: 'unlocked', apply: onlyVersions((row) => [{ ...row, lock: null }]) },
  { name: 'locked shorter', apply: onlyVersions((row) => [{ ...row, lock: row.lock === null ? null : { ...row.lock, retainUntil: SHORT } }]) },
  {
    name: 'locked in the other mode',
    apply: onlyVersions((row) => [
      { ...row, lock: row.lock === null ? null : { ...row.lock, mode: row.lock.mode === 'COMPLIANCE' ? 'GOVERNANCE' : 'COMPLIANCE' } },
    ]),
  },
  {
    name: 'swapped with the next of its kind',
    with: (image, target) => neighbour(image, target, 1),
    apply: (image, target, other) =>
      other === undefined ? undefined : withBytes(withBytes(image, target, bytesOf(image, other)), other, bytesOf(image, target)),
  },
  {
    name: 'replaced by the one before',
    apply: (image, target) => {
      const before = neighbour(image, target, -1);
      return before === undefined ? undefined : withBytes(image, target, bytesOf(image, before));
    },
  },
];

/** What a finding about a target may name: its key, its chain and number, or its data key. */
export function placesOf({ store, key }: Target): readonly string[] {
  const log = store === 'vault' ? parseLogKey(key) : undefined;
  const inChain = store === 'wraps' ? null : /^(?:[mo]\/)?(.+)\/(\d{16})(?:\/|$)/.exec(key);
  return [
    key,
    ...(log?.type === 'batch' ? [`log ${log.no}`] : []),
    ...(inChain !== null && log === undefined ? [`${inChain[1] ?? ''} ${Number(inChain[2])}`] : []),
  ];
}

/** Whether a finding is about it. */
export function isNamed(findings: readonly { readonly place: string }[], target: Target): boolean {
  const { key } = target;
  const places = placesOf(target);
  return findings.some(
    ({ place }) =>
      places.some((name) => place === name || place.startsWith(`${name} `) || place.startsWith(`${name}/`)) ||
      // Both wraps of a data key at once.
      (place.endsWith('/') && key.startsWith(place)),
  );
}
