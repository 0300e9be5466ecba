import { HoldfastError } from '@holdfast/record';
import { GovernanceFold, horizonMonths } from '@holdfast/governance';
import {
  GENESIS_CLAIM,
  GENESIS_KEY,
  GENESIS_TYP,
  MAX_JWS,
  equalBytes,
  genesisSchema,
  parseContentKey,
  parseDocument,
  parseJws,
  parseManifestKey,
  retainUntil,
  toHex,
  utf8,
  verifyJws,
} from '@holdfast/seal';
import type { Crypto, Genesis } from '@holdfast/seal';
import { LOG_CHAIN, parseLogKey } from '@holdfast/tlog';
import { Selection } from './chain-selection.js';
import type { ChainRange } from './chain-selection.js';
import { throwIfStopped } from './context.js';
import { checkLock } from './check-lock.js';
import type { VerifyContext } from './context.js';
import type { Evidence } from './evidence.js';
import type { Anchors } from './anchors.js';
import { checkClosedKeys } from './closed-keys.js';
import { finding } from './findings.js';
import { foldGovernance } from './fold-governance.js';
import { HeadList } from './head-list.js';
import { LogComparison } from './log/log-comparison.js';
import { demandedLock } from './relocked.js';
import type { VerifyReport } from './report.js';
import { Collector } from './report.js';
import type { NamedStatements } from './verify-statements.js';
import { isStored } from './verify-chain.js';
import { PROGRESS_FORMAT, checkProgress } from './verify-progress.js';
import type { VerifyProgress } from './verify-progress.js';
import { ChainsWalk, verifyToTheEnd } from './walk-chains.js';
import { checkUnusedWraps, checkWrapNames } from './unused-wraps.js';
import { STATEMENT_PREFIX, noteStatements, verifyStatements } from './verify-statements.js';

/** Levels: 1 signatures, policy, tokens; 2 the transparency log; 3 chains; 4 objects; 5 other versions and orphans; 6 content. 7 and 8 come with governance and the index. */
export const HIGHEST_LEVEL = 6;

export interface VerifyOptions {
  readonly crypto: Crypto;
  /** All levels up to this one. */
  readonly level?: number;
  /** The archive id that the verifier holds from elsewhere; that of the policy counts where none is given. */
  readonly archiveId?: string;
  /** Whom the verifier believes besides his own arithmetic, and what he has kept. */
  readonly anchors?: Anchors;
  /** Only these chains, names or patterns, all of them or a range (and `gov`, without which nothing can be judged). */
  readonly chains?: readonly (string | ChainRange)[];
  /** false: with `chains`, names that belong to no chain, and to other chains, are not looked at. */
  readonly allNames?: boolean;
  /** How far an earlier run of the same came. */
  readonly resume?: VerifyProgress;
  /** Told at every moment at which the run may be interrupted; `progress` answers what is needed to go on, and only now. */
  readonly onBoundary?: (progress: () => VerifyProgress) => Promise<void>;
  /** What else the verifier was asked for; an earlier run that was asked for something else is no beginning for this one. */
  readonly asked?: string;
  readonly onProgress?: (progress: {
    readonly chain: string;
    readonly segments: number;
    readonly records: number;
    readonly bytes: number;
    readonly findings: number;
  }) => void;
  readonly signal?: AbortSignal;
}

/**
 * Judges a whole archive. Never throws for what it meets there: that is what findings are for.
 * @throws HoldfastError `stopped`; `bad_request` for chains that are not there; `bad_configuration`, `chain_broken` for an
 * earlier run that cannot be gone on with
 */
export async function verifyArchive(evidence: Evidence, options: VerifyOptions): Promise<VerifyReport> {
  const collector = new Collector();
  const level = Math.min(options.level ?? HIGHEST_LEVEL, HIGHEST_LEVEL);
  const archiveId = options.archiveId ?? options.anchors?.policy?.archive;
  const genesis = await findGenesis(evidence, { ...options, ...(archiveId !== undefined && { archiveId }) }, collector);
  if (genesis === undefined) return collector.report('', '', [], level);
  let chain = 'gov';
  let follow = (): Promise<void> => Promise.resolve();
  let log: LogComparison | undefined;
  // What is found in chains is what an interrupted run keeps; all else is looked at again each time.
  const ofChains = new Collector();
  let collecting = collector;
  const { resume, onBoundary } = options;
  const selected = options.chains === undefined ? undefined : new Selection(options.chains);
  const relocated = new Map((resume?.relocated ?? []).map((one) => [one.chain, one]));
  const context: VerifyContext = {
    evidence,
    crypto: options.crypto,
    level,
    archive: genesis.id,
    archiveHex: toHex(genesis.id),
    genesis: genesis.genesis,
    state: new GovernanceFold(),
    heads: new HeadList(genesis.id),
    ends: new Map(),
    signed: new Map(),
    dataKeys: new Map(),
    followGovernance: () => follow(),
    get collector() {
      return collecting;
    },
    add: (found) => {
      collecting.add(found);
    },
    relocated: (where, key) => {
      const { first, count } = relocated.get(where) ?? { first: key, count: 0 };
      relocated.set(where, { chain: where, first, count: count + 1 });
    },
    loggedAt: (where, seq) => log?.hashAt(where, seq),
    progress: () => {
      options.onProgress?.({
        chain,
        segments: collector.segments + ofChains.segments,
        records: collector.records + ofChains.records,
        bytes: collector.bytes + ofChains.bytes,
        findings: collector.findingsTotal + ofChains.findingsTotal,
      });
    },
    selected,
    marks: (where) => {
      const range = selected?.rangeOf(where);
      const before = [...(resume?.chains ?? []), ...(resume?.current === undefined ? [] : [resume.current])].find((one) => one.chain === where);
      return [range?.from, range?.to, before?.next, before?.log?.next].filter((mark) => mark !== undefined);
    },
    signal: options.signal,
  };
  // Whoever reads "no findings" must see what was not looked at.
  if (!evidence.claims) collector.skipped.add('Claims were not read: the last number of each chain is pending.');
  if (level < 4) collector.skipped.add('Objects, their locks and their content were not read (level below 4).');
  else if (level < 6) collector.skipped.add('Content was not decrypted (level below 6): leaves, directories and offsets inside were not checked.');
  // gov first: its events say which keys, chains and classes everything else is judged by.
  const statements: NamedStatements = new Map();
  const hooks = foldGovernance(context.state, context.heads, context.add, (event, seq) => {
    noteStatements(statements, event, seq);
  });
  let governance = await verifyToTheEnd(context, 'gov', hooks);
  follow = async () => {
    const before = collecting;
    collecting = collector;
    try {
      if (await isStored(context, 'gov', context.ends.get('gov')?.seen ?? 0)) governance = await verifyToTheEnd(context, 'gov', hooks, governance);
    } finally {
      collecting = before;
    }
  };
  const asked = JSON.stringify({ level, claims: evidence.claims, chains: selected?.ranges ?? 'all', with: options.asked ?? '' });
  if (resume !== undefined) {
    checkProgress(context, resume, asked);
    ofChains.merge(resume.collected);
  }
  chain = 'log';
  if (level >= 2) log = await LogComparison.walk(context, options.anchors ?? {});
  if (level >= 4) await checkGenesisLock(context, genesis.versions);
  if (level >= 5) await verifyStatements(context, statements);
  const chains = await chainsMet(context, options.allNames ?? true);
  // A chain that only the log has is missing; what nobody has heard of was misspelt, and "no findings" would mislead.
  const unmet = selected?.unmet(['gov', ...chains, ...(log?.chains() ?? [])]) ?? [];
  if (unmet.length > 0) throw new HoldfastError('bad_request', `No chain of this archive is ${unmet.join(' or ')}.`);
  if (selected !== undefined)
    collector.skipped.add(`Only these chains were walked, and gov: ${selected.ranges.map(({ chain: name }) => name).join(', ')}.`);
  const walk = new ChainsWalk(context, {
    log,
    before: resume,
    onChain: (name) => {
      chain = name;
    },
    onBoundary:
      onBoundary &&
      ((progress) =>
        onBoundary(() => {
          const { end } = context.ends.get('gov') ?? { end: 0 };
          return {
            format: PROGRESS_FORMAT,
            archive: context.archiveHex,
            asked,
            governance: { next: end, hash: context.heads.get(end) ?? '' },
            collected: ofChains.state(),
            relocated: [...relocated.values()].filter((one) => one.chain !== 'gov' && one.chain !== LOG_CHAIN),
            ...progress(),
          };
        })),
  });
  collecting = ofChains;
  await walk.run(chains);
  collecting = collector;
  checkClosedKeys(context);
  const { allNames = true } = options;
  if (level >= 5 && allNames) await checkClaimNames(context);
  if (!allNames) collector.skipped.add('Names of objects, claims and wraps that belong to other chains or to none were not looked at.');
  if (level >= 5 && selected === undefined) {
    await checkUnusedWraps(context, 'gov');
    await checkWrapNames(context);
  }
  for (const [where, { first, count }] of relocated) {
    const what = count === 1 ? 'this object lies' : `${count} objects of this chain lie (the first: ${first})`;
    context.add(
      finding('RELOCATED', count === 1 ? first : where, `${what} under another version id than named: same bytes, in a copy or after a restore.`),
    );
  }
  if (allNames) for await (const stray of evidence.strays()) context.add(finding('STRAY', stray, 'this is neither an object nor the state of one.'));
  log?.compareGovernance();
  if (log === undefined) context.add(finding('NOT_ANCHORED', context.archiveHex, 'the transparency log was not read (level below 2).'));
  const ofLog = log?.finish();
  collector.merge(ofChains.state());
  const manifestKeys = [...new Set([context.genesis.manifestKey.kid, ...context.state.manifestKeys.keys()])];
  return collector.report(context.archiveHex, context.genesis.log.key.kid, manifestKeys, level, ofLog);
}

interface FoundGenesis {
  readonly id: Uint8Array;
  readonly genesis: Genesis;
  /** Versions that hold these bytes, newest first. */
  readonly versions: string[];
}

async function findGenesis(evidence: Evidence, options: VerifyOptions, collector: Collector): Promise<FoundGenesis | undefined> {
  const met: FoundGenesis[] = [];
  for await (const { key, version, deleteMarker } of evidence.list(GENESIS_KEY)) {
    if (key !== GENESIS_KEY) continue;
    if (deleteMarker) {
      collector.add(finding('DELETE_MARKER', key, 'a delete marker hides the genesis.'));
      continue;
    }
    const bytes = await evidence.get(key, version, MAX_JWS);
    if (bytes === undefined) continue;
    const id = options.crypto.sha256(bytes);
    try {
      const jws = parseJws(bytes);
      const genesis = parseDocument(genesisSchema, jws.payload);
      if (!verifyJws(options.crypto, jws, GENESIS_TYP, genesis.manifestKey))
        throw new HoldfastError('manifest_invalid', 'its signature does not verify');
      const known = met.find((other) => toHex(other.id) === toHex(id));
      if (known === undefined) met.push({ id, genesis, versions: [version] });
      else {
        known.versions.push(version);
        collector.add(finding('EQUAL_COPY', key, 'a second version with the same bytes.'));
      }
    } catch (error) {
      if (!(error instanceof HoldfastError)) throw error;
      collector.add(finding('GENESIS_INVALID', `${key} ${version}`, `${error.message}.`));
    }
  }
  return chooseGenesis(evidence, options, collector, met);
}

/** The one that the verifier names, else the one that is claimed, else the only one there is. */
async function chooseGenesis(
  evidence: Evidence,
  { archiveId }: VerifyOptions,
  collector: Collector,
  met: readonly FoundGenesis[],
): Promise<FoundGenesis | undefined> {
  const claim = evidence.claims ? await evidence.claim(GENESIS_CLAIM) : undefined;
  const claimed = met.find(({ id }) => claim !== undefined && equalBytes(utf8(toHex(id)), claim));
  const chosen = archiveId === undefined ? (claimed ?? (met.length === 1 ? met[0] : undefined)) : met.find(({ id }) => toHex(id) === archiveId);
  if (evidence.claims && claim === undefined && met.length > 0)
    collector.add(
      finding('CLAIMS_ROLLED_BACK', GENESIS_CLAIM, 'the genesis is there, but its claim is gone: "holdfast claims rebuild" restores it.'),
    );
  if (claim !== undefined && claimed === undefined && met.length > 0)
    collector.add(finding('CLAIM_DIFFERS', GENESIS_CLAIM, 'the claim of the genesis names none that is there.'));
  if (chosen === undefined) {
    if (archiveId !== undefined) collector.add(finding('POLICY_MISMATCH', GENESIS_KEY, `no genesis here has the id ${archiveId}.`));
    else if (met.length > 1) collector.add(finding('GENESIS_INVALID', GENESIS_KEY, 'there are several; name the right one by its id.'));
    else collector.add(finding('GENESIS_MISSING', GENESIS_KEY, 'the genesis is not there: nothing can be judged.'));
    return undefined;
  }
  for (const other of met)
    if (other !== chosen)
      collector.add(finding('ABANDONED_ATTEMPT', `${GENESIS_KEY} ${other.versions.join(' ')}`, 'a genesis that was not claimed.'));
  return chosen;
}

/** The genesis is locked as long as the classes of the first segment of `gov` demand; any version that is will do. */
async function checkGenesisLock(context: VerifyContext, versions: readonly string[]): Promise<void> {
  const least = demandedLock(context, retainUntil(new Date(context.genesis.created), horizonMonths(context.state.classesAt(1).values())));
  await checkLock(context, GENESIS_KEY, versions, least, 'the genesis');
}

/** Claims of numbers or chains that are not there: the end of a chain was removed, or somebody put a claim in its way. */
async function checkClaimNames(context: VerifyContext): Promise<void> {
  const done = new Set<string>();
  for await (const key of context.evidence.claimKeys()) {
    throwIfStopped(context);
    // What store-check tries on the claims bucket stays there: claims have no lock that ends.
    if (key === GENESIS_CLAIM || key.startsWith('store-check/')) continue;
    const [, chain = '', digits] = /^(.+)\/(\d{16})$/.exec(key) ?? [];
    const walked = context.ends.get(chain);
    // Claims of batches are read where the log is walked.
    if (chain === LOG_CHAIN && digits !== undefined) continue;
    if (walked === undefined) {
      // Not asked for, or registered since.
      if (!context.state.chains.has(chain)) await context.followGovernance();
      if (digits === undefined || !context.state.chains.has(chain)) context.add(finding('ORPHAN', key, 'this claim belongs to no chain.'));
      continue;
    }
    // The claim right behind the end was read when the chain was walked.
    const seq = Number(digits);
    if (seq <= walked.end || done.has(chain)) continue;
    done.add(chain);
    if (seq >= walked.seen && (await isStored(context, chain, seq))) continue;
    context.add(finding('MANIFEST_MISSING', `${chain} ${seq}`, `this number is claimed, and the chain ends before number ${walked.end}.`));
  }
}

/** Registered chains, and chains that only have objects; every other key in the vault is an orphan. */
async function chainsMet(context: VerifyContext, allNames: boolean): Promise<string[]> {
  const chains = new Set(context.state.chains.keys());
  if (context.level < 5) {
    context.collector.skipped.add('Other versions, delete markers and orphans were not looked for (level below 5).');
    return [...chains].sort();
  }
  if (!allNames) return [...chains].sort();
  for await (const { key } of context.evidence.list('')) {
    throwIfStopped(context);
    // Probes of store-check are locked for minutes and belong to nobody's archive (format section 2).
    if (key === GENESIS_KEY || key.startsWith(STATEMENT_PREFIX) || key.startsWith('store-check/')) continue;
    // Objects of the log are judged with the log.
    if (parseLogKey(key) !== undefined) continue;
    const chain = (parseManifestKey(key) ?? parseContentKey(key))?.chain;
    if (chain === undefined) {
      if (!belongsToChain(key, chains)) context.add(finding('ORPHAN', key, 'nothing in the archive has this name.'));
    } else if (chain !== 'gov' && !chains.has(chain)) {
      await context.followGovernance();
      chains.add(chain);
      if (!context.state.chains.has(chain)) context.add(finding('CHAIN_UNREGISTERED', key, `gov has not registered the chain ${chain}.`));
    }
  }
  return [...chains].sort();
}

/** Odd names under a chain that is walked are reported there. */
function belongsToChain(key: string, chains: ReadonlySet<string>): boolean {
  for (const chain of ['gov', ...chains]) if (key.startsWith(`m/${chain}/`) || key.startsWith(`o/${chain}/`)) return true;
  return false;
}
