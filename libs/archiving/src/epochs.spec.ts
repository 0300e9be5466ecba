import { describe, expect, it } from '@jest/globals';
import { GovernanceFold } from '@holdfast/governance';
import { chainsOf } from './epochs.js';

const base = { time: '2026-01-01T00:00:00.000Z', principal: 'os:tester' };

describe('the chains of a partition', () => {
  it('are those of its source, topic and number only, oldest epoch first', () => {
    const state = new GovernanceFold();
    let id = 0;
    const next = (): { id: string; time: string; principal: string } => ({ id: String(++id).padStart(32, '0'), ...base });
    for (const chain of ['msg/a/t/1/0', 'msg/a/t/10/0', 'msg/a/t/0/0', 'msg/b/t/1/0', 'msg/a/tt/1/0', 'access/a', 'msg/a/t/1/x'])
      state.apply({ type: 'chain.registered', ...next(), chain, cluster: 'c' }, 0);
    state.apply({ type: 'source.epoch.opened', ...next(), chain: 'msg/a/t/1/0', successor: 'msg/a/t/1/2', cluster: 'd', reason: 'r' }, 1);
    state.apply({ type: 'source.epoch.opened', ...next(), chain: 'msg/a/t/1/2', successor: 'msg/a/t/1/11', cluster: 'e', reason: 'r' }, 2);
    const found = chainsOf(state, 'a', { topic: 't', partition: 1 });
    expect(found.map(({ chain }) => chain)).toEqual(['msg/a/t/1/0', 'msg/a/t/1/2', 'msg/a/t/1/11']);
    expect(found.map(({ closed }) => closed?.successor)).toEqual(['msg/a/t/1/2', 'msg/a/t/1/11', undefined]);
  });
});
