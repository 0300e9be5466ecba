import { entryName, parseEntryName } from '@holdfast/bundle';
import { equalBytes, fromUtf8, toHex } from '@holdfast/seal';
import { cosigners, logKeysOf, openCheckpoint, parsePolicy, satisfies } from '@holdfast/tlog';
import type { Policy } from '@holdfast/tlog';
import { CLOCKS_MS } from '../anchors.js';
import type { Anchors } from '../anchors.js';
import { finding } from '../findings.js';
import type { BundleContext, Position } from './bundle-context.js';
import { timeText } from './bundle-position.js';

export interface WitnessSeen {
  /** As the policy calls it. */
  readonly name: string;
  /** When it co-signed, RFC 3339. */
  readonly time: string;
}

export interface TokenSeen {
  /** SHA-256 of the token. */
  readonly hash: string;
  readonly time?: string;
  readonly authority?: string;
  /** Why it proves nothing to this verifier. */
  readonly problem?: string;
}

export interface AnchorReport {
  readonly anchored: boolean;
  readonly witnesses: readonly WitnessSeen[];
  /** Whether the witnesses make the quorum of the policy. */
  readonly quorum: boolean;
  readonly tokens: readonly TokenSeen[];
  /** Checkpoints that the verifier brought: equal to the one of the bundle, or of another size, which a bundle cannot relate to. */
  readonly brought: { readonly equal: number; readonly other: number };
}

/** What others than the archive say of the checkpoint. */
export async function judgeAnchors(context: BundleContext, position: Position | undefined, anchors: Anchors): Promise<AnchorReport> {
  const tokens = await readTokens(context);
  await checkSuggestedPolicy(context);
  const none: AnchorReport = { anchored: false, witnesses: [], quorum: false, tokens: [], brought: { equal: 0, other: 0 } };
  if (position === undefined) return none;
  const { policy } = anchors;
  const witnesses = policy === undefined ? [] : witnessesOf(context, position, policy);
  const quorum =
    policy !== undefined &&
    policy.quorum !== 'none' &&
    satisfies(
      policy,
      witnesses.map(({ name }) => name),
    );
  const seen = await checkTokens(context, position, tokens, anchors);
  const brought = compareBrought(context, position, anchors.checkpoints ?? []);
  const anchored = quorum || seen.some(({ time }) => time !== undefined) || brought.equal > 0;
  return { anchored, witnesses, quorum, tokens: seen, brought };
}

function witnessesOf(context: BundleContext, position: Position, policy: Policy): WitnessSeen[] {
  const { crypto, add } = context;
  const { signedBy, note } = position.open;
  if (policy.logs.length > 0 && !policy.logs.some(({ key }) => key.name === signedBy.name && equalBytes(key.key, signedBy.key)))
    add(finding('POLICY_MISMATCH', 'log/checkpoint', 'the checkpoint is not signed by a log of the policy.'));
  const found = cosigners(crypto, policy, note);
  if ('invalid' in found) {
    add(finding('CHECKPOINT_INVALID', 'log/checkpoint', `the co-signature of ${found.invalid} does not verify.`));
    return [];
  }
  return found.valid.map(({ name, time }) => {
    checkTime(context, position, time * 1000 + 999, `the witness ${name} co-signed`);
    return { name, time: timeText(time * 1000) };
  });
}

function checkTime(context: BundleContext, position: Position, at: number, what: string): void {
  if (at + CLOCKS_MS < position.time)
    context.add(
      finding(
        'TIME_IMPLAUSIBLE',
        'log/checkpoint',
        `${what} at ${timeText(at)}, before the tick of ${timeText(position.time)} that is under the checkpoint.`,
      ),
    );
}

async function readTokens(context: BundleContext): Promise<Map<string, Uint8Array>> {
  const tokens = new Map<string, Uint8Array>();
  for (const name of context.entries.names) {
    const place = parseEntryName(name);
    if (place?.kind !== 'token') continue;
    const bytes = await context.entries.read(name);
    if (bytes === undefined) continue;
    if (toHex(context.crypto.sha256(bytes)) === place.hash) tokens.set(place.hash, bytes);
    else context.add(finding('BUNDLE_ENTRY_DIFFERS', name, 'its bytes do not have the SHA-256 that its name says.'));
  }
  return tokens;
}

/** A token stands over the checkpoint or over an older token; from the checkpoint on each is looked for. */
async function checkTokens(
  context: BundleContext,
  position: Position,
  tokens: ReadonlyMap<string, Uint8Array>,
  anchors: Anchors,
): Promise<TokenSeen[]> {
  const { crypto } = context;
  const { timestampCheck: check, policy } = anchors;
  if (check === undefined || policy === undefined || policy.tsas.length === 0)
    return [...tokens.keys()].map((hash) => ({ hash, problem: 'not checked' }));
  const roots = policy.tsas.map(({ certificate }) => certificate);
  const left = new Map(tokens);
  const problems = new Map<string, string>();
  const seen: TokenSeen[] = [];
  const stamped = [position.bytes];
  for (let bytes = stamped.shift(); bytes !== undefined; bytes = stamped.shift()) {
    const digest = crypto.sha256(bytes);
    for (const [hash, token] of left) {
      const checked = await check(token, digest, roots);
      if (!checked.ok) {
        // The first answer is the one about the checkpoint itself.
        problems.set(hash, problems.get(hash) ?? checked.problem);
        continue;
      }
      left.delete(hash);
      stamped.push(token);
      checkTime(context, position, checked.time.getTime(), `a time-stamp authority (${checked.authority}) stamped it`);
      seen.push({ hash, time: checked.time.toISOString(), authority: checked.authority });
    }
  }
  for (const hash of left.keys()) {
    const problem = problems.get(hash) ?? 'it stands over nothing in the bundle';
    context.add(finding('TOKEN_NOT_TRUSTED', entryName({ kind: 'token', hash }), problem));
    seen.push({ hash, problem });
  }
  return seen;
}

/** What the archive suggests is never believed; it must only be readable. */
async function checkSuggestedPolicy(context: BundleContext): Promise<void> {
  const name = entryName({ kind: 'policy' });
  const bytes = await context.entries.read(name);
  const policy = bytes === undefined ? undefined : context.entries.parse(name, () => parsePolicy(context.crypto, fromUtf8(bytes)));
  if (policy?.archive !== undefined && policy.archive !== context.archiveHex)
    context.add(finding('POLICY_MISMATCH', name, 'the policy that the bundle suggests is that of another archive.'));
}

/** A checkpoint that the verifier kept has the same root at the same size, or somebody keeps two histories. */
function compareBrought(context: BundleContext, position: Position, checkpoints: readonly Uint8Array[]): AnchorReport['brought'] {
  const { size, root } = position.open.checkpoint;
  let equal = 0;
  let other = 0;
  checkpoints.forEach((bytes, i) => {
    const place = `checkpoint ${i + 1} of the verifier`;
    const mine = context.entries.parse(
      place,
      () => openCheckpoint(context.crypto, bytes, logKeysOf(context, context.state)),
      'CHECKPOINT_INVALID',
    )?.checkpoint;
    if (mine === undefined) return;
    if (mine.size !== size) other++;
    else if (equalBytes(mine.root, root)) equal++;
    else context.add(finding('LOG_FORKED', place, `at ${size} entries its root is ${toHex(mine.root)}, that of the bundle ${toHex(root)}.`));
  });
  return { equal, other };
}
