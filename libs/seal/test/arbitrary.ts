import type { RawRecord } from '@holdfast/record';
import fc from 'fast-check';

const field = fc.option(fc.uint8Array({ maxLength: 60 }), { nil: null });

/** Any record that a log can hold. */
export const anyRecord: fc.Arbitrary<RawRecord> = fc.record({
  offset: fc.bigInt({ min: 0n, max: 0x7fff_ffff_ffff_ffffn }),
  timestamp: fc.bigInt({ min: -0x8000_0000_0000_0000n, max: 0x7fff_ffff_ffff_ffffn }),
  timestampType: fc.constantFrom('create' as const, 'log-append' as const),
  key: field,
  value: field,
  headers: fc.array(fc.record({ key: fc.uint8Array({ maxLength: 20 }), value: field }), { maxLength: 5 }),
});

/** Records in offset order, with holes between them, from an offset on. */
export const someRecords = fc
  .tuple(
    fc.bigInt({ min: 0n, max: 0xffff_ffff_ffffn }),
    fc.array(fc.tuple(anyRecord, fc.constantFrom(0n, 0n, 0n, 1n, 5n)), { minLength: 1, maxLength: 40 }),
  )
  .map(([first, list]) => {
    let next = first;
    const records = list.map(([record, hole]): RawRecord => {
      const offset = next + hole;
      next = offset + 1n;
      return { ...record, offset };
    });
    return { first, next, records };
  });
