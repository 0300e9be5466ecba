import { BundleAssembly, DERIVED_TYP, encodeRedactedCopy, readShownRecord, timesOf } from '@holdfast/bundle';
import type { BundleFrame, BundleIndex, BundleScope, LogProof, RecordPart } from '@holdfast/bundle';
import { HoldfastError, formatRecordId, parseMessageChain } from '@holdfast/record';
import type { RecordIndex } from '@holdfast/ports';
import { GENESIS_KEY, toHex, utf8 } from '@holdfast/seal';
import type { BlockRecord } from '@holdfast/seal';
import type { Archive, GovernanceLog, LedgerWriter, PlacedManifest, SegmentReader } from '@holdfast/vault';
import { GOVERNANCE_CHAIN } from '@holdfast/vault';
import { verifyBundle } from '@holdfast/verify';
import type { BundleReport } from '@holdfast/verify';
import { RecordOpener } from '../open-record.js';
import type { Refused } from '../search-archive.js';
import { BundleFile } from './bundle-file.js';
import type { BundleMade, BundleOptions, BundleRequest } from './bundle-request.js';
import { inOrder } from './in-order.js';
import { openPosition } from './log-position.js';
import type { LogPosition } from './log-position.js';
import { ManifestsUnder } from './manifests-under.js';
import { ObjectProver } from './object-proofs.js';
import type { ProvenObject } from './object-proofs.js';
import { missing, refuseOtherKeys, resolveRequest, tooMany } from './resolve-request.js';
import type { Resolved, ResolveParts } from './resolve-request.js';
import type { WithheldRecords } from './withheld.js';

/** Segments that are worked on at a time: each may hold an object of 16 MiB in memory. */
const AT_ONCE = 4;
const SEAL_WITHIN_MS = 30_000;
/** Ids that an access event names; the bundle itself has them all. */
const MOST_IDS = 1_000;

export interface ExporterParts {
  readonly archive: Archive;
  readonly governance: GovernanceLog;
  readonly reader: SegmentReader;
  readonly index: RecordIndex;
  /** Chain `access/<writer>`: who exported what. */
  readonly access: Pick<LedgerWriter, 'append'>;
  readonly timeZone: string;
}

/** Makes evidence bundles (docs/evidence-bundle.md). */
export class BundleExporter {
  readonly #parts: ExporterParts;

  constructor(parts: ExporterParts) {
    this.#parts = parts;
  }

  /**
   * Makes a bundle at `path`, or nothing. It is made from what the newest checkpoint that ends in a tick covers, verified as a
   * stranger would verify it, and gets its name only after the access is sealed: once before the first record is opened, once
   * with the SHA-256 of the file.
   * @throws HoldfastError in one sentence what cannot be exported or proven; `stopped` after `signal`
   */
  async export(principal: string, request: BundleRequest, path: string, options: BundleOptions = {}): Promise<BundleMade | Refused> {
    const { archive, governance } = this.#parts;
    await governance.refresh();
    const file = BundleFile.create(path);
    try {
      const position = await openPosition(archive, governance, options.at);
      const run = new BundleRun(this.#parts, position, options);
      const resolved = await run.resolve(request);
      if ('ok' in resolved) {
        await this.#seal(principal, 'refused', { request: request.kind, errors: resolved.errors.map(({ code }) => code) });
        return resolved;
      }
      const facts = factsOf(resolved, position, options.withheld?.size ?? 0);
      await this.#seal(principal, 'started', facts);
      const { index, frame } = await run.collect(resolved, (name, bytes) => {
        file.put(name, bytes);
      });
      const written = await file.finish(options.signal);
      const complete = await this.#check(file, index, frame);
      const count = (state: BundleIndex['records'][number]['state']): number => index.records.filter((record) => record.state === state).length;
      const records = { shown: count('shown'), withheld: count('withheld'), outside: count('outside') };
      stopIf(options.signal);
      await this.#seal(principal, 'exported', { ...facts, records, sha256: written.sha256 });
      await file.publish();
      const { archive: id, log, time } = index;
      const search = 'search' in resolved && resolved.search !== undefined ? { search: resolved.search } : {};
      return {
        ok: true,
        file: written,
        archive: id,
        log,
        time,
        scope: resolved.scope.kind,
        records,
        ...search,
        ...(complete !== undefined && { complete }),
      };
    } finally {
      await file.close();
    }
  }

  /** A bundle that does not verify is an error here, not a surprise in court. */
  async #check(file: BundleFile, { scope }: BundleIndex, { genesis }: BundleFrame): Promise<BundleReport['complete'] | undefined> {
    const { crypto } = this.#parts.archive;
    const bundle = await file.read();
    try {
      const report = await verifyBundle(bundle.entries, { crypto, archiveId: toHex(crypto.sha256(genesis)) });
      const [first] = report.findings;
      if (first !== undefined)
        throw new HoldfastError(
          'content_damaged',
          `The bundle does not verify, so it was not written: ${first.code} ${first.place}: ${first.message}`,
        );
      return scope.kind === 'conversation' ? report.complete : undefined;
    } finally {
      await bundle.close();
    }
  }

  async #seal(principal: string, what: 'started' | 'exported' | 'refused', facts: object): Promise<void> {
    const { access, archive } = this.#parts;
    const id = toHex(archive.random(16));
    await access.append(
      { subject: 'bundle', value: { type: `access.bundle.${what}`, id, time: archive.clock.now().toISOString(), principal, ...facts } },
      AbortSignal.timeout(SEAL_WITHIN_MS),
    );
  }
}

/** What an access event says of a bundle. */
function factsOf({ scope }: Resolved, { checkpoint }: LogPosition, withheld: number): object {
  const { origin, size, root } = checkpoint.checkpoint;
  const ids = scope.kind === 'records' && scope.ids.length > MOST_IDS ? { ids: scope.ids.slice(0, MOST_IDS), idsTotal: scope.ids.length } : {};
  return { scope: { ...scope, ...ids }, checkpoint: { origin, size, root: toHex(root) }, withheldAsked: withheld };
}

/** One bundle in the making. */
class BundleRun {
  readonly #parts: ExporterParts;
  readonly #position: LogPosition;
  readonly #options: BundleOptions;
  readonly #manifests: ManifestsUnder;
  readonly #resolving: ResolveParts;
  readonly #withheld: WithheldRecords;
  readonly #collected = new Set<string>();
  #segments = 0;
  /** And withheld: rows of the transcript. */
  #shown = 0;

  constructor(parts: ExporterParts, position: LogPosition, options: BundleOptions) {
    const { archive, governance, reader, index, timeZone } = parts;
    this.#parts = parts;
    this.#position = position;
    this.#options = options;
    this.#withheld = options.withheld ?? new Map();
    this.#manifests = new ManifestsUnder(archive, governance, position);
    this.#resolving = {
      crypto: archive.crypto,
      index,
      opener: new RecordOpener(archive, governance, reader),
      position,
      manifests: this.#manifests,
      timeZone,
      now: archive.clock.now().getTime(),
      signal: options.signal,
    };
  }

  resolve(request: BundleRequest): Promise<Resolved | Refused> {
    return resolveRequest(this.#resolving, request);
  }

  async collect(
    resolved: Resolved,
    write: (name: string, bytes: Uint8Array) => void,
  ): Promise<{ readonly index: BundleIndex; readonly frame: BundleFrame }> {
    const frame = await this.#frame(resolved.scope);
    const assembly = new BundleAssembly(this.#parts.archive.crypto, frame, write);
    const decide = decider(resolved.scope, this.#withheld);
    const prover = new ObjectProver(this.#parts.archive.crypto, this.#parts.reader, (chain, record) => decide(chain, record) === 'shown');
    const proofs =
      'key' in resolved ? await this.#conversation(resolved, assembly, prover, decide) : await this.#some(resolved, assembly, prover, decide);
    for (const id of this.#withheld.keys())
      if (!this.#collected.has(id)) throw new HoldfastError('bad_request', `The record ${id} is to be withheld, and it is none of the bundle.`);
    this.#progress('writing', 0);
    return { index: assembly.finish(proofs), frame };
  }

  async #frame(scope: BundleScope): Promise<BundleFrame> {
    const { archive, reader, timeZone } = this.#parts;
    const { checkpoint, heads, time, tokens } = this.#position;
    const manifests: Uint8Array[] = [];
    const objects: BundleFrame['gov']['objects'][number][] = [];
    for await (const placed of inOrder(numbers(this.#position.next(GOVERNANCE_CHAIN)), AT_ONCE, (seq) =>
      this.#manifests.get(GOVERNANCE_CHAIN, seq),
    )) {
      const { manifest, bytes } = placed;
      manifests.push(bytes);
      for (const object of manifest.objects)
        if (object.enc === 'none' && object.inline === undefined)
          objects.push({ seq: manifest.seq, no: object.no, bytes: await reader.bytes(object) });
    }
    const { language = 'en', timeZone: zone = timeZone, policy, verifier } = this.#options;
    return {
      genesis: await genesisOf(archive),
      gov: { manifests, objects },
      checkpoint: { bytes: checkpoint.bytes, ...checkpoint.checkpoint },
      heads,
      time,
      tokens,
      scope,
      language,
      timeZone: zone,
      software: archive.software,
      ...(policy !== undefined && { policy }),
      ...(verifier !== undefined && { verifier }),
    };
  }

  /** Records that were named: their objects alone, with the paths of their manifests in the log. */
  async #some(
    resolved: Extract<Resolved, { readonly places: unknown }>,
    assembly: BundleAssembly,
    prover: ObjectProver,
    decide: Decide,
  ): Promise<LogProof[]> {
    const wanted = [...resolved.places].flatMap(([chain, segments]) => [...segments].map(([seq, offsets]) => ({ chain, seq, offsets })));
    const work = async ({ chain, seq, offsets }: (typeof wanted)[number]): Promise<{ placed: PlacedManifest; objects: ProvenObject[] }> => {
      const placed = await this.#manifests.get(chain, seq);
      const objects: ProvenObject[] = [];
      for (const object of placed.manifest.objects) {
        const proven = await prover.records(placed.manifest, object, offsets);
        if (proven !== undefined) objects.push(proven);
      }
      const there = new Set(objects.flatMap(({ records }) => records.map(({ offset }) => offset)));
      for (const offset of offsets) if (!there.has(offset)) throw missing(idOf(chain, offset));
      return { placed, objects };
    };
    for await (const { placed, objects } of inOrder(wanted, AT_ONCE, work)) {
      await this.#take(placed, objects, assembly, decide);
      this.#progress('collecting', wanted.length);
    }
    const places = await this.#position.locate(new Map([...resolved.places].map(([chain, segments]) => [chain, new Set(segments.keys())])));
    const proofs: LogProof[] = [];
    for (const { chain, seq, index, entry } of places) proofs.push({ chain, seq, index, path: await this.#position.path(index, entry) });
    return proofs;
  }

  /** Every object of every message chain under the checkpoint. Heads lead to the last manifest, and each to the one before. */
  async #conversation(
    resolved: Extract<Resolved, { readonly key: unknown }>,
    assembly: BundleAssembly,
    prover: ObjectProver,
    decide: Decide,
  ): Promise<LogProof[]> {
    const chains = this.#position.heads.heads.filter(({ chain }) => parseMessageChain(chain) !== undefined);
    const total = chains.reduce((sum, { next }) => sum + next, 0);
    for (const { chain, next, hash } of chains) {
      let previous: string | undefined;
      const work = async (seq: number): Promise<{ placed: PlacedManifest; objects: ProvenObject[] }> => {
        const placed = await this.#manifests.get(chain, seq);
        const objects: ProvenObject[] = [];
        for (const object of placed.manifest.objects) objects.push(await prover.conversation(placed.manifest, object, resolved.key));
        return { placed, objects };
      };
      for await (const { placed, objects } of inOrder(numbers(next), AT_ONCE, work)) {
        if (previous !== undefined && placed.manifest.prev !== previous)
          throw new HoldfastError('chain_broken', `${chain} ${placed.manifest.seq} does not follow the segment before it.`);
        previous = placed.hash;
        await this.#take(placed, objects, assembly, decide);
        this.#progress('collecting', total);
      }
      if (previous !== hash) throw new HoldfastError('log_differs', `The log has another manifest ${next - 1} of ${chain} than its claim names.`);
    }
    if (resolved.conversation !== undefined)
      await refuseOtherKeys(this.#resolving, resolved.conversation, { has: (chain, offset) => this.#collected.has(idOf(chain, offset)) });
    return [];
  }

  async #take({ manifest, bytes }: PlacedManifest, objects: readonly ProvenObject[], assembly: BundleAssembly, decide: Decide): Promise<void> {
    stopIf(this.#options.signal);
    const { chain, seq } = manifest;
    assembly.addManifest(chain, seq, bytes);
    for (const { proof, records } of objects) {
      assembly.addObject(proof);
      for (const record of records) {
        this.#collected.add(idOf(chain, record.offset));
        const part = await this.#part(chain, record, decide);
        if (part.state !== 'outside') this.#shown++;
        tooMany(this.#shown, this.#collected.size);
        assembly.addRecord(part);
      }
    }
    this.#segments++;
  }

  async #part(chain: string, record: BlockRecord, decide: Decide): Promise<RecordPart> {
    const { offset } = record;
    const state = decide(chain, record);
    if (state === 'shown') return { chain, offset, state, bytes: record.bytes };
    if (state === 'outside') return { chain, offset, state };
    const { reason, note, text } = state;
    const copy = text === undefined ? {} : { copy: await this.#signed(chain, offset, text, reason) };
    return { chain, offset, state: 'withheld', reason, ...(note !== undefined && { note }), ...copy };
  }

  async #signed(chain: string, offset: bigint, text: string, reason: Parameters<typeof encodeRedactedCopy>[0]['reason']): Promise<Uint8Array> {
    const { keys, idHex } = this.#parts.archive;
    const copy = encodeRedactedCopy({ format: 'holdfast.derived/1', archive: idHex, chain, offset: String(offset), text, reason });
    return utf8(await keys.sign(copy, DERIVED_TYP));
  }

  #progress(step: 'collecting' | 'writing', of: number): void {
    this.#options.onProgress?.({ step, segments: this.#segments, of, records: this.#collected.size });
  }
}

type Decision = 'shown' | 'outside' | NonNullable<ReturnType<WithheldRecords['get']>>;
type Decide = (chain: string, record: Pick<BlockRecord, 'offset' | 'bytes'>) => Decision;

function decider(scope: BundleScope, withheld: WithheldRecords): Decide {
  const from = scope.kind === 'conversation' && scope.from !== undefined ? BigInt(Date.parse(scope.from)) : undefined;
  const to = scope.kind === 'conversation' && scope.to !== undefined ? BigInt(Date.parse(scope.to)) : undefined;
  return (chain, { offset, bytes }) => {
    const said = withheld.get(idOf(chain, offset));
    if (said !== undefined) return said;
    if (from === undefined && to === undefined) return 'shown';
    const inside = timesOf(readShownRecord(chain, bytes)).some((time) => (from === undefined || time >= from) && (to === undefined || time < to));
    return inside ? 'shown' : 'outside';
  };
}

async function genesisOf({ vault, crypto, idHex }: Archive): Promise<Uint8Array> {
  for await (const { key, version, deleteMarker } of vault.list(GENESIS_KEY)) {
    if (key !== GENESIS_KEY || deleteMarker) continue;
    const bytes = await vault.get(key, version);
    if (toHex(crypto.sha256(bytes)) === idHex) return bytes;
  }
  throw new HoldfastError('object_missing', 'The genesis of the archive is not in the vault.');
}

function idOf(chain: string, offset: bigint): string {
  const at = parseMessageChain(chain);
  return at === undefined ? `${chain} ${offset}` : formatRecordId({ ...at, offset, event: 0 });
}

function* numbers(end: number): Generator<number> {
  for (let no = 0; no < end; no++) yield no;
}

function stopIf(signal: AbortSignal | undefined): void {
  if (signal?.aborted === true) throw new HoldfastError('stopped', 'The bundle was stopped before it was whole; nothing was written.');
}
