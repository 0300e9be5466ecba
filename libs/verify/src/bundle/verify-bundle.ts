import { parseBundleIndex, entryName } from '@holdfast/bundle';
import type { BundleIndex } from '@holdfast/bundle';
import { GovernanceFold } from '@holdfast/governance';
import { GENESIS_TYP, genesisSchema, parseDocument, parseJws, toHex, verifyJws } from '@holdfast/seal';
import type { Crypto, Genesis } from '@holdfast/seal';
import { logKeyOf } from '@holdfast/tlog';
import { finding } from '../findings.js';
import { Collector } from '../report.js';
import { judgeAnchors } from './bundle-anchors.js';
import type { Anchors } from '../anchors.js';
import { judgeCompleteness, superfluousManifests } from './bundle-completeness.js';
import { checkContainer } from './bundle-container.js';
import type { BundleContext, Position } from './bundle-context.js';
import { checkDerived } from './bundle-derived.js';
import { checkDisclosed } from './bundle-disclosed.js';
import { EntryReader } from './bundle-entries.js';
import type { BundleEntries } from './bundle-entries.js';
import { walkGovernance } from './bundle-governance.js';
import { readManifests } from './bundle-manifests.js';
import { checkObjects, leavesByRecord } from './bundle-objects.js';
import { readPosition, timeText } from './bundle-position.js';
import { checkRecords } from './bundle-records.js';
import type { BundleFactsSeen } from './bundle-facts-seen.js';
import type { BundleReport } from './bundle-report.js';
import { sentencesOf } from './bundle-sentences.js';

export interface VerifyBundleOptions extends Anchors {
  readonly crypto: Crypto;
  /** The archive id that the verifier holds from elsewhere; that of the policy counts, too. */
  readonly archiveId?: string;
  /** `<chain>/<OFFSET>.rec` and `.salt` of records that the bundle does not show. */
  readonly disclosed?: BundleEntries;
}

/**
 * Judges an evidence bundle: offline, from its entries and what the verifier himself believes. Never throws for what it meets
 * there: that is what findings are for. Runs in a browser.
 */
export async function verifyBundle(given: BundleEntries, options: VerifyBundleOptions): Promise<BundleReport> {
  const collector = new Collector();
  const add = collector.add.bind(collector);
  const { crypto } = options;
  const entries = new EntryReader(given, add);
  const index = await readIndex(entries);
  const genesis = await readGenesis(entries, crypto);
  if (index !== undefined) await checkContainer(crypto, entries, index, add);
  const archive = genesis?.id ?? '';
  for (const pinned of new Set([options.archiveId, options.policy?.archive]))
    if (genesis !== undefined && pinned !== undefined && pinned !== archive)
      add(finding('POLICY_MISMATCH', 'genesis.jws', `the archive of this bundle is ${archive}, you named ${pinned}.`));
  if (index === undefined || genesis === undefined) return reportOf(collector, archive, genesis?.genesis.log.key.kid ?? '', undefined);
  if (index.archive !== archive)
    add(finding('BUNDLE_INDEX_WRONG', 'bundle.json', `it names the archive ${index.archive}, the genesis is that of ${archive}.`));
  entries.parse('genesis.jws', () => logKeyOf(crypto, genesis.genesis.log), 'GENESIS_INVALID');
  const context: BundleContext = {
    crypto,
    entries,
    index,
    archive: genesis.bytes,
    archiveHex: archive,
    genesis: genesis.genesis,
    state: new GovernanceFold(),
    heads: new Map([[0, archive]]),
    add,
  };
  return reportOf(collector, archive, genesis.genesis.log.key.kid, await judge(context, options));
}

async function judge(context: BundleContext, options: VerifyBundleOptions): Promise<BundleFactsSeen> {
  const { index } = context;
  await walkGovernance(context);
  const position = await readPosition(context);
  const anchors = await judgeAnchors(context, position, options);
  if (!anchors.anchored)
    context.add(
      finding(
        'NOT_ANCHORED',
        context.archiveHex,
        'no checkpoint that a witness of your policy, a time-stamp authority of it or you hold was found equal.',
      ),
    );
  const manifests = await readManifests(context, position);
  const objects = await checkObjects(context, manifests);
  const leaves = leavesByRecord(context, objects);
  const shown = await checkRecords(context, leaves);
  const { scope } = index;
  const completeness = scope.kind === 'conversation' ? judgeCompleteness(context, scope, position, manifests, objects) : undefined;
  if (scope.kind === 'conversation') superfluousManifests(context, position, manifests);
  else {
    for (const { name, proof } of objects.values())
      if (proof.directory !== undefined) context.add(finding('BUNDLE_PROOF_INVALID', name, 'only a bundle of a conversation opens directories.'));
  }
  const derived = await checkDerived(context, leaves, shown);
  const disclosed = options.disclosed === undefined ? [] : await checkDisclosed(context, leaves, options.disclosed);
  return {
    index,
    archive: context.archiveHex,
    logKey: context.genesis.log.key.kid,
    ...(position === undefined ? {} : { position: positionFacts(position) }),
    anchors,
    policyGiven: options.policy !== undefined,
    shown: shown.size,
    ...derived,
    ...(completeness === undefined ? {} : { completeness }),
    disclosed,
  };
}

function positionFacts({ open: { checkpoint }, time }: Position): NonNullable<BundleFactsSeen['position']> {
  return { origin: checkpoint.origin, size: checkpoint.size, root: toHex(checkpoint.root), time: timeText(time) };
}

async function readIndex(entries: EntryReader): Promise<BundleIndex | undefined> {
  const name = entryName({ kind: 'index' });
  const bytes = await entries.demand(name);
  return bytes === undefined ? undefined : entries.parse(name, () => parseBundleIndex(bytes));
}

async function readGenesis(entries: EntryReader, crypto: Crypto): Promise<{ id: string; bytes: Uint8Array; genesis: Genesis } | undefined> {
  const name = entryName({ kind: 'genesis' });
  const stored = await entries.demand(name, 'GENESIS_MISSING');
  if (stored === undefined) return undefined;
  const jws = entries.parse(name, () => parseJws(stored), 'GENESIS_INVALID');
  const genesis = jws === undefined ? undefined : entries.parse(name, () => parseDocument(genesisSchema, jws.payload), 'GENESIS_INVALID');
  if (jws === undefined || genesis === undefined) return undefined;
  if (!verifyJws(crypto, jws, GENESIS_TYP, genesis.manifestKey)) {
    entries.report(finding('GENESIS_INVALID', name, 'its signature does not verify.'));
    return undefined;
  }
  const bytes = crypto.sha256(stored);
  return { id: toHex(bytes), bytes, genesis };
}

function reportOf(collector: Collector, archive: string, logKey: string, seen: BundleFactsSeen | undefined): BundleReport {
  const ok = collector.findingsTotal === 0;
  const common = {
    ok,
    archive,
    logKey,
    findings: collector.findings,
    findingsTotal: collector.findingsTotal,
    notes: collector.notes,
    notesTotal: collector.notesTotal,
  };
  if (seen === undefined) {
    const sentence = { en: 'This is no bundle that can be judged: nothing is proven.', zh: '这不是可以判断的证据包：什么也没有证明。' };
    const none = { shown: 0, proven: 0, withheld: 0, outside: 0 };
    const absent = { witnesses: [], quorum: false, tokens: [], exceptions: [], disclosed: [], proven: [] };
    return { ...common, ...absent, anchored: false, records: none, attachments: 0, copies: 0, complete: 'not claimed', notProven: [sentence] };
  }
  const { index, position, anchors, completeness } = seen;
  const count = (state: BundleIndex['records'][number]['state']): number => index.records.filter((record) => record.state === state).length;
  return {
    ...common,
    anchored: anchors.anchored,
    ...(position === undefined ? {} : { log: { origin: position.origin, size: position.size, root: position.root }, time: position.time }),
    scope: index.scope.kind,
    witnesses: anchors.witnesses,
    quorum: anchors.quorum,
    tokens: anchors.tokens,
    records: { shown: count('shown'), proven: seen.shown, withheld: count('withheld'), outside: count('outside') },
    attachments: seen.attachments,
    copies: seen.copies,
    complete: completeness?.complete ?? 'not claimed',
    exceptions: completeness?.exceptions ?? [],
    ...(completeness === undefined
      ? {}
      : {
          covered: {
            chains: completeness.chains,
            segments: completeness.segments,
            objects: completeness.objects,
            unattributed: completeness.unattributed,
          },
        }),
    disclosed: seen.disclosed,
    ...sentencesOf(seen, ok),
  };
}
