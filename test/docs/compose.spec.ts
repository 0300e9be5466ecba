import { readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';

const read = (path: string): string => readFileSync(new URL(`../../${path}`, import.meta.url), 'utf8');

/** The settings of a section of docs/configuration.md, which another spec compares with the schemas of the apps. */
function settings(title: string): { readonly all: string[]; readonly required: string[] } {
  const section = read('docs/configuration.md')
    .split(/^## /m)
    .find((text) => text.startsWith(title));
  const rows = [...(section ?? '').matchAll(/^\| `(HOLDFAST_\w+)` \| (\S+)/gm)];
  expect([title, rows.length > 0]).toEqual([title, true]);
  const required = rows.filter(([, , fallback]) => fallback === 'required');
  return { all: rows.map(([, name = '']) => name), required: required.map(([, name = '']) => name) };
}

const file = read('deploy/compose/compose.yaml');

/** HOLDFAST_ variables that a service sets, those of the anchors that it merges included. */
function environmentOf(service: string): string[] {
  const block = (start: string): string => file.split(start)[1]?.split(/^(?! )\S|^ {2}\S/m)[0] ?? '';
  const anchor = (name: string): string => (file.split(`&${name}\n`)[1] ?? '').split(/^\S/m)[0] ?? '';
  const own = block(`\n  ${service}:\n`);
  const merged = [...(/environment:\n\s+<<: (.*)/.exec(own)?.[1] ?? '').matchAll(/\*(\w+)/g)].map(([, name = '']) => anchor(name));
  const set = [own, ...merged].flatMap((text) => [...text.matchAll(/^ +(HOLDFAST_\w+):/gm)].map(([, name = '']) => name));
  return [...new Set(set)].sort();
}

const store = settings('Archive, HOLDFAST_PROFILE=cluster: vault');
const source = settings('Archive, HOLDFAST_PROFILE=cluster: source');

describe('deploy/compose/compose.yaml', () => {
  it.each([
    ['ingest', [settings('Service ingest'), store, source]],
    ['audit', [settings('Service audit'), store]],
    ['cli', [store, source]],
  ] as const)('gives %s settings that exist, and all that are required', (service, sections) => {
    const set = environmentOf(service);
    const known = ['HOLDFAST_PROFILE', ...sections.flatMap(({ all }) => all)];
    expect(set.filter((name) => !known.includes(name))).toEqual([]);
    expect(sections.flatMap(({ required }) => required).filter((name) => !set.includes(name))).toEqual([]);
  });

  it('asks .env for nothing that .env.example does not name', () => {
    const named = [...read('deploy/compose/.env.example').matchAll(/^(\w+)=/gm)].map(([, name]) => name);
    const asked = [...file.matchAll(/\$\{(\w+)(?::\?|\})/g)].map(([, name]) => name);
    expect(asked.filter((name) => !named.includes(name))).toEqual([]);
  });
});
