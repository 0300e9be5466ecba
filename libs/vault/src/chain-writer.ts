import { HoldfastError } from '@holdfast/record';
import {
  CLAIM_TYP,
  LEDGER_CLASS,
  MANIFEST_TYP,
  MAX_JWS,
  claimKey,
  contentKey,
  encodeDocument,
  endOfPeriod,
  manifestEntry,
  manifestKey,
  parseJws,
  toBase64Url,
  toHex,
  utf8,
} from '@holdfast/seal';
import type { Manifest, ManifestObject, SealedSegment } from '@holdfast/seal';
import type { Archive } from './archive.js';
import type { CheckedClock } from './checked-clock.js';
import { settleClaim } from './claiming.js';
import type { ChainHead } from './head.js';
import type { Committed, KeyLookup, Place } from './manifests.js';

/** Content up to this size travels inside the manifest of ledger chains: an append is two small PUTs. */
export const INLINE_BYTES = 24 * 1024;
const NO_PREVIOUS = '0'.repeat(64);

/** The governance head that a segment obeys. */
export interface GovernanceHead {
  readonly next: number;
  readonly hash: string;
}

/** What a writer needs to know of governance at each commit. */
export interface WriterRules {
  readonly head: GovernanceHead;
  readonly keys: KeyLookup;
  /** Number of `gov` segments that a manifest must obey to be signed by this key; undefined when `gov` has not introduced it. */
  introduced(kid: string): number | undefined;
  /** Lock of manifests and ledger content under these classes. */
  ledgerUntil(clock: Date): Date;
}

/** Parts of a manifest that are not content. */
export interface SegmentExtras {
  readonly source?: NonNullable<Manifest['source']>;
  readonly closing?: NonNullable<Manifest['closing']>;
}

/** Content that is durable but not committed. */
export interface StagedSegment {
  /** The checked clock that cohorts and locks were counted from; the manifest names it, whenever it is committed. */
  readonly clock: Date;
  readonly segment: SealedSegment;
  readonly objects: readonly ManifestObject[];
}

/**
 * Appends to one chain. Whoever wins the claim of the next number has appended; a writer that loses must look at what won.
 * `stage` may run for several segments at once, `commit` goes strictly one after the other.
 */
export class ChainWriter {
  readonly #archive: Archive;
  readonly #clock: CheckedClock;
  readonly chain: string;
  #head: ChainHead;

  constructor(archive: Archive, clock: CheckedClock, chain: string, head: ChainHead) {
    this.#archive = archive;
    this.#clock = clock;
    this.chain = chain;
    this.#head = head;
  }

  get head(): ChainHead {
    return this.#head;
  }

  /** The offset that the next segment begins with. */
  get nextOffset(): bigint {
    return BigInt(this.#head.last?.manifest.next ?? '0');
  }

  /** Step 4 of the life of a record: content objects become durable. `clock` is the checked clock that decided their cohorts. */
  async stage(seq: number, segment: SealedSegment, rules: Pick<WriterRules, 'ledgerUntil'>, clock: Date): Promise<StagedSegment> {
    const total = segment.objects.reduce((sum, object) => sum + object.bytes.length, 0);
    const objects = await Promise.all(
      segment.objects.map(async (object): Promise<ManifestObject> => {
        const ledger = object.cohort.className === LEDGER_CLASS.name;
        const until = ledger ? rules.ledgerUntil(clock) : endOfPeriod(object.cohort.period);
        const facts = manifestEntry(object, until);
        if (ledger && total <= INLINE_BYTES) return { ...facts, inline: toBase64Url(object.bytes) };
        const key = contentKey(this.chain, seq, object.no, object.cohort, facts.sha256);
        // Durable, not yet committed: a crash from here on leaves an abandoned attempt; the restart reads the source again.
        const version = await this.#archive.vault.put(key, object.bytes, { mode: 'COMPLIANCE', retainUntil: until });
        return { ...facts, key, version };
      }),
    );
    return { clock, segment, objects };
  }

  /**
   * Steps 5 and 6: manifest, then claim. Answers undefined when another writer has won this number.
   * @throws HoldfastError `clock_skew`, `key_missing`, `store_unavailable`, `stopped`; after the last two the outcome is
   * unknown and the writer must be opened again
   */
  async commit(staged: StagedSegment, rules: WriterRules, extras: SegmentExtras = {}, signal?: AbortSignal): Promise<Committed | undefined> {
    const { segment, objects, clock } = staged;
    const { seqs: seq, last } = this.#head;
    if (last?.manifest.closing !== undefined) throw new HoldfastError('chain_broken', `the chain ${this.chain} is closed.`);
    // Whatever lies between would be lost without anybody having decided so.
    if (segment.first !== this.nextOffset)
      throw new HoldfastError('chain_broken', `${this.chain} ${seq} would begin at ${segment.first} where ${this.nextOffset} must follow.`);
    if (rules.head.next < (last?.manifest.governance.next ?? 0))
      throw new HoldfastError('chain_broken', `${this.chain} ${seq} would obey an older head of gov than the segment before it.`);
    // A wrong clock stops here. What counts is the clock that cohorts were decided by: a store that was away over the end of a
    // month must not make their locks too short for the manifest that names them.
    await this.#clock.now();
    const previousTime = last?.manifest.time ?? '';
    const now = clock.toISOString();
    const manifest: Manifest = {
      format: 'holdfast.manifest/1',
      suite: 1,
      archive: this.#archive.idHex,
      chain: this.chain,
      seq,
      prev: last?.hash ?? (this.chain === 'gov' ? this.#archive.idHex : NO_PREVIOUS),
      first: segment.first.toString(),
      next: segment.next.toString(),
      records: segment.records,
      holes: {
        count: segment.holes.count,
        sum: segment.holes.sum.toString(),
        losses: segment.holes.losses.map((loss) => ({ from: loss.from.toString(), to: loss.to.toString(), reason: loss.reason })),
      },
      root: toHex(segment.root),
      objects: [...objects],
      governance: rules.head,
      // Order time never falls along a chain, whatever the clock does (finding CLOCK_AHEAD).
      time: previousTime > now ? previousTime : now,
      clock: now,
      software: this.#archive.software,
      ...extras,
    };
    const bytes = utf8(await this.#archive.keys.sign(encodeDocument(manifest), MANIFEST_TYP));
    // Nobody could read it: better not stored than claimed.
    if (bytes.length > MAX_JWS) throw new HoldfastError('bad_request', `the manifest ${this.chain} ${seq} would have ${bytes.length} bytes.`);
    checkSigner(parseJws(bytes).kid, rules, { chain: this.chain, seq });
    const hash = toHex(this.#archive.crypto.sha256(bytes));
    const key = manifestKey(this.chain, seq, hash);
    // Claim seq−1 was read back (the head says so), so storing manifest seq keeps the rule that rolled-back claims betray.
    const version = await this.#archive.vault.put(key, bytes, { mode: 'COMPLIANCE', retainUntil: rules.ledgerUntil(clock) });
    const claim = { format: 'holdfast.claim/1' as const, archive: this.#archive.idHex, chain: this.chain, seq, manifest: hash, version };
    const body = utf8(await this.#archive.keys.sign(encodeDocument(claim), CLAIM_TYP));
    // COMMIT POINT. Before: an abandoned attempt. After: the segment is part of the archive for ever.
    const outcome = await settleClaim(this.#archive.claims, claimKey(this.chain, seq), body, signal);
    if (!outcome.won) return undefined;
    const committed = { manifest, hash };
    this.#head = { seqs: seq + 1, last: committed };
    return committed;
  }
}

/** A manifest that no verifier would accept must never be claimed: its chain would stop for everybody. */
function checkSigner(kid: string, rules: WriterRules, place: Place): void {
  const from = rules.introduced(kid);
  if (from === undefined) throw new HoldfastError('key_missing', `the key ring signs with the key ${kid}, which gov has not introduced.`);
  if (rules.keys(kid, place) === undefined)
    throw new HoldfastError(
      'key_missing',
      `the key ring signs with the key ${kid}, which gov has closed: give this process the key ring that holds its successor.`,
    );
  // The key ring was rotated while the segment was open, under a head that does not know the new key yet.
  if (from > rules.head.next)
    throw new HoldfastError('stopped', `the key ${kid} is younger than the head of gov that the segment obeys; it is sealed anew.`);
}
