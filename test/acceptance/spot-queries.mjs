// Ten questions on the generated corpus, and what a scan of all of it by the matcher answers.
import { documentsOf } from '@holdfast/indexing';
import { matches, parseQuery } from '@holdfast/query';

/** English and Chinese; one, two and many characters; phrase, AND, OR, NOT, date, sender, conversation. */
export const CORPUS_QUERIES = [
  'contract',
  '款',
  '合同',
  '已经放到共享文件夹',
  '"the budget"',
  '(budget OR contract) NOT legal',
  '项目 AND (负责人 OR review) sent:2024-01-02T01:00..2024-01-02T09:00',
  'from:"王芳 Wang Fang" -kind:reaction',
  'conversation:财务共享 OR conversation:trading-desk "the client"',
  'sent:>=2024-01-02T03:00 has:attachment NOT from:tom.okafor',
];

/** Ten on a Slack export of libs/test-kit. */
export const SLACK_QUERIES = [
  'contract',
  '章',
  '法务',
  '项目进度比计划晚了两天',
  '"sign the contract before"',
  '(budget OR notes) NOT approved',
  'budget sent:2023-11-15',
  'from:李1 contract',
  'conversation:room-1 合同',
  'has:reaction OR has:attachment',
];

/**
 * Asks every record that it is shown.
 * @typedef {{ readonly text: string, readonly query: import('@holdfast/query').Query, readonly ids: string[] }} Question
 */
export class BruteForce {
  /** @type {Question[]} */ questions;
  documents = 0;

  /** @param {readonly string[]} queries */
  constructor(queries) {
    this.questions = queries.map((text) => {
      const parsed = parseQuery(text, { timeZone: 'UTC', now: Date.now() });
      if (!parsed.ok) throw new Error(`${text}: ${parsed.errors.map(({ code }) => code).join(' ')}`);
      return { text, query: parsed.query, ids: [] };
    });
  }

  /**
   * @param {import('@holdfast/record').RawRecord} record
   * @param {import('@holdfast/record').SourcePartition} at
   */
  ask(record, at) {
    // Where it is sealed makes no difference to what it says.
    for (const document of documentsOf(record, { at, chain: '', seq: 0, cohort: { className: 'standard', period: '2033-01' } })) {
      this.documents++;
      for (const { query, ids } of this.questions) if (matches(query, document)) ids.push(document.id);
    }
  }

  /** @returns {Answer[]} */
  answers() {
    return this.questions.map(({ text, ids }) => ({ query: text, ids: ids.sort() }));
  }
}

/** @typedef {{ readonly query: string, readonly ids: readonly string[] }} Answer */
