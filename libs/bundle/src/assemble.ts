import { HoldfastError, formatRecordId, parseMessageChain } from '@holdfast/record';
import { parseJws, toHex } from '@holdfast/seal';
import type { Crypto } from '@holdfast/seal';
import { compareNames, compareRecords, encodeBundleIndex } from './bundle-index.js';
import type { BundleFacts, BundleFile, BundleIndex, BundleLanguage, BundleRecord, BundleScope, WithheldReason } from './bundle-index.js';
import { certificateOf } from './certificate.js';
import { encodeHeadsProof } from './heads-proof.js';
import type { HeadsProof } from './heads-proof.js';
import { encodeLogProofs } from './log-proofs.js';
import type { LogProof } from './log-proofs.js';
import { entryName } from './names.js';
import { encodeObjectProof, parseLeaf } from './object-proof.js';
import type { ObjectProof } from './object-proof.js';
import { readmeOf } from './readme.js';
import { parseRedactedCopy } from './redacted-copy.js';
import { attachmentsOf, readShownRecord } from './shown-events.js';
import { momentsOf, transcriptOf } from './transcript/transcript.js';
import type { TranscriptRecord } from './transcript/transcript.js';
import { zoneOffsets } from './zone-offsets.js';

/** A record of a bundle and what becomes of it. */
export type RecordPart = { readonly chain: string; readonly offset: bigint } & (
  | { readonly state: 'shown'; readonly bytes: Uint8Array }
  | {
      readonly state: 'withheld';
      readonly reason: WithheldReason;
      readonly note?: string;
      /** JWS of its redacted copy. */ readonly copy?: Uint8Array;
    }
  | { readonly state: 'outside' }
);

/** What every bundle begins with. Bytes are exactly those that the archive holds. */
export interface BundleFrame {
  readonly genesis: Uint8Array;
  /** All of `gov` up to the head in `heads`: manifests by seq from 0, clear objects that are not inline. */
  readonly gov: {
    readonly manifests: readonly Uint8Array[];
    readonly objects: readonly { readonly seq: number; readonly no: number; readonly bytes: Uint8Array }[];
  };
  /** Stored bytes of the checkpoint, and what it says. */
  readonly checkpoint: { readonly bytes: Uint8Array; readonly origin: string; readonly size: number; readonly root: Uint8Array };
  /** Of the tick that is the last entry under the checkpoint. */
  readonly heads: HeadsProof;
  /** Time of that tick. */
  readonly time: Date;
  readonly tokens: readonly Uint8Array[];
  /** Text of the policy that the archive suggests. */
  readonly policy?: Uint8Array;
  readonly scope: BundleScope;
  readonly language: BundleLanguage;
  /** IANA name. */
  readonly timeZone: string;
  readonly software: string;
  /** `verify.html`. */
  readonly verifier?: Uint8Array;
}

/** Everything that a bundle is made of, for who has it all in memory. */
export interface BundleParts extends BundleFrame {
  readonly manifests: readonly { readonly chain: string; readonly seq: number; readonly bytes: Uint8Array }[];
  readonly logProofs: readonly LogProof[];
  readonly objects: readonly ObjectProof[];
  readonly records: readonly RecordPart[];
}

/** Takes an entry. Each comes once, in no order. */
export type EntryWriter = (name: string, bytes: Uint8Array) => void;

/**
 * Makes the entries of a bundle as its parts come in: the proof of an object before its records. What stays in memory until
 * `finish` is what the transcript is made from, and a hash for each entry. The same parts give the same bytes.
 * @throws HoldfastError `bad_request` for an unknown time zone, a record without leaf or told twice; `format_malformed` for
 * records that do not follow the format
 */
export class BundleAssembly {
  readonly #crypto: Crypto;
  readonly #frame: BundleFrame;
  readonly #write: EntryWriter;
  readonly #files = new Map<string, BundleFile>();
  readonly #records: BundleRecord[] = [];
  readonly #forPeople: TranscriptRecord[] = [];
  /** Timestamps in leaves, for what is not shown. */
  readonly #timestamps = new Map<string, bigint>();

  constructor(crypto: Crypto, frame: BundleFrame, write: EntryWriter) {
    this.#crypto = crypto;
    this.#frame = frame;
    this.#write = write;
    this.#put({ kind: 'genesis' }, frame.genesis);
    frame.gov.manifests.forEach((bytes, seq) => {
      this.#put({ kind: 'gov-manifest', seq }, bytes);
    });
    for (const { seq, no, bytes } of frame.gov.objects) this.#put({ kind: 'gov-object', seq, no }, bytes);
    this.#put({ kind: 'checkpoint' }, frame.checkpoint.bytes);
    this.#put({ kind: 'heads' }, encodeHeadsProof(frame.heads));
    for (const token of frame.tokens) this.#put({ kind: 'token', hash: toHex(crypto.sha256(token)) }, token);
    if (frame.policy !== undefined) this.#put({ kind: 'policy' }, frame.policy);
  }

  addManifest(chain: string, seq: number, bytes: Uint8Array): void {
    this.#put({ kind: 'manifest', chain, seq }, bytes);
  }

  addObject(proof: ObjectProof): void {
    const { chain, seq, no } = proof;
    for (const { leaf } of proof.leaves) {
      const { offset, timestamp } = parseLeaf(leaf);
      this.#timestamps.set(`${chain} ${offset}`, timestamp);
    }
    this.#put({ kind: 'object-proof', chain, seq, no }, encodeObjectProof(proof));
  }

  addRecord(record: RecordPart): void {
    const { chain } = record;
    const offset = String(record.offset);
    this.#records.push(listedRecord(record));
    if (record.state === 'outside') return;
    if (record.state === 'shown') {
      this.#put({ kind: 'record', chain, offset: record.offset }, record.bytes);
      for (const [sha256, bytes] of attachmentsOf(this.#crypto, readShownRecord(chain, record.bytes)))
        this.#put({ kind: 'attachment', sha256 }, bytes);
      this.#forPeople.push({ state: 'shown', chain, offset, bytes: record.bytes });
      return;
    }
    const timestamp = this.#timestamps.get(`${chain} ${offset}`);
    if (timestamp === undefined) throw new HoldfastError('bad_request', `the record ${chain} ${offset} has no leaf in the bundle.`);
    if (record.copy !== undefined) this.#put({ kind: 'derived', chain, offset: record.offset }, record.copy);
    this.#forPeople.push({ state: 'withheld', chain, offset, timestamp, ...(record.copy === undefined ? {} : { copy: copyText(record.copy) }) });
  }

  /** Writes what is made from all the rest. */
  finish(logProofs: readonly LogProof[]): BundleIndex {
    this.#put({ kind: 'log-proofs' }, encodeLogProofs(logProofs));
    this.#forPeople.sort(compareRecords);
    const facts = this.#facts();
    this.#put({ kind: 'transcript' }, transcriptOf(this.#crypto, facts, this.#forPeople));
    this.#put({ kind: 'readme' }, readmeOf(facts));
    this.#put({ kind: 'certificate' }, certificateOf(this.#crypto, facts, this.#listed()));
    const index = { ...facts, files: this.#listed() };
    this.#write(entryName({ kind: 'index' }), encodeBundleIndex(index));
    if (this.#frame.verifier !== undefined) this.#write(entryName({ kind: 'verifier' }), this.#frame.verifier);
    return index;
  }

  #put(place: Parameters<typeof entryName>[0], bytes: Uint8Array): void {
    const name = entryName(place);
    const sha256 = toHex(this.#crypto.sha256(bytes));
    const there = this.#files.get(name);
    // The same file may come with several records.
    if (there?.sha256 === sha256) return;
    if (there !== undefined) throw new HoldfastError('bad_request', `the entry ${name} would be in the bundle twice.`);
    this.#files.set(name, { name, sha256, size: bytes.length });
    this.#write(name, bytes);
  }

  #listed(): BundleFile[] {
    return [...this.#files.values()].sort((a, b) => compareNames(a.name, b.name));
  }

  #facts(): BundleFacts {
    const { timeZone, checkpoint, genesis, time, scope, language, software } = this.#frame;
    const offsets = zoneOffsets(timeZone, momentsOf(this.#forPeople));
    if (offsets === undefined) throw new HoldfastError('bad_request', `${JSON.stringify(timeZone)} is no time zone that this machine knows.`);
    return {
      format: 'holdfast.bundle/1',
      archive: toHex(this.#crypto.sha256(genesis)),
      log: { origin: checkpoint.origin, size: checkpoint.size, root: toHex(checkpoint.root) },
      time: time.toISOString(),
      scope,
      language,
      timeZone,
      zoneOffsets: offsets,
      records: this.#records.sort(compareRecords),
      software,
    };
  }
}

/** All entries of a bundle in the order of the container (bundle format section 1). @throws as BundleAssembly */
export function assembleBundle(crypto: Crypto, parts: BundleParts): Map<string, Uint8Array> {
  const entries = new Map<string, Uint8Array>();
  const assembly = new BundleAssembly(crypto, parts, (name, bytes) => {
    entries.set(name, bytes);
  });
  for (const { chain, seq, bytes } of parts.manifests) assembly.addManifest(chain, seq, bytes);
  for (const proof of parts.objects) assembly.addObject(proof);
  for (const record of parts.records) assembly.addRecord(record);
  assembly.finish(parts.logProofs);
  return new Map([...entries].sort(([a], [b]) => compareNames(a, b)));
}

function listedRecord(record: RecordPart): BundleRecord {
  const at = parseMessageChain(record.chain);
  if (at === undefined) throw new HoldfastError('bad_request', `${record.chain} is no message chain.`);
  const place = { chain: record.chain, offset: String(record.offset), id: formatRecordId({ ...at, offset: record.offset, event: 0 }) };
  if (record.state !== 'withheld') return { ...place, state: record.state };
  return { ...place, state: 'withheld', reason: record.reason, ...(record.note === undefined ? {} : { note: record.note }) };
}

function copyText(jws: Uint8Array): string {
  return parseRedactedCopy(parseJws(jws).payload).text;
}
