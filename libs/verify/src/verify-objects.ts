import { HoldfastError } from '@holdfast/record';
import {
  LEDGER_CLASS,
  ObjectReader,
  checkHeader,
  coverageProblem,
  decodeRecord,
  endOfPeriod,
  fromBase64Url,
  messageChainOf,
  parseContentKey,
  readTrailer,
  toHex,
  wrapKey,
} from '@holdfast/seal';
import type { Manifest, ManifestObject, WalkedObject } from '@holdfast/seal';
import type { RawRecord } from '@holdfast/record';
import { manifestLock } from './check-manifest.js';
import { checkObjectList } from './check-object-list.js';
import type { VerifyContext } from './context.js';
import type { StoredVersion } from './evidence.js';
import { finding } from './findings.js';

/** Largest object of a store; what is longer is nothing of ours. */
const MOST_BYTES = 64 * 1024 * 1024;
/** Largest content that travels in a manifest (format section 8). */
const INLINE_BYTES = 24 * 1024;

/** Bytes of an object, and the version that holds them. */
interface Placed {
  readonly version: string;
  readonly bytes: Uint8Array;
}

/** Objects that were asked for ahead. */
export type Prefetched = ReadonlyMap<string, Promise<Placed | undefined>>;

/** A conversation of an object, as its directory was rebuilt from the plaintext. */
export interface RebuiltConversation {
  readonly key: Uint8Array;
  readonly count: number;
  readonly root: Uint8Array;
}

/** What sees the content that was opened. */
export interface ContentHooks {
  /** Sees every record that was opened. */
  readonly onRecord?: (record: RawRecord, object: ManifestObject) => void;
  /** Sees the directory of every object that was opened as a whole. */
  readonly onDirectory?: (seq: number, object: ManifestObject, conversations: readonly RebuiltConversation[]) => void;
}

/** Starts reading the objects of a segment, so that the store works while the processor hashes. */
export function prefetch(context: VerifyContext, manifest: Manifest): Prefetched {
  const ahead = new Map<string, Promise<Placed | undefined>>();
  if (context.level < 4) return ahead;
  for (const object of manifest.objects) {
    const { key, version } = object;
    if (key === undefined || version === undefined || !isNamed(manifest, object)) continue;
    const placed = find(context, object, key, version);
    // A failure is reported where the bytes are used.
    placed.catch(() => undefined);
    ahead.set(key, placed);
  }
  return ahead;
}

/** Checks the content of one committed segment: where it lies, how it is locked, what it holds. */
export async function verifyObjects(
  context: VerifyContext,
  manifest: Manifest,
  stored: readonly StoredVersion[],
  ahead: Prefetched,
  hooks: ContentHooks = {},
): Promise<void> {
  const place = `${manifest.chain} ${manifest.seq}`;
  for (const found of checkObjectList(context.crypto, manifest)) context.add(found);
  // Without the events of gov nothing can be judged, at no level.
  if (context.level < 4 && manifest.chain !== 'gov') return;
  const walked: WalkedObject[] = [];
  const named = new Map(manifest.objects.map(({ key = '', version }) => [key, version]));
  for (const object of manifest.objects) {
    const placed = await readObject(context, manifest, object, stored, ahead);
    if (placed === undefined) continue;
    const { bytes } = placed;
    if (placed.version !== undefined) named.set(object.key ?? '', placed.version);
    const content = await verifyContent(context, manifest, object, bytes, hooks);
    if (content !== undefined) walked.push(content);
  }
  await checkAttempts(context, named, stored);
  if (walked.length !== manifest.objects.length) return;
  const problem = coverageProblem(manifest, walked);
  if (problem !== undefined) context.add(finding('OFFSETS_NOT_COVERED', place, `${problem}.`));
}

async function readObject(
  context: VerifyContext,
  manifest: Manifest,
  object: ManifestObject,
  stored: readonly StoredVersion[],
  ahead: Prefetched,
): Promise<{ readonly bytes: Uint8Array; readonly version?: string } | undefined> {
  const { crypto, add } = context;
  const { key, version } = object;
  let bytes: Uint8Array | undefined;
  let at: string | undefined;
  const place = key ?? `${manifest.chain} ${manifest.seq} object ${object.no} (inline)`;
  if (object.inline !== undefined) {
    if (object.cohort.class !== LEDGER_CLASS.name) add(finding('MANIFEST_INVALID', place, 'only content of the class ledger lies in manifests.'));
    try {
      bytes = fromBase64Url(object.inline);
      if (bytes.length > INLINE_BYTES) add(finding('MANIFEST_INVALID', place, `content of ${bytes.length} bytes lies in the manifest.`));
    } catch (error) {
      if (!(error instanceof HoldfastError)) throw error;
      add(finding('OBJECT_MALFORMED', place, `${error.message}.`));
      return undefined;
    }
  } else if (key !== undefined && version !== undefined) {
    if (!isNamed(manifest, object)) {
      add(finding('MANIFEST_INVALID', place, 'the key of the object does not say what its manifest says.'));
      return undefined;
    }
    const placed = await (ahead.get(key) ?? find(context, object, key, version));
    if (placed === undefined) {
      add(finding('OBJECT_MISSING', key, `the version ${version} that its manifest names is not there.`));
      return undefined;
    }
    bytes = placed.bytes;
    at = placed.version;
    if (at !== version) context.relocated(manifest.chain, key);
    await checkLock(context, manifest, object, key, at);
    if (context.level >= 5 && stored.some((other) => other.key === key && other.deleteMarker))
      add(finding('DELETE_MARKER', key, 'a delete marker hides this object from readers that do not name a version.'));
  }
  if (bytes === undefined) return undefined;
  context.collector.bytes += bytes.length;
  const sha256 = toHex(crypto.sha256(bytes));
  if (sha256 === object.sha256) return at === undefined ? { bytes } : { bytes, version: at };
  add(finding('OBJECT_DIFFERS', place, `its bytes hash to ${sha256}, its manifest says ${object.sha256}: it was changed, swapped or cut.`));
  return undefined;
}

/**
 * An object under the version that its manifest names; else any other version with its bytes (a copy or a restored archive),
 * a locked one before one that is not.
 */
async function find({ evidence, crypto }: VerifyContext, object: ManifestObject, key: string, version: string): Promise<Placed | undefined> {
  const bytes = await evidence.get(key, version, object.size);
  if (bytes !== undefined) return { version, bytes };
  let unlocked: Placed | undefined;
  for await (const other of evidence.list(key)) {
    if (other.key !== key) break;
    const there = other.deleteMarker ? undefined : await evidence.get(key, other.version, object.size);
    if (there === undefined || toHex(crypto.sha256(there)) !== object.sha256) continue;
    const placed = { version: other.version, bytes: there };
    const { lock } = (await evidence.head(key, other.version)) ?? { lock: null };
    if (lock?.mode === 'COMPLIANCE' && lock.retainUntil >= new Date(object.retainUntil)) return placed;
    unlocked ??= placed;
  }
  return unlocked;
}

/** Whether the key of an object says what its manifest says; another one is not even asked for. */
function isNamed(manifest: Manifest, object: ManifestObject): boolean {
  const name = parseContentKey(object.key ?? '');
  return (
    name?.chain === manifest.chain &&
    name.seq === manifest.seq &&
    name.no === object.no &&
    name.className === object.cohort.class &&
    name.period === object.cohort.period &&
    name.sha256 === object.sha256
  );
}

async function checkLock(context: VerifyContext, manifest: Manifest, object: ManifestObject, key: string, version: string): Promise<void> {
  if (context.level < 4) return;
  const state = await context.evidence.head(key, version);
  const demanded = new Date(object.retainUntil);
  const ledger = object.cohort.class === LEDGER_CLASS.name;
  if (ledger && demanded < manifestLock(manifest, context.state))
    context.add(finding('LOCK_SHORT', key, `its manifest asks only for ${object.retainUntil}.`));
  if (state?.lock?.mode !== 'COMPLIANCE') context.add(finding('LOCK_MISSING', key, 'the object is not locked in COMPLIANCE mode.'));
  else if (state.lock.retainUntil < demanded)
    context.add(finding('LOCK_SHORT', key, `locked until ${state.lock.retainUntil.toISOString()}, its manifest demands ${object.retainUntil}.`));
}

async function verifyContent(
  context: VerifyContext,
  manifest: Manifest,
  object: ManifestObject,
  bytes: Uint8Array,
  { onRecord, onDirectory }: ContentHooks,
): Promise<WalkedObject | undefined> {
  const { crypto, archive, collector, add } = context;
  const place = object.key ?? `${manifest.chain} ${manifest.seq} object ${object.no} (inline)`;
  try {
    let dataKey: Uint8Array | null = null;
    if (object.enc !== 'none') {
      if (context.level < 6) {
        checkHeader(object, bytes);
        readTrailer(crypto, object, bytes.subarray(bytes.length - object.trailer));
        return undefined;
      }
      const answer = await context.evidence.dataKey(context.archiveHex, manifest.chain, object);
      if ('refused' in answer) add(finding('WRAP_DAMAGED', kekOf(manifest.chain, object), answer.refused));
      if (!('key' in answer)) {
        checkHeader(object, bytes);
        readTrailer(crypto, object, bytes.subarray(bytes.length - object.trailer));
        collector.skipped.add('Content was not decrypted where this verifier holds no key: leaves, directories and offsets inside were not checked.');
        return undefined;
      }
      dataKey = answer.key;
    } else if (!mayBeClear(manifest.chain, object)) {
      add(finding('CONTENT_DAMAGED', place, 'content lies in the clear where it must be encrypted.'));
    }
    const reader = new ObjectReader(crypto, { archive, chain: manifest.chain, seq: manifest.seq }, object, dataKey);
    const conversations: RebuiltConversation[] = [];
    const walked = reader.walk(
      bytes,
      onRecord === undefined ? undefined : (plain, start, end) => onRecord(decodeRecord(plain.slice(start, end)).record, object),
      onDirectory === undefined ? undefined : (key, count, root) => conversations.push({ key, count, root }),
    );
    onDirectory?.(manifest.seq, object, conversations);
    collector.recordsOpened += object.records;
    return walked;
  } catch (error) {
    if (!(error instanceof HoldfastError)) throw error;
    add(finding(error.code === 'format_malformed' ? 'OBJECT_MALFORMED' : 'CONTENT_DAMAGED', place, `${error.message}.`));
    return undefined;
  }
}

/** Events of governance, and of day directories, which stand in the first object of their segments (format section 4). */
function mayBeClear(chain: string, { no }: ManifestObject): boolean {
  return chain === 'gov' || (messageChainOf(chain) !== undefined && no === 0);
}

/** Key of the wrap that opens an object. */
function kekOf(chain: string, { cohort, dataKey = '' }: ManifestObject): string {
  const [day = '', id = ''] = dataKey.split('/');
  return wrapKey(chain, { className: cohort.class, period: cohort.period }, day, id, 'kek');
}

/** Everything else under the number: attempts of writers that lost, whose bytes must match the hash in their key. */
export async function checkAttempts(
  context: VerifyContext,
  named: ReadonlyMap<string, string | undefined>,
  stored: readonly StoredVersion[],
): Promise<void> {
  if (context.level < 5) return;
  for (const { key, version, deleteMarker } of stored) {
    if (deleteMarker) {
      if (!named.has(key)) context.add(finding('DELETE_MARKER', key, 'a delete marker.'));
      continue;
    }
    const name = parseContentKey(key);
    if (name === undefined) {
      context.add(finding('ORPHAN', key, 'this is not the name of a content object.'));
      continue;
    }
    // Read already, against the manifest.
    if (named.get(key) === version) continue;
    const bytes = await context.evidence.get(key, version, MOST_BYTES);
    const hash = bytes === undefined ? undefined : toHex(context.crypto.sha256(bytes));
    if (hash !== name.sha256)
      context.add(finding(named.has(key) ? 'SHADOW_VERSION' : 'ORPHAN', key, `the version ${version} holds other bytes than its key says.`));
    else if (named.has(key)) context.add(finding('EQUAL_COPY', key, `another version (${version}) of the object, with the same bytes.`));
    else
      context.add(
        finding(
          'ABANDONED_ATTEMPT',
          key,
          `content of a writer that lost its claim; class ${name.className}, expires ${endOfPeriod(name.period).toISOString().slice(0, 10)}.`,
        ),
      );
  }
}
