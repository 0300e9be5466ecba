import { textOfFinding } from '@holdfast/verify';
import type { BundleReport, Finding, Sentence } from '@holdfast/verify';
import type { Judgement } from '../judge/messages.js';
import { el, rich } from './elements.js';
import { verdictOf } from './verdict.js';
import type { FactName, Words } from './words.js';

const MARKS = { good: '✓', unanchored: '!', bad: '✗' } as const;

/** The verdict, what is proven and what is not, what to compare, findings and notes. */
export function resultView(judgement: Judgement, words: Words): HTMLElement[] {
  const { report } = judgement;
  const verdict = verdictOf(report);
  const { title, text } = words.verdicts[verdict];
  return [
    el(
      'div',
      { class: `verdict ${verdict}`, 'data-verdict': verdict },
      el('h2', { id: 'verdict', tabindex: '-1' }, el('span', { 'aria-hidden': 'true' }, `${MARKS[verdict]} `), title),
      el('p', {}, text),
    ),
    ...foundView(words.findings(report.findingsTotal), report.findings, report.findingsTotal, words),
    ...sentencesView(words.proven, report.proven, words),
    ...sentencesView(words.notProven, report.notProven, words),
    compareView(judgement, words),
    ...foundView(words.notes(report.notesTotal), report.notes, report.notesTotal, words),
  ];
}

function inLanguage({ en, zh }: Sentence, words: Words): string {
  return words.lang === 'en' ? en : zh;
}

function sentencesView(title: string, sentences: readonly Sentence[], words: Words): HTMLElement[] {
  if (sentences.length === 0) return [];
  const items = sentences.map((sentence) => el('li', {}, inLanguage(sentence, words)));
  return [el('section', {}, el('h3', {}, title), el('ul', {}, ...items))];
}

function compareView({ subject, report }: Judgement, words: Words): HTMLElement {
  const { log, records } = report;
  const facts: (readonly [FactName, string | undefined])[] = [
    ['archive', report.archive || words.none],
    ['logKey', report.logKey || words.none],
    ['time', report.time],
    ['origin', log?.origin],
    ['logSize', log === undefined ? undefined : String(log.size)],
    ['root', log?.root],
    ['witnesses', report.witnesses.map(({ name, time }) => `${name} (${time})`).join(', ') || words.none],
    ['tokens', tokensText(report, words)],
    ['own', subject.given.checkpointsSha256.join(', ') || words.none],
    ['policy', subject.given.policySha256 ?? words.none],
    ['scope', report.scope === undefined ? undefined : words.scopes[report.scope]],
    ['complete', report.scope === undefined ? undefined : words.complete[report.complete]],
    ['counts', [records.shown, records.proven, records.withheld, records.outside].join(' / ')],
    ['disclosed', disclosedText(report, words)],
    ['file', subject.bundle.name],
    ['size', String(subject.bundle.size)],
    ['sha256', subject.bundle.sha256],
  ];
  const list = facts.flatMap(([name, value]) =>
    value === undefined ? [] : [el('div', {}, el('dt', {}, words.facts[name]), el('dd', { 'data-fact': name }, value))],
  );
  return el('section', {}, el('h3', {}, words.compare), el('p', {}, words.compareText), el('dl', {}, ...list));
}

function tokensText({ tokens }: BundleReport, words: Words): string {
  if (tokens.length === 0) return words.none;
  return tokens
    .map(({ authority, time, problem, hash }) =>
      time === undefined ? `${hash}: ${problem === 'not checked' ? words.tokenUnchecked : (problem ?? '')}` : `${authority ?? ''} (${time})`,
    )
    .join('; ');
}

function disclosedText({ disclosed }: BundleReport, words: Words): string | undefined {
  if (disclosed.length === 0) return undefined;
  return disclosed.map(({ chain, offset, proven }) => `${chain} ${offset}: ${proven ? words.disclosed.yes : words.disclosed.no}`).join('; ');
}

function foundView(title: string, found: readonly Finding[], total: number, words: Words): HTMLElement[] {
  if (total === 0) return [];
  const cut = found.length < total ? [el('p', {}, words.listed(found.length, total))] : [];
  return [el('section', {}, el('h3', {}, title), ...cut, ...found.map((one) => findingView(one, words)))];
}

function findingView({ code, severity, place, message }: Finding, words: Words): HTMLElement {
  const { met, means, todo } = textOfFinding(code);
  const rows: (readonly [string, ...(string | HTMLElement)[]])[] = [
    [words.where, el('code', {}, place)],
    [words.said, el('span', { lang: 'en' }, message)],
    [words.met, ...rich(inLanguage(met, words))],
    [words.means, ...rich(inLanguage(means, words))],
    [words.todo, ...rich(inLanguage(todo, words))],
  ];
  return el(
    'article',
    { class: severity, 'data-code': code },
    el('h4', {}, code),
    el('dl', {}, ...rows.map(([name, ...value]) => el('div', {}, el('dt', {}, name), el('dd', {}, ...value)))),
  );
}
