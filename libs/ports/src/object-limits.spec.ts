import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { checkClaimBody, checkLock, checkObjectBody, checkObjectKey, checkRange, MAX_CLAIM_BYTES, MAX_OBJECT_BYTES } from './index.js';

const segment = fc.stringMatching(/^[A-Za-z0-9._=~-]{1,40}$/).filter((text) => text !== '.' && text !== '..');

describe('object limits', () => {
  it('take every key of the alphabet', () => {
    fc.assert(
      fc.property(fc.array(segment, { minLength: 1, maxLength: 8 }), (parts) => {
        checkObjectKey(parts.join('/'));
      }),
    );
  });

  it('refuse every key with another character, as bad_request', () => {
    fc.assert(
      fc.property(
        segment,
        fc.string({ unit: 'binary', minLength: 1, maxLength: 1 }).filter((c) => !/^[A-Za-z0-9._=~/-]$/.test(c)),
        segment,
        (a, odd, b) => {
          expect(() => {
            checkObjectKey(a + odd + b);
          }).toThrow(expect.objectContaining({ code: 'bad_request' }));
        },
      ),
    );
  });

  it('take the longest topic of Kafka as a folder', () => {
    checkObjectKey(`m/msg/${'s'.repeat(63)}/${'t'.repeat(249)}/0/0/0000000000000000/${'0'.repeat(64)}.jws`);
    checkObjectKey(`msg/s/${'t'.repeat(249)}/0/0/${'0'.repeat(200)}`);
  });

  it.each(['', '/', 'a/', '/a', 'a//b', '.', '..', 'a/..', 'a'.repeat(201), `${'a'.repeat(250)}/a`, 'a/'.repeat(450) + 'a'])('refuse %j', (key) => {
    expect(() => {
      checkObjectKey(key);
    }).toThrow(/the key/);
  });

  it('refuse sizes over the limit, and an empty claim', () => {
    checkObjectBody({ byteLength: MAX_OBJECT_BYTES } as Uint8Array);
    expect(() => {
      checkObjectBody({ byteLength: MAX_OBJECT_BYTES + 1 } as Uint8Array);
    }).toThrow(/larger/);
    checkClaimBody(new Uint8Array(MAX_CLAIM_BYTES));
    for (const size of [0, MAX_CLAIM_BYTES + 1]) {
      expect(() => {
        checkClaimBody(new Uint8Array(size));
      }).toThrow(/claim/);
    }
  });

  it('refuse lock dates that a store cannot spell', () => {
    checkLock({ mode: 'COMPLIANCE', retainUntil: new Date('2033-12-31T23:59:59Z') });
    for (const date of [new Date(NaN), new Date('2033-12-31T23:59:59.5Z'), new Date('1969-12-31T00:00:00Z'), new Date('+010000-01-01T00:00:00Z')]) {
      expect(() => {
        checkLock({ mode: 'COMPLIANCE', retainUntil: date });
      }).toThrow(/retain-until/);
    }
  });

  it.each([
    [-1, 2],
    [3, 2],
    [0.5, 2],
    [0, Infinity],
    [NaN, 1],
  ])('refuse the range %d to %d', (start, end) => {
    checkRange({ start: 0, end: 0 });
    expect(() => {
      checkRange({ start, end });
    }).toThrow(/range/);
  });
});
