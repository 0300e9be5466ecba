import type { z } from 'zod';
import { variableOf } from './config.js';
import { settingMeta } from './settings.js';

export interface ConfigSection {
  readonly title: string;
  readonly schema: z.ZodObject;
}

/** The settings of the apps as a Markdown document, one table an app, in the order of the schemas. */
export function configDocument(sections: readonly ConfigSection[]): string {
  const parts = sections.map(({ title, schema }) => {
    const rows = Object.entries(schema.shape as Readonly<Record<string, z.ZodType>>).map(([name, setting]) => row(name, setting));
    return [`## ${title}`, '', '| variable | default | allowed | what it does |', '| --- | --- | --- | --- |', ...rows].join('\n');
  });
  return `# Configuration\n\nMade from the schemas of the apps; do not edit.\n\n${parts.join('\n\n')}\n`;
}

function row(name: string, setting: z.ZodType): string {
  const { description, allowed } = settingMeta(setting);
  const absent = setting.safeParse(undefined);
  const fallback = absent.success ? shown(absent.data) : 'required';
  return `| ${[`\`${variableOf(name, setting)}\``, fallback, allowed, description].map(cell).join(' | ')} |`;
}

function shown(value: unknown): string {
  if (value === undefined) return 'none';
  return `\`${Array.isArray(value) ? value.join(',') : JSON.stringify(value).replace(/^"|"$/g, '')}\``;
}

function cell(text: string): string {
  return text.replaceAll('|', '\\|').replaceAll('\n', ' ');
}
