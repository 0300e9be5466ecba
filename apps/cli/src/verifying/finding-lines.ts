import type { Finding } from '@holdfast/verify';
import { textOfFinding } from '@holdfast/verify';
import { count } from '../output.js';
import { inLanguage } from './language.js';
import type { Language } from './language.js';

/** Places shown of each code; the report has more. */
const MOST_PLACES = 50;

const WORDS = {
  met: { en: 'Met:  ', zh: '所见：' },
  means: { en: 'Means:', zh: '含义：' },
  todo: { en: 'Do:   ', zh: '处理：' },
  more: { en: 'and COUNT more; --report FILE or --json has them', zh: '另有 COUNT 处；见 --report FILE 或 --json' },
} as const;

/**
 * Findings by code: how many, what it means, what to do, and where. `counts`: how many there are of each, where not all were kept.
 */
export function findingLines(found: readonly Finding[], language: Language, counts: Readonly<Record<string, number>> = {}): string[] {
  const byCode = new Map<Finding['code'], Finding[]>();
  for (const one of found) byCode.set(one.code, [...(byCode.get(one.code) ?? []), one]);
  return [...byCode].flatMap(([code, places]) => {
    const { met, means, todo } = textOfFinding(code);
    const total = Math.max(counts[code] ?? 0, places.length);
    const shown = places.slice(0, MOST_PLACES);
    return [
      '',
      `${code} (${count(total)})`,
      `  ${inLanguage(WORDS.met, language)} ${inLanguage(met, language)}`,
      `  ${inLanguage(WORDS.means, language)} ${inLanguage(means, language)}`,
      `  ${inLanguage(WORDS.todo, language)} ${inLanguage(todo, language)}`,
      ...shown.flatMap(({ place, message }) => [`  - ${place}`, `      ${message}`]),
      ...(total > shown.length ? [`  - ${inLanguage(WORDS.more, language).replace('COUNT', count(total - shown.length))}`] : []),
    ];
  });
}
