import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { EMBEDDED_DEFAULTS, openEmbedded } from '@holdfast/assembly';
import { nodeCrypto } from '@holdfast/crypto-node';
import { leafHash, rootInPlace } from '@holdfast/seal';
import { until } from '@holdfast/test-kit';
import { logKeysOf, openCheckpoint, parseEntries, parseEntry } from '@holdfast/tlog';
import type { VerifierKey } from '@holdfast/tlog';
import { Suite, metric, synthetic, untilIndexed, untilReady } from './running.js';
import type { Service } from './running.js';

const RECORDS = 200;
const suite = new Suite();
let audit: Service;
let keys: readonly VerifierKey[];

beforeAll(async () => {
  await suite.begin();
  await suite.fill(synthetic(RECORDS));
  const ingest = await suite.ingest();
  await untilIndexed(ingest, RECORDS);
  await ingest.stop();
  const opened = await openEmbedded(suite.folder, EMBEDDED_DEFAULTS);
  keys = logKeysOf(opened.archive, opened.governance.state);
  await opened.close();
  audit = await suite.audit();
  await untilReady(audit);
}, 180_000);

afterAll(() => suite.end());

describe('the transparency log of a running audit', () => {
  it('is signed, and its entries lead to the signed root', async () => {
    await until(async () => (await audit.get('/log/checkpoint')).ok, 60_000, 'a checkpoint is served');
    const answer = await audit.get('/log/checkpoint');
    expect(answer.headers.get('content-type')).toBe('text/plain; charset=utf-8');
    const { checkpoint } = openCheckpoint(nodeCrypto, new Uint8Array(await answer.arrayBuffer()), keys);
    expect(checkpoint.size).toBeGreaterThan(5);
    const tile = await audit.get(`/log/tile/entries/000.p/${checkpoint.size}`);
    expect(tile.headers.get('content-type')).toBe('application/octet-stream');
    const entries = parseEntries(new Uint8Array(await tile.arrayBuffer()));
    expect(entries.map(parseEntry).at(-1)).toMatchObject({ type: 'tick' });
    const hashes = Buffer.concat(entries.map((entry) => leafHash(nodeCrypto, entry)));
    const level0 = Buffer.from(await (await audit.get(`/log/tile/0/000.p/${checkpoint.size}`)).arrayBuffer());
    expect(level0).toEqual(hashes);
    expect(Buffer.from(rootInPlace(nodeCrypto, new Uint8Array(hashes), checkpoint.size))).toEqual(Buffer.from(checkpoint.root));
    expect(await metric(audit, 'holdfast_log_size')).toBeGreaterThanOrEqual(checkpoint.size);
  });

  it('answers 404 for tiles that it does not have, or that are spelt in another way', async () => {
    for (const path of ['0/001', '0/000', 'entries/000.p/9999', '0/0', '0/000.p/', '0/000.p/01', '9/000.p/1', '0/x000/000.p/1', '%30/000.p/1'])
      expect([path, (await audit.get(`/log/tile/${path}`)).status]).toEqual([path, 404]);
  });

  it('is open to strangers in the description of the API', async () => {
    const { paths } = await audit.json<{ readonly paths: Record<string, { readonly get: { readonly security?: unknown[] } }> }>('/openapi.json');
    expect(paths['/log/checkpoint']?.get.security).toEqual([]);
    expect(paths['/log/tile/{path}']?.get.security).toEqual([]);
  });
});
