// The vectors of version 1 of the transparency log, which were not written by the code of Holdfast, against libs/tlog.
import { createPrivateKey, sign } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import { nodeCrypto as crypto } from '@holdfast/crypto-node';
import { fromHex, leafHash, toHex, utf8 } from '@holdfast/seal';
import {
  LogFold,
  addSignatures,
  checkConsistency,
  consistencyProof,
  cosign,
  cosigners,
  encodeAddCheckpoint,
  encodeEntries,
  encodeEntry,
  encodeState,
  formatTlogProof,
  formatVkey,
  inclusionProof,
  judgeAddCheckpoint,
  openCheckpoint,
  parseAddCheckpoint,
  parseEntries,
  parseEntry,
  parseNote,
  parsePolicy,
  parseState,
  parseTilePath,
  parseTlogProof,
  parseVkey,
  rootFromInclusion,
  satisfies,
  signCheckpoint,
} from '@holdfast/tlog';
import type { LogEntry, VerifierKey } from '@holdfast/tlog';

interface KeyVector {
  readonly name: string;
  readonly type: number;
  readonly seed: string;
  readonly key: string;
  readonly vkey: string;
}

interface Vectors {
  readonly archive: string;
  readonly keys: Readonly<Record<'log' | 'witness' | 'other', KeyVector>>;
  readonly entries: readonly {
    readonly name: string;
    readonly type: 'manifest';
    readonly chain: string;
    readonly seq: number;
    readonly hash: string;
    readonly bytes: string;
  }[];
  readonly refusedEntries: readonly { readonly name: string; readonly bytes: string }[];
  readonly batches: readonly { readonly no: number; readonly bytes: string; readonly hash: string; readonly size: number; readonly root: string }[];
  readonly state: string;
  readonly tiles: Readonly<Record<string, string>>;
  readonly checkpoint: { readonly text: string; readonly bytes: string };
  readonly cosignature: { readonly time: number; readonly line: string; readonly checkpoint: string };
  readonly consistency: { readonly m: number; readonly n: number; readonly path: readonly string[] };
  readonly addCheckpoint: string;
  readonly inclusion: { readonly index: number; readonly size: number; readonly entry: string; readonly path: readonly string[] };
  readonly tlogProof: string;
  readonly policy: {
    readonly text: string;
    readonly satisfied: readonly (readonly string[])[];
    readonly unsatisfied: readonly (readonly string[])[];
  };
}

const vectors = JSON.parse(readFileSync(new URL('tlog-v1.json', import.meta.url), 'utf8')) as Vectors;
const bytesOf = (hex: string): Uint8Array => fromHex(hex, hex.length / 2);
const archive = bytesOf(vectors.archive);
const keyOf = ({ vkey }: KeyVector): VerifierKey => parseVkey(crypto, vkey);
const log = keyOf(vectors.keys.log);
const witness = keyOf(vectors.keys.witness);

/** Signs by node:crypto: Ed25519 is deterministic, so that the bytes must be the same. */
function signer({ seed }: KeyVector): (data: Uint8Array) => Promise<Uint8Array> {
  const key = createPrivateKey({ key: Buffer.from(`302e020100300506032b657004220420${seed}`, 'hex'), format: 'der', type: 'pkcs8' });
  return (data) => Promise.resolve(new Uint8Array(sign(null, data, key)));
}

describe('the vectors of the transparency log', () => {
  it.each(Object.values(vectors.keys))('vkey of $name', (key) => {
    const parsed = keyOf(key);
    expect({ name: parsed.name, type: parsed.type, key: toHex(parsed.key) }).toEqual({ name: key.name, type: key.type, key: key.key });
    expect(formatVkey(parsed)).toBe(key.vkey);
  });

  it.each(vectors.entries)('entry: $name', ({ type, chain, seq, hash, bytes }) => {
    const entry: LogEntry = { type, chain, seq, hash: bytesOf(hash) };
    expect(parseEntry(bytesOf(bytes))).toEqual(entry);
    expect(toHex(encodeEntry(entry))).toBe(bytes);
  });

  it.each(vectors.refusedEntries)('no entry: $name', ({ bytes }) => {
    expect(() => parseEntry(bytesOf(bytes))).toThrow(expect.objectContaining({ code: 'log_malformed' }));
  });

  it('batches lead to the roots, and could not have been made otherwise', () => {
    const fold = LogFold.empty(crypto, archive);
    for (const { no, bytes, hash, size, root } of vectors.batches) {
      const maker = fold.copy();
      const applied = fold.applyBatch(bytesOf(bytes), bytesOf(hash));
      expect({ no: applied.batch.no, size: applied.size, root: toHex(fold.root()) }).toEqual({ no, size, root });
      const manifests = applied.entries.flatMap((entry) => (entry.type === 'manifest' ? [entry] : []));
      const registered = applied.entries.flatMap((entry) => (entry.type === 'tick' ? [entry.registered] : []))[0];
      expect(toHex(maker.buildBatch(applied.batch.time, manifests, registered).bytes)).toBe(bytes);
    }
    expect(toHex(fold.state())).toBe(vectors.state);
  });

  it('the state is read, borne out by its batch, and written again', () => {
    const state = bytesOf(vectors.state);
    expect(toHex(encodeState(parseState(crypto, state)))).toBe(vectors.state);
    const last = vectors.batches.at(-1);
    const fold = LogFold.resume(crypto, archive, state, bytesOf(last?.bytes ?? ''));
    expect([fold.end.no, fold.end.size, toHex(fold.root())]).toEqual([3, last?.size, last?.root]);
  });

  it('tiles are those of the batches', () => {
    const fold = LogFold.empty(crypto, archive);
    const applied = vectors.batches.map(({ bytes }) => fold.applyBatch(bytesOf(bytes)));
    const made = new Map<string, string>(
      applied.flatMap(({ tiles }) => tiles.map(({ level, n, bytes }) => [`tile/${level}/00${n}`, toHex(bytes)] as const)),
    );
    const entries = applied.flatMap(({ batch }) => batch.entries);
    for (const [path, hex] of Object.entries(vectors.tiles)) {
      const tile = parseTilePath(path);
      if (tile?.level === 'entries') {
        expect(parseEntries(bytesOf(hex))).toHaveLength(tile.width);
        expect(toHex(encodeEntries(entries.slice(tile.n * 256, tile.n * 256 + tile.width)))).toBe(hex);
      } else if (tile?.width === 256) expect(made.get(path)).toBe(hex);
      else expect(toHex(fold.edge().levels()[tile?.level ?? 9] ?? archive)).toBe(hex);
    }
  });

  it('proofs come from the tiles, and hold', async () => {
    const reader = {
      tile: (level: number, n: number, width: number) =>
        Promise.resolve(bytesOf(vectors.tiles[`tile/${level}/00${n}${width === 256 ? '' : `.p/${width}`}`] ?? '')),
    };
    const { index, size, entry, path } = vectors.inclusion;
    expect((await inclusionProof(crypto, reader, index, size)).map(toHex)).toEqual(path);
    const root = vectors.batches.at(-1)?.root ?? '';
    expect(toHex(rootFromInclusion(crypto, leafHash(crypto, bytesOf(entry)), index, size, path.map(bytesOf)) ?? archive)).toBe(root);
    const { m, n, path: proof } = vectors.consistency;
    expect((await consistencyProof(crypto, reader, m, n)).map(toHex)).toEqual(proof);
    expect(checkConsistency(crypto, m, bytesOf(vectors.batches[0]?.root ?? ''), n, bytesOf(root), proof.map(bytesOf))).toBe(true);
  });

  it('checkpoint and cosignature are signed byte for byte', async () => {
    const { checkpoint, note } = openCheckpoint(crypto, bytesOf(vectors.checkpoint.bytes), [log]);
    expect(note.text).toBe(vectors.checkpoint.text);
    expect(toHex(await signCheckpoint(crypto, checkpoint, log, signer(vectors.keys.log)))).toBe(vectors.checkpoint.bytes);
    const line = await cosign(witness, vectors.cosignature.time, note.text, signer(vectors.keys.witness));
    expect(toHex(addSignatures(note, [line]))).toBe(vectors.cosignature.checkpoint);
    expect(vectors.cosignature.checkpoint.endsWith(toHex(utf8(vectors.cosignature.line)))).toBe(true);
  });

  it('the request to a witness is accepted', () => {
    const request = parseAddCheckpoint(bytesOf(vectors.addCheckpoint));
    expect(toHex(encodeAddCheckpoint(request))).toBe(vectors.addCheckpoint);
    const [held] = vectors.batches;
    const memory = { logKeys: () => [log], held: () => ({ size: held?.size ?? 0, root: bytesOf(held?.root ?? '') }) };
    expect(judgeAddCheckpoint(crypto, memory, request)).toMatchObject({ accept: { checkpoint: { size: vectors.inclusion.size } } });
  });

  it('the proof file leads from the entry to a checkpoint that the policy believes, or would with one more witness', () => {
    const proof = parseTlogProof(bytesOf(vectors.tlogProof));
    expect(toHex(formatTlogProof(proof))).toBe(vectors.tlogProof);
    const policy = parsePolicy(crypto, vectors.policy.text);
    const { checkpoint, note } = openCheckpoint(
      crypto,
      proof.checkpoint,
      policy.logs.map(({ key }) => key),
    );
    const leaf = leafHash(crypto, bytesOf(vectors.inclusion.entry));
    expect(toHex(rootFromInclusion(crypto, leaf, proof.index, checkpoint.size, proof.path) ?? archive)).toBe(toHex(checkpoint.root));
    expect(cosigners(crypto, policy, note)).toEqual({ valid: [{ name: 'w1', time: vectors.cosignature.time }] });
    expect(vectors.policy.satisfied.map((names) => satisfies(policy, names))).toEqual(vectors.policy.satisfied.map(() => true));
    expect(vectors.policy.unsatisfied.map((names) => satisfies(policy, names))).toEqual(vectors.policy.unsatisfied.map(() => false));
    expect(parseNote(proof.checkpoint).signatures).toHaveLength(2);
    expect(policy.archive).toBe(vectors.archive);
  });
});
