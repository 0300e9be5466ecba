import { describe, expect, it } from '@jest/globals';
import { nodeCrypto } from '@holdfast/crypto-node';
import type { RawRecord } from '@holdfast/record';
import { BLOCK_BYTES } from './object-builder.js';
import { encodeRecord } from './record-bytes.js';
import { SegmentBuilder } from './segment-builder.js';
import { MAX_PLAIN, parseTrailer } from './trailer.js';

const COHORT = { className: 'ledger', classNumber: 0, period: '2026' };
const record = (offset: bigint, bytes: number): RawRecord => ({
  offset,
  timestamp: 1n,
  timestampType: 'create',
  key: null,
  value: new Uint8Array(bytes),
  headers: [],
});

describe('a record that fills a block', () => {
  const most = MAX_PLAIN - BLOCK_BYTES - 4 - encodeRecord(record(0n, 0), 0n).length;
  const builder = (): SegmentBuilder => new SegmentBuilder(nodeCrypto, { archive: new Uint8Array(32), chain: 'gov', seq: 0 }, 0n);

  it('can be read again, behind whatever is in its block already', () => {
    const segment = builder();
    segment.add(record(0n, BLOCK_BYTES - 100), COHORT, null);
    segment.add(record(1n, most), COHORT, null);
    const [object] = segment.finish().objects;
    if (object === undefined) throw new Error('no object');
    expect(parseTrailer(object.bytes.subarray(object.bytes.length - object.trailer), object.bytes.length, 2).blocks).toHaveLength(1);
  });

  it('is refused when no reader would open its block', () => {
    expect(() => builder().add(record(0n, most + 1), COHORT, null)).toThrow(expect.objectContaining({ code: 'bad_request' }));
  });
});
