#!/usr/bin/env node
/**
 * Writes the tables of docs/object-stores.md and docs/store-check.md from the reports in docs/stores.
 *
 *     holdfast store-check --full --create … --json > docs/stores/NAME-VERSION.json
 *     node libs/store-s3/store-tables.mjs
 */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

/**
 * @typedef {{ name: string, group: string, promise: string, meaning: string, reliedOn: boolean, result: string, seen: string }} Promised
 * @typedef {{ startedAt: string, refused: boolean, promises: Promised[] }} Report
 */

const docs = new URL('../../docs/', import.meta.url);
const SHOWN = { kept: 'kept', broken: '**broken**', refused: 'refused', not_tried: 'not tried' };
const GROUPS = {
  compliance: 'COMPLIANCE locks',
  governance: 'GOVERNANCE locks, and retention set later',
  hold: 'Legal holds',
  expiry: 'When locks end',
  delete: 'Deletes without a version, and batches',
  version: 'Versions',
  copy: 'Copies',
  condition: 'Conditional requests',
  checksum: 'Bytes and checksums',
  multipart: 'Uploads in parts',
  date: 'Dates of locks',
  clock: 'Clock and signatures',
  list: 'Listings',
  key: 'Names and sizes',
  bucket: 'Buckets (with `--create`)',
};

/** @param {string} text */
const cell = (text) => text.replaceAll('|', '\\|').replaceAll('\n', ' ');

/** @returns {{ title: string, report: Report }[]} */
function reports() {
  const files = readdirSync(new URL('stores/', docs)).filter((name) => name.endsWith('.json'));
  return files.sort().map((name) => ({
    title: name.slice(0, -'.json'.length).replace('-', ' '),
    report: JSON.parse(readFileSync(new URL(`stores/${name}`, docs), 'utf8')),
  }));
}

/** @param {{ title: string, report: Report }[]} all */
function results(all) {
  const names = [...new Set(all.flatMap(({ report }) => report.promises.map(({ name }) => name)))];
  const lines = [`| promise (\\* relied on) | ${all.map(({ title }) => title).join(' | ')} |`, `| --- | ${all.map(() => '---').join(' | ')} |`];
  let kept = 0;
  /** @type {string[]} */
  const notes = [];
  for (const name of names) {
    const each = all.map(({ report }) => report.promises.find((one) => one.name === name));
    if (each.every((one) => one?.result === 'kept')) {
      kept += 1;
      continue;
    }
    const relied = each.some((one) => one?.reliedOn) ? ' \\*' : '';
    const cells = each.map((one) => SHOWN[/** @type {keyof typeof SHOWN} */ (one?.result ?? 'not_tried')]);
    lines.push(`| \`${name}\`${relied} | ${cells.join(' | ')} |`);
    for (const [i, one] of each.entries())
      if (one !== undefined && one.result !== 'kept') notes.push(`- \`${name}\`, ${all[i]?.title ?? ''}: ${cell(one.seen)}.`);
  }
  const verdicts = all.map(
    ({ title, report }) => `${title} ${report.refused ? 'is refused' : 'may be used'} (tried ${report.startedAt.slice(0, 10)})`,
  );
  return [`${verdicts.join('; ')}. All of them keep the other ${kept} promises.`, '', ...lines, '', 'What was seen:', '', ...notes].join('\n');
}

/** @param {Report} report */
function meanings(report) {
  const parts = Object.entries(GROUPS).map(([group, title]) => {
    const rows = report.promises.filter((one) => one.group === group);
    return [
      `### ${title}`,
      '',
      '| name | promise | when it is broken |',
      '| --- | --- | --- |',
      ...rows.map(({ name, promise, meaning, reliedOn }) => `| \`${name}\`${reliedOn ? ' \\*' : ''} | ${cell(promise)} | ${cell(meaning)} |`),
    ].join('\n');
  });
  return parts.join('\n\n');
}

/**
 * @param {string} text
 * @param {string} table
 */
function between(text, table) {
  const [begin, end] = ['<!-- store-tables: begin -->', '<!-- store-tables: end -->'];
  const [from, to] = [text.indexOf(begin), text.indexOf(end)];
  if (from === -1 || to < from) throw new Error('the page has no place for its table');
  return `${text.slice(0, from + begin.length)}\n\n${table}\n\n${text.slice(to)}`;
}

/** @returns {Readonly<Record<string, string>>} each page as it should be */
export function pages() {
  const all = reports();
  const [first] = all;
  if (first === undefined) throw new Error('docs/stores has no reports');
  const read = (/** @type {string} */ name) => readFileSync(new URL(name, docs), 'utf8');
  return {
    'object-stores.md': between(read('object-stores.md'), results(all)),
    'store-check.md': between(read('store-check.md'), meanings(first.report)),
  };
}

if (process.argv[1] === fileURLToPath(import.meta.url)) for (const [name, text] of Object.entries(pages())) writeFileSync(new URL(name, docs), text);
