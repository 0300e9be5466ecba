import type { Sentence } from './bundle/bundle-sentences.js';
import type { VerifyReport } from './report.js';

const HOUR_MS = 3_600_000;

/** What a report means, in words that somebody who is no engineer can act on; the most important first. */
export function summaryOf(report: VerifyReport): Sentence[] {
  const sentences: Sentence[] = [];
  if (report.archive === '')
    sentences.push({
      en: 'Nothing could be judged: this is no archive, or its root of trust is gone. Check the place first.',
      zh: '无从核验：此处不是归档，或其信任根已不在。请先核对位置。',
    });
  else if (!report.ok) sentences.push(...ofFindings(report));
  else sentences.push(ofNone(report));
  sentences.push(...ofAnchors(report));
  if (report.assumed.length > 0)
    sentences.push({
      en: `The walk began in the middle of ${many(report.assumed.length, 'chain')}, behind manifests that were taken as given: what follows them fits, what lies before them was not looked at.`,
      zh: `核验从 ${n(report.assumed.length)} 条链的中间开始，之前的清单按其所述采信：其后的内容与之相符，其前的内容未查看。`,
    });
  const closed = report.records - report.recordsOpened;
  if (report.archive !== '' && closed > 0)
    sentences.push({
      en: `The content of ${many(closed, 'record')} was not opened: that they lie there unchanged was checked, not what they say.`,
      zh: `有 ${n(closed)} 条记录的内容未打开：已核验其存在且未被改动，未核验其内容。`,
    });
  if (report.skipped.length > 0)
    sentences.push({ en: 'Not everything was looked at: see what was not checked.', zh: '并非全部内容均已查看：请见“未检查”各项。' });
  return sentences;
}

function ofNone({ records, segments }: VerifyReport): Sentence {
  return {
    en: `No findings: everything that was checked is as it was sealed (${many(segments, 'segment')}, ${many(records, 'record')}). Nothing needs to be done; keep this report somewhere else than the archive.`,
    zh: `无发现：凡已检查的内容均与封存时一致（${n(segments)} 个段，${n(records)} 条记录）。无需处理；请将本报告保存在归档以外的地方。`,
  };
}

function ofFindings({ findingsTotal, counts, findings }: VerifyReport): Sentence[] {
  const codes = new Set(findings.map(({ code }) => code)).size;
  return [
    {
      en: `${many(findingsTotal, 'finding')} of ${many(codes, 'kind')}: the archive, or a part of it, is not what was sealed. Do not rely on what is named below before each kind is explained.`,
      zh: `存在 ${n(findingsTotal)} 项发现，共 ${n(codes)} 类：归档或其一部分与封存时不一致。在逐类查明之前，请勿采信下列内容。`,
    },
    {
      en: 'Keep the archive as it is, delete and repair nothing yet, keep this report, and compare with a second copy. What each kind means, and what to do first, stands beside it.',
      zh: '请保持归档原状，暂不删除或修复任何内容，保存本报告，并与第二份副本比对。各类发现的含义及首要措施见其说明。',
    },
    ...(Object.keys(counts).length > codes ? [{ en: 'Notes tell something and are no findings.', zh: '“提示”仅供参考，不属于发现。' }] : []),
  ];
}

function ofAnchors({ archive, log, anchored }: VerifyReport): Sentence[] {
  if (archive === '') return [];
  if (log === undefined)
    return [
      {
        en: 'The transparency log was not read: everything here agrees with itself, and whoever has all keys could have written all of it anew.',
        zh: '未读取透明日志：此处内容彼此一致，但掌握全部密钥者可以将其整体重写。',
      },
    ];
  const { anchor, younger, tail } = log;
  if (!anchored || anchor === undefined)
    return [
      {
        en: 'Not anchored: the archive agrees with itself. Compare the archive id and the log key with what you hold from elsewhere, or name whom you believe (--policy) or a checkpoint that you have kept (--checkpoint).',
        zh: '未锚定：归档自身一致。请将归档标识与日志密钥同您从别处掌握的比对，或指明您信任的见证方（--policy），或提供您保存的检查点（--checkpoint）。',
      },
    ];
  const holders = [...anchor.witnesses, ...anchor.authorities];
  const by = {
    en: [...holders, ...(anchor.brought ? ['a checkpoint of yours'] : [])],
    zh: [...holders, ...(anchor.brought ? ['您保存的检查点'] : [])],
  };
  const old = log.time !== undefined && Date.parse(log.time) - Date.parse(anchor.time) > HOUR_MS;
  return [
    {
      en: `Anchored up to ${anchor.time}: ${by.en.join(', ')} hold the log up to there. Nothing under it can have been changed, removed, inserted or backdated since without a finding here.`,
      zh: `已锚定至 ${anchor.time}：${by.zh.join('、')} 持有截至该时的日志。其下内容此后若有改动、删除、插入或倒填日期，此处必有发现。`,
    },
    ...(younger.segments > 0 || old
      ? [
          {
            en: `${many(younger.segments, 'segment')} with ${many(younger.records, 'record')} are younger than that: chained and signed, but held by nobody outside yet${tail.segments > 0 ? `; ${n(tail.segments)} of them are not even in the log` : ''}. Verify them again later.`,
            zh: `有 ${n(younger.segments)} 个段、${n(younger.records)} 条记录晚于此：已入链并签名，但尚无外部方持有${tail.segments > 0 ? `；其中 ${n(tail.segments)} 个尚未进入日志` : ''}。请稍后再次核验。`,
          },
        ]
      : []),
  ];
}

function n(value: number): string {
  return value.toLocaleString('en-US');
}

function many(value: number, what: string): string {
  return `${n(value)} ${what}${value === 1 ? '' : 's'}`;
}
