import type { Envelope } from '@holdfast/record';
import type { People } from './people.js';

type Body = NonNullable<Envelope['body']>;

/** `<@U1>`, `<#C1|name>`, `<!here>`, `<https://…|label>`: Slack escapes `<` in text, so a bracket is always markup. */
const MARKUP = /<([^<>]{1,4096})>/g;

const MAX_ID = 256;

/** What a reader saw, with mentions by name and links by label; the markup itself is the `original`. */
export function renderMrkdwn(
  markup: string,
  people: People,
): { text: string; mentions: NonNullable<Body['mentions']>; links: NonNullable<Body['links']> } {
  const mentions: NonNullable<Body['mentions']> = [];
  const links: NonNullable<Body['links']> = [];
  const text = markup.replace(MARKUP, (_whole, inside: string) => {
    const [, target = '', label] = /^([^|]*)(?:\|(.*))?$/s.exec(inside) ?? [];
    if (target.startsWith('@') && target.length > 1 && inside.length <= MAX_ID) {
      const id = target.slice(1);
      const name = people.nameOf(id) ?? label ?? id;
      mentions.push({ who: people.ref(id), text: `@${name}`, kind: 'user' });
      return `@${name}`;
    }
    if (target.startsWith('#')) {
      const name = label ?? target.slice(1);
      mentions.push({ text: `#${name}`, kind: 'channel' });
      return `#${name}`;
    }
    if (target.startsWith('!')) return renderSpecial(target.slice(1), label, mentions);
    links.push({ url: unescape(target), ...(label !== undefined && label !== '' && { title: unescape(label) }) });
    // Both are searched: a label may hide where a link leads.
    return label === undefined || label === '' || label === target ? target : `${label} (${target})`;
  });
  return { text: unescape(text), mentions, links };
}

/** `<!here>`, `<!subteam^S1|@team>`, `<!date^1392734382^{date}|Feb 18>`. */
function renderSpecial(command: string, label: string | undefined, mentions: NonNullable<Body['mentions']>): string {
  const [name = ''] = command.split('^');
  if (name === 'here' || name === 'channel' || name === 'everyone') {
    mentions.push({ text: `@${name}`, kind: 'everyone' });
    return `@${name}`;
  }
  if (name === 'subteam') mentions.push({ text: label ?? command, kind: 'group' });
  return label ?? command;
}

function unescape(text: string): string {
  return text.replaceAll('&lt;', '<').replaceAll('&gt;', '>').replaceAll('&amp;', '&');
}

/** Words of messages that bots send as blocks or attachments: without them such messages could not be found. */
export function textOfParts(parts: unknown): string[] {
  const found: string[] = [];
  const stack: unknown[] = [parts];
  while (stack.length > 0) {
    const node = stack.pop();
    if (Array.isArray(node)) for (let i = node.length - 1; i >= 0; i--) stack.push(node[i]);
    else if (typeof node === 'object' && node !== null) {
      const entries = Object.entries(node) as [string, unknown][];
      for (const [name, value] of entries) if (TEXT_MEMBERS.has(name) && typeof value === 'string' && value !== '') found.push(value);
      for (const [, value] of entries.reverse()) if (typeof value === 'object') stack.push(value);
    }
  }
  return found;
}

const TEXT_MEMBERS = new Set(['pretext', 'title', 'text', 'value', 'footer', 'alt_text', 'author_name']);
