import { beforeAll, describe, expect, it } from '@jest/globals';
import { assembleBundle } from '@holdfast/bundle';
import { nodeCrypto as crypto } from '@holdfast/crypto-node';
import { toHex, utf8 } from '@holdfast/seal';
import { CONVERSATION, bundleParts, exampleArchive } from '@holdfast/test-kit';
import type { ExampleArchive, Selection } from '@holdfast/test-kit';
import type { BundleEntries } from './bundle-entries.js';
import { verifyBundle } from './verify-bundle.js';

const entriesOf = (entries: ReadonlyMap<string, Uint8Array>): BundleEntries => ({
  names: () => [...entries.keys()],
  read: async (name) => entries.get(name),
});
const key = toHex(utf8(CONVERSATION));
const showAll: Selection = () => ({ state: 'shown' });
let example: ExampleArchive;

beforeAll(async () => {
  example = await exampleArchive(crypto);
});

describe('a bundle of a whole conversation', () => {
  it('verifies', async () => {
    const { archive, checkpoint, time, policy, policyText } = example;
    const parts = bundleParts(crypto, archive, { checkpoint, time, scope: { kind: 'conversation', key }, select: showAll, policy: policyText });
    const entries = assembleBundle(crypto, parts);
    const report = await verifyBundle(entriesOf(entries), { crypto, policy });
    expect(report.findings).toEqual([]);
  });
});
