import { describe, expect, it } from '@jest/globals';
import { Selection, parseChainRanges } from './chain-selection.js';

const select = (text: string): Selection => new Selection(parseChainRanges(text));

describe('a selection of chains', () => {
  it('knows names, stars for a part and for many', () => {
    const chains = ['msg/slack/t/0/0', 'msg/slack/t/1/0', 'msg/teams/t/0/0', 'days/msg/slack/t/0/0', 'access/audit'];
    const chosen = (text: string): string[] => chains.filter((chain) => select(text).includes(chain));
    expect(chosen('msg/slack/t/0/0')).toEqual(['msg/slack/t/0/0']);
    expect(chosen('msg/slack/**')).toEqual(['msg/slack/t/0/0', 'msg/slack/t/1/0']);
    expect(chosen('msg/*/t/0/0')).toEqual(['msg/slack/t/0/0', 'msg/teams/t/0/0']);
    expect(chosen('msg/*')).toEqual([]);
    expect(chosen('msg/te*/**, access/*')).toEqual(['msg/teams/t/0/0', 'access/audit']);
    expect(chosen('**')).toEqual(chains);
    // A dot is a dot.
    expect(select('msg/a.b/0').includes('msg/axb/0')).toBe(false);
  });

  it('takes the first range that fits', () => {
    const chosen = select('msg/a/0:2-5,msg/**:7-');
    expect([chosen.rangeOf('msg/a/0'), chosen.rangeOf('msg/b/0'), chosen.rangeOf('access/x')]).toEqual([{ from: 2, to: 5 }, { from: 7 }, undefined]);
    expect(select('a/b').rangeOf('a/b')).toEqual({ from: 0 });
  });

  it('tells what fits nothing', () => {
    expect(select('msg/**,scan/*').unmet(['gov', 'msg/a/0'])).toEqual(['scan/*']);
  });

  it('refuses what is no range', () => {
    for (const text of ['', ' ', 'a,,b', 'a:1', 'a:-2', 'a:3-3', 'a:x-y', 'gov:0-4', 'a:1-9999999999999999'])
      expect(() => parseChainRanges(text)).toThrow(expect.objectContaining({ code: 'bad_request' }));
    expect(parseChainRanges('gov')).toEqual([{ chain: 'gov' }]);
  });
});
