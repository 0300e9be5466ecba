import { describe, expect, it } from '@jest/globals';
import { nodeCrypto } from '@holdfast/crypto-node';
import { HoldfastError } from '@holdfast/record';
import { toHex, utf8, wrapKey } from '@holdfast/seal';
import { openFromEscrow } from '@holdfast/test-kit';
import { smallArchive } from '../../test/small-archive.js';
import type { Small } from '../../test/small-archive.js';
import { LedgerWriter } from '../ledger-writer.js';
import type { WrapContext } from '@holdfast/ports';
import { answerEscrow, challengeEscrow, judgeDrill, sealDrill } from './escrow-drill.js';

const CHAINS = ['access/one', 'access/two', 'access/three'];

async function filled(): Promise<Small> {
  const small = await smallArchive();
  for (const chain of CHAINS) {
    const writer = new LedgerWriter(small.archive, small.clock, small.governance, small.dataKeys, chain);
    for (let n = 0; n < 3; n++) await writer.append({ subject: 's', value: { n } });
  }
  return small;
}

/** As the private halves open it. */
function opener(small: Small): (jwe: string, context: WrapContext) => Promise<Uint8Array> {
  return (jwe, { cohort }) => {
    try {
      return Promise.resolve(openFromEscrow(jwe, small.parts.keys.secrets(cohort).escrow.privateJwk));
    } catch (cause) {
      return Promise.reject(new HoldfastError('key_malformed', 'it does not open', { cause }));
    }
  };
}

describe('the restore drill', () => {
  it('opens a sample with the escrow keys, compares it with the KEKs, opens records, and is sealed', async () => {
    const small = await filled();
    const { archive, governance } = small;
    const challenge = await challengeEscrow(archive, 2);
    expect([challenge.wraps, challenge.sample.length]).toEqual([3, 2]);
    expect((await challengeEscrow(archive, 2, challenge.seed)).sample).toEqual(challenge.sample);
    const answer = await answerEscrow(nodeCrypto, challenge, opener(small));
    const drilled = await judgeDrill(archive, governance, challenge, answer);
    expect(drilled).toMatchObject({ wraps: 3, sampled: 2, opened: 2, failed: 0, records: 2, problems: [] });
    await sealDrill(archive, governance, 'os:tester', drilled);
    expect(governance.state.drill).toEqual({ time: challenge.begun, sampled: 2, failed: 0 });
  });

  it('chooses every wrap sooner or later', async () => {
    const { archive } = await filled();
    const chosen = new Set<string>();
    for (let n = 0; chosen.size < 3; n++) {
      expect(n).toBeLessThan(200);
      for (const { key } of (await challengeEscrow(archive, 1)).sample) chosen.add(key);
    }
  });

  it('finds a wrap that holds another data key, one that does not open, and one that nobody answered for', async () => {
    const small = await filled();
    const { archive, governance } = small;
    const [first] = (await challengeEscrow(archive, 3)).sample;
    if (first === undefined) throw new Error('no wraps');
    const day = first.key.split('/').at(-3) ?? '';
    const at = wrapKey(first.context.chain, first.context.cohort, day, first.context.dataKey, 'escrow');
    expect(at).toBe(first.key);
    // Somebody stored a wrap of a key of his own over it.
    const other = await small.parts.keys.wrap(new Uint8Array(32).fill(9), first.context);
    await archive.wraps.put(at, utf8(other.escrow), { mode: 'GOVERNANCE', retainUntil: new Date('2099-01-01T00:00:00Z') });
    const challenge = await challengeEscrow(archive, 3);
    const answer = await answerEscrow(nodeCrypto, challenge, opener(small));
    const { problems, failed, opened } = await judgeDrill(archive, governance, challenge, answer);
    expect([failed, opened]).toEqual([1, 2]);
    expect(problems).toEqual([{ key: at, problem: expect.stringContaining('different data keys') }]);
    const refused = await answerEscrow(nodeCrypto, challenge, () => Promise.reject(new HoldfastError('key_missing', 'no such key')));
    expect((await judgeDrill(archive, governance, challenge, refused)).failed).toBe(3);
    expect((await judgeDrill(archive, governance, challenge, { ...answer, answers: [] })).failed).toBe(3);
    await expect(judgeDrill(archive, governance, challenge, { ...answer, seed: toHex(new Uint8Array(16)) })).rejects.toMatchObject({
      code: 'bad_request',
    });
  });
});
