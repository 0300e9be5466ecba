import { HoldfastError } from '@holdfast/record';
import type { Lock } from '@holdfast/ports';
import type { ManifestObject } from '@holdfast/seal';
import { GOVERNANCE_CHAIN, readAhead, readPlaced } from '@holdfast/vault';
import type { Archive, Committed, GovernanceLog, PlacedManifest } from '@holdfast/vault';
import { checkManifest, manifestLock } from '@holdfast/verify';

/** Hashes of `gov` that are remembered: manifests of one time name the same few heads. */
const MOST_HEADS = 1_000;
const AT_ONCE = 8;

/** What becomes of the next manifest of a chain. */
export type Verdict =
  | { readonly verdict: 'admitted'; readonly committed: Committed }
  /** It names a head of `gov` that is not in the log yet; the log takes that first (docs/transparency-log.md section 1, rule 2). */
  | { readonly verdict: 'waits' };

/**
 * Judges manifests before they are integrated: what is in the log stays there for ever, and vouches for them. Checked are
 * signature and hash (reading), that `gov` had introduced the signer by the head that the manifest obeys, everything that
 * follows from the manifest before it and from `gov` (the same function as `verify`), and by one HEAD each the locks of the
 * manifest and of its content objects and their sizes. Content is not read: that is the work of the role index, of second
 * copies and of `verify`, and would double the traffic of the archive.
 */
export class Admission {
  readonly #archive: Archive;
  readonly #governance: GovernanceLog;
  readonly #heads = new Map<number, string>();

  constructor(archive: Archive, governance: GovernanceLog) {
    this.#archive = archive;
    this.#governance = governance;
  }

  /** Committed manifests of `chain` from `seq` on, verified in themselves. @throws HoldfastError `claim_unreadable` */
  manifests(chain: string, seq: number): AsyncGenerator<PlacedManifest> {
    return readAhead(seq, AT_ONCE, (no) => readPlaced(this.#archive, chain, no, this.#governance.keys));
  }

  /**
   * The manifest of `chain` that the log has last, for the first judgement of a process.
   * @throws HoldfastError `claims_rolled_back`, `chain_broken` when the chain does not have what the log has
   */
  async last(chain: string, next: number, hash: string): Promise<Committed | undefined> {
    if (next === 0) return undefined;
    const last = await readPlaced(this.#archive, chain, next - 1, this.#governance.keys);
    if (last === undefined)
      throw new HoldfastError('claims_rolled_back', `the log has ${next} manifests of ${chain}, and claim ${next - 1} is gone.`);
    if (last.hash !== hash) throw new HoldfastError('chain_broken', `the log has another manifest ${next - 1} of ${chain} than its claim names.`);
    return last;
  }

  /**
   * `loggedGov`: manifests of `gov` that stand before this one in the log.
   * @throws HoldfastError `manifest_invalid`: it must never be integrated as it is; `object_missing`, `store_unavailable`
   */
  async judge(placed: PlacedManifest, previous: Committed | undefined, loggedGov: number): Promise<Verdict> {
    const { manifest, hash, kid } = placed;
    const { governance } = manifest;
    const place = `${manifest.chain} ${manifest.seq}`;
    if (governance.next > loggedGov || governance.next > this.#governance.head.next) return { verdict: 'waits' };
    const introduced = this.#governance.rules().introduced(kid);
    if (introduced === undefined || introduced > governance.next)
      throw new HoldfastError(
        'manifest_invalid',
        `${place} is signed by the key ${kid}, which gov had not introduced by its head ${governance.next}.`,
      );
    const heads = new Map([[governance.next, await this.#headOf(governance.next)]]);
    const { state } = this.#governance;
    const found = checkManifest({ manifest, hash }, previous, this.#archive.idHex, state, heads).find(({ severity }) => severity === 'finding');
    if (found !== undefined) throw new HoldfastError('manifest_invalid', `${found.code} ${found.place}: ${found.message}`);
    const stored = await this.#archive.vault.head(placed.key, placed.version);
    checkLock(placed.key, stored.lock, manifestLock(manifest, state));
    await Promise.all(manifest.objects.map((object) => this.#checkObject(object)));
    return { verdict: 'admitted', committed: { manifest, hash } };
  }

  /** Remembers the hash of a manifest of `gov` that was read. */
  noteGovernance(seq: number, hash: string): void {
    this.#heads.set(seq + 1, hash);
    if (this.#heads.size > MOST_HEADS) this.#heads.delete(this.#heads.keys().next().value ?? 0);
  }

  /** What a manifest that obeys `next` segments of `gov` must name. */
  async #headOf(next: number): Promise<string> {
    if (next === 0) return this.#archive.idHex;
    const known = this.#heads.get(next);
    if (known !== undefined) return known;
    const head = await readPlaced(this.#archive, GOVERNANCE_CHAIN, next - 1, this.#governance.keys);
    if (head === undefined) throw new HoldfastError('claims_rolled_back', `the log has ${next} manifests of gov, and claim ${next - 1} is gone.`);
    this.noteGovernance(next - 1, head.hash);
    return head.hash;
  }

  async #checkObject({ key, version, size, retainUntil }: ManifestObject): Promise<void> {
    if (key === undefined || version === undefined) return;
    const { vault } = this.#archive;
    const until = new Date(retainUntil);
    try {
      const stored = await vault.head(key, version);
      if (stored.size !== size) throw new HoldfastError('manifest_invalid', `${key} has ${stored.size} bytes, its manifest says ${size}.`);
      checkLock(key, stored.lock, until);
    } catch (error) {
      if (!(error instanceof HoldfastError) || error.code !== 'object_missing') throw error;
      // In a copy it lies under another version; its key names its hash, and the copy was compared when it was made.
      for await (const row of vault.list(key)) {
        if (row.key !== key || row.deleteMarker || row.size !== size) continue;
        checkLock(key, (await vault.head(key, row.version)).lock, until);
        return;
      }
      throw error;
    }
  }
}

function checkLock(key: string, lock: Lock | null, until: Date): void {
  if (lock?.mode !== 'COMPLIANCE') throw new HoldfastError('manifest_invalid', `${key} is not locked in COMPLIANCE mode.`);
  if (lock.retainUntil < until)
    throw new HoldfastError('manifest_invalid', `${key} is locked until ${lock.retainUntil.toISOString()}, demanded is ${until.toISOString()}.`);
}
