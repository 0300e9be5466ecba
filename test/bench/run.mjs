// npm run bench [-- core embedded cluster] : figures for docs/performance.md. Nothing here asserts a time.
import { benchCore } from './core.mjs';
import { hardware } from './measure.mjs';
import { benchCluster, benchEmbedded } from './path.mjs';

/** @type {Record<string, () => Promise<import('./measure.mjs').Line[]>>} */
const BENCHES = { core: benchCore, embedded: benchEmbedded, cluster: benchCluster };
// kafkajs 2.2.4 sets a timer of minus the time since 1970 for a queue that was never throttled; Node fires it at once, and says so.
process.removeAllListeners('warning');
process.on('warning', (warning) => {
  if (warning.name !== 'TimeoutNegativeWarning') console.error(`${warning.name}: ${warning.message}`);
});

const wanted = process.argv.slice(2).length > 0 ? process.argv.slice(2) : Object.keys(BENCHES);
console.log(`${hardware()}, ${new Date().toISOString().slice(0, 10)}`);
for (const name of wanted) {
  const bench = BENCHES[name];
  if (bench === undefined) {
    console.error(`There is no bench ${name}; there are: ${Object.keys(BENCHES).join(', ')}.`);
    process.exitCode = 78;
    break;
  }
  for (const line of await bench()) {
    const { name: what, ...figures } = line;
    console.log(
      `${what}: ${Object.entries(figures)
        .map(([key, value]) => `${value.toLocaleString('en-US')} ${key}`)
        .join(', ')}`,
    );
  }
}
