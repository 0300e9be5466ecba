import { CATALOGUE } from './catalogue.js';
import type { Reason } from './catalogue.js';

/** A text in the languages of the console. */
export interface Bilingual {
  readonly en: string;
  readonly zh: string;
}

/** One thing to tell about a query. `start` and `end` are UTF-16 offsets into the submitted text; line and column count from 1. */
export interface Diagnostic {
  /** Documented in `docs/query-language.md`, never renamed: `E_…` error, `W_…` warning, `I_…` information. */
  readonly code: string;
  readonly severity: 'error' | 'warning' | 'info';
  readonly message: Bilingual;
  readonly hint: Bilingual;
  readonly start: number;
  readonly end: number;
  readonly line: number;
  readonly column: number;
}

/** Offsets as the parser counts them, end exclusive. */
export interface Span {
  readonly start: number;
  readonly end: number;
}

/** Values for the `{name}` places of a message. */
export type Details = Readonly<Record<string, string | Bilingual>>;

export type Report = (reason: Reason, span: Span, details?: Details) => void;

interface Noted {
  readonly reason: Reason;
  readonly span: Span;
  readonly details: Details;
}

function fill(template: string, language: keyof Bilingual, details: Details): string {
  return template.replace(/\{(\w+)\}/g, (_, name: string) => {
    const value = details[name];
    return typeof value === 'object' ? value[language] : String(value);
  });
}

function severityOf(code: string): Diagnostic['severity'] {
  return code.startsWith('E') ? 'error' : code.startsWith('W') ? 'warning' : 'info';
}

/** Collects what is found and writes it out in the order of the text. */
export class Diagnostics {
  readonly #noted: Noted[] = [];
  #errors = 0;
  #closed = false;

  readonly #original: (index: number) => number;

  /** `original` leads from an index of the text that is parsed to the one that was submitted. */
  constructor(original: (index: number) => number) {
    this.#original = original;
  }

  readonly report: Report = (reason, { start, end }, details = {}) => {
    const from = this.#original(start);
    this.reportOriginal(reason, { start: from, end: end > start ? this.#original(end - 1) + 1 : from }, details);
  };

  /** As `report`, about a place of the submitted text. */
  readonly reportOriginal = (reason: Reason, span: Span, details: Details): void => {
    if (this.#closed) return;
    if (CATALOGUE[reason].code.startsWith('E')) this.#errors++;
    this.#noted.push({ reason, span, details });
  };

  get errors(): number {
    return this.#errors;
  }

  /** Nothing more is noted: after giving up, everything else would be a consequence. */
  close(): void {
    this.#closed = true;
  }

  list(text: string): Diagnostic[] {
    const sorted = this.#noted.toSorted((a, b) => a.span.start - b.span.start || a.span.end - b.span.end);
    let line = 1;
    let lineStart = 0;
    let index = 0;
    return sorted.map(({ reason, span, details }) => {
      for (; index < span.start; index++) {
        if (text.charAt(index) !== '\n') continue;
        line++;
        lineStart = index + 1;
      }
      const { code, en, zh, hint } = CATALOGUE[reason];
      return {
        code,
        severity: severityOf(code),
        message: { en: fill(en, 'en', details), zh: fill(zh, 'zh', details) },
        hint: { en: fill(hint.en, 'en', details), zh: fill(hint.zh, 'zh', details) },
        ...span,
        line,
        column: span.start - lineStart + 1,
      };
    });
  }
}
