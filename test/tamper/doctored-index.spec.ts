import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { openEmbedded } from '@holdfast/assembly';
import type { OpenedArchive } from '@holdfast/assembly';
import { openDiscovery } from '@holdfast/discovery';
import { ElasticRecordIndex } from '@holdfast/index-elastic';
import { IndexAuditor, IndexFollower, attestIndex, recordAttestation } from '@holdfast/indexing';
import type { AttestOptions, AttestReport } from '@holdfast/indexing';
import type { IndexDocument, RecordIndex } from '@holdfast/ports';
import { orderOf } from '@holdfast/ports';
import { collect, describeWith, documentAt } from '@holdfast/test-kit';
import { readCommitted } from '@holdfast/vault';
import { plant as plantInFile } from '../../libs/embedded/test/plant.js';
import { deleteIndices, plant as plantInCluster, server } from '../../libs/index-elastic/test/server.js';
import { documentsOfSealed, placeOf, recordsOf } from '../../libs/indexing/src/segment-documents.js';
import { TestAlarms } from '../harness/memory-archive.js';
import { sealedFolder } from '../harness/sealed-folder.js';
import type { SealedFolder } from '../harness/sealed-folder.js';

const CHAIN = 'msg/test/chat/0/0';
const RECORDS = Number(process.env['HOLDFAST_TEST_ATTEST_RECORDS'] ?? 1000);
const LONG_MS = 300_000;

/** An engine under attack. */
interface Engine {
  index(): RecordIndex;
  plant(id: string, document: IndexDocument | undefined): Promise<void>;
  dispose(): Promise<void>;
}

function elastic(): Engine {
  const prefix = `holdfast-test-${randomBytes(6).toString('hex')}`;
  return {
    index: () => new ElasticRecordIndex({ ...server(), prefix }),
    plant: (id, document) => plantInCluster(prefix, id, document),
    dispose: () => deleteIndices(prefix),
  };
}

for (const [name, needs] of [
  ['SQLite FTS5', []],
  ['Elasticsearch', ['HOLDFAST_TEST_ELASTIC_URL']],
] as const) {
  describeWith({ env: needs }, `a doctored index (${name})`, () => {
    let sealed: SealedFolder;
    let opened: OpenedArchive;
    let engine: Engine;
    let index: RecordIndex;
    /** Documents of the first segment, as the follower makes them. */
    let documents: readonly IndexDocument[];

    beforeAll(async () => {
      sealed = await sealedFolder(RECORDS);
      opened = await openEmbedded(sealed.folder);
      engine =
        needs.length > 0
          ? elastic()
          : {
              index: () => opened.index(),
              plant: (id, document) => Promise.resolve(plantInFile(`${sealed.folder}/index.sqlite`, id, document)),
              dispose: () => Promise.resolve(),
            };
      index = engine.index();
      await index.open();
      await new IndexFollower({ ...opened, index, alarms: new TestAlarms() }).catchUp();
      const committed = await readCommitted(opened.archive, CHAIN, 0, opened.governance.keys);
      const place = committed === undefined ? undefined : placeOf(committed.manifest);
      if (committed === undefined || place === undefined) throw new Error('nothing is sealed');
      const records = await recordsOf(opened.reader, committed.manifest);
      documents = records.flatMap((record) => documentsOfSealed(record, place));
    }, LONG_MS);

    afterAll(async () => {
      await index.close();
      await engine.dispose();
      await opened.close();
      await sealed.remove();
    }, LONG_MS);

    const attest = (options: Partial<AttestOptions> = {}): Promise<AttestReport> => attestIndex({ ...opened, index, ...options });
    const codes = ({ findings }: AttestReport): string[] => findings.map(({ code }) => code);
    /** A message with a text, somewhere in the first segment. */
    const victim = (): IndexDocument => {
      const found = documents.find(({ body, sender }) => body.length > 3 && sender.length > 0);
      if (found === undefined) throw new Error('nobody said anything');
      return found;
    };

    it(
      'has no finding when it is whole, both ways, and says what it compared',
      async () => {
        const report = await attest();
        expect(report).toMatchObject({ ok: true, whole: true, stopped: false, findingsTotal: 0, findings: [], unreadable: [] });
        expect(report.compared).toBe(report.documents);
        expect(report.documents).toBe((await index.status()).documents);
        expect(report.documents).toBeGreaterThan(RECORDS);
      },
      LONG_MS,
    );

    it(
      'names a facet that was changed, a text that was, a document that is gone and one that was added',
      async () => {
        const message = victim();
        const { id } = message;
        const attacks: readonly (readonly [planted: IndexDocument | undefined, code: string, member: string | undefined])[] = [
          [{ ...message, sender: ['mallory'] }, 'INDEX_DOCUMENT_ALTERED', 'sender'],
          [{ ...message, body: [...message.body, 'privileged'] }, 'INDEX_DOCUMENT_ALTERED', 'body'],
          [{ ...message, body: message.body.with(1, 'lunch') }, 'INDEX_DOCUMENT_ALTERED', 'body'],
          [{ ...message, sentAt: 1e19 }, 'INDEX_DOCUMENT_ALTERED', 'unindexed'],
          [{ ...message, order: orderOf(0n, 7, CHAIN) }, 'INDEX_DOCUMENT_ALTERED', 'order'],
          [undefined, 'INDEX_DOCUMENT_MISSING', undefined],
        ];
        for (const [planted, code, member] of attacks) {
          await engine.plant(id, planted);
          const { findings, ok } = await attest({ chains: [{ chain: CHAIN, from: 0, to: 1 }] });
          expect([code, member, findings]).toEqual([code, member, [expect.objectContaining({ code, id, place: `${CHAIN} 0` })]]);
          if (member !== undefined) expect(findings[0]?.members).toContain(member);
          expect(ok).toBe(false);
          await engine.plant(id, message);
        }
        const { findings } = await attest();
        expect(findings).toEqual([]);
      },
      LONG_MS,
    );

    it(
      'names documents of offsets, of chains and behind the cursor that nobody sealed',
      async () => {
        const last = documents.at(-1) ?? victim();
        const extras = [
          // Another event of a record that has only one, an offset that comes one day, and a chain that never was.
          { ...last, id: `${last.id}~9`, order: orderOf(BigInt(last.offset), 9, CHAIN) },
          documentAt(CHAIN, 0, 9_999_999),
          documentAt(CHAIN, 99_999, 99_999_999),
          documentAt('msg/test/elsewhere/0/0', 0, 0),
        ];
        for (const extra of extras) await engine.plant(extra.id, extra);
        const report = await attest();
        expect(report.findings.filter(({ code }) => code !== 'INDEX_DOCUMENT_EXTRA')).toEqual([]);
        expect(report.findings.map(({ id }) => id).sort()).toEqual(extras.map(({ id }) => id).sort());
        for (const extra of extras) await engine.plant(extra.id, undefined);
        expect(codes(await attest())).toEqual([]);
      },
      LONG_MS,
    );

    it(
      'is marked by a sample that meets it, in the alarm, in every search and after a restart, until all of it is clean',
      async () => {
        const message = victim();
        await engine.plant(message.id, { ...message, body: message.body.with(0, 'lunch') });
        const alarms = new TestAlarms();
        const samples: AttestReport[] = [];
        const auditor = (segments: number): IndexAuditor =>
          new IndexAuditor({ ...opened, index, alarms, everyMs: 1000, segments, onSample: (report) => samples.push(report) });
        const first = auditor(1_000);
        await first.look();
        expect(alarms.standing.size).toBe(0);
        await first.sample();
        expect(samples[0]).toMatchObject({
          ok: false,
          whole: false,
          findingsTotal: 1,
          findings: [{ code: 'INDEX_DOCUMENT_ALTERED', id: message.id }],
        });
        expect(first.counts).toMatchObject({ samples: 1, findings: 1 });
        expect([...alarms.standing.keys()]).toEqual(['INDEX_DIFFERS index']);
        // The same seed takes the same sample.
        const again = await attest({ sample: { segments: 3, records: 50, seed: 7 } });
        expect((await attest({ sample: { segments: 3, records: 50, seed: 7 } })).done).toEqual(again.done);

        // Another process, later: nothing but the index itself knows.
        const reader = engine.index();
        await reader.open();
        const discovery = openDiscovery(opened, reader, 'tester');
        const found = await discovery.search('os:tester', 'contract');
        expect(found).toMatchObject({ ok: true, index: { state: 'failed', findings: 1 } });
        if (found.ok && found.index.state === 'failed') expect(found.index.message.en).toContain('differ from the vault');
        if (found.ok) expect(found.hits.length).toBeGreaterThan(0);
        await reader.close();
        const restarted = new TestAlarms();
        await new IndexAuditor({ ...opened, index, alarms: restarted, everyMs: 1000, segments: 0 }).look();
        expect([...restarted.standing.keys()]).toEqual(['INDEX_DIFFERS index']);

        // A clean part takes no mark away, the whole does.
        await engine.plant(message.id, message);
        await recordAttestation(index, await attest({ sample: { segments: 2, seed: 1 } }), new Date());
        expect(await index.status()).toHaveProperty('failure');
        await recordAttestation(index, await attest(), new Date());
        expect(await index.status()).not.toHaveProperty('failure');
        await first.look();
        expect(alarms.standing.size).toBe(0);
        expect(await openDiscovery(opened, index, 'tester').search('os:tester', 'contract')).toMatchObject({
          index: { state: 'ok' },
          notInVault: [],
        });
      },
      LONG_MS,
    );

    it(
      'still shows what was sealed when a document was planted that was not',
      async () => {
        const planted = documentAt(CHAIN, 0, 8_888_888, { body: ['contract'] });
        await engine.plant(planted.id, planted);
        const found = await openDiscovery(opened, index, 'tester').search('os:tester', 'contract', { limit: 500 });
        expect(found).toMatchObject({ ok: true, notInVault: [planted.id], index: { state: 'failed' } });
        if (found.ok) expect(found.hits).toHaveLength(found.total - 1);
        await engine.plant(planted.id, undefined);
      },
      LONG_MS,
    );

    it(
      'stops when told, and goes on behind what is done',
      async () => {
        const abort = new AbortController();
        const report = await attest({ signal: abort.signal, onProgress: ({ segments }) => (segments === 2 ? abort.abort() : undefined) });
        expect(report).toMatchObject({ stopped: true, whole: false, segments: 2 });
        const rest = await attest({ chains: report.done.map(({ chain, to }) => ({ chain, from: to })) });
        expect(rest).toMatchObject({ ok: true, whole: false });
        const whole = await attest();
        expect(report.documents + rest.documents).toBe(whole.documents);
      },
      LONG_MS,
    );

    // Last: the cursor never goes back.
    it(
      'says that the cursor claims what was never sealed',
      async () => {
        const { position } = await index.status();
        const next = (position.chains[CHAIN] ?? 0) + 5;
        await index.publish({ ...position, chains: { ...position.chains, [CHAIN]: next, 'msg/test/elsewhere/0/0': 1 }, governance: 1_000_000 });
        const report = await attest();
        expect(new Set(codes(report))).toEqual(new Set(['INDEX_CURSOR_AHEAD']));
        expect(report.findings.map(({ place }) => place).sort()).toEqual(['gov', CHAIN, 'msg/test/elsewhere/0/0'].sort());

        // A rebuild ends it all.
        await recordAttestation(index, report, new Date());
        await new IndexFollower({ ...opened, index, alarms: new TestAlarms() }).rebuild();
        expect(await index.status()).not.toHaveProperty('failure');
        expect(await attest()).toMatchObject({ ok: true, whole: true });
        expect(await collect(index.heldChains())).not.toContain('msg/test/elsewhere/0/0');
      },
      LONG_MS,
    );
  });
}
