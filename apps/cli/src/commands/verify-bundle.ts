import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { readFile, readdir } from 'node:fs/promises';
import { join, sep } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { nodeCrypto } from '@holdfast/crypto-node';
import { openBundle } from '@holdfast/discovery';
import { HoldfastError } from '@holdfast/record';
import { textsOf, verifyBundle } from '@holdfast/verify';
import type { Anchors, BundleEntries, BundleReport, Sentence } from '@holdfast/verify';
import { EXIT, count, print } from '../output.js';
import { findingLines } from '../verifying/finding-lines.js';
import { inLanguage, languageOf } from '../verifying/language.js';
import type { Language } from '../verifying/language.js';
import type { VerifyCommandOptions } from '../verifying/verify-options.js';

/** `holdfast verify --bundle FILE`: from the file alone, offline. */
export async function verifyBundleFile(
  path: string,
  options: VerifyCommandOptions,
  anchors: Anchors,
  keep: (report: BundleReport, sha256: string, seconds: number) => Promise<void>,
): Promise<number> {
  const began = performance.now();
  const disclosed = options.disclose === undefined ? undefined : await folderEntries(options.disclose);
  const opened = await open(path);
  try {
    const report = await verifyBundle('entries' in opened ? opened.entries : opened, {
      crypto: nodeCrypto,
      ...anchors,
      ...(options.archiveId !== undefined && { archiveId: options.archiveId }),
      ...(disclosed !== undefined && { disclosed }),
    });
    const texts = textsOf([...report.findings, ...report.notes]);
    print(options.json === true, { ...report, texts }, () => textOf(report, options.lang ?? languageOf(options.environment)));
    await keep(report, await sha256Of(path), (performance.now() - began) / 1000);
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

async function sha256Of(path: string): Promise<string> {
  const hash = createHash('sha256');
  // A bundle can be larger than what a program should hold.
  await pipeline(createReadStream(path), hash);
  return hash.digest('hex');
}

function textOf(report: BundleReport, language: Language): string {
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
    ...report.proven.map((sentence) => (language === 'en' ? `Proven: ${sentence.en}` : `已证明：${sentence.zh}`)),
    ...report.notProven.map((sentence) => (language === 'en' ? `Not proven: ${sentence.en}` : `未证明：${sentence.zh}`)),
  ];
  const say = (sentence: Sentence): string => inLanguage(sentence, language);
  const notes = report.notes.filter(({ code }) => code !== 'NOT_ANCHORED');
  if (notes.length > 0) lines.push('', `${say(CLOSING.notes)} (${count(report.notesTotal)})`, ...findingLines(notes, language));
  if (report.findingsTotal > 0)
    lines.push('', `${say(CLOSING.findings)} (${count(report.findingsTotal)})`, ...findingLines(report.findings, language), '', say(CLOSING.rely));
  else lines.push(say(CLOSING.none), say(report.anchored ? CLOSING.anchored : CLOSING.notAnchored));
  return lines.join('\n');
}

const CLOSING = {
  notes: { en: 'NOTES', zh: '提示' },
  findings: { en: 'FINDINGS', zh: '发现' },
  rely: {
    en: 'This bundle is not what an archive exported: rely on nothing in it that is named above.',
    zh: '本证据包与归档所导出的不一致：凡上文提及的内容均不可采信。',
  },
  none: { en: 'No findings: everything in the bundle follows from its checkpoint.', zh: '无发现：证据包中的一切均可由其检查点推出。' },
  anchored: { en: 'Anchored: others whom you believe hold this checkpoint.', zh: '已锚定：您所信任的其他方持有该检查点。' },
  notAnchored: {
    en: 'Not anchored: the bundle agrees with itself. Compare the archive id and the log key with what you hold from elsewhere, or name a --policy or a --checkpoint.',
    zh: '未锚定：证据包自身一致。请将归档标识与日志密钥同您从别处掌握的比对，或给出 --policy 或 --checkpoint。',
  },
} as const;
