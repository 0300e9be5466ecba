import { describe, expect, it } from '@jest/globals';
import { KEY_RING_COHORTS, describeKeyRing } from './describe-key-ring.js';
import { MemoryKeyRing } from './memory-key-ring.js';

describeKeyRing('in memory', () => {
  const ring = new MemoryKeyRing(KEY_RING_COHORTS);
  return Promise.resolve({ ring, secrets: (cohort) => Promise.resolve(ring.secrets(cohort)) });
});

describe('fault hook of the key ring in memory', () => {
  it('makes a step fail as a rejection', async () => {
    const ring = new MemoryKeyRing([], (step) => {
      if (step === 'sign') throw new Error('no key today');
    });
    await expect(ring.sign(new Uint8Array(), 'x')).rejects.toThrow('no key today');
  });
});
