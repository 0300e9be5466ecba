import type { Finding } from '@holdfast/verify';

/** What a finding about the file at `path` of an archive folder may name: its key, or its chain and number. */
export function placesOf(path: string): readonly string[] {
  const [store = '', ...rest] = path.split('/');
  const key = rest.join('/').replace(/@[^@/]+$/, '');
  const inChain = /^(?:[mo]\/)?(.+)\/(\d{16})(?:\/|$)/.exec(key);
  const wrap = /^(.+)\/[a-z0-9-]+\/[0-9-]+\/(\d{4}-\d\d-\d\d\/[0-9a-f]{32})\//.exec(key);
  return [
    key,
    ...(store !== 'wraps' && inChain !== null ? [`${inChain[1] ?? ''} ${Number(inChain[2])}`] : []),
    ...(store === 'wraps' && wrap !== null ? [`${wrap[1] ?? ''} ${wrap[2] ?? ''}`] : []),
  ];
}

/** Whether one of the findings is about the file. */
export function isNamed(findings: readonly Finding[], path: string): boolean {
  const places = placesOf(path);
  return findings.some(({ place }) => places.some((name) => place === name || place.startsWith(`${name} `) || place.startsWith(`${name}/`)));
}
