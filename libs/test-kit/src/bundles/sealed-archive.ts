import { randomBytes } from 'node:crypto';
import type { ClearEvent } from '@holdfast/governance';
import { subjectOf } from '@holdfast/governance';
import type { RawRecord } from '@holdfast/record';
import {
  MANIFEST_TYP,
  GENESIS_TYP,
  SegmentBuilder,
  contentKey,
  manifestEntry,
  retainUntil,
  encodeDocument,
  monthOf,
  toBase64Url,
  toHex,
  utf8,
} from '@holdfast/seal';
import type { Cohort, Crypto, Genesis, Manifest, SealedObject, SealedSegment } from '@holdfast/seal';
import { Heads, cosign, encodeEntry, formatCheckpointText, formatNote, verifierKey } from '@holdfast/tlog';
import type { LogEntry } from '@holdfast/tlog';
import { emptyRoot, leafHash, rootInPlace } from '@holdfast/seal';
import { newEcPair, signCompact } from '../keys/plain-jose.js';
import type { EcPair } from '../keys/plain-jose.js';
import { newEdPair } from './signing-keys.js';
import type { EdPair } from './signing-keys.js';

/** A committed segment with everything that a bundle may need of it. */
export interface SealedManifest {
  readonly manifest: Manifest;
  readonly bytes: Uint8Array;
  readonly hash: string;
  readonly objects: readonly { readonly sealed: SealedObject; readonly dataKey: Uint8Array | null }[];
}

/** What a segment is sealed from; `cohort` null seals in the clear. */
export interface PlannedRecord {
  readonly record: RawRecord;
  readonly cohort: Cohort | null;
}

export const CLOCK = new Date('2026-03-01T08:00:00.000Z');
const CLASSES = { standard: { number: 1, months: 84 }, long: { number: 2, months: 120 } } as const;

/** The cohort that a record sealed at `CLOCK` belongs to. */
export function cohortOf(className: keyof typeof CLASSES): Cohort {
  const { number, months } = CLASSES[className];
  return { className, classNumber: number, period: monthOf(retainUntil(CLOCK, months)) };
}
const LEDGER: Cohort = { className: 'ledger', classNumber: 0, period: '2026' };

/**
 * A small archive in memory, sealed, signed and logged by the formats alone, without vault or store: what bundles and logs are
 * cut from in tests. Everything is in order; forging is the test's business.
 */
export class SealedArchive {
  readonly #crypto: Crypto;
  readonly genesis: Uint8Array;
  readonly id: Uint8Array;
  readonly origin = 'archive.example/log';
  readonly log: EdPair = newEdPair();
  readonly chains = new Map<string, SealedManifest[]>();
  /** Entries of the transparency log. */
  readonly entries: Uint8Array[] = [];
  readonly #heads = new Heads();
  #signer: EcPair = newEcPair();
  #registered = 0;
  #ticks = 0;

  constructor(crypto: Crypto) {
    this.#crypto = crypto;
    const genesis: Genesis = {
      format: 'holdfast.genesis/1',
      suite: 1,
      random: toHex(randomBytes(32)),
      created: CLOCK.toISOString(),
      manifestKey: this.#signer.publicJwk,
      log: { origin: this.origin, key: this.log.publicJwk },
      ledger: { period: '2026', kek: 'kek', escrow: newEcPair().publicJwk },
      recovery: [newEcPair().publicJwk],
    };
    this.genesis = this.#sign(GENESIS_TYP, encodeDocument(genesis));
    this.id = crypto.sha256(this.genesis);
  }

  get signer(): EcPair {
    return this.#signer;
  }

  /** Seals clear events as the next segment of `gov`, beside them an encrypted one when asked. */
  govern(events: readonly Record<string, unknown>[], options: { readonly encrypted?: boolean; readonly inline?: boolean } = {}): SealedManifest {
    const first = this.#next('gov');
    const records = events.map((event, i): PlannedRecord => {
      const whole = { ...event, id: toHex(randomBytes(16)), time: CLOCK.toISOString(), principal: 'os:tester' } as unknown as ClearEvent;
      if (whole.type === 'chain.registered') this.#registered++;
      return { record: textRecord(first + BigInt(i), subjectOf(whole), JSON.stringify(whole)), cohort: null };
    });
    if (options.encrypted === true)
      records.push({ record: textRecord(first + BigInt(records.length), 'matter:1', '{"type":"matter.opened"}'), cohort: LEDGER });
    return this.seal('gov', records, options.inline ?? true);
  }

  /** Introduces a second manifest key and signs with it from the next segment on. */
  rotateKey(): void {
    const next = newEcPair();
    this.govern([{ type: 'key.introduced', use: 'manifest', jwk: next.publicJwk }]);
    this.#signer = next;
  }

  /** Seals the next segment of a chain and logs it. Records must have rising offsets. */
  seal(chain: string, records: readonly PlannedRecord[], inline = false): SealedManifest {
    const before = this.chains.get(chain) ?? [];
    const seq = before.length;
    const builder = new SegmentBuilder(this.#crypto, { archive: this.id, chain, seq }, this.#next(chain));
    const dataKeys = new Map<string, Uint8Array>();
    for (const { record, cohort } of records) {
      if (cohort === null) {
        builder.add(record, LEDGER, null);
        continue;
      }
      const dataKey = new Uint8Array(randomBytes(32));
      builder.add(record, cohort, () => {
        dataKeys.set(cohort.className, dataKey);
        return {
          dataKeyId: `2026-03-01/${toHex(randomBytes(16))}`,
          dataKey,
          wraps: { kek: 'a'.repeat(64), escrow: 'b'.repeat(64) },
          random: new Uint8Array(randomBytes(32)),
        };
      });
    }
    const segment = builder.finish();
    const manifest = this.#manifest(chain, seq, before.at(-1), segment, inline);
    const bytes = this.#sign(MANIFEST_TYP, encodeDocument(manifest));
    const hash = toHex(this.#crypto.sha256(bytes));
    const sealed = {
      manifest,
      bytes,
      hash,
      objects: segment.objects.map((object) => ({
        sealed: object,
        dataKey: object.enc === 'none' ? null : (dataKeys.get(object.cohort.className) ?? null),
      })),
    };
    this.chains.set(chain, [...before, sealed]);
    this.#append({ type: 'manifest', chain, seq, hash: this.#crypto.sha256(bytes) });
    return sealed;
  }

  /** Adds a tick; answers its time. */
  tick(): Date {
    const time = new Date(CLOCK.getTime() + ++this.#ticks * 60_000);
    this.#append({
      type: 'tick',
      time: time.getTime(),
      registered: this.#registered,
      chains: this.#heads.size,
      headsRoot: this.#heads.root(this.#crypto),
    });
    return time;
  }

  heads(): { chain: string; next: number; hash: string }[] {
    return [...this.#heads.list()].map(([chain, { next, hash }]) => ({ chain, next, hash: toHex(hash) }));
  }

  /** Root over all entries so far. */
  root(): Uint8Array {
    if (this.entries.length === 0) return emptyRoot(this.#crypto);
    const hashes = new Uint8Array(this.entries.length * 32);
    this.entries.forEach((entry, i) => {
      hashes.set(leafHash(this.#crypto, entry), i * 32);
    });
    return rootInPlace(this.#crypto, hashes, this.entries.length);
  }

  /** A checkpoint over all entries, signed by the log and co-signed by `witnesses` at `at`. */
  async checkpoint(witnesses: readonly { readonly name: string; readonly pair: EdPair }[], at: Date): Promise<Uint8Array> {
    const text = formatCheckpointText({ origin: this.origin, size: this.entries.length, root: this.root() });
    const key = verifierKey(this.#crypto, this.origin, 1, this.log.raw);
    const signatures = [{ name: key.name, keyId: key.keyId, signature: await this.log.sign(utf8(text)) }];
    for (const { name, pair } of witnesses)
      signatures.push(await cosign(verifierKey(this.#crypto, name, 4, pair.raw), Math.floor(at.getTime() / 1000), text, pair.sign));
    return formatNote(text, signatures);
  }

  #append(entry: LogEntry): void {
    if (entry.type === 'manifest') this.#heads.apply(entry);
    this.entries.push(encodeEntry(entry));
  }

  #next(chain: string): bigint {
    return BigInt(this.chains.get(chain)?.at(-1)?.manifest.next ?? 0);
  }

  #sign(typ: string, payload: Uint8Array): Uint8Array {
    return utf8(signCompact({ alg: 'ES256', kid: this.#signer.publicJwk.kid, typ }, payload, this.#signer.privateJwk));
  }

  #manifest(chain: string, seq: number, before: SealedManifest | undefined, segment: SealedSegment, inline: boolean): Manifest {
    const governance = this.chains.get('gov') ?? [];
    return {
      format: 'holdfast.manifest/1',
      suite: 1,
      archive: toHex(this.id),
      chain,
      seq,
      prev: before?.hash ?? (chain === 'gov' ? toHex(this.id) : '0'.repeat(64)),
      first: String(segment.first),
      next: String(segment.next),
      records: segment.records,
      holes: { count: segment.holes.count, sum: String(segment.holes.sum), losses: [] },
      root: toHex(segment.root),
      objects: segment.objects.map((object) => {
        const sha256 = toHex(object.sha256);
        const ledger = object.cohort.className === 'ledger';
        const until = ledger
          ? retainUntil(CLOCK, 200)
          : new Date(Date.UTC(Number(object.cohort.period.slice(0, 4)), Number(object.cohort.period.slice(5)), 1) - 1000);
        const place = inline
          ? { inline: toBase64Url(object.bytes) }
          : { key: contentKey(chain, seq, object.no, object.cohort, sha256), version: 'v1' };
        return { ...manifestEntry(object, until), ...place };
      }),
      governance: { next: governance.length, hash: governance.at(-1)?.hash ?? toHex(this.id) },
      time: CLOCK.toISOString(),
      clock: CLOCK.toISOString(),
      software: 'holdfast test',
      ...(chain.startsWith('msg/') && seq === 0 ? { source: { cluster: 'cluster-1' } } : {}),
    };
  }
}

function textRecord(offset: bigint, key: string, value: string): RawRecord {
  return { offset, timestamp: BigInt(CLOCK.getTime()), timestampType: 'create', key: utf8(key), value: utf8(value), headers: [] };
}
