import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { describeWith } from '@holdfast/test-kit';
import { bucketsOf, checkStore, createBuckets, promisesOf, type PromiseReport, type StoreReport } from '../src/index.js';
import { inPool } from '../src/store-check/pool.js';
import { lies } from './lies.js';
import { LyingServer, type Lie } from './lying-server.js';
import { first } from './servers.js';

const reliedOn = promisesOf()
  .filter((one) => one.reliedOn)
  .map(({ name }) => name);

it('there is a liar for every promise that is relied on', () => {
  expect(Object.keys(lies).sort()).toEqual(reliedOn.toSorted());
});

describeWith(first.needs, 'store-check before a server that lies', () => {
  const buckets = bucketsOf(`l-${randomBytes(5).toString('hex')}`);
  const reports = new Map<string, StoreReport>();
  const servers: LyingServer[] = [];
  let honest: StoreReport;

  const through = async (lie: Lie, only: readonly string[]): Promise<StoreReport> => {
    const server = await LyingServer.start(first.connection().endpoint ?? '', lie);
    servers.push(server);
    const connection = { ...first.connection(), endpoint: server.endpoint };
    return checkStore({ connection, vault: buckets.vault, claims: buckets.claims }, { full: true, create: true, patienceS: 5, only });
  };

  beforeAll(async () => {
    await createBuckets(first.connection(), buckets);
    await inPool(Object.entries(lies), async ([name, lie]) => {
      reports.set(name, await through(lie(), [name]));
    });
    honest = await through({}, reliedOn);
  }, 300_000);
  afterAll(() => {
    for (const server of servers) server.close();
  });

  it.each(reliedOn)('finds out the one that breaks %s', (name) => {
    const report = reports.get(name);
    const [promise] = report?.promises ?? [];
    expect(promise).toMatchObject({ name, result: 'broken' } satisfies Partial<PromiseReport>);
    expect(report?.refused).toBe(true);
  });

  it('finds nothing when the same server tells the truth', () => {
    expect(honest.promises.filter((one) => one.result !== 'kept')).toEqual([]);
  });
});
