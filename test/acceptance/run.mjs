// npm run acceptance -- archiving [--part 1,2,5] [--records N] [--kills N] [--messages N] [--channels N] [--seed S] [--dir DIR] [--fresh]
//
// The full-size checks of the main job, on the real servers: those that HOLDFAST_TEST_… name, else servers of its own. What
// is done is kept in DIR (`.stack/acceptance`): the same command goes on where it stopped. Prints the figures; exits 1
// when something is not as it must be.
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
    records: { type: 'string', default: '200000' },
    kills: { type: 'string', default: '30' },
    messages: { type: 'string', default: '50000' },
    channels: { type: 'string', default: '300' },
    seed: { type: 'string' },
    dir: { type: 'string', default: join(root, '.stack', 'acceptance') },
    fresh: { type: 'boolean', default: false },
  },
});

async function main() {
  if (build() !== 0) return 1;
  // Only now: what it imports has just been built.
  const { PARTS } = await import('./parts.mjs');
  const wanted = values.part?.split(',') ?? Object.keys(PARTS);
  const unknown = wanted.filter((part) => PARTS[part] === undefined);
  if (positionals.join() !== 'archiving' || unknown.length > 0) {
    process.stderr.write(
      `usage: npm run acceptance -- archiving [--part ${Object.keys(PARTS).join(',')}] [--records N] [--kills N] [--seed S] [--dir DIR] [--fresh]\n`,
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
  const stack = await startStack({ dir: join(values.dir, 'servers'), only: ['kafka', 'radosgw', 'elasticsearch'], fresh: false, say });
  try {
    const missing = stack.unavailable.map(({ name, reason }) => `${name}: ${reason}`);
    if (missing.length > 0) throw new Error(`the real servers are needed. ${missing.join('; ')}`);
    const sizes = {
      records: Number(values.records),
      kills: Number(values.kills),
      messages: Number(values.messages),
      channels: Number(values.channels),
    };
    const servers = { ...process.env, ...stack.env };
    let failed = 0;
    for (const name of wanted) {
      const part = PARTS[name];
      if (part === undefined) continue;
      say(`part ${name}: ${part.title}`);
      try {
        const figures = await part.run({
          dir: join(values.dir, `part-${name}`),
          root,
          servers,
          stack,
          seed,
          sizes,
          ledger: ledger.part(name, sizes),
          say,
        });
        process.stdout.write(
          `PASSED part ${name}: ${part.title}\n${JSON.stringify({ ...figures, load: loadavg().map((load) => Number(load.toFixed(1))) }, null, 2)}\n`,
        );
      } catch (error) {
        failed++;
        process.stdout.write(`FAILED part ${name}: ${part.title}\n${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`);
      }
    }
    process.stdout.write(`${wanted.length - failed} parts passed, ${failed} failed (seed ${seed})\n`);
    return failed > 0 ? 1 : 0;
  } finally {
    await stack.stop();
  }
}

main().then(
  (code) => process.exit(code),
  (/** @type {unknown} */ error) => {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
    process.exit(1);
  },
);
