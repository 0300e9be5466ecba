import { MAX_TERMS } from './limits.js';
import type { DateContext } from './dates.js';
import type { Diagnostics } from './diagnostics.js';
import { resolveField } from './resolve-field.js';
import { joined, toCanonical } from './resolved.js';
import type { Resolved } from './resolved.js';
import type { Node } from './syntax.js';
import { textTerm, wordOrPhrase } from './text-terms.js';

/** From what was written to what it means: cuts text, looks up values, turns dates into instants. */
export class Resolver {
  readonly #context: DateContext;
  readonly #diagnostics: Diagnostics;
  #terms = 0;

  constructor(context: DateContext, diagnostics: Diagnostics) {
    this.#context = context;
    this.#diagnostics = diagnostics;
  }

  /** Undefined for what was reported. */
  resolve(node: Node): Resolved | undefined {
    const { report } = this.#diagnostics;
    switch (node.type) {
      case 'bad':
        return undefined;
      case 'text': {
        if (this.#isTooMany(1, node)) return undefined;
        const term = textTerm(node.text, node, report);
        if (term === undefined) return undefined;
        const { searched, tokens } = term;
        const isPhrase = searched.includes(' ');
        return {
          type: 'leaf',
          query: { kind: 'phrase', fields: ['body', 'subject'], tokens },
          canonical: wordOrPhrase(term),
          reading: {
            en: `body or subject contains ${isPhrase ? 'the phrase ' : ''}“${searched}”`,
            zh: `正文或主题含${isPhrase ? '短语' : ''}“${searched}”`,
          },
        };
      }
      case 'field':
        return this.#isTooMany(node.values.length, node) ? undefined : resolveField(node, this.#context, report);
      case 'not': {
        const item = this.resolve(node.item);
        return item === undefined ? undefined : { type: 'not', item };
      }
      case 'and':
      case 'or': {
        const resolved = joined(
          node.type,
          node.items.map((item) => this.resolve(item)),
        );
        if (resolved !== undefined) this.#remark(node, resolved);
        return resolved;
      }
    }
  }

  /** Says how operators were read where other tools read them otherwise. */
  #remark(node: Extract<Node, { type: 'and' | 'or' }>, resolved: Resolved): void {
    const { report } = this.#diagnostics;
    if (node.type === 'or' && node.items.some((item) => item.type === 'and' && !item.bracketed)) {
      report('mixedOperators', node, { bracketed: toCanonical(resolved) });
    }
  }

  #isTooMany(more: number, node: Node): boolean {
    const before = this.#terms;
    this.#terms += more;
    if (before <= MAX_TERMS && this.#terms > MAX_TERMS) this.#diagnostics.report('tooManyTerms', node, { limit: String(MAX_TERMS) });
    return this.#terms > MAX_TERMS;
  }
}
