import { listVersions } from '../s3-list.js';
import { LOCKED_S, type Bench } from './bench.js';
import { lockOf, spell, survived } from './judgements.js';
import { broken, judge, kept, refused, said, type Outcome } from './report.js';
import type { Probe } from './probe.js';

/** The most that S3 allows, in bytes of UTF-8. */
const LONGEST_KEY = 1024;
const MIXED_UP = 'Two pieces of evidence with names that are alike become one.';

/** Names and sizes at their limits. */
export const keyProbes: readonly Probe[] = [
  {
    name: 'folder_keys',
    group: 'key',
    promise: 'Keys `a` and `a/b` can be there together.',
    meaning: 'Some evidence cannot be stored because of the name of other evidence.',
    reliedOn: false,
    quick: false,
    run: async (bench) => {
      await bench.put('folder');
      const refusal = await bench.refusal(bench.put('folder/below'));
      return judge(refusal === undefined, `the second was ${said(refusal)}`);
    },
  },
  {
    name: 'odd_characters',
    group: 'key',
    promise: 'Keys with blanks, signs and letters of any script are kept as they are.',
    meaning: 'Evidence is not found under the name that was recorded.',
    reliedOn: false,
    quick: false,
    run: (bench) => listedAs(bench, 'odd/', 'odd/a b+c%20&=~.@—合同'),
  },
  {
    name: 'longest_key',
    group: 'key',
    promise: 'A key of 1,024 bytes is kept as it is.',
    meaning: 'Evidence with a long name cannot be stored, or is stored under another.',
    reliedOn: false,
    quick: false,
    run: (bench) => listedAs(bench, 'long/', 'long/'.padEnd(LONGEST_KEY - bench.prefix.length, 'x')),
  },
  {
    name: 'too_long_key_refused',
    group: 'key',
    promise: 'A key of 1,025 bytes is refused, not cut.',
    meaning: MIXED_UP,
    reliedOn: false,
    quick: false,
    run: async (bench) => {
      const refusal = await bench.refusal(bench.put('too-long/'.padEnd(LONGEST_KEY + 1 - bench.prefix.length, 'x')));
      return judge(refusal !== undefined, `it was ${said(refusal)}`);
    },
  },
  {
    name: 'keys_kept_apart',
    group: 'key',
    promise: 'Keys that differ only in case, in a doubled slash or in a final blank are different objects.',
    meaning: MIXED_UP,
    reliedOn: false,
    quick: false,
    run: async (bench) => {
      const names = ['apart/key', 'apart/KEY', 'apart//key', 'apart/key '];
      const put: string[] = [];
      for (const name of names) {
        const refusal = await bench.refusal(bench.put(name));
        if (refusal !== undefined) return refused(`${JSON.stringify(name)} was refused (${refusal})`);
        put.push(name);
      }
      const wrong: string[] = [];
      for (const name of put) if ((await bench.read(name).catch(() => '')) !== `store-check ${name}`) wrong.push(JSON.stringify(name));
      return judge(
        wrong.length === 0,
        wrong.length === 0 ? `${String(put.length)} keys read each as it was put` : `${wrong.join(', ')} read as another`,
      );
    },
  },
  {
    name: 'empty_object',
    group: 'key',
    promise: 'An object of no bytes is kept and locked like any other.',
    meaning: 'An empty file, which can be evidence too, is not protected.',
    reliedOn: false,
    quick: false,
    run: async (bench) => {
      const lock = bench.lock('COMPLIANCE', LOCKED_S);
      const version = await bench.bytes('empty', Buffer.alloc(0), lock);
      const state = await bench.head('empty', version);
      if (state.ContentLength !== 0 || lockOf(state) !== spell(lock))
        return broken(`HEAD shows ${String(state.ContentLength)} bytes, ${lockOf(state)}`);
      const refusal = await bench.delete('empty', version);
      if (refusal === undefined) return broken('its delete was accepted in spite of its lock');
      const text = await bench.read('empty', version);
      // `survived` compares with the usual text: only whether the refusal is the store's is asked of it.
      const other = await survived(bench, 'empty-like', await bench.put('empty-like', lock), refusal);
      return other.result === 'refused' ? other : judge(text === '', `the delete was ${said(refusal)}, it reads ${String(text.length)} bytes`);
    },
  },
];

async function listedAs(bench: Bench, prefix: string, name: string): Promise<Outcome> {
  const refusal = await bench.refusal(bench.put(name));
  if (refusal !== undefined) return broken(`refused: ${refusal}`);
  for await (const row of listVersions(bench.calls, bench.vault, 1000, bench.key(prefix), undefined)) {
    if (row.key === bench.key(name)) return kept('it lists as it was put');
  }
  return broken('it does not list as it was put');
}
