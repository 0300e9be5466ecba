import { expect } from '@jest/globals';
import type { IndexDocument, Position, SearchHit } from '@holdfast/ports';
import { orderOf } from '@holdfast/ports';
import { collect } from '../collect.js';
import { documentAt, generateDocuments } from './documents.js';
import { ALL, CHAIN, covering, fill, idsOf, page } from './filled-index.js';
import { eachHarness } from './each-harness.js';
import type { IndexHarness } from './index-harness.js';

const OTHER = 'msg/demo/im/1/0';
/** Longer than what an adapter asks for at a time. */
const LONG = Array.from({ length: 2500 }, (_, n) => `w${String(n % 3 === 0 ? 0 : n)}`);
const RICH: Partial<IndexDocument> = {
  body: ['the', 'contract', '合', '同', 'the', 'budget'],
  subject: ['budget', 'plan'],
  capture: '5 /slack 7',
  thread: 't1',
  sender: ['u1', '李明'],
  participants: ['u1', 'u2', 'p'.repeat(600)],
  has: ['link'],
  is: ['edited'],
  fileNames: ['plan v2.pdf'],
};

/** What somebody who can write to the engine might change, and the member that a comparison must name. */
const ALTERATIONS: readonly (readonly [what: string, changes: Partial<IndexDocument>, member: string])[] = [
  ['a word for another', { body: ['the', 'contract', '合', '同', 'the', 'lunch'] }, 'body'],
  ['two words changed places', { body: ['contract', 'the', '合', '同', 'the', 'budget'] }, 'body'],
  ['a word more at the end', { body: ['the', 'contract', '合', '同', 'the', 'budget', 'privileged'] }, 'body'],
  ['a word that is there already, once more', { body: ['the', 'contract', '合', '同', 'the', 'budget', 'the'] }, 'body'],
  ['a word more at the beginning', { body: ['privileged', 'the', 'contract', '合', '同', 'the', 'budget'] }, 'body'],
  ['a word less', { body: ['the', 'contract', '合', '同', 'the'] }, 'body'],
  ['no text', { body: [] }, 'body'],
  ['another subject', { subject: ['lunch', 'plan'] }, 'subject'],
  ['no subject', { subject: [] }, 'subject'],
  ['another name of the conversation', { conversationName: ['lunch', 'room'] }, 'conversationName'],
  ['another sender', { sender: ['u1', 'mallory'] }, 'sender'],
  ['a sender more', { sender: ['u1', '李明', 'mallory'] }, 'sender'],
  ['a participant less', { participants: ['u1', 'u2'] }, 'participants'],
  ['a long participant changed at its end', { participants: ['u1', 'u2', `${'p'.repeat(599)}q`] }, 'participants'],
  ['another conversation', { conversation: 'slack:acme:c2' }, 'conversation'],
  ['another kind', { kind: 'message.deleted' }, 'kind'],
  ['another platform', { platform: 'teams' }, 'platform'],
  ['another workspace', { workspace: 'other' }, 'workspace'],
  ['another thread', { thread: 't2' }, 'thread'],
  ['no attachment', { has: [] }, 'has'],
  ['a mark more', { is: ['deleted', 'edited'] }, 'is'],
  ['another file', { fileNames: ['lunch.pdf'] }, 'fileNames'],
  ['no capture', { capture: '' }, 'capture'],
  ['another time', { sentAt: 1 }, 'sentAt'],
  ['another segment', { seq: 1 }, 'seq'],
  ['another place in the log', { order: orderOf(77n, 0, CHAIN) }, 'order'],
  ['another chain', { chain: OTHER }, 'chain'],
  ['another cohort', { cohort: { className: 'standard', period: '2044-04' } }, 'cohort'],
  ['a stub that nothing finds', { sentAt: 1e19 }, 'unindexed'],
];

/** What an attestation relies on: an engine that was doctored behind its adapter's back says so. */
export function attestationTests(make: () => Promise<IndexHarness>, timeout: number): void {
  const each = eachHarness(make, timeout);

  const written = Array.from({ length: 6 }, (_, n) => documentAt(CHAIN, n, n, RICH));
  const [first] = written;
  if (first === undefined) throw new Error('there are six');

  each.promise('says nothing of documents that are as they were written', async () => {
    const index = each.handle();
    const documents = [
      ...generateDocuments(11, 500),
      documentAt('msg/demo/long/0/0', 0, 0, { body: LONG, subject: LONG.slice(0, 512), conversationName: LONG.slice(0, 1025) }),
      documentAt('msg/demo/long/0/0', 1, 1, { sentAt: 1e19 }),
      documentAt('msg/demo/long/0/0', 2, 2, { body: [], conversationName: [], conversation: '', platform: '', workspace: '', kind: 'unparsed' }),
    ];
    await fill(index, documents);
    expect(await index.compare(documents)).toEqual([]);
    expect(await index.inspect(false)).toEqual([]);
    expect(await index.inspect(true)).toEqual([]);
    // Asked once more: nothing was left behind by asking.
    expect(await index.inspect(true)).toEqual([]);
    expect((await index.status()).documents).toBe(documents.length);
    expect(await collect(index.heldChains())).toEqual([...new Set(documents.map(({ chain }) => chain))].sort());
  });

  each.promise('names the member that was altered, of each document', async () => {
    const index = each.handle();
    await fill(index, written);
    for (const [what, changes, member] of ALTERATIONS) {
      await each.harness.plant(first.id, { ...first, ...changes });
      const found = await index.compare(written);
      expect([what, found.map(({ id, kind }) => ({ id, kind }))]).toEqual([what, [{ id: first.id, kind: 'altered' }]]);
      expect([what, found[0]?.members]).toEqual([what, expect.arrayContaining([member])]);
      await each.harness.plant(first.id, first);
    }
    expect(await index.compare(written)).toEqual([]);
    expect(await index.inspect(true)).toEqual([]);
  });

  each.promise('finds a change in the middle and at the end of a long text', async () => {
    const index = each.handle();
    const long = documentAt(CHAIN, 0, 0, { body: LONG });
    await fill(index, [long]);
    for (const at of [0, 511, 512, 1023, 1024, 1300, 2499]) {
      await each.harness.plant(long.id, { ...long, body: LONG.with(at, 'other') });
      expect([at, await index.compare([long])]).toEqual([at, [{ id: long.id, kind: 'altered', members: ['body'] }]]);
    }
    for (const body of [[...LONG, 'w0'], LONG.slice(1)]) {
      await each.harness.plant(long.id, { ...long, body });
      expect(await index.compare([long])).toEqual([{ id: long.id, kind: 'altered', members: ['body'] }]);
    }
  });

  each.promise('names what is missing, and holds what nobody sealed', async () => {
    const index = each.handle();
    await fill(index, written);
    await each.harness.plant(first.id, undefined);
    expect(await index.compare(written)).toEqual([{ id: first.id, kind: 'missing', members: [] }]);
    const extra = documentAt(CHAIN, 2, 900);
    const stranger = documentAt('msg/demo/nowhere/0/0', 0, 0);
    for (const one of [extra, stranger]) await each.harness.plant(one.id, one);
    expect(idsOf(await collect(index.held(CHAIN, '', undefined)))).toEqual([...written.slice(1), extra].map(({ id }) => id));
    expect(await collect(index.heldChains())).toEqual([CHAIN, stranger.chain]);
    expect(idsOf(await collect(index.held(stranger.chain, '', undefined)))).toEqual([stranger.id]);
  });

  each.promise('holds a range of log order, the beginning and not the end', async () => {
    const index = each.handle();
    await fill(index, written);
    const range = async (from: bigint, to: bigint): Promise<readonly SearchHit[]> =>
      collect(index.held(CHAIN, orderOf(from, 0, ''), orderOf(to, 0, '')));
    expect(idsOf(await range(0n, 2n))).toEqual(idsOf(await collect(index.all(CHAIN))).slice(0, 2));
    expect(idsOf(await range(2n, 5n))).toEqual(written.slice(2, 5).map(({ id }) => id));
    expect(await range(6n, 600n)).toEqual([]);
    expect(await collect(index.held(OTHER, '', undefined))).toEqual([]);
  });

  each.promise('is marked as failed for every handle, until the mark is taken away or a rebuild takes over', async () => {
    const index = each.handle();
    const position = await fill(index, written);
    const reader = each.handle();
    expect(await reader.open()).not.toHaveProperty('failure');
    const failure = { since: '2026-01-05T09:00:00.000Z', findings: 3 };
    await index.mark(failure);
    expect(await reader.status()).toMatchObject({ failure });
    expect(await each.handle().open()).toMatchObject({ failure });
    expect(await reader.search(page(ALL))).toMatchObject({ failure, total: 6 });
    await index.mark({ ...failure, findings: 4 });
    expect(await reader.status()).toMatchObject({ failure: { findings: 4 } });
    // The writer is not in the way of the mark, nor the mark in the way of the writer.
    const seventh = documentAt(CHAIN, 6, 6);
    await index.write([seventh]);
    const marker = each.handle();
    await index.mark(failure);
    await index.publish(covering(position, [seventh]));
    expect(await marker.open()).toMatchObject({ failure, documents: 7 });
    await marker.mark(undefined);
    await marker.mark(undefined);
    expect(await index.search(page(ALL))).not.toHaveProperty('failure');

    await index.mark(failure);
    const begun: { readonly position: Position } = await index.beginRebuild();
    await index.write(written);
    await index.publish(covering(begun.position, written));
    expect(await reader.status()).toMatchObject({ failure });
    await index.finishRebuild();
    expect(await reader.status()).not.toHaveProperty('failure');
    expect(await reader.search(page(ALL))).not.toHaveProperty('failure');
  });

  each.promise('refuses to compare an index of another tokenizer', async () => {
    await fill(each.handle({ tokenizer: 'other/1' }), written);
    const index = each.handle();
    await index.open();
    await expect(index.compare(written)).rejects.toMatchObject({ code: 'index_rebuild_needed' });
    expect(await collect(index.held(CHAIN, '', undefined))).toHaveLength(6);
    expect(await index.inspect(true)).toEqual([]);
  });
}
