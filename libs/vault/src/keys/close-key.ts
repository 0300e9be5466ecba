import { HoldfastError } from '@holdfast/record';
import type { ClearEvent, KeyStatement } from '@holdfast/governance';
import { LOG_CHAIN } from '@holdfast/tlog';
import { SegmentBuilder, toBase64Url, toHex } from '@holdfast/seal';
import type { Archive } from '../archive.js';
import { ChainWriter } from '../chain-writer.js';
import type { CheckedClock } from '../checked-clock.js';
import { GOVERNANCE_CHAIN } from '../governance-log.js';
import type { GovernanceLog } from '../governance-log.js';
import { readHead } from '../head.js';
import { LogCheckpoints } from '../log-checkpoints.js';
import { readPlaced } from '../manifests.js';
import { storeStatements } from './key-statement.js';
import { signedBy, signedChains } from './signed-by.js';
import type { SignedChain } from './signed-by.js';

const MAX_MOVED = 20;

export interface KeyTools {
  readonly archive: Archive;
  readonly governance: GovernanceLog;
  readonly clock: CheckedClock;
  readonly principal: string;
}

type IntroducedKey = Extract<ClearEvent, { type: 'key.introduced' }>['jwk'];

/** Seals that a key may sign from now on. A key that `gov` knows already is left as it is, so a repeat after a crash does no harm. */
export async function introduceKey(
  { archive, governance, principal }: KeyTools,
  use: 'manifest' | 'log' | 'recovery',
  jwk: IntroducedKey,
  statements?: readonly string[],
): Promise<void> {
  await governance.append((state) => {
    const known = { manifest: state.manifestKeys, log: state.logKeys, recovery: state.recoveryKeys }[use].has(jwk.kid);
    return known
      ? []
      : [{ type: 'key.introduced', ...command(archive, principal), use, jwk, ...(statements !== undefined && { statements: [...statements] }) }];
  });
}

/** Manifest keys that `gov` holds open and that are not `kid`. */
export function openManifestKeys(governance: GovernanceLog, kid: string): string[] {
  return [...governance.state.manifestKeys].filter(([other, { closed }]) => other !== kid && closed === undefined).map(([other]) => other);
}

/**
 * Commits an empty segment on every chain whose newest one is signed by an older key than the key ring's: a chain that is idle
 * would otherwise keep the old key open for ever. `gov` gets its own with the end of the key; the log is the notary's.
 * Whoever writes there loses at most one race, and goes on behind it.
 */
export async function renewHeads({ archive, governance, clock }: KeyTools, onChain?: (chain: string) => void): Promise<number> {
  const { kid } = await archive.keys.manifestKey();
  let renewed = 0;
  for (const chain of signedChains(governance.state)) {
    if (chain === GOVERNANCE_CHAIN || chain === LOG_CHAIN) continue;
    for (let moved = 0; ; moved++) {
      await governance.refresh();
      const head = await readHead(archive, chain, governance.keys, 0, governance.log);
      if (head.last === undefined || head.last.manifest.closing !== undefined || (await headSigner(archive, governance, chain, head.seqs)) === kid)
        break;
      if (moved === MAX_MOVED)
        throw new HoldfastError(
          'claim_lost',
          `the chain ${chain} is still being sealed under another key than ${kid}: give its writer the key ring that holds it.`,
        );
      onChain?.(chain);
      const writer = new ChainWriter(archive, clock, chain, head);
      const rules = governance.rules();
      const builder = new SegmentBuilder(archive.crypto, { archive: archive.id, chain, seq: head.seqs }, writer.nextOffset);
      const staged = await writer.stage(head.seqs, builder.finish(), rules, await clock.now());
      // Durable, not committed: a crash leaves an abandoned attempt, and the next run looks at the head again.
      if ((await writer.commit(staged, rules)) !== undefined) renewed++;
    }
  }
  return renewed;
}

async function headSigner(archive: Archive, governance: GovernanceLog, chain: string, segments: number): Promise<string> {
  const placed = await readPlaced(archive, chain, segments - 1, governance.keys);
  if (placed === undefined) throw new HoldfastError('claims_rolled_back', `the claim of ${chain} ${segments - 1} was there and is gone.`);
  return placed.kid;
}

/** What stands in the way of closing a key, or nothing. */
export interface Closing {
  readonly closed: boolean;
  /** Chains whose newest segment is still under the key. */
  readonly waiting: readonly string[];
}

/**
 * Closes a manifest key after a rotation: fixes for each chain the last number that it may have signed. Not before every chain
 * goes on under another key, so that nobody honest is left who signs with it.
 */
export async function closeManifestKey(tools: KeyTools, kid: string, reason: string): Promise<Closing> {
  const { archive, governance, principal } = tools;
  for (let moved = 0; moved < MAX_MOVED; moved++) {
    await governance.refresh();
    const entry = governance.state.manifestKeys.get(kid);
    if (entry === undefined) throw new HoldfastError('bad_request', `gov has introduced no manifest key ${kid}.`);
    if (entry.closed !== undefined) return { closed: true, waiting: [] };
    await refuseUnlessAnother(archive, kid);
    const expected = governance.head.next;
    const chains = await chainsOf(tools, kid);
    // gov goes on under the new key with this very event.
    const waiting = chains.filter(({ chain, atHead, ended }) => atHead && !ended && chain !== GOVERNANCE_CHAIN).map(({ chain }) => chain);
    if (waiting.length > 0) return { closed: false, waiting };
    await governance.append(() =>
      // gov has gone on since its last number under the key was looked up: look again.
      governance.head.next !== expected
        ? []
        : [{ type: 'key.closed', ...command(archive, principal), use: 'manifest', kid, chains: named(chains), reason }],
    );
  }
  throw new HoldfastError('claim_lost', `gov moved on ${MAX_MOVED} times while the key ${kid} was being closed; try again.`);
}

/**
 * Closes a log key after a rotation, at the size of the newest checkpoint. Not before that one is signed by the key ring's: a
 * notary that still has the old ring would sign what nobody believes.
 */
export async function closeLogKey(tools: KeyTools, kid: string, reason: string): Promise<Closing> {
  const { archive, governance, principal } = tools;
  await governance.refresh();
  if (governance.state.closedLogKeys.has(kid)) return { closed: true, waiting: [] };
  const own = await archive.keys.logKey();
  if (own.kid === kid) throw new HoldfastError('bad_request', `The key ring still signs the log with ${kid}: rotate the key first.`);
  const newest = await new LogCheckpoints(archive, governance).newest();
  if (newest !== undefined && toBase64Url(newest.signedBy.key) !== own.x) return { closed: false, waiting: [LOG_CHAIN] };
  const logSize = newest?.checkpoint.size ?? 0;
  await governance.append((state) =>
    state.closedLogKeys.has(kid) ? [] : [{ type: 'key.closed', ...command(archive, principal), use: 'log', kid, chains: [], logSize, reason }],
  );
  return { closed: true, waiting: [] };
}

/** Heads that people vouch for: number of segments by chain. A chain that is not named is vouched for up to nothing. */
export type AcceptedHeads = ReadonlyMap<string, number>;

/**
 * What the holders of recovery keys are to sign so that a stolen manifest key is closed at once: everything that it has signed up
 * to now, and up to where they vouch for it. The key ring must sign with another key already.
 */
export async function prepareClosing(tools: KeyTools, kid: string, accepted: AcceptedHeads | 'all', reason: string): Promise<KeyStatement> {
  const { archive, governance, principal } = tools;
  await governance.refresh();
  const entry = governance.state.manifestKeys.get(kid);
  if (entry === undefined || entry.closed !== undefined) throw new HoldfastError('bad_request', `gov has no open manifest key ${kid}.`);
  await refuseUnlessAnother(archive, kid);
  const chains = named(await chainsOf(tools, kid)).map(({ chain, next }) => ({
    chain,
    next,
    accepted: accepted === 'all' ? next : Math.min(next, accepted.get(chain) ?? 0),
  }));
  return {
    format: 'holdfast.key-statement/1',
    archive: archive.idHex,
    action: 'close',
    use: 'manifest',
    kid,
    chains,
    logSize: null,
    reason,
    principal,
    time: archive.clock.now().toISOString(),
  };
}

/**
 * Closes a stolen manifest key with what recovery keys have signed.
 * @throws HoldfastError `bad_request` also when the key has signed more since: whoever has it goes on, prepare and sign again
 */
export async function closeStolenKey(tools: KeyTools, statement: KeyStatement, signed: readonly string[]): Promise<void> {
  const { archive, governance } = tools;
  await governance.refresh();
  const { kid, chains, reason } = statement;
  if (governance.state.manifestKeys.get(kid)?.closed !== undefined) return;
  if (statement.archive !== archive.idHex || statement.action !== 'close' || statement.use !== 'manifest' || reason === null)
    throw new HoldfastError('bad_request', 'The statement is not about closing a manifest key of this archive.');
  await refuseUnlessAnother(archive, kid);
  const now = named(await chainsOf(tools, kid));
  const stated = new Map(chains.map(({ chain, next }) => [chain, next]));
  const moved = now.find(({ chain, next }) => next > (stated.get(chain) ?? 0));
  if (moved !== undefined)
    throw new HoldfastError(
      'bad_request',
      `${moved.chain} was sealed under the key ${kid} after the statement was prepared: stop every process that has the key, prepare and sign again.`,
    );
  const statements = await storeStatements(archive, governance, statement, signed);
  await governance.append((state) =>
    state.manifestKeys.get(kid)?.closed !== undefined
      ? []
      : [
          {
            type: 'key.closed',
            ...command(archive, tools.principal),
            use: 'manifest',
            kid,
            chains: chains.map((one) => ({ ...one })),
            reason,
            statements,
          },
        ],
  );
}

/** The key ring must sign with another key, one that `gov` knows: nobody seals his own end. */
async function refuseUnlessAnother(archive: Archive, kid: string): Promise<void> {
  if ((await archive.keys.manifestKey()).kid === kid)
    throw new HoldfastError('bad_request', `The key ring still signs with ${kid}: rotate the key first.`);
}

function chainsOf({ archive, governance }: KeyTools, kid: string): Promise<SignedChain[]> {
  return inTurn(signedChains(governance.state), (chain) => signedBy(archive, governance, kid, chain));
}

async function inTurn<A, B>(items: readonly A[], work: (item: A) => Promise<B>): Promise<B[]> {
  const done: B[] = [];
  for (const item of items) done.push(await work(item));
  return done;
}

/** Chains that the key has signed at all, as the event names them. */
function named(chains: readonly SignedChain[]): { chain: string; next: number }[] {
  return chains.filter(({ next }) => next > 0).map(({ chain, next }) => ({ chain, next }));
}

export function command(archive: Archive, principal: string): { id: string; time: string; principal: string } {
  return { id: toHex(archive.random(16)), time: archive.clock.now().toISOString(), principal };
}
