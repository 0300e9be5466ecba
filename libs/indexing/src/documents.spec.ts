import { describe, expect, it } from '@jest/globals';
import type { RawRecord } from '@holdfast/record';
import { utf8 } from '@holdfast/seal';
import fc from 'fast-check';
import { orderOf } from '@holdfast/ports';
import { documentsOf } from './documents.js';
import type { RecordPlace } from './documents.js';

const place: RecordPlace = {
  at: { source: 's', topic: 't', partition: 1, epoch: 0 },
  chain: 'msg/s/t/1/0',
  seq: 3,
  cohort: { className: 'standard', period: '2033-01' },
};
const raw = (value: Uint8Array | null, offset = 7n): RawRecord => ({
  offset,
  timestamp: 1_790_000_000_000n,
  timestampType: 'create',
  key: utf8('x:w:c'),
  value,
  headers: [],
});

describe('documents', () => {
  it('hold what an event says, folded and cut into tokens, and where it lies', () => {
    const event = {
      kind: 'message.created',
      platform: 'x',
      workspace: { id: 'w' },
      conversation: { id: 'c', name: 'Ops' },
      source_id: '1',
      actor: { source_user_id: 'U1', display_name: 'ÄNNE' },
      times: { occurred_at: '2026-01-02T03:04:05Z' },
      body: { text: '合同 Contract' },
    };
    const [document, ...others] = documentsOf(raw(utf8(JSON.stringify(event))), place);
    expect(others).toEqual([]);
    expect(document).toMatchObject({
      id: 's~t~1~0~7',
      chain: place.chain,
      seq: 3,
      offset: '7',
      cohort: place.cohort,
      kind: 'message.created',
      conversation: 'x:w:c',
      sentFrom: 'occurred',
      sentAt: Date.parse('2026-01-02T03:04:05Z'),
      body: ['合', '同', 'contract'],
    });
    expect(document?.sender).toContain('anne');
  });

  it('are one for every record that is no event, so that it can be found and counted', () => {
    fc.assert(
      fc.property(fc.option(fc.uint8Array({ maxLength: 80 }), { nil: null }), (value) => {
        const documents = documentsOf(raw(value), place);
        expect(documents).toHaveLength(1);
        expect(documents[0]).toMatchObject({
          id: 's~t~1~0~7',
          kind: 'unparsed',
          is: expect.arrayContaining(['unreadable']),
          sentAt: 1_790_000_000_000,
        });
      }),
    );
  });

  it('are the same each time', () => {
    const record = raw(utf8('{"a":1}'));
    expect(documentsOf(record, place)).toEqual(documentsOf(record, place));
  });

  it('are ordered as their records are', () => {
    fc.assert(
      fc.property(
        fc.bigInt({ min: 0n, max: 2n ** 63n - 1n }),
        fc.bigInt({ min: 0n, max: 2n ** 63n - 1n }),
        fc.nat(999_999),
        fc.nat(999_999),
        (a, b, x, y) => {
          const [one, two] = [orderOf(a, x, 'c'), orderOf(b, y, 'c')];
          expect(one < two).toBe(a === b ? x < y : a < b);
        },
      ),
    );
  });
});
