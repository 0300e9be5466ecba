import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from '@jest/globals';
import { nodeCrypto as crypto } from '@holdfast/crypto-node';
import { encodeAddCheckpoint } from '@holdfast/tlog';
import fc from 'fast-check';
import { CosigningWitness, WitnessFolder } from '../src/index.js';
import { clock } from './running-witness.js';
import { TestLog } from './test-log.js';

const FORK = 5;
const SIZES = 12;

/** What a log that lies may send: any two sizes of any two histories, with the proof of a third; or the witness is restarted, or its disk fails. */
const step = fc.oneof(
  { weight: 12, arbitrary: fc.record({ old: fc.nat(SIZES), size: fc.nat(SIZES), history: fc.nat(1), proofOf: fc.nat(1), held: fc.boolean() }) },
  { weight: 1, arbitrary: fc.constant('restart' as const) },
  { weight: 2, arbitrary: fc.constantFrom('write' as const, 'fsync' as const, 'rename' as const, 'fsync_folder' as const) },
);

it('whatever arrives in whatever order, what was co-signed belongs to one history that only grows', async () => {
  const log = new TestLog('example.com/log', FORK);
  const base = await mkdtemp(join(tmpdir(), 'holdfast-witness-'));
  let run = 0;
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 40 }), async (steps) => {
      const path = join(base, String(run++));
      let failAt: string | undefined;
      const hook = (at: string): void => {
        if (at !== failAt) return;
        failAt = undefined;
        throw new Error('the disk has failed');
      };
      const open = (): Promise<WitnessFolder> => WitnessFolder.open(path, { crypto, name: 'w', hook });
      const make = (of: WitnessFolder): CosigningWitness =>
        new CosigningWitness({ crypto, clock, folder: of, logs: [log.key], report: () => undefined });
      let folder = await open();
      let witness = make(folder);
      const cosigned: { size: number; history: number }[] = [];
      let sending: Promise<unknown>[] = [];
      for (const one of steps) {
        if (one === 'restart') {
          await Promise.all(sending);
          sending = [];
          folder.close();
          folder = await open();
          witness = make(folder);
        } else if (typeof one === 'string') failAt = one;
        else {
          const { size, history, proofOf, held } = one;
          const old = held ? (folder.all[0]?.size ?? 0) : one.old;
          const proof = old <= size ? await log.proof(old, size, proofOf) : [];
          const body = encodeAddCheckpoint({ old, proof, checkpoint: await log.at(size, history) });
          // Not waited for: several are under way at once.
          sending.push(
            witness.addCheckpoint(body).then(
              ({ status }) => {
                if (status === 200) cosigned.push({ size, history });
              },
              (error: unknown) => {
                expect(error).toMatchObject({ message: 'the disk has failed' });
              },
            ),
          );
        }
      }
      await Promise.all(sending);
      folder.close();
      expect(cosigned.map(({ size }) => size)).toEqual(cosigned.map(({ size }) => size).sort((a, b) => a - b));
      expect(new Set(cosigned.filter(({ size }) => size > FORK).map(({ history }) => history)).size).toBeLessThanOrEqual(1);
    }),
    { numRuns: 60 },
  );
  await rm(base, { recursive: true });
}, 120_000);
