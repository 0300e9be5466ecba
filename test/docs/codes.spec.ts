import { readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import { HttpException } from '@nestjs/common';
import { problemOf } from '@holdfast/platform';
import { HoldfastError, kindOf } from '@holdfast/record';
import type { ErrorCode } from '@holdfast/record';
import { textOfFinding } from '@holdfast/verify';
import type { FindingCode } from '@holdfast/verify';

const read = (path: string): string => readFileSync(new URL(`../../${path}`, import.meta.url), 'utf8');

/** The members of a union of string literals: types are gone at run time, so they are read from the source. */
function membersOf(path: string, union: string): string[] {
  const [, body = ''] = new RegExp(`export type ${union} =(.*?');\\n`, 's').exec(read(path)) ?? [];
  return [...body.matchAll(/\| '(\w+)'/g)].map(([, code = '']) => code);
}

const findings = [
  ...membersOf('libs/verify/src/findings.ts', 'FindingCode'),
  ...membersOf('libs/indexing/src/index-findings.ts', 'IndexFindingCode'),
];
const errors = membersOf('libs/record/src/errors.ts', 'ErrorCode') as ErrorCode[];

describe('docs/findings.md', () => {
  const document = read('docs/findings.md');

  it('explains every finding in both languages, and no other', () => {
    expect(findings.length).toBeGreaterThan(30);
    expect([...document.matchAll(/^### (\w+)$/gm)].map(([, code]) => code).sort()).toEqual([...findings].sort());
    for (const section of document.split(/^### /m).slice(1)) {
      expect(section).toMatch(/\| met · 所见 \| [A-Z].* \| .*[\u4e00-\u9fff].* \|\n\| means · 含义 \| .+ \| .+ \|\n\| do · 处理 \| .+ \| .+ \|/);
    }
  });

  it('says what the programs say of the findings of `verify`', () => {
    const codes = membersOf('libs/verify/src/findings.ts', 'FindingCode') as FindingCode[];
    for (const code of codes) {
      const { met, means, todo } = textOfFinding(code);
      const row = (name: string, { en, zh }: typeof met): string => `| ${name} | ${en} | ${zh} |\n`;
      expect(document).toContain(
        `### ${code}\n\n*${document.includes(`### ${code}\n\n*note`) ? 'note · 提示' : 'finding · 发现'}*\n\n` +
          `| | English | 中文 |\n|---|---|---|\n${row('met · 所见', met)}${row('means · 含义', means)}${row('do · 处理', todo)}`,
      );
    }
  });

  it('says of each code whether it is a finding or a note', () => {
    const [, notes = ''] = /const NOTES = new Set<FindingCode>\(\[([^\]]*)\]/.exec(read('libs/verify/src/findings.ts')) ?? [];
    for (const section of document.split(/^### /m).slice(1)) {
      const code = section.split('\n')[0] ?? '';
      expect([code, section.includes('*note · 提示*')]).toEqual([code, notes.includes(`'${code}'`)]);
    }
  });
});

describe('docs/errors.md', () => {
  const document = read('docs/errors.md');
  const [ofProgram = '', ofHttp = ''] = document.split('## Codes of HTTP');

  it('lists every code with its kind and status, and no other', () => {
    expect(errors.length).toBeGreaterThan(25);
    const rows = [...ofProgram.matchAll(/^\| `(\w+)` \| (\w+)[^|]* \| (\d{3}) \|/gm)].map(([, code, kind, status]) => [code, kind, Number(status)]);
    const expected = errors.map((code) => {
      const error = new HoldfastError(code, '');
      return [code, kindOf(error), problemOf(error).status];
    });
    expect(rows.sort()).toEqual(expected.sort());
  });

  it('lists every code of HTTP with its status', () => {
    const rows = new Map([...ofHttp.matchAll(/^\| `(\w+)` \| (\d{3}) \|/gm)].map(([, code, status]) => [Number(status), code]));
    for (let status = 400; status < 600; status++) {
      const { code } = problemOf(new HttpException('', status));
      if (code !== 'internal') expect([status, rows.get(status)]).toEqual([status, code]);
    }
    expect(rows.get(500)).toBe('internal');
  });
});
