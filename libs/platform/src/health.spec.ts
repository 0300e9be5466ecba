import { describe, expect, it } from '@jest/globals';
import { watchHealth } from './health-metrics.js';
import { Health } from './health.js';
import { createLogger } from './logger.js';
import { Metrics } from './metrics.js';

const ALARM = { code: 'keys_running_out', message: 'Keys end in 59 days.', whatToDo: 'Run "holdfast keys escrow".', blocking: false };

function clock(): { now: () => Date; tick: () => void } {
  let at = Date.UTC(2026, 0, 1);
  return { now: () => new Date(at), tick: () => void (at += 1000) };
}

describe('Health', () => {
  it('is ready only when every part runs', () => {
    const { now, tick } = clock();
    const health = new Health(now);
    expect(health.readiness()).toMatchObject({ ready: false, reasons: ['nothing has started yet'] });
    const seal = health.component('seal');
    const index = health.component('index');
    expect(health.readiness().reasons).toEqual(['seal is starting', 'index is starting']);
    tick();
    seal.to('running');
    index.to('running');
    expect(health.readiness()).toMatchObject({ ready: true, reasons: [] });
    expect(health.readiness().components[0]).toEqual({ name: 'seal', state: 'running', since: '2026-01-01T00:00:01.000Z' });
    index.to('failed', 'the index is gone');
    expect(health.readiness().reasons).toEqual(['index is failed: the index is gone']);
    expect(index.state).toBe('failed');
  });

  it('refuses moves that make no sense', () => {
    const part = new Health().component('seal');
    part.to('draining');
    expect(() => part.to('running')).toThrow('cannot go from draining to running');
    part.to('stopped');
    part.to('starting');
  });

  it('keeps the moment of an alarm and tells blocking ones from warnings', () => {
    const { now, tick } = clock();
    const health = new Health(now);
    const part = health.component('keys');
    part.to('running');
    part.raise(ALARM);
    tick();
    part.raise({ ...ALARM, message: 'Keys end in 58 days.' });
    expect(health.readiness()).toMatchObject({
      ready: true,
      alarms: [{ component: 'keys', since: '2026-01-01T00:00:00.000Z', message: 'Keys end in 58 days.' }],
    });
    part.raise({ ...ALARM, code: 'no_keys', message: 'There is no key.', blocking: true });
    expect(health.readiness().reasons).toEqual(['keys: There is no key.']);
    part.clear('no_keys');
    part.clear('no_keys');
    part.clear('keys_running_out');
    expect(health.readiness()).toMatchObject({ ready: true, alarms: [] });
  });

  it('refuses two parts of one name', () => {
    const health = new Health();
    health.component('seal');
    expect(() => health.component('seal')).toThrow('registered twice');
  });
});

describe('watchHealth', () => {
  it('logs every change once and shows the present in the metrics', async () => {
    const lines: Record<string, unknown>[] = [];
    const to = { write: (line: string) => void lines.push(JSON.parse(line) as Record<string, unknown>) };
    const health = new Health();
    const metrics = new Metrics({ process: false });
    watchHealth(health, createLogger({ service: 's', version: '1', level: 'info', to }), metrics);
    const part = health.component('seal');
    part.to('running');
    part.to('running');
    part.raise(ALARM);
    part.raise(ALARM);
    const text = await metrics.text();
    expect(text).toContain('holdfast_component_state{component="seal",state="running"} 1');
    expect(text).toContain('holdfast_component_state{component="seal",state="starting"} 0');
    expect(text).toContain('holdfast_alarm_active{component="seal",alarm="keys_running_out",blocking="false"} 1');
    expect(text).toContain('holdfast_service_ready 1');
    part.clear(ALARM.code);
    part.to('failed', 'disk');
    expect(await metrics.text()).not.toContain('keys_running_out');
    expect(lines.map(({ level, message }) => `${String(level)} ${String(message)}`)).toEqual([
      'info component changed state',
      'warn alarm raised',
      'info alarm cleared',
      'error component failed',
    ]);
  });
});

describe('Metrics', () => {
  it('refuses names out of line', () => {
    const metrics = new Metrics({ process: false });
    expect(() => metrics.gauge('holdfast_Things', 'x')).toThrow('is not a name like');
    expect(() => metrics.gauge('holdfast_things', 'x')).toThrow('is not a name like');
    expect(() => metrics.gauge('holdfast_things_total', 'x')).toThrow('only counters');
  });

  it('leaves out the default gauges that end in _total, and keeps registries apart', async () => {
    const text = await new Metrics().text();
    expect(text).toContain('process_resident_memory_bytes');
    for (const [, name, kind] of text.matchAll(/^# TYPE (\S+) (\S+)$/gm)) expect(name?.endsWith('_total') ?? false).toBe(kind === 'counter');
    const other = new Metrics();
    other.counter('holdfast_seals_total', 'Seals.', ['chain']).inc({ chain: 'gov' });
    expect(await other.text()).toContain('holdfast_seals_total{chain="gov"} 1');
  });
});
