// Over 300 lines because each forgery is one short line or test.
import { beforeAll, describe, expect, it } from '@jest/globals';
import { DERIVED_TYP, assembleBundle, encodeRedactedCopy } from '@holdfast/bundle';
import type { BundleParts, DirectoryProof, LeafProof, ObjectProof, RecordPart } from '@holdfast/bundle';
import { nodeCrypto as crypto } from '@holdfast/crypto-node';
import { fromUtf8, toHex, utf8 } from '@holdfast/seal';
import {
  CONVERSATION,
  EXAMPLE_CHAINS,
  OTHER_CONVERSATIONS,
  bundleParts,
  exampleArchive,
  newEcPair,
  openObject,
  signCompact,
} from '@holdfast/test-kit';
import type { ExampleArchive, Selection } from '@holdfast/test-kit';
import type { BundleEntries } from '../src/bundle/bundle-entries.js';
import type { BundleReport } from '../src/bundle/bundle-report.js';
import { verifyBundle } from '../src/bundle/verify-bundle.js';
import type { VerifyBundleOptions } from '../src/bundle/verify-bundle.js';

const entriesOf = (entries: ReadonlyMap<string, Uint8Array>): BundleEntries => ({
  names: () => [...entries.keys()],
  read: async (name) => entries.get(name),
});
const keyOf = (text: string): string => toHex(utf8(text));
const [FIRST, SECOND] = EXAMPLE_CHAINS;
let example: ExampleArchive;

const partsOf = (select: Selection = () => ({ state: 'shown' }), scope?: BundleParts['scope'], more: { language?: 'zh-CN' } = {}): BundleParts =>
  bundleParts(crypto, example.archive, {
    checkpoint: example.checkpoint,
    time: example.time,
    scope: scope ?? { kind: 'conversation', key: keyOf(CONVERSATION) },
    select,
    policy: example.policyText,
    ...more,
  });

const verifyParts = (parts: BundleParts, options: Partial<VerifyBundleOptions> = {}): Promise<BundleReport> =>
  verifyBundle(entriesOf(assembleBundle(crypto, parts)), { crypto, policy: example.policy, ...options });

const codesOf = (report: BundleReport): string[] => [...new Set(report.findings.map(({ code }) => code))].sort();

beforeAll(async () => {
  example = await exampleArchive(crypto);
});

describe('a bundle of a whole conversation', () => {
  it('verifies, anchored by both witnesses, and says what it covers', async () => {
    const report = await verifyParts(partsOf());
    expect(report.findings).toEqual([]);
    expect(report).toMatchObject({
      ok: true,
      anchored: true,
      quorum: true,
      archive: toHex(example.archive.id),
      time: example.time.toISOString(),
      records: { shown: 7, proven: 7, withheld: 0, outside: 0 },
      attachments: 1,
      complete: 'yes',
      covered: { chains: 3, segments: 6, objects: 8, unattributed: 1 },
      notesTotal: 0,
    });
    expect(report.witnesses.map(({ name }) => name)).toEqual(['w1', 'w2']);
    expect(report.proven).toHaveLength(3);
    expect(report.proven.map(({ en }) => en).join()).toContain('no other record has the key');
  });

  it('verifies for every conversation, at the ends of directories and one that is not there', async () => {
    const counts = [1, 3, 3, 0];
    for (const [i, name] of [...OTHER_CONVERSATIONS, 'nobody'].entries()) {
      const report = await verifyParts(partsOf(undefined, { kind: 'conversation', key: keyOf(name) }));
      expect([name, report.findings, report.complete, report.records.shown]).toEqual([name, [], 'yes', counts[i]]);
    }
  });

  it('is the same bytes each time', () => {
    const [one, two] = [assembleBundle(crypto, partsOf()), assembleBundle(crypto, partsOf())];
    expect([...one.keys()]).toEqual([...two.keys()]);
    for (const [name, bytes] of one) expect([name, toHex(crypto.sha256(bytes))]).toEqual([name, toHex(crypto.sha256(two.get(name)!))]);
  });

  it('is not anchored without a policy, and says so', async () => {
    const report = await verifyParts(partsOf(), { policy: undefined as never });
    expect(report).toMatchObject({ ok: true, anchored: false, witnesses: [] });
    expect(report.notes.map(({ code }) => code)).toEqual(['NOT_ANCHORED']);
  });

  it('is anchored by a checkpoint that the verifier kept, and not by a forked one', async () => {
    const kept = await example.archive.checkpoint([], example.time);
    expect(await verifyParts(partsOf(), { policy: undefined as never, checkpoints: [kept] })).toMatchObject({ ok: true, anchored: true });
    const other = await exampleArchive(crypto);
    const foreign = await verifyParts(partsOf(), { checkpoints: [other.checkpoint] });
    expect(codesOf(foreign)).toEqual(['CHECKPOINT_INVALID']);
  });

  it('of another archive than the one that was named is a finding', async () => {
    expect(codesOf(await verifyParts(partsOf(), { archiveId: 'ab'.repeat(32) }))).toEqual(['POLICY_MISMATCH']);
    const other = await exampleArchive(crypto);
    expect(codesOf(await verifyParts(partsOf(), { policy: other.policy }))).toEqual(['POLICY_MISMATCH']);
  });

  it('shows a period, and proves the rest by its leaves', async () => {
    const scope = { kind: 'conversation', key: keyOf(CONVERSATION), from: '2026-03-01T07:10:00.000Z' } as const;
    const outside: Selection = ({ offset }, chain) => ({ state: chain === FIRST && offset === 11n ? 'shown' : 'outside' });
    const report = await verifyParts(partsOf(outside, scope));
    expect(report).toMatchObject({ findings: [], complete: 'yes', records: { shown: 1, outside: 6 } });
    expect(codesOf(await verifyParts(partsOf(undefined, scope)))).toEqual(['BUNDLE_SCOPE_DIFFERS']);
    expect(codesOf(await verifyParts(partsOf(outside)))).toEqual(['BUNDLE_SCOPE_DIFFERS']);
  });
});

describe('time-stamp tokens', () => {
  const checkpointToken = utf8('token over the checkpoint');
  const renewal = utf8('token over the token');
  const root = utf8('root');
  const check: NonNullable<VerifyBundleOptions['timestampCheck']> = async (token, digest, roots) => {
    expect(roots).toEqual([root]);
    const over = fromUtf8(token) === fromUtf8(renewal) ? checkpointToken : example.checkpoint;
    if (toHex(digest) !== toHex(crypto.sha256(over)) || fromUtf8(token).startsWith('bad'))
      return { ok: false, problem: 'it is over something else.' };
    return {
      ok: true,
      time: new Date(example.time.getTime() + 1000),
      authority: 'CN=Authority',
      certificateEnds: example.time,
      policy: '1.2.3',
      serial: '0x1',
    };
  };
  const none = (): VerifyBundleOptions['policy'] & object => ({
    ...example.policy,
    quorum: 'none',
    witnesses: [],
    groups: [],
    tsas: [{ name: 'tsa', certificate: root }],
  });

  it('anchor, also when they were renewed; others are a note', async () => {
    const parts = { ...partsOf(), tokens: [renewal, checkpointToken, utf8('bad')] };
    const report = await verifyParts(parts, { policy: none(), timestampCheck: check });
    expect(report).toMatchObject({ ok: true, anchored: true, quorum: false });
    expect(report.tokens.filter(({ time }) => time !== undefined)).toHaveLength(2);
    expect(report.notes.map(({ code }) => code)).toEqual(['TOKEN_NOT_TRUSTED']);
  });

  it('without anybody to check them they are only there', async () => {
    const report = await verifyParts({ ...partsOf(), tokens: [checkpointToken] }, { policy: none() });
    expect(report).toMatchObject({ ok: true, anchored: false });
    expect(report.tokens).toEqual([{ hash: toHex(crypto.sha256(checkpointToken)), problem: 'not checked' }]);
  });

  it('older than what they stand over are a finding', async () => {
    const early: typeof check = async (...args) => {
      const checked = await check(...args);
      return checked.ok ? { ...checked, time: new Date(example.time.getTime() - 3_600_000) } : checked;
    };
    expect(codesOf(await verifyParts({ ...partsOf(), tokens: [checkpointToken] }, { policy: none(), timestampCheck: early }))).toEqual([
      'TIME_IMPLAUSIBLE',
    ]);
  });
});

describe('withheld records', () => {
  const withhold: Selection = ({ offset }, chain) =>
    chain === FIRST && offset === 2n ? { state: 'withheld', reason: 'redacted', note: 'by order' } : { state: 'shown' };
  const copy = (more: object = {}, signer = example.archive.signer): Uint8Array => {
    const payload = encodeRedactedCopy({
      format: 'holdfast.derived/1',
      archive: toHex(example.archive.id),
      chain: FIRST,
      offset: '2',
      text: 'evil [removed]',
      reason: 'redacted',
      ...more,
    });
    return utf8(signCompact({ alg: 'ES256', kid: signer.publicJwk.kid, typ: DERIVED_TYP }, payload, signer.privateJwk));
  };
  const withCopy = (bytes: Uint8Array): BundleParts => {
    const parts = partsOf(withhold);
    return { ...parts, records: parts.records.map((record) => (record.state === 'withheld' ? { ...record, copy: bytes } : record)) };
  };

  it('keep their place, their reason and a row in the transcript', async () => {
    const parts = partsOf(withhold, undefined, { language: 'zh-CN' });
    const report = await verifyParts(parts);
    expect(report).toMatchObject({ findings: [], complete: 'yes', records: { shown: 6, proven: 6, withheld: 1 } });
    const html = fromUtf8(assembleBundle(crypto, parts).get('transcript.html')!);
    expect(html).toContain('此处有一条记录未予出示：已遮蔽</b>');
    expect(html).toContain('by order');
    expect(html).not.toContain('second line');
  });

  it('may have a redacted copy that the archive signed', async () => {
    const parts = withCopy(copy());
    expect(await verifyParts(parts)).toMatchObject({ findings: [], copies: 1 });
    expect(fromUtf8(assembleBundle(crypto, parts).get('transcript.html')!)).toContain('<pre class="derived">evil [removed]</pre>');
    const stranger = newEcPair();
    for (const forged of [
      copy({ offset: '1' }),
      copy({ reason: 'other' }),
      copy({ archive: 'ab'.repeat(32) }),
      copy({}, { ...stranger, publicJwk: stranger.publicJwk }),
    ])
      expect(codesOf(await verifyParts(withCopy(forged)))).toContain('BUNDLE_COPY_INVALID');
  });

  it('can be proven later, and nothing else in their place', async () => {
    const [segment] = example.archive.chains.get(FIRST)!;
    const record = [0, 1].flatMap((no) => openObject(crypto, example.archive, segment!, no).records).find(({ offset }) => offset === 2n)!;
    const stem = `${FIRST}/00000000000000000002`;
    const given = (more: Record<string, Uint8Array>): Partial<VerifyBundleOptions> => ({
      disclosed: entriesOf(new Map(Object.entries({ [`${stem}.rec`]: record.bytes, [`${stem}.salt`]: record.salt, ...more }))),
    });
    expect(await verifyParts(partsOf(withhold), given({}))).toMatchObject({ findings: [], disclosed: [{ chain: FIRST, offset: '2', proven: true }] });
    for (const wrong of [
      { [`${stem}.rec`]: record.bytes.with(60, 1) },
      { [`${stem}.salt`]: record.salt.with(0, 1) },
      { [`${stem}.salt`]: new Uint8Array(0) },
      { other: record.salt },
    ])
      expect(codesOf(await verifyParts(partsOf(withhold), given(wrong)))).toEqual(['BUNDLE_DISCLOSURE_DIFFERS']);
  });
});

describe('single records and results of a query', () => {
  const some: Selection = ({ offset }, chain) => (chain === SECOND && offset === 1n ? { state: 'shown' } : undefined);

  it('are proven by their own manifests alone', async () => {
    const report = await verifyParts(partsOf(some, { kind: 'records', ids: ['a~chat~1~0~1'] }));
    expect(report).toMatchObject({ findings: [], complete: 'not claimed', records: { shown: 1, proven: 1 } });
    const query = { kind: 'query', query: 'mended', reading: 'mended', position: 'ab'.repeat(32), hits: 1 } as const;
    expect((await verifyParts(partsOf(some, query))).findings).toEqual([]);
  });

  it('are those that the scope names', async () => {
    for (const ids of [[], ['a~chat~1~0~2'], ['a~chat~1~0~1', 'a~chat~0~0~1'], ['what']])
      expect(codesOf(await verifyParts(partsOf(some, { kind: 'records', ids })))).toEqual(['BUNDLE_SCOPE_DIFFERS']);
  });

  it('without their path in the log are a finding', async () => {
    const parts = partsOf(some, { kind: 'records', ids: ['a~chat~1~0~1'] });
    expect(codesOf(await verifyParts({ ...parts, logProofs: [] }))).toContain('BUNDLE_MANIFEST_UNPROVEN');
    const [proof] = parts.logProofs;
    for (const forged of [
      { ...proof!, index: proof!.index + 1 },
      { ...proof!, path: proof!.path.slice(1) },
      { ...proof!, path: proof!.path.toReversed() },
    ])
      expect(codesOf(await verifyParts({ ...parts, logProofs: [forged] }))).toEqual(
        expect.arrayContaining(['BUNDLE_MANIFEST_UNPROVEN', 'BUNDLE_PROOF_INVALID']),
      );
  });
});

/** Forgers who make everything else of the bundle again: lists, hashes and texts agree with what they did. */
describe('a forged conversation', () => {
  const isAt = (chain: string, offset: bigint) => (record: RecordPart) => record.chain === chain && record.offset === offset;
  const change = (parts: BundleParts, chain: string, seq: number, no: number, edit: (proof: ObjectProof) => ObjectProof): BundleParts => ({
    ...parts,
    objects: parts.objects.map((proof) => (proof.chain === chain && proof.seq === seq && proof.no === no ? edit(proof) : proof)),
  });
  const without = (parts: BundleParts, chain: string, offset: bigint): BundleParts => ({
    ...parts,
    records: parts.records.filter((record) => !isAt(chain, offset)(record)),
    objects: parts.objects.map((proof) => {
      const leaves = proof.leaves.filter(
        ({ leaf }) => proof.chain !== chain || new DataView(leaf.buffer, leaf.byteOffset).getBigUint64(2) !== offset,
      );
      return { ...proof, leaves, blocks: proof.blocks.filter(({ no }) => leaves.some(({ block }) => block === no)) };
    }),
  });
  const skipping = (
    parts: BundleParts,
    skip: (at: { chain: string; seq: number }) => boolean,
    offsets: (record: RecordPart) => boolean,
  ): BundleParts => ({
    ...parts,
    manifests: parts.manifests.filter((at) => !skip(at)),
    logProofs: parts.logProofs.filter((at) => !skip(at)),
    objects: parts.objects.filter((at) => !skip(at)),
    records: parts.records.filter((record) => !offsets(record)),
  });
  const expectFinding = async (parts: BundleParts, code: string): Promise<void> => {
    const report = await verifyParts(parts);
    expect(codesOf(report)).toContain(code);
    expect([report.ok, report.proven]).toEqual([false, []]);
    if (code === 'BUNDLE_INCOMPLETE') expect(report.complete).toBe('no');
  };

  it.each([
    ['the first', FIRST, 0n],
    ['one in the middle', FIRST, 2n],
    ['one of two in a block', FIRST, 7n],
    ['the only one of a segment', SECOND, 1n],
    ['the last', FIRST, 11n],
  ])('that leaves a message out: %s', async (_which, chain, offset) => {
    await expectFinding(without(partsOf(), chain, offset), 'BUNDLE_INCOMPLETE');
  });

  it.each([0, 1, 2])('that skips segment %d', async (seq) => {
    const [from, to] = [
      [0n, 5n],
      [5n, 8n],
      [8n, 99n],
    ][seq]!;
    const forged = skipping(
      partsOf(),
      (at) => at.chain === FIRST && at.seq === seq,
      ({ chain, offset }) => chain === FIRST && offset >= from! && offset < to!,
    );
    await expectFinding(forged, 'BUNDLE_INCOMPLETE');
  });

  it.each([FIRST, SECOND])('that skips the chain %s', async (name) => {
    const forged = skipping(
      partsOf(),
      ({ chain }) => chain === name,
      ({ chain }) => chain === name,
    );
    await expectFinding(forged, 'BUNDLE_INCOMPLETE');
    const heads = { ...forged.heads, heads: forged.heads.heads.filter(({ chain }) => chain !== name) };
    await expectFinding({ ...forged, heads }, 'BUNDLE_POSITION_INVALID');
  });

  it('that hides the registration of a chain', async () => {
    const parts = partsOf();
    await expectFinding({ ...parts, gov: { ...parts.gov, manifests: parts.gov.manifests.slice(0, 1), objects: [] } }, 'MANIFEST_MISSING');
    await expectFinding({ ...parts, gov: { ...parts.gov, objects: [] } }, 'OBJECT_MISSING');
  });

  it('that leaves the proof of an object out, or its directory', async () => {
    const parts = partsOf();
    await expectFinding({ ...parts, objects: parts.objects.filter(({ leaves }) => leaves.length > 0) }, 'BUNDLE_INCOMPLETE');
    const closed = change(parts, SECOND, 0, 0, ({ directory: _directory, ...rest }) => rest);
    await expectFinding(closed, 'BUNDLE_OBJECT_CLOSED');
    expect(await verifyParts(closed)).toMatchObject({ complete: 'with exceptions', exceptions: [{ chain: SECOND, seq: 0, no: 0 }] });
  });

  describe('of the directory:', () => {
    const absent = [SECOND, 0, 0] as const;
    const present = [FIRST, 0, 0] as const;
    const edit = (
      at: readonly [string, number, number],
      forge: (directory: DirectoryProof, proof: ObjectProof) => Partial<DirectoryProof>,
    ): BundleParts => change(partsOf(), ...at, (proof) => ({ ...proof, directory: { ...proof.directory!, ...forge(proof.directory!, proof) } }));
    const neighbours = (name: string): DirectoryProof['entries'] =>
      partsOf(undefined, { kind: 'conversation', key: keyOf(name) }).objects.find(({ chain, seq, no }) => chain === FIRST && seq === 0 && no === 0)!
        .directory!.entries;

    it.each<[string, () => BundleParts]>([
      ['a label key of which a bit was changed', () => edit(present, ({ labelKey }) => ({ labelKey: labelKey!.with(5, labelKey![5]! ^ 1) }))],
      ['the label key of another object', () => edit(absent, () => ({ labelKey: partsOf().objects[0]!.directory!.labelKey! }))],
      ['no label key', () => change(partsOf(), ...absent, (proof) => ({ ...proof, directory: { entries: proof.directory!.entries } }))],
      ['absence by nothing', () => edit(absent, () => ({ entries: [] }))],
      ['presence by nothing', () => edit(present, () => ({ entries: [] }))],
      ['another index', () => edit(absent, ({ entries }) => ({ entries: entries.map((entry) => ({ ...entry, index: entry.index + 1 })) }))],
      [
        'another path',
        () => edit(present, ({ entries }) => ({ entries: entries.map((entry) => ({ ...entry, path: [...entry.path, entry.entry.slice(0, 32)] })) })),
      ],
      ['another count', () => edit(present, ({ entries }) => ({ entries: entries.map((entry) => ({ ...entry, entry: entry.entry.with(35, 9) })) }))],
      [
        'another root',
        () =>
          edit(present, ({ entries }) => ({ entries: entries.map((entry) => ({ ...entry, entry: entry.entry.with(40, entry.entry[40]! ^ 1) })) })),
      ],
      ['two entries for presence', () => edit(present, ({ entries }) => ({ entries: [...entries, ...entries] }))],
      ['the entry of another conversation', () => edit(present, () => ({ entries: neighbours(OTHER_CONVERSATIONS[1]) }))],
    ])('%s', async (_what, forge) => {
      await expectFinding(forge(), 'BUNDLE_INCOMPLETE');
    });

    it('absence by entries that are true and no neighbours, of a conversation that is there', async () => {
      const all = [CONVERSATION, ...OTHER_CONVERSATIONS].flatMap(neighbours);
      const others = [...new Map(all.map((entry) => [entry.index, entry])).values()].sort((a, b) => a.index - b.index);
      const mine = neighbours(CONVERSATION)[0]!;
      const empty = (entries: DirectoryProof['entries']): BundleParts =>
        [0n, 4n].reduce(
          (parts, offset) => without(parts, FIRST, offset),
          change(partsOf(), ...present, (proof) => ({ ...proof, directory: { ...proof.directory!, entries } })),
        );
      const lies = others
        .filter(({ index }) => index !== mine.index)
        .flatMap((one, i, rest) => [[one], ...rest.slice(i + 1).map((two) => [one, two])]);
      expect(lies.length).toBeGreaterThan(0);
      for (const lie of lies) await expectFinding(empty(lie), 'BUNDLE_INCOMPLETE');
    });
  });

  describe('of leaves and blocks:', () => {
    const at = [FIRST, 0, 0] as const;
    const leaf = (forge: (leaf: LeafProof) => LeafProof): BundleParts =>
      change(partsOf(), ...at, (proof) => ({ ...proof, leaves: proof.leaves.map(forge) }));

    it.each<[string, () => BundleParts]>([
      ['another index', () => leaf((each) => ({ ...each, index: each.index + 1 }))],
      ['another block', () => leaf((each) => ({ ...each, block: 1 }))],
      ['a shorter path', () => leaf((each) => ({ ...each, path: each.path.slice(1) }))],
      ['another number of objects', () => change(partsOf(), ...at, (proof) => ({ ...proof, objects: proof.objects + 1 }))],
      ['no path of the object', () => change(partsOf(), ...at, (proof) => ({ ...proof, path: [] }))],
      [
        'another block entry',
        () =>
          change(partsOf(), ...at, (proof) => ({ ...proof, blocks: proof.blocks.map((block) => ({ ...block, entry: block.entry.with(39, 9) })) })),
      ],
      ['no blocks', () => change(partsOf(), ...at, (proof) => ({ ...proof, blocks: [] }))],
    ])('%s', async (_what, forge) => {
      await expectFinding(forge(), 'BUNDLE_PROOF_INVALID');
    });

    it('a leaf of which a byte was changed, or a record', async () => {
      for (const position of [2, 9, 17, 25, 27, 29, 30, 61])
        await expectFinding(
          leaf((each) => ({ ...each, leaf: each.leaf.with(position, each.leaf[position]! ^ 1) })),
          'BUNDLE_PROOF_INVALID',
        );
      const parts = partsOf();
      const records = parts.records.map((record) =>
        record.state === 'shown' && isAt(FIRST, 0n)(record) ? { ...record, bytes: record.bytes.with(-20, 0x21) } : record,
      );
      await expectFinding({ ...parts, records }, 'BUNDLE_RECORD_DIFFERS');
      await expectFinding(
        leaf(({ salt: _salt, ...rest }) => rest),
        'BUNDLE_RECORD_DIFFERS',
      );
      await expectFinding(
        leaf((each) => ({ ...each, salt: each.salt!.with(0, each.salt![0]! ^ 1) })),
        'BUNDLE_RECORD_DIFFERS',
      );
    });

    it('the salt of a record that is withheld', async () => {
      const withheld = partsOf(({ offset }) => (offset === 0n ? { state: 'withheld', reason: 'privacy' } : { state: 'shown' }));
      await expectFinding(
        change(withheld, ...at, () => partsOf().objects[0]!),
        'BUNDLE_PROOF_INVALID',
      );
    });

    it('a record that nothing lists, and one that nothing proves', async () => {
      const parts = partsOf();
      await expectFinding({ ...parts, records: parts.records.slice(1) }, 'BUNDLE_RECORD_UNLISTED');
      const extra = { ...parts.records[0]!, offset: 1n };
      await expectFinding({ ...parts, records: [...parts.records, extra] }, 'BUNDLE_RECORD_UNPROVEN');
    });
  });

  it('that is signed by somebody else', async () => {
    const parts = partsOf();
    const stranger = newEcPair();
    const resigned = parts.manifests.map((each, i) => {
      const [, payload = ''] = fromUtf8(each.bytes).split('.');
      const signed = signCompact(
        { alg: 'ES256', kid: stranger.publicJwk.kid, typ: 'holdfast-manifest' },
        Buffer.from(payload, 'base64url'),
        stranger.privateJwk,
      );
      return i === 0 ? { ...each, bytes: utf8(signed) } : each;
    });
    await expectFinding({ ...parts, manifests: resigned }, 'MANIFEST_INVALID');
  });

  it('under a checkpoint of a log key that gov had closed before, and not of one that was closed behind it', async () => {
    const verdictOf = async (logSize: number): Promise<string[]> => {
      const { archive } = await exampleArchive(crypto);
      archive.govern([{ type: 'key.closed', use: 'log', kid: archive.log.publicJwk.kid, chains: [], logSize, reason: 'stolen' }]);
      const time = archive.tick();
      const parts = bundleParts(crypto, archive, {
        checkpoint: await archive.checkpoint([], time),
        time,
        scope: { kind: 'conversation', key: keyOf(CONVERSATION) },
        select: () => ({ state: 'shown' }),
      });
      return codesOf(await verifyBundle(entriesOf(assembleBundle(crypto, parts)), { crypto }));
    };
    expect(await verdictOf(3)).toContain('CHECKPOINT_INVALID');
    expect(await verdictOf(1_000)).toEqual([]);
  });

  it('under a checkpoint that nobody signed, of another root or before its tick', async () => {
    const parts = partsOf();
    const text = fromUtf8(example.checkpoint);
    const cut = text.split('\n').filter((line) => !line.startsWith('— archive'));
    for (const forged of [cut.join('\n'), text.replace('\n12\n', '\n13\n'), text.slice(0, -10), ''])
      await expectFinding({ ...parts, checkpoint: { ...parts.checkpoint, bytes: utf8(forged) } }, 'CHECKPOINT_INVALID');
    await expectFinding({ ...parts, heads: { ...parts.heads, tick: example.archive.entries.at(-2)! } }, 'BUNDLE_POSITION_INVALID');
    await expectFinding({ ...parts, heads: { ...parts.heads, path: parts.heads.path.slice(1) } }, 'BUNDLE_POSITION_INVALID');
    await expectFinding(
      { ...parts, heads: { ...parts.heads, heads: parts.heads.heads.map((head) => ({ ...head, next: head.next - 1 })) } },
      'BUNDLE_POSITION_INVALID',
    );
    await expectFinding({ ...parts, time: new Date(0) }, 'BUNDLE_INDEX_WRONG');
  });
});

describe('what is no bundle', () => {
  it('is a finding, never an exception', async () => {
    expect(codesOf(await verifyBundle(entriesOf(new Map()), { crypto }))).toEqual(['BUNDLE_ENTRY_MISSING', 'GENESIS_MISSING']);
    const broken: BundleEntries = {
      names: () => ['bundle.json', 'genesis.jws', '../../etc/passwd', 'x'],
      read: () => Promise.reject(new RangeError('boom')),
    };
    expect(codesOf(await verifyBundle(broken, { crypto }))).toEqual(['BUNDLE_ENTRY_MALFORMED']);
  });

  it('has no two entries of one name, and none that the format does not have', async () => {
    const entries = assembleBundle(crypto, partsOf());
    const twice: BundleEntries = {
      names: () => [...entries.keys(), 'verify.html', 'extra.txt', 'records/x'],
      read: async (name) => entries.get(name),
    };
    const report = await verifyBundle(twice, { crypto, policy: example.policy });
    expect(codesOf(report)).toEqual(['BUNDLE_ENTRY_TWICE', 'BUNDLE_ENTRY_UNKNOWN']);
    expect(report.findingsTotal).toBe(3);
  });
});
