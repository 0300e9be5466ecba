import { summaryOf } from '@holdfast/verify';
import type { VerifyReport } from '@holdfast/verify';
import { count } from '../output.js';
import { findingLines } from './finding-lines.js';
import { inLanguage } from './language.js';
import type { Language } from './language.js';

const WORDS = {
  archive: { en: 'Archive  ', zh: '归档　　' },
  logKey: { en: 'Log key  ', zh: '日志密钥' },
  checked: { en: 'Checked  ', zh: '已检查　' },
  log: { en: 'Log      ', zh: '日志　　' },
  anchored: { en: 'Anchored ', zh: '已锚定　' },
  younger: { en: 'Younger  ', zh: '较新　　' },
  assumed: { en: 'Assumed  ', zh: '采信　　' },
  notChecked: { en: 'Not checked:', zh: '未检查：' },
  notes: { en: 'NOTES', zh: '提示' },
  findings: { en: 'FINDINGS', zh: '发现' },
  yours: { en: 'a checkpoint of yours', zh: '您保存的检查点' },
} as const;

/** A report for a person: what was judged, what it means, and what was found, by code. */
export function reportText(report: VerifyReport, seconds: number, language: Language): string {
  const word = (name: keyof typeof WORDS): string => inLanguage(WORDS[name], language);
  // That there is no anchor is said in the summary.
  const notes = report.notes.filter(({ code }) => code !== 'NOT_ANCHORED');
  const { NOT_ANCHORED: unanchored = 0 } = report.counts;
  return [
    `${word('archive')} ${report.archive}`,
    `${word('logKey')} ${report.logKey}`,
    `${word('checked')} ${checked(report, seconds, language)}`,
    ...logLines(report, language, word),
    ...report.assumed.map(({ chain, seq, hash }) => `${word('assumed')} ${chain} ${seq}, ${hash}`),
    ...report.skipped.map((sentence) => `${word('notChecked')} ${sentence}`),
    '',
    ...summaryOf(report).map((sentence) => inLanguage(sentence, language)),
    ...(notes.length === 0
      ? []
      : ['', `${word('notes')} (${count(report.notesTotal - unanchored)})`, ...findingLines(notes, language, report.counts)]),
    ...(report.findingsTotal === 0
      ? []
      : ['', `${word('findings')} (${count(report.findingsTotal)})`, ...findingLines(report.findings, language, report.counts)]),
  ].join('\n');
}

function checked({ chains, segments, records, recordsOpened, level }: VerifyReport, seconds: number, language: Language): string {
  return language === 'en'
    ? `${count(chains)} chains, ${count(segments)} segments, ${count(records)} records (${count(recordsOpened)} opened), ${seconds.toFixed(1)} s, level ${level}`
    : `${count(chains)} 条链，${count(segments)} 个段，${count(records)} 条记录（已打开 ${count(recordsOpened)} 条），${seconds.toFixed(1)} 秒，级别 ${level}`;
}

/** What the log adds: who else holds it, and how much nobody else holds yet. */
function logLines({ log }: VerifyReport, language: Language, word: (name: keyof typeof WORDS) => string): string[] {
  if (log === undefined) return [];
  const { anchor, tail, younger } = log;
  const holders = anchor === undefined ? [] : [...anchor.witnesses, ...anchor.authorities, ...(anchor.brought ? [word('yours')] : [])];
  const part = ({ segments, records }: { readonly segments: number; readonly records: number }): string =>
    language === 'en' ? `${count(segments)} segments, ${count(records)} records` : `${count(segments)} 个段、${count(records)} 条记录`;
  return language === 'en'
    ? [
        `${word('log')} ${count(log.size)} entries (batches: ${count(log.batches)}), signed up to ${count(log.signed)}${log.time === undefined ? '' : `, newest tick ${log.time}`}`,
        ...(anchor === undefined ? [] : [`${word('anchored')} up to ${count(anchor.size)} entries, ${anchor.time}, by ${holders.join(', ')}`]),
        `${word('younger')} ${part(younger)} are younger than what others hold; of them ${part(tail)} are not in the log yet`,
      ]
    : [
        `${word('log')} ${count(log.size)} 个条目，${count(log.batches)} 个批次，签名至 ${count(log.signed)}${log.time === undefined ? '' : `，最新时刻 ${log.time}`}`,
        ...(anchor === undefined ? [] : [`${word('anchored')} 至第 ${count(anchor.size)} 个条目，${anchor.time}，持有者：${holders.join('、')}`]),
        `${word('younger')} ${part(younger)}晚于外部所持；其中${part(tail)}尚未进入日志`,
      ];
}
