// Preloaded by tests (node --import): the clock of this process runs HOLDFAST_TEST_AHEAD_MS ahead.
const RealDate = Date;
const ahead = Number(process.env['HOLDFAST_TEST_AHEAD_MS'] ?? 0);

globalThis.Date = class extends RealDate {
  constructor(...args) {
    if (args.length === 0) super(RealDate.now() + ahead);
    else super(...args);
  }

  static now() {
    return RealDate.now() + ahead;
  }
};
