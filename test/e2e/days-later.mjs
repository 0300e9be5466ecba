// Preloaded by tests (node --import): the clock of this process runs HOLDFAST_TEST_AHEAD_MS ahead.
const RealDate = Date;
const ahead = Number(process.env['HOLDFAST_TEST_AHEAD_MS'] ?? 0);

globalThis.Date = new Proxy(RealDate, {
  construct: (_date, args) => Reflect.construct(RealDate, args.length === 0 ? [RealDate.now() + ahead] : args),
  get: (date, name) => (name === 'now' ? () => RealDate.now() + ahead : Reflect.get(date, name)),
});
