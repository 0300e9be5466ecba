// Every property test of a run draws from the one seed that `npm test` prints.
const seed = process.env['HOLDFAST_TEST_SEED'];
if (seed !== undefined) {
  const { configureGlobal } = await import('fast-check');
  configureGlobal({ seed: Number(seed) });
}
