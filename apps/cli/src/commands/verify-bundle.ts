import { readFile, readdir } from 'node:fs/promises';
import { join, sep } from 'node:path';
import { nodeCrypto } from '@holdfast/crypto-node';
import { openBundle } from '@holdfast/discovery';
import { HoldfastError } from '@holdfast/record';
import { verifyBundle } from '@holdfast/verify';
import type { Anchors, BundleEntries, BundleReport } from '@holdfast/verify';
import { EXIT, count, print } from '../output.js';
import type { VerifyCommandOptions } from './verify.js';
import { lineOf } from './verify.js';

const MOST_SHOWN = 50;

/** `holdfast verify --bundle FILE`: from the file alone, offline. */
export async function verifyBundleFile(path: string, options: VerifyCommandOptions, anchors: Anchors): Promise<number> {
  const disclosed = options.disclose === undefined ? undefined : await folderEntries(options.disclose);
  const opened = await open(path);
  try {
    const report = await verifyBundle('entries' in opened ? opened.entries : opened, {
      crypto: nodeCrypto,
      ...anchors,
      ...(options.archiveId !== undefined && { archiveId: options.archiveId }),
      ...(disclosed !== undefined && { disclosed }),
    });
    print(options.json === true, report, () => textOf(report));
    return report.ok ? EXIT.done : EXIT.findings;
  } finally {
    if ('close' in opened) await opened.close();
  }
}

/** What is no zip file is a bundle that cannot be read: a finding like any other, and not a fault of the program. */
async function open(path: string): Promise<Awaited<ReturnType<typeof openBundle>> | BundleEntries> {
  try {
    return await openBundle(path);
  } catch (error) {
    if (!(error instanceof HoldfastError) || error.code !== 'format_malformed') throw error;
    process.stderr.write(`${path}: ${error.message}.\n`);
    return { names: () => [], read: () => Promise.resolve(undefined) };
  }
}

/** Files `<chain>/<OFFSET>.rec` and `.salt` below a folder. */
async function folderEntries(folder: string): Promise<BundleEntries> {
  let files: string[];
  try {
    const found = await readdir(folder, { recursive: true, withFileTypes: true });
    files = found.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
  } catch (cause) {
    throw new HoldfastError('bad_configuration', `${folder} cannot be read.`, { cause });
  }
  const byName = new Map(files.map((path) => [path.slice(join(folder, sep).length).replaceAll(sep, '/'), path]));
  return {
    names: () => [...byName.keys()],
    read: async (name) => {
      const path = byName.get(name);
      return path === undefined ? undefined : readFile(path);
    },
  };
}

function textOf(report: BundleReport): string {
  const { records, log, covered } = report;
  const lines = [
    `Archive   ${report.archive}`,
    `Log key   ${report.logKey}`,
    ...(log === undefined ? [] : [`Position  ${report.time ?? ''}; ${log.origin}, ${count(log.size)} entries, root ${log.root}`]),
    ...(report.scope === undefined ? [] : [`Scope     ${report.scope}`]),
    `Records   ${count(records.proven)} of ${count(records.shown)} shown are proven; ${count(records.withheld)} withheld, ${count(records.outside)} outside of the period`,
    ...(covered === undefined
      ? []
      : [
          `Complete  ${report.complete}: ${count(covered.chains)} chains, ${count(covered.segments)} segments, ${count(covered.objects)} objects; ${count(covered.unattributed)} records there have no key`,
        ]),
    ...(report.witnesses.length === 0
      ? []
      : [`Witnesses ${report.witnesses.map(({ name, time }) => `${name} ${time}`).join(', ')}${report.quorum ? '; quorum' : '; no quorum'}`]),
    ...report.tokens.map(
      ({ hash, time, authority, problem }) => `Token     ${time === undefined ? `${hash}: ${problem ?? ''}` : `${time} ${authority ?? ''}`}`,
    ),
    ...report.disclosed.map(({ chain, offset, proven }) => `Disclosed ${chain} ${offset}: ${proven ? 'proven' : 'NOT proven'}`),
    ...report.proven.map(({ en }) => `Proven: ${en}`),
    ...report.notProven.map(({ en }) => `Not proven: ${en}`),
  ];
  const notes = report.notes.filter(({ code }) => code !== 'NOT_ANCHORED');
  if (notes.length > 0) lines.push(`Notes (${count(report.notesTotal)}):`, ...notes.slice(0, MOST_SHOWN).map(lineOf));
  if (report.findingsTotal > 0) {
    lines.push(`FINDINGS (${count(report.findingsTotal)}):`, ...report.findings.slice(0, MOST_SHOWN).map(lineOf));
    lines.push('This bundle is not what an archive exported: rely on nothing in it that is named above.');
  } else {
    lines.push('No findings: everything in the bundle follows from its checkpoint.');
    lines.push(
      report.anchored
        ? 'Anchored: others whom you believe hold this checkpoint.'
        : 'Not anchored: the bundle agrees with itself. Compare the archive id and the log key with what you hold from elsewhere, or name a --policy or a --checkpoint.',
    );
  }
  return lines.join('\n');
}
