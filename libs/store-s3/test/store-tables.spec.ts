import { readdirSync, readFileSync } from 'node:fs';
import { expect, it } from '@jest/globals';
import { promisesOf, type StoreReport } from '../src/index.js';
import { pages } from '../store-tables.mjs';

const docs = new URL('../../../docs/', import.meta.url);

it.each(Object.entries(pages()))('docs/%s has the tables of the reports; "node libs/store-s3/store-tables.mjs" writes them anew', (name, text) => {
  expect(readFileSync(new URL(name, docs), 'utf8')).toBe(text);
});

it.each(readdirSync(new URL('stores/', docs)))('docs/stores/%s is a report on the promises that there are', (name) => {
  const report = JSON.parse(readFileSync(new URL(`stores/${name}`, docs), 'utf8')) as StoreReport;
  const facts = report.promises.map(({ name: promised, group, promise, meaning, reliedOn }) => ({
    name: promised,
    group,
    promise,
    meaning,
    reliedOn,
  }));
  expect(facts).toEqual(promisesOf().map(({ quick: _, ...rest }) => rest));
  expect(report.depth).toBe('full');
  expect(report.interrupted).toBe(false);
});
