import { beforeEach, expect, it } from '@jest/globals';
import { Health, createLogger } from '@holdfast/platform';
import { AlarmBoard } from './alarm-board.js';

let health: Health;
let board: AlarmBoard;
let written: Record<string, unknown>[];

beforeEach(() => {
  health = new Health();
  written = [];
  const to = { write: (line: string) => void written.push(JSON.parse(line) as Record<string, unknown>) };
  const component = health.component('seal');
  component.to('running');
  board = new AlarmBoard(component, createLogger({ service: 'test', version: '1', level: 'info', to }));
});

it('shows one alarm for any number of partitions, and keeps it until the last is well', () => {
  board.raise('SOURCE_LOST', 'chat/0', 'stopped', 'chat/0: records 1 to 2 are gone.');
  board.raise('SOURCE_LOST', 'chat/1', 'stopped', 'records 5 to 9 are gone.');
  expect(health.readiness().alarms).toMatchObject([
    { code: 'SOURCE_LOST', message: 'chat/0: records 1 to 2 are gone. chat/1: records 5 to 9 are gone.', blocking: true },
  ]);
  board.clear('SOURCE_LOST', 'chat/0');
  expect(health.readiness().alarms).toMatchObject([{ message: 'chat/1: records 5 to 9 are gone.' }]);
  board.clear('SOURCE_LOST', 'chat/1');
  expect(health.readiness()).toMatchObject({ ready: true, alarms: [] });
});

it('logs each further place once', () => {
  for (const place of ['a/0', 'a/1', 'a/1', 'a/2']) board.raise('STORE_UNAVAILABLE', place, 'waiting', 'the store does not answer.');
  expect(written).toMatchObject([{ message: 'alarm spreads' }, { message: 'alarm spreads' }]);
});

it('names a few of many places', () => {
  for (let i = 0; i < 10; i++) board.raise('SOURCE_LOST', `chat/${i}`, 'stopped', 'gone.');
  expect(health.readiness().alarms[0]?.message).toBe('chat/0: gone. chat/1: gone. chat/2: gone. And 7 more.');
});

it('is not ready while it waits or stands still, and ready with a warning', () => {
  board.raise('KEYS_RUNNING_OUT', 'keys', 'warning', 'keys end soon.');
  expect(health.readiness().ready).toBe(true);
  board.raise('STORE_UNAVAILABLE', 'chat/0', 'waiting', 'the store does not answer.');
  expect(health.readiness().ready).toBe(false);
});

it('clears what was never raised', () => {
  board.clear('DISK_FULL', 'chat/0');
  expect(health.readiness().alarms).toEqual([]);
});
