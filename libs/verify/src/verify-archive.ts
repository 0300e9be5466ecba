import { HoldfastError } from '@holdfast/record';
import { GovernanceFold, parseClearEvent } from '@holdfast/governance';
import type { ClearEvent } from '@holdfast/governance';
import {
  GENESIS_CLAIM,
  GENESIS_KEY,
  GENESIS_TYP,
  fromUtf8,
  genesisSchema,
  parseContentKey,
  parseDocument,
  parseJson,
  parseJws,
  parseManifestKey,
  toHex,
  verifyJws,
} from '@holdfast/seal';
import type { Crypto, Genesis } from '@holdfast/seal';
import type { VerifyContext } from './context.js';
import type { Evidence } from './evidence.js';
import { finding } from './findings.js';
import type { VerifyReport } from './report.js';
import { Collector } from './report.js';
import { verifyChain } from './verify-chain.js';
import { STATEMENT_PREFIX, verifyStatements } from './verify-statements.js';

/** Levels of `domain`: 1 signatures, 3 chains, 4 objects, 5 other versions and orphans, 6 content. 2, 7 and 8 come with the log, governance and the index. */
export const HIGHEST_LEVEL = 6;

export interface VerifyOptions {
  readonly crypto: Crypto;
  /** All levels up to this one. */
  readonly level?: number;
  /** The archive id that the verifier holds from elsewhere. */
  readonly archiveId?: string;
  /** Only these chains (and `gov`, without which nothing can be judged). */
  readonly chains?: readonly string[];
  readonly onProgress?: (progress: {
    readonly chain: string;
    readonly segments: number;
    readonly records: number;
    readonly bytes: number;
    readonly findings: number;
  }) => void;
  readonly signal?: AbortSignal;
}

/** Judges a whole archive. Never throws for what it meets there: that is what findings are for. */
export async function verifyArchive(evidence: Evidence, options: VerifyOptions): Promise<VerifyReport> {
  const collector = new Collector();
  const level = Math.min(options.level ?? HIGHEST_LEVEL, HIGHEST_LEVEL);
  const genesis = await findGenesis(evidence, options, collector);
  if (genesis === undefined) return collector.report('', '', level);
  let chain = 'gov';
  const context: VerifyContext = {
    evidence,
    crypto: options.crypto,
    level,
    archive: genesis.id,
    archiveHex: toHex(genesis.id),
    genesis: genesis.genesis,
    state: new GovernanceFold(),
    heads: new Map([[0, toHex(genesis.id)]]),
    collector,
    add: (found) => {
      collector.add(found);
    },
    progress: () => {
      options.onProgress?.({
        chain,
        segments: collector.segments,
        records: collector.records,
        bytes: collector.bytes,
        findings: collector.findingsTotal,
      });
    },
    signal: options.signal,
  };
  const statements = await verifyGovernance(context);
  if (level >= 5) await verifyStatements(context, statements);
  const chains = await chainsMet(context);
  for (const name of chains) {
    if (options.chains !== undefined && !options.chains.includes(name)) continue;
    chain = name;
    await verifyChain(context, name);
  }
  for await (const stray of evidence.strays()) context.add(finding('STRAY', stray, 'this is neither an object nor the state of one.'));
  context.add(
    finding(
      'NOT_ANCHORED',
      context.archiveHex,
      'self-consistent only: no checkpoint that a witness, a time-stamp authority or you hold was compared. Compare archive id and log key by hand.',
    ),
  );
  return collector.report(context.archiveHex, context.genesis.log.key.kid, level);
}

async function findGenesis(
  evidence: Evidence,
  options: VerifyOptions,
  collector: Collector,
): Promise<{ readonly id: Uint8Array; readonly genesis: Genesis } | undefined> {
  const claimed = evidence.claims ? await evidence.claim(GENESIS_CLAIM) : undefined;
  const wanted = options.archiveId ?? (claimed === undefined ? undefined : fromUtf8(claimed));
  const met: { readonly id: Uint8Array; readonly genesis: Genesis }[] = [];
  for await (const { key, version, deleteMarker } of evidence.list(GENESIS_KEY)) {
    if (key !== GENESIS_KEY) continue;
    if (deleteMarker) {
      collector.add(finding('DELETE_MARKER', key, 'a delete marker hides the genesis.'));
      continue;
    }
    const bytes = await evidence.get(key, version);
    if (bytes === undefined) continue;
    const id = options.crypto.sha256(bytes);
    try {
      const jws = parseJws(bytes);
      const genesis = parseDocument(genesisSchema, jws.payload);
      if (!verifyJws(options.crypto, jws, GENESIS_TYP, genesis.manifestKey))
        throw new HoldfastError('manifest_invalid', 'its signature does not verify');
      if (toHex(id) === wanted || wanted === undefined) met.push({ id, genesis });
      else collector.add(finding('ABANDONED_ATTEMPT', `${key} ${version}`, 'a genesis that was not claimed.'));
      const state = await evidence.head(key, version);
      if (state?.lock?.mode !== 'COMPLIANCE') collector.add(finding('LOCK_MISSING', key, 'the genesis is not locked in COMPLIANCE mode.'));
    } catch (error) {
      if (!(error instanceof HoldfastError)) throw error;
      collector.add(finding('GENESIS_INVALID', `${key} ${version}`, `${error.message}.`));
    }
  }
  if (met.length === 1) return met[0];
  if (options.archiveId !== undefined) collector.add(finding('POLICY_MISMATCH', GENESIS_KEY, `no genesis here has the id ${options.archiveId}.`));
  else if (met.length > 1) collector.add(finding('GENESIS_INVALID', GENESIS_KEY, 'there are several; name the right one by its id.'));
  else collector.add(finding('GENESIS_MISSING', GENESIS_KEY, 'the genesis is not there, or is not the one that was claimed: nothing can be judged.'));
  return undefined;
}

/** `gov` first: its events say which keys, chains and classes everything else is judged by. Answers the statements it names. */
async function verifyGovernance(context: VerifyContext): Promise<ReadonlySet<string>> {
  const statements = new Set<string>();
  let events: ClearEvent[] = [];
  await verifyChain(context, 'gov', {
    onRecord: (record, object) => {
      try {
        if (object.enc === 'none') events.push(parseClearEvent(parseJson(record.value ?? new Uint8Array(0))));
      } catch (error) {
        if (!(error instanceof HoldfastError)) throw error;
        context.add(finding('GOVERNANCE_INVALID', `gov offset ${record.offset}`, `${error.message}.`));
      }
    },
    onSegment: ({ manifest, hash }) => {
      context.heads.set(manifest.seq + 1, hash);
      for (const event of events) {
        try {
          context.state.apply(event, manifest.seq);
          if (event.type === 'claims.repaired') statements.add(event.statement);
        } catch (error) {
          if (!(error instanceof HoldfastError)) throw error;
          context.add(finding('GOVERNANCE_INVALID', `gov ${manifest.seq}`, `${error.message}.`));
        }
      }
      events = [];
    },
  });
  return statements;
}

/** Registered chains, and chains that only have objects; every other key in the vault is an orphan. */
async function chainsMet(context: VerifyContext): Promise<string[]> {
  const chains = new Set(context.state.chains.keys());
  if (context.level < 5) {
    context.collector.skipped.add('Other versions, delete markers and orphans were not looked for (level below 5).');
    return [...chains].sort();
  }
  for await (const { key } of context.evidence.list('')) {
    // Probes of store-check are locked for minutes and belong to nobody's archive (format section 2).
    if (key === GENESIS_KEY || key.startsWith(STATEMENT_PREFIX) || key.startsWith('store-check/')) continue;
    const chain = (parseManifestKey(key) ?? parseContentKey(key))?.chain;
    if (chain === undefined) {
      if (!belongsToChain(key, chains)) context.add(finding('ORPHAN', key, 'nothing in the archive has this name.'));
    } else if (chain !== 'gov' && !chains.has(chain)) {
      context.add(finding('CHAIN_UNREGISTERED', key, `gov has not registered the chain ${chain}.`));
      chains.add(chain);
    }
  }
  return [...chains].sort();
}

/** Odd names under a chain that is walked are reported there. */
function belongsToChain(key: string, chains: ReadonlySet<string>): boolean {
  for (const chain of ['gov', ...chains]) if (key.startsWith(`m/${chain}/`) || key.startsWith(`o/${chain}/`)) return true;
  return false;
}
