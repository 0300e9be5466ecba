import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { HoldfastError, kindOf } from './errors.js';
import { formatRecordId, messageChain, parseMessageChain, parseRecordId } from './record-id.js';

const partition = fc.record({
  source: fc.stringMatching(/^[a-z0-9][a-z0-9-]{0,20}$/),
  topic: fc.stringMatching(/^[A-Za-z0-9_-][A-Za-z0-9._-]{0,20}$/),
  partition: fc.nat(),
  epoch: fc.nat(),
});

describe('record ids', () => {
  it('have one spelling', () => {
    fc.assert(
      fc.property(partition, fc.bigInt({ min: 0n, max: 10n ** 18n }), fc.nat({ max: 99_999 }), (at, offset, event) => {
        const id = { ...at, offset, event };
        expect(parseRecordId(formatRecordId(id))).toEqual(id);
        expect(encodeURIComponent(formatRecordId(id))).toBe(formatRecordId(id));
        expect(parseMessageChain(messageChain(at))).toEqual(at);
      }),
    );
  });

  it.each(['', 'a~b~0~0', 'a~b~0~0~1~0', 'a~b~00~0~1', 'A~b~0~0~1', 'a~b/c~0~0~1', 'a~b~0~0~-1', 'a~b~0~0~1~', ' a~b~0~0~1'])('refuse %j', (text) => {
    expect(() => parseRecordId(text)).toThrow('is not a record id');
  });

  it.each(['gov', 'msg/a/b/0', 'msg/a/b/0/0/0', 'days/a/b/0/0', 'msg/A/b/0/0', 'msg/a/../0/0', 'msg/a/b/00/0', 'msg/a/b/0/x'])(
    'are not of the chain %j',
    (chain) => {
      expect(parseMessageChain(chain)).toBeUndefined();
    },
  );
});

describe('errors', () => {
  it('are of a kind, and what nobody foresaw stops the partition', () => {
    expect(kindOf(new HoldfastError('store_unavailable', 'x'))).toBe('transient');
    expect(kindOf(new HoldfastError('import_refused', 'x'))).toBe('permanent');
    expect(kindOf(new HoldfastError('sealed_differs', 'x'))).toBe('integrity');
    expect(kindOf(new Error('x'))).toBe('integrity');
    expect(new HoldfastError('stopped', 'x', { cause: 1 }).cause).toBe(1);
  });
});
