import { readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import { ALARM_CODES, alarmAdvice } from './alarm-advice.js';

const runbook = readFileSync(new URL('../../../docs/operations/alarms.md', import.meta.url), 'utf8');

describe('the runbook', () => {
  it.each(ALARM_CODES)('says of %s what happened, what is safe and what to do', (code) => {
    const paragraph = runbook.split('\n## ').find((part) => part.startsWith(`${code}\n`));
    for (const part of ['**What happened.**', '**What is safe.**', '**What to do.**']) expect(paragraph).toContain(part);
    expect(alarmAdvice(code)).toContain(`docs/operations/alarms.md#${code.toLowerCase()}`);
  });

  it('describes no alarm that is never raised', () => {
    const described = [...runbook.matchAll(/^## (\w+)$/gm)].map(([, code]) => code);
    expect(described.sort()).toEqual([...ALARM_CODES].sort());
  });
});
