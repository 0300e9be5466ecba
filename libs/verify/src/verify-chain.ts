import { contentPrefix, manifestPrefix, paddedSeq } from '@holdfast/seal';
import { checkManifest } from './check-manifest.js';
import type { CommittedManifest } from './check-manifest.js';
import { quietly, throwIfStopped } from './context.js';
import type { VerifyContext } from './context.js';
import { finding } from './findings.js';
import { SeqCursor, groupBySeq } from './group-by-seq.js';
import type { SeqGroup } from './group-by-seq.js';
import { keysIntroducedBy } from './introduced-keys.js';
import type { Candidate, NewKeys } from './read-candidates.js';
import { checkManifestLock, readCandidates } from './read-candidates.js';
import { noteSigner } from './closed-keys.js';
import { readClaim } from './read-claim.js';
import { Collector } from './report.js';
import type { ContentHooks, Prefetched } from './verify-objects.js';
import { checkAttempts, prefetch, verifyObjects } from './verify-objects.js';
import { usedKeys } from './unused-wraps.js';
import { checkWraps } from './verify-wraps.js';

interface Level {
  /** The first number behind the last level that anything was listed under. */
  readonly first: number;
  readonly seq: number;
  readonly candidates: readonly Candidate[];
}

/** A committed manifest, and the versions of it to look at: the one that its claim names, else all with these bytes. */
interface Decided {
  readonly candidate: Candidate;
  readonly versions: readonly string[];
}

const NO_KEYS: NewKeys = new Map();
const NO_NAMES: ReadonlyMap<string, string> = new Map();
/** Content is stored this many numbers ahead of the last commit at most (writers keep three segments in flight). */
const ATTEMPTS_AHEAD = 16;

export interface ChainHooks extends ContentHooks {
  /** Sees every committed manifest, in order. */
  readonly onSegment?: (segment: CommittedManifest) => void;
  /** Between two segments: a walk that is interrupted here can go on from here. */
  readonly onBoundary?: (at: Boundary) => Promise<void>;
}

/** A place between two segments: everything before number `next` is judged, and nothing behind it. */
export interface Boundary {
  readonly next: number;
  /** Hash of the manifest before; undefined before the first. */
  readonly hash: string | undefined;
  readonly records: number;
}

/** How far a walk came; another one can go on behind it. */
export interface Walked {
  readonly last: Candidate | undefined;
  /** Records of segments from number `first` on. */
  readonly records: number;
  /** The first number that was walked. */
  readonly first: number;
  /** It goes on at a boundary: what was read ahead there is read again, and not judged again. */
  readonly interrupted?: true;
  /** A listing missed a manifest that is there: it was stored while the listing was made. Walk on to judge the rest. */
  readonly again: boolean;
}

const FROM_THE_BEGINNING: Walked = { last: undefined, records: 0, first: 0, again: false };

/**
 * Verifies one chain from seq 0, or from behind an earlier walk, to its end, or to number `to`, with two listings (manifests, content) walked
 * side by side; memory holds two segments. Writers may go on meanwhile: what comes behind the end is not judged.
 */
export async function verifyChain(
  context: VerifyContext,
  chain: string,
  hooks: ChainHooks = {},
  before = FROM_THE_BEGINNING,
  to = Infinity,
): Promise<Walked> {
  const { evidence, collector, add } = context;
  const from = endOf(before.last);
  // Met anywhere in a listing, which is made anew when a walk goes on: told once, at the end.
  const odds = new Collector();
  const odd = (version: { readonly key: string }): void => {
    odds.add(finding('ORPHAN', version.key, 'this name does not belong under its chain.'));
  };
  const manifests = new SeqCursor(groupBySeq(evidence.list(manifestPrefix(chain)), manifestPrefix(chain), odd), from);
  const contents = new SeqCursor(groupBySeq(evidence.list(contentPrefix(chain)), contentPrefix(chain), odd), from);
  let previous = before.last;
  let ahead: Prefetched = new Map();
  const dataKeys = usedKeys(context, chain);
  let { records } = before;
  let again = false;
  let level = await nextLevel(before.interrupted === true ? quietly(context) : context, chain, manifests, NO_KEYS);
  if (level !== undefined && level.seq !== from && before.interrupted !== true)
    add(
      finding(
        'MANIFEST_MISSING',
        `${chain} ${from}`,
        from === 0 ? `the chain begins with number ${level.seq}.` : 'the manifest of this number is not there.',
      ),
    );
  let whole = true;
  while (level !== undefined && level.seq < to && !again) {
    // Behind a number that was left undecided nothing says where to go on.
    if (whole) await hooks.onBoundary?.({ next: endOf(previous), hash: previous?.hash, records });
    throwIfStopped(context);
    // A segment of gov may be signed by a key that the one before it introduces, and that one is not folded yet.
    const newKeys = chain === 'gov' ? await keysIntroducedBy(context, level.candidates) : NO_KEYS;
    let next = await nextLevel(context, chain, manifests, newKeys);
    if (next !== undefined && next.first > level.seq + 1 && (await isStored(context, chain, level.seq + 1))) {
      again = true;
      next = undefined;
    }
    const decided = await decide(context, chain, level, next, previous);
    whole = decided !== undefined;
    if (decided === undefined) {
      level = next;
      continue;
    }
    const committed = decided.candidate;
    // Sealed under a head of gov that is younger than our walk over it.
    if (chain !== 'gov' && committed.manifest.governance.next > (context.ends.get('gov')?.end ?? 0)) await context.followGovernance();
    for (const found of checkManifest(committed, previous, context.archiveHex, context.state, context.heads)) add(found);
    if (context.level >= 4) await checkManifestLock(context, committed, decided.versions);
    const content = await contentOf(context, contents, level.seq);
    const mine = ahead;
    const following = next?.seq === level.seq + 1 && next.candidates.length === 1 ? next.candidates[0] : undefined;
    ahead = following === undefined ? new Map() : prefetch(context, following.manifest);
    await verifyObjects(context, committed.manifest, content?.versions ?? [], mine, hooks);
    for (const object of committed.manifest.objects) {
      if (context.level < 5 || object.dataKey === undefined) continue;
      // Once for each data key and what is pinned of it: every manifest of a day names the same.
      const pin = `${object.dataKey} ${object.wraps?.kek ?? ''} ${object.wraps?.escrow ?? ''}`;
      if (dataKeys.has(pin)) continue;
      dataKeys.add(pin);
      await checkWraps(context, committed.manifest, object);
    }
    hooks.onSegment?.(committed);
    noteSigner(context, committed);
    collector.segments++;
    collector.records += committed.manifest.records;
    records += committed.manifest.records;
    context.progress();
    if (next !== undefined && next.seq > level.seq + 1) {
      add(
        finding(
          'MANIFEST_MISSING',
          `${chain} ${level.seq + 1}`,
          next.seq === level.seq + 2 ? 'the manifest of this number is not there.' : `the manifests up to number ${next.seq - 1} are not there.`,
        ),
      );
    }
    previous = committed;
    level = next;
  }
  const walked = { last: previous, records, first: before.first, again };
  if (again) return walked;
  const end = endOf(previous);
  if (!context.ends.has(chain)) {
    collector.merge(odds.state());
    collector.chains++;
    if (previous !== undefined && chain.startsWith('msg/'))
      collector.partitions.push({ chain, segments: end - before.first, records, next: previous.manifest.next });
  }
  // The rest was not asked for.
  if (level !== undefined && level.seq >= to) return walked;
  const seen = Math.max(end, manifests.last + 1);
  // Somebody has gone on behind the end that the listing had.
  const grown = await isStored(context, chain, seen);
  // Content under numbers that were never committed.
  for (let rest = await contents.take(); rest !== undefined && !grown; rest = await contents.take()) {
    await checkAttempts(context, NO_NAMES, rest.versions);
    const [far] = rest.seq < end + ATTEMPTS_AHEAD || context.level < 5 ? [] : rest.versions;
    if (far !== undefined)
      add(finding('ORPHAN', far.key, `the chain ends at ${end}, too far away for an attempt: its end was removed, or this was put here.`));
  }
  if (!grown || end < seen) await checkEnd(context, chain, previous);
  context.ends.set(chain, { end, seen });
  return walked;
}

/** The number behind a manifest. */
export function endOf(last: Candidate | undefined): number {
  return (last?.manifest.seq ?? -1) + 1;
}

/** Whether any manifest lies under a number now. */
export async function isStored(context: Pick<VerifyContext, 'evidence'>, chain: string, seq: number): Promise<boolean> {
  for await (const _version of context.evidence.list(`${manifestPrefix(chain)}${paddedSeq(seq)}/`)) return true;
  return false;
}

async function nextLevel(context: VerifyContext, chain: string, manifests: SeqCursor, newKeys: NewKeys): Promise<Level | undefined> {
  let first: number | undefined;
  for (let group = await manifests.take(); group !== undefined; group = await manifests.take()) {
    first ??= group.seq;
    const candidates = await readCandidates(context, chain, group, newKeys);
    // A number with nothing that verifies is a hole in the numbers, reported by what follows it.
    if (candidates.length > 0) return { first, seq: group.seq, candidates };
  }
  return undefined;
}

async function contentOf(context: VerifyContext, contents: SeqCursor, seq: number): Promise<SeqGroup | undefined> {
  for (let group = await contents.peek(); group !== undefined && group.seq <= seq; group = await contents.peek()) {
    await contents.take();
    if (group.seq === seq) return group;
    await checkAttempts(context, NO_NAMES, group.versions);
  }
  return undefined;
}

/**
 * Which candidate of a number is committed: the one that the next number names. Every honest writer stores manifest n+1 only
 * after it has read claim n, so all candidates of n+1 name the same one; the last number is decided by its claim.
 */
async function decide(
  context: VerifyContext,
  chain: string,
  level: Level,
  next: Level | undefined,
  previous: Candidate | undefined,
): Promise<Decided | undefined> {
  const place = `${chain} ${level.seq}`;
  const { add } = context;
  const claimed = await readClaim(context, chain, level.seq);
  // The last number: the log says which manifest it was, whatever has become of the claim.
  const logged = context.loggedAt(chain, level.seq);
  let committed: Candidate | undefined;
  if (next?.seq === level.seq + 1) {
    const named = new Set(next.candidates.map((candidate) => candidate.manifest.prev));
    if (named.size > 1) add(finding('CHAIN_FORKED', `${chain} ${next.seq}`, `its manifests name ${named.size} different manifests before them.`));
    committed = level.candidates.find((candidate) => named.has(candidate.hash));
    if (committed === undefined) {
      add(finding('CHAIN_LINK_BROKEN', place, 'no manifest of this number is the one that the next number names.'));
      committed = level.candidates[0];
    }
    if (claimed === 'absent')
      add(finding('CLAIMS_ROLLED_BACK', place, 'its successor exists, but its claim is gone: "holdfast claims rebuild" restores it.'));
  } else if (logged !== undefined) {
    committed = level.candidates.find((candidate) => candidate.hash === logged);
    if (committed === undefined) add(finding('MANIFEST_MISSING', place, 'the manifest that the log has for this number is not there.'));
    if (claimed === 'absent')
      add(finding('CLAIMS_ROLLED_BACK', place, 'the log has this manifest, but its claim is gone: "holdfast claims rebuild" restores it.'));
  } else if (claimed === 'absent' && next === undefined) {
    add(finding('PENDING', place, 'the last manifest of the chain is not claimed: an attempt, or a claim that was lost.'));
    reportAttempts(context, level.candidates);
    return undefined;
  } else if (typeof claimed === 'object') {
    committed = level.candidates.find((candidate) => candidate.hash === claimed.manifest);
    if (committed === undefined) add(finding('CLAIM_UNREADABLE', place, 'its claim names a manifest that is not there or does not verify.'));
  } else if (level.candidates.length === 1 || claimed === 'unknown') {
    const linked = level.candidates.filter((candidate) => previous === undefined || candidate.manifest.prev === previous.hash);
    committed = linked[0] ?? level.candidates[0];
    add(
      finding(
        'PENDING',
        place,
        linked.length > 1
          ? 'several manifests could be the last of the chain; only its claim tells.'
          : 'the last manifest of the chain; without claims nothing says that it was committed.',
      ),
    );
  }
  if (typeof claimed === 'object' && committed !== undefined && claimed.manifest !== committed.hash)
    add(finding('CLAIM_DIFFERS', place, 'its claim names another manifest than the chain does.'));
  reportAttempts(
    context,
    level.candidates.filter((candidate) => candidate !== committed),
  );
  if (committed === undefined) return undefined;
  const { versions } = committed;
  if (typeof claimed !== 'object' || claimed.manifest !== committed.hash) return { candidate: committed, versions };
  // Readers ask for the version that the claim names first, and take any other with these bytes where that is not there.
  if (versions.includes(claimed.version)) return { candidate: committed, versions: [claimed.version] };
  context.relocated(chain, committed.key);
  return { candidate: committed, versions };
}

function reportAttempts(context: VerifyContext, candidates: readonly Candidate[]): void {
  if (context.level < 5) return;
  for (const candidate of candidates) context.add(finding('ABANDONED_ATTEMPT', candidate.key, 'a manifest of a writer that lost its claim.'));
}

/** A claim behind the last manifest betrays that the end of the chain was removed. */
async function checkEnd(context: VerifyContext, chain: string, last: Candidate | undefined): Promise<void> {
  const seq = endOf(last);
  const claimed = await readClaim(context, chain, seq);
  if (typeof claimed === 'object' || claimed === 'invalid') {
    context.add(
      finding('MANIFEST_MISSING', `${chain} ${seq}`, 'this number is claimed, but its manifest is not there: the end of the chain was removed.'),
    );
  }
}
