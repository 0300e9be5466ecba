import { expect, it } from '@jest/globals';
import { cohortsNeeded } from '@holdfast/vault';
import { firstMissingKeys } from './key-horizon.js';

const NOW = new Date('2026-05-10T12:00:00Z');
const plain = { name: 'standard', number: 1, months: 84, lengthenMonths: 0 };
const lengthened = { name: 'trade', number: 2, months: 72, lengthenMonths: 12 };

it('finds nothing while keys exist for two years', () => {
  expect(firstMissingKeys([plain, lengthened], cohortsNeeded([plain, lengthened], NOW), NOW)).toBeUndefined();
});

it('tells from which day on sealing can need the first cohort that has no keys', () => {
  const made = cohortsNeeded([plain], NOW);
  const later = new Date('2027-01-20T00:00:00Z');
  // Two years after the keys were made, and seven of retention.
  expect(firstMissingKeys([plain], made, later)).toEqual({
    cohort: { className: 'standard', period: '2035-06' },
    neededFrom: new Date('2028-06-01T00:00:00Z'),
  });
});

it('counts the months by which a time in the record may lengthen the period', () => {
  const made = cohortsNeeded([lengthened], NOW).filter(({ period }) => period !== '2033-08');
  expect(firstMissingKeys([lengthened], made, NOW)).toEqual({
    cohort: { className: 'trade', period: '2033-08' },
    neededFrom: new Date('2026-08-01T00:00:00Z'),
  });
});

it('needs the ledger of a year on its first day', () => {
  const made = cohortsNeeded([plain], NOW).filter(({ period }) => period !== '2027');
  expect(firstMissingKeys([plain], made, NOW)?.neededFrom).toEqual(new Date('2027-01-01T00:00:00Z'));
});

it('needs now what is missing already', () => {
  expect(firstMissingKeys([plain], [], NOW)?.neededFrom).toEqual(NOW);
});
