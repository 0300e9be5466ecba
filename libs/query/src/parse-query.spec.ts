import { describe, expect, it } from '@jest/globals';
import { DIAGNOSTIC_CODES } from './catalogue.js';
import type { Query } from './ast.js';
import { parseQuery } from './parse-query.js';
import type { ParsedQuery } from './parse-query.js';

const OPTIONS = { timeZone: 'Asia/Shanghai', now: Date.UTC(2024, 4, 1, 20) };

function accepted(text: string): ParsedQuery {
  const result = parseQuery(text, OPTIONS);
  if (!result.ok) throw new Error(`${text}: ${JSON.stringify(result.errors)}`);
  return result;
}

/** Codes with the text that their range covers. */
function refused(text: string): string[] {
  const result = parseQuery(text, OPTIONS);
  return result.ok ? [] : result.errors.map(({ code, start, end }) => `${code} ${text.slice(start, end)}`);
}

function warned(text: string): string[] {
  return parseQuery(text, OPTIONS).warnings.map(({ code, start, end }) => `${code} ${text.slice(start, end)}`);
}

const text = (...tokens: string[]): Query => ({ kind: 'phrase', fields: ['body', 'subject'], tokens });

describe('parseQuery', () => {
  it('searches words and phrases in body and subject', () => {
    expect(accepted('Budget').query).toEqual(text('budget'));
    expect(accepted('"Annual \\"Report\\""').query).toEqual(text('annual', 'report'));
    expect(accepted('東京').query).toEqual(text('東', '京'));
    expect(accepted('👍🏽').query).toEqual(text('👍🏽'));
    expect(accepted('a\\*b').query).toEqual(text('a', 'b'));
    expect(accepted('c\\').query).toEqual(text('c'));
  });

  it('binds NOT tighter than AND, AND tighter than OR, and flattens', () => {
    expect(accepted('NOT a AND b OR c').query).toEqual({
      kind: 'or',
      items: [{ kind: 'and', items: [{ kind: 'not', item: text('a') }, text('b')] }, text('c')],
    });
    expect(accepted('(a (b c)) AND d').query).toEqual({ kind: 'and', items: [text('a'), text('b'), text('c'), text('d')] });
    expect(accepted('-(a OR (b OR c))').query).toEqual({ kind: 'not', item: { kind: 'or', items: [text('a'), text('b'), text('c')] } });
    expect(accepted('((a))').query).toEqual(text('a'));
    expect(accepted('a -b').query).toEqual(accepted('a AND NOT b').query);
  });

  it.each<[string, Query]>([
    ['from:@Bob', { kind: 'keyword', field: 'sender', value: 'bob' }],
    ['sender="Bob Smith"', { kind: 'keyword', field: 'sender', value: 'bob smith' }],
    ['participant:bob@x.com', { kind: 'keyword', field: 'participants', value: 'bob@x.com' }],
    ['platform:Slack', { kind: 'keyword', field: 'platform', value: 'slack' }],
    ['kind:system', { kind: 'keyword', field: 'kind', value: 'system' }],
    ['KIND:reaction', { kind: 'or', items: ['reaction.added', 'reaction.removed'].map((value) => ({ kind: 'keyword', field: 'kind', value })) }],
    ['has:link', { kind: 'keyword', field: 'has', value: 'link' }],
    ['is:edited', { kind: 'keyword', field: 'is', value: 'edited' }],
    ['id:kafka~Chat~0~0~7', { kind: 'keyword', field: 'id', value: 'kafka~Chat~0~0~7' }],
    ['thread:T*?', { kind: 'keyword', field: 'thread', value: 'T*?' }],
    ['workspace:W1', { kind: 'keyword', field: 'workspace', value: 'W1' }],
    ['filename:Report.PDF', { kind: 'keyword', field: 'fileNames', value: 'report.pdf' }],
    ['subject:"Q3 plan"', { kind: 'phrase', fields: ['subject'], tokens: ['q3', 'plan'] }],
    ['body:plan', { kind: 'phrase', fields: ['body'], tokens: ['plan'] }],
    ['conversation=slack:T1:C1', { kind: 'keyword', field: 'conversation', value: 'slack:T1:C1' }],
    [
      'channel:#general',
      {
        kind: 'or',
        items: [
          { kind: 'keyword', field: 'conversation', value: '#general' },
          { kind: 'phrase', fields: ['conversationName'], tokens: ['general'] },
        ],
      },
    ],
    ['from:(a OR "b c" d)', { kind: 'or', items: ['a', 'b c', 'd'].map((value) => ({ kind: 'keyword', field: 'sender', value })) }],
  ])('reads %s', (query, expected) => {
    expect(accepted(query).query).toEqual(expected);
  });

  it.each([
    ['sent:2024', '2024-01-01T00:00+08:00', '2025-01-01T00:00+08:00'],
    ['sent:2024-02', '2024-02-01T00:00+08:00', '2024-03-01T00:00+08:00'],
    ['sent=2024-02-29', '2024-02-29T00:00+08:00', '2024-03-01T00:00+08:00'],
    ['sent:"2024-02-29 10:30"', '2024-02-29T10:30+08:00', '2024-02-29T10:31+08:00'],
    ['sent:2024-02-29T10:30:05z', '2024-02-29T10:30:05Z', '2024-02-29T10:30:06Z'],
    ['sent:2024-02-29T10:30:05.5-03:30', '2024-02-29T14:00:05.500Z', '2024-02-29T14:00:05.501Z'],
    // 20:00 UTC on 1 May is 2 May in Shanghai.
    ['sent:today', '2024-05-02T00:00+08:00', '2024-05-03T00:00+08:00'],
    ['sent:today-1w', '2024-04-25T00:00+08:00', '2024-04-26T00:00+08:00'],
    ['sent:TODAY-2m', '2024-03-02T00:00+08:00', '2024-03-03T00:00+08:00'],
    ['sent:today+1y', '2025-05-02T00:00+08:00', '2025-05-03T00:00+08:00'],
    ['sent:2024-01..2024-02', '2024-01-01T00:00+08:00', '2024-03-01T00:00+08:00'],
    ['sent:[2024-01 to 2024-02]', '2024-01-01T00:00+08:00', '2024-03-01T00:00+08:00'],
    ['sent:today-30d..', '2024-04-02T00:00+08:00', undefined],
    ['sent:*..2024-02', undefined, '2024-03-01T00:00+08:00'],
    ['sent:[2024 TO *]', '2024-01-01T00:00+08:00', undefined],
    ['sent:>=2024-03', '2024-03-01T00:00+08:00', undefined],
    ['sent>2024-03', '2024-04-01T00:00+08:00', undefined],
    ['sent<=2024-03', undefined, '2024-04-01T00:00+08:00'],
    ['sent:<2024-03', undefined, '2024-03-01T00:00+08:00'],
  ])('reads %s in the zone of the search', (query, from, to) => {
    expect(accepted(query).query).toEqual({
      kind: 'sent',
      ...(from === undefined ? {} : { from: Date.parse(from) }),
      ...(to === undefined ? {} : { to: Date.parse(to) }),
    });
  });

  it.each<[string, string[]]>([
    ['', ['E_EMPTY ']],
    [' \n', ['E_EMPTY  \n']],
    ['(a', ['E_UNCLOSED_PAREN (']],
    ['(a (b', ['E_UNCLOSED_PAREN (', 'E_UNCLOSED_PAREN (']],
    ['from:(a b', ['E_UNCLOSED_PAREN (']],
    ['a) b) "', ['E_EXTRA_PAREN )', 'E_EXTRA_PAREN )', 'E_UNCLOSED_QUOTE "']],
    [')', ['E_EXTRA_PAREN )']],
    ['() from:()', ['E_EMPTY_GROUP ()', 'E_EMPTY_GROUP ()']],
    ['"a', ['E_UNCLOSED_QUOTE "']],
    ['from:"a\\', ['E_UNCLOSED_QUOTE "']],
    ['"" from:" "', ['E_EMPTY_PHRASE ""', 'E_EMPTY_PHRASE " "']],
    ['OR a', ['E_MISSING_LEFT OR']],
    ['a AND', ['E_MISSING_RIGHT AND']],
    ['a OR OR b', ['E_MISSING_RIGHT OR']],
    ['a AND OR b', ['E_MISSING_RIGHT AND']],
    ['(OR) AND', ['E_MISSING_LEFT OR', 'E_MISSING_RIGHT AND']],
    ['a NOT', ['E_MISSING_RIGHT NOT']],
    ['a -OR', ['E_MISSING_RIGHT -', 'E_MISSING_RIGHT OR']],
    ['a NOT AND b OR', ['E_MISSING_RIGHT NOT', 'E_MISSING_RIGHT OR']],
    ['a W/5 b', ['E_NOT_AVAILABLE_YET W/5']],
    ['a not pre/3 (b NEAR(8) c)', ['E_NOT_AVAILABLE_YET pre/3', 'E_NOT_AVAILABLE_YET NEAR(8)']],
    ['W/5', ['E_NOT_AVAILABLE_YET W/5']],
    ['a W/0 b W/256 c', ['E_PROX W/0', 'E_PROX W/256']],
    ['a w/ b', ['E_PROX w/']],
    ['a w/7/ b', ['E_PROX w/7/']],
    ['a NEAR b NEAR()', ['E_PROX NEAR', 'E_PROX NEAR()']],
    ['NOT W/2 b', ['E_NOT_AVAILABLE_YET W/2']],
    ['bud* wh?t', ['E_NOT_AVAILABLE_YET bud*', 'E_NOT_AVAILABLE_YET wh?t']],
    ['* ?', ['E_BARE_WILDCARD *', 'E_BARE_WILDCARD ?']],
    ['word~ word~2', ['E_NOT_AVAILABLE_YET word~', 'E_NOT_AVAILABLE_YET word~2']],
    ['"a b"~5 from:"a"~', ['E_NOT_AVAILABLE_YET "a b"~5', 'E_NOT_AVAILABLE_YET "a"~']],
    ['form:bob', ['E_UNKNOWN_FIELD form']],
    ['xyz:(a b) xyz:"c" xyz:[d]', ['E_UNKNOWN_FIELD xyz', 'E_UNKNOWN_FIELD xyz', 'E_UNKNOWN_FIELD xyz', 'E_RANGE [d]']],
    ['form=bob', ['E_UNKNOWN_FIELD form']],
    ['发件人：张三', ['E_UNKNOWN_FIELD 发件人']],
    ['tag:hot to:bob', ['E_FIELD_NOT_AVAILABLE tag', 'E_FIELD_NOT_AVAILABLE to']],
    ['tag: size>3', ['E_FIELD_NOT_AVAILABLE tag', 'E_FIELD_NOT_AVAILABLE size']],
    ['from: bob', ['E_FIELD_VALUE from:']],
    ['(from:)', ['E_FIELD_VALUE from:']],
    ['from :bob', ['E_FIELD_VALUE from :bob']],
    ['sent >= 2024', ['E_FIELD_VALUE sent >=']],
    ['from:-bob', ['E_FIELD_VALUE -bob']],
    ['from:>bob', ['E_FIELD_VALUE from:>bob']],
    ['from:[a TO b]', ['E_FIELD_VALUE [a TO b]']],
    ['has:atachment is:x', ['E_FIELD_VALUE atachment', 'E_FIELD_VALUE x']],
    ['is:held', ['E_NOT_AVAILABLE_YET held']],
    ['from:b* filename:?.pdf', ['E_NOT_AVAILABLE_YET b*', 'E_NOT_AVAILABLE_YET ?.pdf']],
    ['from:a,b', ['E_FIELD_LIST a,b']],
    ['from:(a,b)', ['E_FIELD_LIST a,b']],
    ['from:(a AND NOT b)', ['E_FIELD_LIST AND', 'E_FIELD_LIST NOT']],
    ['from:(OR a OR)', ['E_FIELD_LIST OR', 'E_FIELD_LIST OR']],
    ['from:(a (b))', ['E_FIELD_LIST (']],
    ['xyz:(a AND b)', ['E_UNKNOWN_FIELD xyz', 'E_FIELD_LIST AND']],
    ['-"…"', ['E_NOTHING_SEARCHABLE "…"']],
    ['from:(a to:b)', ['E_FIELD_LIST to:b']],
    ['from:(a "")', ['E_EMPTY_PHRASE ""']],
    ['from:"@" subject:! conversation:#', ['E_NOTHING_SEARCHABLE "@"', 'E_NOTHING_SEARCHABLE !', 'E_NOTHING_SEARCHABLE #']],
    ['!!! - "…"', ['E_NOTHING_SEARCHABLE !!!', 'E_NOTHING_SEARCHABLE -', 'E_NOTHING_SEARCHABLE "…"']],
    ['sent:soon', ['E_FIELD_VALUE soon']],
    ['sent:2024-2-1', ['E_FIELD_VALUE 2024-2-1']],
    ['sent:2023-02-29', ['E_FIELD_VALUE 2023-02-29']],
    ['sent:2023-02-28T24:00', ['E_FIELD_VALUE 2023-02-28T24:00']],
    ['sent:2023-02-28T10:00+19:00', ['E_FIELD_VALUE 2023-02-28T10:00+19:00']],
    ['sent:2023-02-28T10:00+01:60', ['E_FIELD_VALUE 2023-02-28T10:00+01:60']],
    ['sent:9999 sent:1000', ['E_FIELD_VALUE 9999', 'E_FIELD_VALUE 1000']],
    ['sent:today+99999y sent:today-60000w', ['E_FIELD_VALUE today+99999y', 'E_FIELD_VALUE today-60000w']],
    ['sent:today-99999y', ['E_FIELD_VALUE today-99999y']],
    ['sent:x..y', ['E_FIELD_VALUE x..y', 'E_FIELD_VALUE x..y']],
    ['sent:x..', ['E_FIELD_VALUE x..']],
    ['sent:..y', ['E_FIELD_VALUE ..y']],
    ['sent:2024..2023', ['E_RANGE 2024..2023']],
    ['sent:*..* sent:*', ['E_RANGE *..*', 'E_RANGE *']],
    ['sent:>2023..2024', ['E_RANGE 2023..2024']],
    ['sent:[2023 2024]', ['E_RANGE [2023 2024]']],
    ['sent:[2023 TO 2024', ['E_RANGE [2023 TO 2024']],
    ['sent:[2023 TO 2024 x]', ['E_RANGE [2023 TO 2024 x]']],
    ['form:bob AND (a', ['E_UNKNOWN_FIELD form', 'E_UNCLOSED_PAREN (']],
  ])('refuses %j', (query, expected) => {
    expect(refused(query)).toEqual(expected);
  });

  it.each<[string, string[]]>([
    ['“a” （b）', ['W_SMART_CHAR “', 'W_SMART_CHAR ”', 'W_SMART_CHAR （', 'W_SMART_CHAR ）']],
    ['from：bob\u3000–x', ['W_SMART_CHAR ：', 'W_SMART_CHAR \u3000', 'W_SMART_CHAR –']],
    ['a ＡＮＤ b', ['W_SMART_CHAR ＡＮＤ']],
    ['sent：＞＝2024', ['W_SMART_CHAR ：', 'W_SMART_CHAR ＞', 'W_SMART_CHAR ＝']],
    ['"a" AN\u200bD b', ['W_SMART_CHAR \u200b']],
    ['a or not b', ['W_ONLY_NOT a or not b', 'W_LOWERCASE_OP or', 'W_LOWERCASE_OP not']],
    ['from:(a or b)', ['W_LOWERCASE_OP or']],
    ['a b OR c', ['I_SPACE_IS_AND a b', 'W_MIXED_AND_OR a b OR c']],
    ['(a AND b) OR c', []],
    ['a "b" c', []],
    ['a b c d', ['I_SPACE_IS_AND a b']],
    ["AT&T C++ don't", ['W_PUNCT_IGNORED AT&T', 'I_SPACE_IS_AND AT&T C++', 'W_PUNCT_IGNORED C++']],
    ['https://x.y/?a=1', ['W_PUNCT_IGNORED https://x.y/?a=1']],
    ['re: x=1 12:30', ['W_PUNCT_IGNORED re:', 'I_SPACE_IS_AND re: x=1', 'W_PUNCT_IGNORED x=1', 'W_PUNCT_IGNORED 12:30']],
    ['"from" :x', ['W_PUNCT_IGNORED :x']],
    ['w/o', ['W_PUNCT_IGNORED w/o']],
    ['near', []],
    ['NOT a', ['W_ONLY_NOT NOT a']],
    ['NOT NOT a', []],
    ['NOT a NOT b', ['W_ONLY_NOT NOT a NOT b']],
    ['a NOT b', []],
  ])('warns about %j', (query, expected) => {
    expect(warned(query)).toEqual(expected);
    expect(refused(query)).toEqual([]);
  });

  it('counts lines and columns from 1 and offsets in the submitted text', () => {
    const result = parseQuery('a\u200b AND\n\n  (b', OPTIONS);
    expect(result.ok ? [] : result.errors).toMatchObject([{ start: 10, end: 11, line: 3, column: 3 }]);
  });

  it('suggests the field and the value that were meant, and says what there is', () => {
    const result = parseQuery('form:x is:edted 频道:y zzzzzz:w', OPTIONS);
    const messages = result.ok ? [] : result.errors.map(({ message, hint }) => [message.en, message.zh, hint.en.slice(0, 22)]);
    expect(messages).toEqual([
      ['There is no field “form”. Did you mean “from:”?', '没有名为“form”的字段。是否指“from:”？', 'Fields: from, particip'],
      ['“edted” is not a value of “is”. Did you mean “edited”?', '“edted”不是“is”的有效值。是否指“edited”？', 'Values: edited, delete'],
      ['There is no field “频道”. Did you mean “conversation:”?', '没有名为“频道”的字段。是否指“conversation:”？', 'Fields: from, particip'],
      ['There is no field “zzzzzz”.', '没有名为“zzzzzz”的字段。', 'Fields: from, particip'],
    ]);
  });

  it('limits length, depth and number of terms', () => {
    expect(refused('x'.repeat(8001))).toEqual(['E_TOO_LONG x']);
    expect(parseQuery('x '.repeat(5000), { ...OPTIONS, maxLength: 20_000 })).toMatchObject({ errors: [{ code: 'E_TOO_MANY_TERMS' }] });
    expect(refused(`${'x '.repeat(499)} from:(a b)`)).toEqual(['E_TOO_MANY_TERMS from:(a b)']);
    expect(refused('x '.repeat(500))).toEqual([]);
    expect(refused(`${'(a OR b '.repeat(10)}${')'.repeat(10)}`)).toEqual([]);
    expect(refused(`${'(a OR b '.repeat(11)}${')'.repeat(11)}`)).toHaveLength(1);
    expect(refused('-'.repeat(19) + 'a')).toEqual([]);
    expect(refused('-'.repeat(20) + 'a')).toEqual([`E_TOO_DEEP ${'-'.repeat(20)}a`]);
    expect(refused(`${'('.repeat(100)}a${')'.repeat(100)}`)).toEqual([]);
    expect(refused('('.repeat(4000))).toEqual(['E_TOO_DEEP (']);
    expect(refused('NOT '.repeat(1999))).toEqual(['E_TOO_DEEP NOT']);
  });

  it('shows what it understood, in both languages', () => {
    expect(accepted('budget "q3 plan" -from:bob (has:link OR sent:2024-03..)').reading).toEqual({
      en: 'Records where body or subject contains “budget” and body or subject contains the phrase “q3 plan” and not (sender is “bob”) and (has link or sent at or after 2024-03-01 00:00 UTC+08:00 (Asia/Shanghai)).',
      zh: '符合以下条件的记录：正文或主题含“budget”，且正文或主题含短语“q3 plan”，且不满足（发送人是“bob”），且（包含 link，或发送时间不早于 2024-03-01 00:00 UTC+08:00（Asia/Shanghai））。',
    });
    expect(accepted('sent:<=2024-03-01T10:00:05.250Z').reading.en).toBe(
      'Records where sent before 2024-03-01 18:00:05.251 UTC+08:00 (Asia/Shanghai).',
    );
    expect(accepted('sent:2024-03-01T10:00:05').reading.en).toBe(
      'Records where sent from 2024-03-01 10:00:05 UTC+08:00 until before 2024-03-01 10:00:06 UTC+08:00 (Asia/Shanghai).',
    );
  });

  it('writes the canonical form: folded, bracketed, dates as instants', () => {
    expect(accepted('Budget “AT&T” or NOT (a b) sent:2024-03').canonical).toBe(
      '(budget AND "at t") OR (NOT (a AND b) AND sent:2024-02-29T16:00:00.000Z..2024-03-31T15:59:59.999Z)',
    );
    expect(accepted('id:"a\\"b\\\\c" "and" conversation=x').canonical).toBe('id:"a\\"b\\\\c" AND "and" AND conversation="x"');
  });

  it('fills every place of every text', () => {
    const queries = [
      '',
      'x'.repeat(9000),
      '(a OR',
      'w/0 near(2) b* ?x a~ "a"~2 qqq:b tag:x from: b',
      'from :x from:-b has:x is:held from:>b from:[a TO b]',
    ];
    queries.push('sent:x sent:2024-02-30 from:(a,b AND c from:x)', 'sent:[x] sent:* sent:>a..b !!! “a” \u200b or b AND AT&T x -y', '- '.repeat(200));
    for (const query of queries) {
      const result = parseQuery(query, OPTIONS);
      for (const { message, hint } of [...(result.ok ? [] : result.errors), ...result.warnings]) {
        for (const part of [message.en, message.zh, hint.en, hint.zh]) expect(part).not.toMatch(/undefined|[{}]/);
      }
    }
  });

  it('refuses an unknown time zone', () => {
    expect(() => parseQuery('a', { ...OPTIONS, timeZone: 'Mars/Olympus' })).toThrow('unknown time zone "Mars/Olympus"');
  });

  it('has a text in both languages for every code', () => {
    expect(DIAGNOSTIC_CODES).toHaveLength(new Set(DIAGNOSTIC_CODES).size);
    for (const code of DIAGNOSTIC_CODES) expect(code).toMatch(/^[EWI]_[A-Z_]+$/);
  });
});
