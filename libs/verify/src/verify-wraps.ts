import { horizonMonths } from '@holdfast/governance';
import { HoldfastError } from '@holdfast/record';
import { LEDGER_CLASS, endOfPeriod, fromBase64Url, fromUtf8, parseJson, retainUntil, toHex, wrapPrefix } from '@holdfast/seal';
import type { Manifest, ManifestObject } from '@holdfast/seal';
import type { VerifyContext } from './context.js';
import type { StoredVersion } from './evidence.js';
import { finding } from './findings.js';

const MOST = 8192;
/** Bytes of the four parts behind the header: a wrapped 32-byte key, a nonce, 32 bytes, a tag. */
const PART_BYTES = [40, 12, 32, 16];
const KINDS = { 'kek.jwe': 'A256KW', 'escrow.jwe': 'ECDH-ES+A256KW' } as const;

type Kind = keyof typeof KINDS;

/**
 * Both wraps of a data key: there, with the bytes that the manifests pin, locked until their cohort ends, and with headers
 * that name what the manifest and `gov` name. That the escrow wrap opens is proven by the restore drill.
 */
export async function checkWraps(
  context: VerifyContext,
  { chain, governance }: Pick<Manifest, 'chain' | 'governance'>,
  object: ManifestObject,
): Promise<void> {
  const [day = '', id = ''] = (object.dataKey ?? '').split('/');
  const prefix = `${wrapPrefix(chain, { className: object.cohort.class, period: object.cohort.period }, day)}${id}/`;
  const pinned: Readonly<Record<Kind, string | undefined>> = { 'kek.jwe': object.wraps?.kek, 'escrow.jwe': object.wraps?.escrow };
  const until = lockedUntil(context, object, day, governance.next);
  const met = new Set<string>();
  const others: { name: string; key: string; version: string }[] = [];
  for await (const stored of context.evidence.wraps(prefix)) {
    const { key, version, deleteMarker } = stored;
    if (deleteMarker) {
      context.add(finding('DELETE_MARKER', key, 'a delete marker hides a wrap of a data key.'));
      continue;
    }
    const name = key.slice(prefix.length);
    if (!isKind(name)) {
      context.add(finding('ORPHAN', key, 'this is not the name of a wrap.'));
      continue;
    }
    await checkLock(context, until, stored);
    const bytes = await context.evidence.wrap(key, version, MOST);
    const problem = bytes === undefined ? 'it was listed and cannot be read' : headerProblem(context, chain, object, id, name, bytes);
    if (problem !== undefined) context.add(finding('WRAP_DAMAGED', key, `${problem}.`));
    if (bytes === undefined) continue;
    const hash = toHex(context.crypto.sha256(bytes));
    if (hash === pinned[name]) {
      if (met.has(name)) context.add(finding('EQUAL_COPY', key, 'a second version with the same bytes.'));
      met.add(name);
    } else others.push({ name, key, version });
  }
  for (const { name, key, version } of others) {
    if (met.has(name)) context.add(finding('SHADOW_VERSION', key, `the version ${version} holds another wrap of the same data key.`));
    else context.add(finding('WRAP_DAMAGED', key, 'its bytes are not those that the manifests pin: it was changed or replaced.'));
    met.add(name);
  }
  for (const kind of Object.keys(KINDS))
    if (!met.has(kind)) context.add(finding('WRAP_MISSING', `${prefix}${kind}`, 'a wrap of a data key in use is not there.'));
}

/**
 * To when the wraps of a data key are locked: until the cohort ends, as its content is. A ledger cohort is a year of sealing and
 * its content is locked to the horizon, counted here from the day on which the key was made.
 */
function lockedUntil({ state }: VerifyContext, { cohort }: ManifestObject, day: string, govNext: number): Date {
  if (cohort.class !== LEDGER_CLASS.name || Number.isNaN(Date.parse(day))) return endOfPeriod(cohort.period);
  return retainUntil(new Date(day), horizonMonths(state.classesAt(govNext).values()));
}

async function checkLock(context: VerifyContext, until: Date, { key, version }: StoredVersion): Promise<void> {
  const state = await context.evidence.wrapState(key, version);
  if (state?.lock === null || state === undefined) context.add(finding('LOCK_MISSING', key, 'a wrap of a data key is not locked.'));
  else if (state.lock.retainUntil < until)
    context.add(
      finding('LOCK_SHORT', key, `a wrap is locked until ${state.lock.retainUntil.toISOString()}, what it opens until ${until.toISOString()}.`),
    );
}

/** What is wrong with a wrap as far as one sees without its key (format section 11), or undefined. */
function headerProblem(context: VerifyContext, chain: string, object: ManifestObject, id: string, kind: Kind, bytes: Uint8Array): string | undefined {
  try {
    const [header = '', ...parts] = fromUtf8(bytes).split('.');
    if (parts.length !== PART_BYTES.length || parts.some((part, i) => fromBase64Url(part).length !== PART_BYTES[i]))
      return 'it is not a compact JWE of a data key';
    const value = parseJson(fromBase64Url(header));
    const { class: className, period } = object.cohort;
    const cohort = `${className}/${period}`;
    const kids = (kind === 'kek.jwe' ? context.state.cohortKeys : context.state.escrowKeys).get(cohort);
    if (kids === undefined) return `gov has not introduced keys for the cohort ${cohort}`;
    const hf = { archive: context.archiveHex, chain, dataKey: id, class: className, period };
    if (typeof value !== 'object' || value === null) return 'its header is no JSON object';
    const { epk, ...others } = value as { readonly epk?: unknown; readonly kid?: unknown };
    // A cohort whose KEK was rotated has data keys under several.
    const kid = kids.find((known) => known === others.kid);
    if (JSON.stringify(sorted(kind === 'kek.jwe' ? value : others)) !== JSON.stringify(sorted({ alg: KINDS[kind], enc: 'A256GCM', kid, hf })))
      return 'its header does not name what its manifest and gov name';
    return kind === 'kek.jwe' ? undefined : pointProblem(epk);
  } catch (error) {
    if (!(error instanceof HoldfastError)) throw error;
    return error.message;
  }
}

function pointProblem(epk: unknown): string | undefined {
  if (typeof epk !== 'object' || epk === null) return 'its ephemeral key is not there';
  const { kty, crv, x, y, ...others } = epk as Readonly<Record<string, unknown>>;
  const whole = [x, y].every((part) => typeof part === 'string' && fromBase64Url(part).length === 32);
  return kty === 'EC' && crv === 'P-256' && whole && Object.keys(others).length === 0 ? undefined : 'its ephemeral key is not one';
}

/** Members of an object by name, of nested ones too: the order in a header means nothing. */
function sorted(value: object): object {
  return Object.fromEntries(
    Object.entries(value)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([name, member]: [string, unknown]) => [name, typeof member === 'object' && member !== null ? sorted(member) : member]),
  );
}

function isKind(name: string): name is Kind {
  return Object.hasOwn(KINDS, name);
}
