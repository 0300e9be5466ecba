import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, expect, it } from '@jest/globals';
import { EMBEDDED_DEFAULTS, openEmbedded } from '@holdfast/assembly';
import type { OpenedArchive } from '@holdfast/assembly';
import { Health, createLogger } from '@holdfast/platform';
import type { Clock } from '@holdfast/ports';
import { CheckedClock, GovernanceLog, sealDrill } from '@holdfast/vault';
import { AlarmBoard } from '../alarm-board.js';
import { StandingChecks } from './standing-checks.js';

const DAY_MS = 24 * 3600 * 1000;
let folder = '';
let opened: OpenedArchive;
let health: Health;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'holdfast-checks-'));
  opened = await openEmbedded(join(folder, 'archive'), EMBEDDED_DEFAULTS);
});
afterAll(async () => {
  await opened.close();
  await rm(folder, { recursive: true });
});
beforeEach(() => {
  health = new Health();
});

/** Checks of the same archive on a machine whose clock is `ms` ahead of the store's. */
function checks(clock: Clock): StandingChecks {
  const archive = { ...opened.archive, clock };
  const logger = createLogger({ service: 'test', version: '1', level: 'silent', to: 'stderr' });
  return new StandingChecks({ ...opened, archive, clock: new CheckedClock(archive) }, new AlarmBoard(health.component('seal'), logger), logger);
}

const ahead = (ms: number): Clock => ({ now: () => new Date(Date.now() + ms) });
const codes = (): string[] => health.readiness().alarms.map(({ code }) => code);

it('find nothing on a sound archive', async () => {
  await checks(ahead(0)).look();
  expect(codes()).toEqual([]);
});

it('warn 60 days before the keys of a class run out: KEYS_RUNNING_OUT', async () => {
  await checks(ahead(600 * DAY_MS)).look();
  expect(codes()).not.toContain('KEYS_RUNNING_OUT');
  health = new Health();
  await checks(ahead(720 * DAY_MS)).look();
  expect(health.readiness().alarms).toContainEqual(
    expect.objectContaining({ code: 'KEYS_RUNNING_OUT', message: expect.stringContaining('There are no keys for'), blocking: false }),
  );
});

it('ask for a restore drill: ESCROW_DRILL_DUE, until one was held that opened everything', async () => {
  const logger = createLogger({ service: 'test', version: '1', level: 'silent', to: 'stderr' });
  const board = new AlarmBoard(health.component('seal'), logger);
  const look = (ms: number): Promise<void> =>
    new StandingChecks({ ...opened, archive: { ...opened.archive, clock: ahead(ms) } }, board, logger, 35).look();
  await look(34 * DAY_MS);
  expect(codes()).not.toContain('ESCROW_DRILL_DUE');
  await look(36 * DAY_MS);
  expect(health.readiness().alarms).toContainEqual(expect.objectContaining({ code: 'ESCROW_DRILL_DUE', blocking: false }));
  const drilled = { seed: 'ab'.repeat(16), wraps: 1, sampled: 1, records: 1, problems: [], begun: new Date().toISOString() };
  await sealDrill(opened.archive, opened.governance, 'os:tester', { ...drilled, opened: 0, failed: 1 });
  await look(0);
  expect(codes()).toContain('ESCROW_DRILL_DUE');
  await sealDrill(opened.archive, opened.governance, 'os:tester', { ...drilled, opened: 1, failed: 0 });
  await look(0);
  expect(codes()).not.toContain('ESCROW_DRILL_DUE');
});

it('raise CLOCK_SKEW while the clock is off, and end it when it is right', async () => {
  let off = 120_000;
  const looking = checks({ now: () => new Date(Date.now() + off) });
  await looking.look();
  expect(health.readiness()).toMatchObject({ ready: false, alarms: [{ code: 'CLOCK_SKEW', message: expect.stringContaining('120 s off') }] });
  off = 0;
  await looking.look();
  expect(codes()).toEqual([]);
});

it('raise CLOCK_AHEAD for a segment whose time ran ahead of its clock, until the next one is right', async () => {
  const looking = checks(ahead(0));
  const seal = async (clock: Clock, chain: string): Promise<void> => {
    const archive = { ...opened.archive, clock };
    const governance = new GovernanceLog(archive, new CheckedClock(archive));
    const time = clock.now().toISOString();
    await governance.append(() => [
      { type: 'chain.registered', id: '0'.repeat(32 - chain.length) + chain, time, principal: 'service:test', chain: `access/${chain}` },
    ]);
    await opened.governance.refresh();
    looking.committed('gov', opened.governance.head.next - 1);
    await looking.look();
  };
  await seal(ahead(-30_000), 'aa');
  expect(health.readiness().alarms).toMatchObject([{ code: 'CLOCK_AHEAD', blocking: false }]);
  await seal(ahead(0), 'bb');
  expect(codes()).toEqual([]);
});
