import { toHex, utf8 } from '@holdfast/seal';
import type { Crypto } from '@holdfast/seal';
import type { BundleFacts, BundleFile } from './bundle-index.js';
import { visibleLine } from './transcript/visible.js';

/** Entries that the digest of the certificate leaves out: itself, what is made beside it, and the two that no list holds. */
const NOT_IN_DIGEST = new Set(['certificate.txt', 'README.txt', 'bundle.json', 'verify.html']);

/**
 * SHA-256 over one line `<sha256>  <name>\n` for each entry, in the order of their names: the output of `sha256sum`, hashed.
 * Whoever signs the certificate signs all of the bundle's content with one number.
 */
export function contentDigest(crypto: Crypto, files: readonly BundleFile[]): string {
  const lines = files.filter(({ name }) => !NOT_IN_DIGEST.has(name)).map(({ name, sha256 }) => `${sha256}  ${name}\n`);
  return toHex(crypto.sha256(utf8(lines.join(''))));
}

/**
 * `certificate.txt`: what was done and what the hashes are, for a custodian to complete and sign after the pattern of the
 * Federal Rules of Evidence 902(13) and (14), in English and Chinese. Made from `bundle.json` alone.
 */
export function certificateOf(crypto: Crypto, facts: BundleFacts, files: readonly BundleFile[]): Uint8Array {
  const digest = contentDigest(crypto, files);
  return utf8([...english(facts, digest), '', ...chinese(facts, digest), ''].join('\n'));
}

interface Counts {
  readonly shown: number;
  readonly withheld: number;
  readonly outside: number;
  /** The reasons of what is withheld, with their numbers. */
  readonly reasons: string;
}

function countsOf(facts: BundleFacts): Counts {
  const reasons = new Map<string, number>();
  const counts = { shown: 0, withheld: 0, outside: 0 };
  for (const record of facts.records) {
    counts[record.state]++;
    if (record.state === 'withheld') reasons.set(record.reason, (reasons.get(record.reason) ?? 0) + 1);
  }
  return { ...counts, reasons: [...reasons].map(([reason, count]) => `${reason} ${count}`).join(', ') };
}

/** Scope in the words of `bundle.json`, every member of it: a changed one is seen by whoever makes this text again. */
function scopeLines(facts: BundleFacts): string[] {
  return Object.entries(facts.scope).map(([name, value]) => `     ${name}: ${visibleLine(Array.isArray(value) ? value.join(' ') : String(value))}`);
}

function english(facts: BundleFacts, digest: string): string[] {
  const { shown, withheld, outside, reasons } = countsOf(facts);
  return [
    'CERTIFICATE OF AUTHENTICITY OF ELECTRONIC RECORDS',
    '(after the pattern of Federal Rules of Evidence 902(11), 902(13) and 902(14); to be completed and signed by a qualified person;',
    'the requirements of your court prevail)',
    '',
    'I, the undersigned, state the following to the best of my knowledge:',
    '',
    '1. I am qualified to make this statement by my position and by my knowledge of the archive and of the process described here.',
    '',
    '2. The records in this bundle come from an archive of instant messages kept in the ordinary course of business. An automated',
    '   process stored each record as it was received, with its SHA-256 commitment in a signed manifest; every manifest is an entry of',
    '   an append-only transparency log whose signed checkpoints may be co-signed by witnesses and time-stamped by authorities.',
    '',
    `     archive id: ${facts.archive}`,
    `     log origin: ${visibleLine(facts.log.origin)}`,
    `     checkpoint: ${facts.log.size} entries, root ${facts.log.root}`,
    `     position in time: ${facts.time}`,
    '',
    '3. The bundle was made by an automated process that reads records from the archive and verifies them before it copies them:',
    '',
    `     software: ${visibleLine(facts.software)}`,
    ...scopeLines(facts),
    `     texts for people: language ${facts.language}, local times of ${visibleLine(facts.timeZone)}`,
    `     records shown: ${shown}`,
    `     records withheld, their place and proof left in the bundle: ${withheld}${reasons === '' ? '' : ` (${reasons})`}`,
    `     records outside of the period, their proof left in the bundle: ${outside}`,
    '',
    '4. The copies are identified by digital identification, SHA-256 (FIPS 180-4). The digest of the list of all entries of the bundle',
    '   (one line "<sha256>  <name>" for each, by name, without README.txt, bundle.json, certificate.txt and verify.html) is',
    '',
    `     ${digest}`,
    '',
    '   Anybody can repeat the comparison with "holdfast verify --bundle FILE" or with verify.html, without the archive.',
    '',
    'I declare under penalty of perjury that the foregoing is true and correct.',
    '',
    'Name:      ______________________________',
    'Title:     ______________________________',
    'Date:      ______________________________',
    'Signature: ______________________________',
  ];
}

function chinese(facts: BundleFacts, digest: string): string[] {
  const { shown, withheld, outside, reasons } = countsOf(facts);
  return [
    '电子数据真实性说明',
    '（参照美国联邦证据规则 902(11)、902(13)、902(14) 的样式；由具备资格的人员填写并签名；以受理机关的要求为准）',
    '',
    '本人就本人所知作如下说明：',
    '',
    '一、本人因职务并因了解该归档及下述过程，具备作出本说明的资格。',
    '',
    '二、本证据包中的记录来自日常业务中保存的即时消息归档。自动程序按收到时的原样保存每条记录，并将其 SHA-256 承诺写入经签名的清单；',
    '    每份清单均为只增不改的透明日志中的一条，其经签名的检查点可由见证方联署，并由时间戳机构加盖时间戳。',
    '',
    `     归档标识：${facts.archive}`,
    `     日志来源：${visibleLine(facts.log.origin)}`,
    `     检查点：${facts.log.size} 条，根 ${facts.log.root}`,
    `     时间位置：${facts.time}`,
    '',
    '三、本证据包由自动程序生成；该程序从归档中读取记录，先验证，后复制：',
    '',
    `     软件：${visibleLine(facts.software)}`,
    ...scopeLines(facts),
    `     供人阅读的文本：语言 ${facts.language}，本地时间所用时区 ${visibleLine(facts.timeZone)}`,
    `     展示的记录：${shown}`,
    `     保留不出示的记录（其位置与证明仍在证据包中）：${withheld}${reasons === '' ? '' : `（${reasons}）`}`,
    `     期间之外的记录（其证明仍在证据包中）：${outside}`,
    '',
    '四、各副本以 SHA-256（FIPS 180-4）作数字标识。证据包全部条目清单（每条一行“<sha256>  <名称>”，按名称排序，不含 README.txt、',
    '    bundle.json、certificate.txt 与 verify.html）的摘要为',
    '',
    `     ${digest}`,
    '',
    '    任何人都可用“holdfast verify --bundle 文件”或 verify.html 重复此比对，无须访问归档。',
    '',
    '本人声明以上内容真实无误，并愿承担法律责任。',
    '',
    '姓名：______________________________',
    '职务：______________________________',
    '日期：______________________________',
    '签名：______________________________',
  ];
}
