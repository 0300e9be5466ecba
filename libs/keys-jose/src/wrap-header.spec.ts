import { describe, expect, it } from '@jest/globals';
import { readWrapKid, wrapHeader } from './wrap-header.js';

const KID = 'AAAAAAAAAAAAAAAAAAAAAA';
const PARTS = ['A'.repeat(54), 'A'.repeat(16), 'A'.repeat(43), 'A'.repeat(22)];
const context = (chain: string) => ({ archive: 'ab'.repeat(32), chain, dataKey: '0d'.repeat(16), cohort: { className: 'ledger', period: '2026' } });

describe('readWrapKid', () => {
  it('takes a header in one spelling of base64url only', () => {
    let respelled = 0;
    for (const chain of ['g', 'go', 'gov']) {
      const encoded = Buffer.from(JSON.stringify(wrapHeader('A256KW', KID, context(chain)))).toString('base64url');
      expect(readWrapKid([encoded, ...PARTS].join('.'), 'A256KW', context(chain))).toBe(KID);
      for (const last of 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_') {
        const other = encoded.slice(0, -1) + last;
        if (other === encoded || !Buffer.from(other, 'base64url').equals(Buffer.from(encoded, 'base64url'))) continue;
        respelled++;
        expect(() => readWrapKid([other, ...PARTS].join('.'), 'A256KW', context(chain))).toThrow('its header is not base64url');
      }
    }
    // Two of the three lengths leave unused bits.
    expect(respelled).toBe(3 + 15);
  });

  it('says which member differs, and never its value', () => {
    const header = { ...wrapHeader('A256KW', KID, context('gov')), alg: 'geheim' };
    const encoded = Buffer.from(JSON.stringify(header)).toString('base64url');
    const read = (): string => readWrapKid([encoded, ...PARTS].join('.'), 'A256KW', context('gov'));
    expect(read).toThrow('alg in its header differ from what was asked for');
    expect(read).not.toThrow('geheim');
  });
});
