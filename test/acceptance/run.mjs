// npm run acceptance -- archiving [--part 1,2,5] [--records N] [--kills N] [--messages N] [--channels N] [--seed S] [--dir DIR] [--fresh]
// npm run acceptance -- proof [--part mutation,notary,million,bundle] [--records N] [--messages N] [--seed S] [--dir DIR] [--fresh]
//
// The full-size checks. `archiving`: the main job, on the real servers: those that HOLDFAST_TEST_… name, else servers of its
// own. `proof`: log, verifier and bundles, in folders and memory. What is done is kept in DIR (`.stack/acceptance`): the same
// command goes on where it stopped. Prints the figures; exits 1 when something is not as it must be.
import { randomInt } from 'node:crypto';
import { mkdir, rm } from 'node:fs/promises';
import { loadavg } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { startStack } from '../../deploy/local/start-stack.mjs';
import { build } from '../../tools/build.mjs';
import { hardware } from '../bench/measure.mjs';
import { Ledger } from './ledger.mjs';

const root = fileURLToPath(new URL('../..', import.meta.url));
const began = performance.now();
const say = (/** @type {string} */ line) => void process.stderr.write(`${((performance.now() - began) / 1000).toFixed(0).padStart(5)} s  ${line}\n`);

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    part: { type: 'string' },
    records: { type: 'string' },
    kills: { type: 'string', default: '30' },
    messages: { type: 'string' },
    channels: { type: 'string', default: '300' },
    seed: { type: 'string' },
    dir: { type: 'string', default: join(root, '.stack', 'acceptance') },
    fresh: { type: 'boolean', default: false },
  },
});

/** What runs without being told how much. */
const SIZES = { archiving: { records: 200_000, messages: 50_000 }, proof: { records: 1_000_000, messages: 10_000 } };

async function main() {
  if (build() !== 0) return 1;
  // Only now: what they import has just been built.
  const { PARTS } = await import('./parts.mjs');
  const { PROOF_PARTS } = await import('./proof.mjs');
  const [what = '', ...more] = positionals;
  const parts = what === 'archiving' ? PARTS : what === 'proof' ? PROOF_PARTS : {};
  const wanted = values.part?.split(',') ?? Object.keys(parts);
  if (more.length > 0 || wanted.length === 0 || wanted.some((part) => !(part in parts))) {
    process.stderr.write(
      ['archiving', 'proof']
        .map((name) => `usage: npm run acceptance -- ${name} [--part ${Object.keys(name === 'proof' ? PROOF_PARTS : PARTS).join(',')}]`)
        .map((line) => `${line} [--records N] [--messages N] [--seed S] [--dir DIR] [--fresh]\n`)
        .join(''),
    );
    return 78;
  }
  if (values.fresh) await rm(values.dir, { recursive: true, force: true });
  await mkdir(values.dir, { recursive: true });
  const ledger = await Ledger.open(join(values.dir, 'state.json'), { seed: Number(values.seed ?? randomInt(2 ** 31)) });
  const { seed } = ledger;
  if (values.seed !== undefined && Number(values.seed) !== seed)
    throw new Error(`${values.dir} was begun with seed ${seed}: choose another folder, or --fresh.`);
  say(`seed ${seed}; ${hardware()}; work folder ${values.dir}`);
  const defaults = what === 'proof' ? SIZES.proof : SIZES.archiving;
  const records = Number(values.records ?? defaults.records);
  const messages = Number(values.messages ?? defaults.messages);
  const context = (/** @type {string} */ name, /** @type {object} */ sizes) => ({
    dir: join(values.dir, `part-${name}`),
    root,
    seed,
    ledger: ledger.part(name, sizes),
    say,
  });
  if (what === 'proof') {
    const sizes = { records, messages };
    return report(
      wanted.flatMap((name) => {
        const part = PROOF_PARTS[name];
        return part === undefined ? [] : [{ name, title: part.title, run: () => part.run({ ...context(name, sizes), sizes }) }];
      }),
      seed,
    );
  }
  const stack = await startStack({ dir: join(values.dir, 'servers'), only: ['kafka', 'radosgw', 'elasticsearch'], fresh: false, say });
  try {
    const missing = stack.unavailable.map(({ name, reason }) => `${name}: ${reason}`);
    if (missing.length > 0) throw new Error(`the real servers are needed. ${missing.join('; ')}`);
    const sizes = { records, kills: Number(values.kills), messages, channels: Number(values.channels) };
    const servers = { ...process.env, ...stack.env };
    return await report(
      wanted.flatMap((name) => {
        const part = PARTS[name];
        return part === undefined ? [] : [{ name, title: part.title, run: () => part.run({ ...context(name, sizes), servers, stack, sizes }) }];
      }),
      seed,
    );
  } finally {
    await stack.stop();
  }
}

/**
 * Runs the parts one after the other and prints what each has measured.
 * @param {{ name: string, title: string, run: () => Promise<object> }[]} parts
 * @param {number} seed
 */
async function report(parts, seed) {
  let failed = 0;
  for (const { name, title, run } of parts) {
    say(`part ${name}: ${title}`);
    try {
      const figures = await run();
      const load = loadavg().map((one) => Number(one.toFixed(1)));
      process.stdout.write(`PASSED part ${name}: ${title}\n${JSON.stringify({ ...figures, load }, null, 2)}\n`);
    } catch (error) {
      failed++;
      process.stdout.write(`FAILED part ${name}: ${title}\n${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`);
    }
  }
  process.stdout.write(`${parts.length - failed} parts passed, ${failed} failed (seed ${seed})\n`);
  return failed > 0 ? 1 : 0;
}

main().then(
  (code) => process.exit(code),
  (/** @type {unknown} */ error) => {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
    process.exit(1);
  },
);
