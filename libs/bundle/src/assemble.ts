import { HoldfastError, formatRecordId, parseMessageChain } from '@holdfast/record';
import { equalBytes, parseJws, toHex } from '@holdfast/seal';
import type { Crypto } from '@holdfast/seal';
import { compareNames, compareRecords, encodeBundleIndex } from './bundle-index.js';
import type { BundleFacts, BundleFile, BundleLanguage, BundleRecord, BundleScope, WithheldReason } from './bundle-index.js';
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

/** Everything that a bundle is made of. Bytes are exactly those that the archive holds. */
export interface BundleParts {
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
  readonly manifests: readonly { readonly chain: string; readonly seq: number; readonly bytes: Uint8Array }[];
  readonly logProofs: readonly LogProof[];
  readonly objects: readonly ObjectProof[];
  readonly records: readonly RecordPart[];
  readonly scope: BundleScope;
  readonly language: BundleLanguage;
  /** IANA name. */
  readonly timeZone: string;
  readonly software: string;
  /** `verify.html`. */
  readonly verifier: Uint8Array;
}

/**
 * All entries of a bundle in the order of the container (bundle format section 1). The same parts give the same bytes.
 * @throws HoldfastError `bad_request` for an unknown time zone, a record without leaf or told twice; `format_malformed` for
 * records that do not follow the format
 */
export function assembleBundle(crypto: Crypto, parts: BundleParts): Map<string, Uint8Array> {
  const entries = new Map<string, Uint8Array>();
  const put = (place: Parameters<typeof entryName>[0], bytes: Uint8Array): void => {
    const name = entryName(place);
    const there = entries.get(name);
    if (there !== undefined && !equalBytes(there, bytes)) throw new HoldfastError('bad_request', `the entry ${name} would be in the bundle twice.`);
    entries.set(name, bytes);
  };
  put({ kind: 'genesis' }, parts.genesis);
  parts.gov.manifests.forEach((bytes, seq) => {
    put({ kind: 'gov-manifest', seq }, bytes);
  });
  for (const { seq, no, bytes } of parts.gov.objects) put({ kind: 'gov-object', seq, no }, bytes);
  put({ kind: 'checkpoint' }, parts.checkpoint.bytes);
  put({ kind: 'heads' }, encodeHeadsProof(parts.heads));
  for (const token of parts.tokens) put({ kind: 'token', hash: toHex(crypto.sha256(token)) }, token);
  if (parts.policy !== undefined) put({ kind: 'policy' }, parts.policy);
  for (const { chain, seq, bytes } of parts.manifests) put({ kind: 'manifest', chain, seq }, bytes);
  put({ kind: 'log-proofs' }, encodeLogProofs(parts.logProofs));
  for (const proof of parts.objects) put({ kind: 'object-proof', chain: proof.chain, seq: proof.seq, no: proof.no }, encodeObjectProof(proof));
  for (const record of parts.records) {
    const { chain, offset } = record;
    if (record.state === 'shown') {
      put({ kind: 'record', chain, offset }, record.bytes);
      for (const [sha256, bytes] of attachmentsOf(crypto, readShownRecord(chain, record.bytes))) put({ kind: 'attachment', sha256 }, bytes);
    } else if (record.state === 'withheld' && record.copy !== undefined) put({ kind: 'derived', chain, offset }, record.copy);
  }
  const forPeople = transcriptRecords(parts);
  const facts = factsOf(crypto, parts, forPeople);
  put({ kind: 'transcript' }, transcriptOf(crypto, facts, forPeople));
  put({ kind: 'readme' }, readmeOf(facts));
  put({ kind: 'certificate' }, certificateOf(crypto, facts, filesOf(crypto, entries)));
  const index = encodeBundleIndex({ ...facts, files: filesOf(crypto, entries) });
  put({ kind: 'index' }, index);
  put({ kind: 'verifier' }, parts.verifier);
  return new Map([...entries].sort(([a], [b]) => compareNames(a, b)));
}

function filesOf(crypto: Crypto, entries: ReadonlyMap<string, Uint8Array>): BundleFile[] {
  const files = [...entries].map(([name, bytes]) => ({ name, sha256: toHex(crypto.sha256(bytes)), size: bytes.length }));
  return files.sort((a, b) => compareNames(a.name, b.name));
}

function factsOf(crypto: Crypto, parts: BundleParts, records: readonly TranscriptRecord[]): BundleFacts {
  const offsets = zoneOffsets(parts.timeZone, momentsOf(records));
  if (offsets === undefined) throw new HoldfastError('bad_request', `${JSON.stringify(parts.timeZone)} is no time zone that this machine knows.`);
  const { origin, size, root } = parts.checkpoint;
  return {
    format: 'holdfast.bundle/1',
    archive: toHex(crypto.sha256(parts.genesis)),
    log: { origin, size, root: toHex(root) },
    time: parts.time.toISOString(),
    scope: parts.scope,
    language: parts.language,
    timeZone: parts.timeZone,
    zoneOffsets: offsets,
    records: parts.records.map(listedRecord).sort(compareRecords),
    software: parts.software,
  };
}

function listedRecord(record: RecordPart): BundleRecord {
  const at = parseMessageChain(record.chain);
  if (at === undefined) throw new HoldfastError('bad_request', `${record.chain} is no message chain.`);
  const place = { chain: record.chain, offset: String(record.offset), id: formatRecordId({ ...at, offset: record.offset, event: 0 }) };
  if (record.state !== 'withheld') return { ...place, state: record.state };
  return { ...place, state: 'withheld', reason: record.reason, ...(record.note === undefined ? {} : { note: record.note }) };
}

function transcriptRecords(parts: BundleParts): TranscriptRecord[] {
  const timestamps = new Map<string, bigint>();
  for (const { chain, leaves } of parts.objects) {
    for (const { leaf } of leaves) {
      const { offset, timestamp } = parseLeaf(leaf);
      timestamps.set(`${chain} ${offset}`, timestamp);
    }
  }
  const records = parts.records.flatMap((record): TranscriptRecord[] => {
    const { chain } = record;
    const offset = String(record.offset);
    if (record.state === 'outside') return [];
    if (record.state === 'shown') return [{ state: 'shown', chain, offset, bytes: record.bytes }];
    const timestamp = timestamps.get(`${chain} ${offset}`);
    if (timestamp === undefined) throw new HoldfastError('bad_request', `the record ${chain} ${offset} has no leaf in the bundle.`);
    return [{ state: 'withheld', chain, offset, timestamp, ...(record.copy === undefined ? {} : { copy: copyText(record.copy) }) }];
  });
  return records.sort(compareRecords);
}

function copyText(jws: Uint8Array): string {
  return parseRedactedCopy(parseJws(jws).payload).text;
}
