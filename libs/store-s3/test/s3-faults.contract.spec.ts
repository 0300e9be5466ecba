import { randomBytes } from 'node:crypto';
import { CreateBucketCommand, PutBucketVersioningCommand } from '@aws-sdk/client-s3';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { Lock } from '@holdfast/ports';
import { codeOf, collect, describeWith } from '@holdfast/test-kit';
import { bucketsOf, checkBuckets, createBuckets, S3ClaimStore, S3ObjectStore, type S3Connection } from '../src/index.js';
import { S3Calls } from '../src/s3-calls.js';
import { FaultProxy } from './fault-proxy.js';
import { first, second } from './servers.js';

const buckets = bucketsOf(`f-${randomBytes(5).toString('hex')}`);
let count = 0;
const fresh = (): string => `k/${String(++count)}`;
const body = Buffer.alloc(200_000, 'x');
function lock(): Lock {
  return { mode: 'GOVERNANCE', retainUntil: new Date(Math.ceil(Date.now() / 1000) * 1000 + 3_600_000) };
}

describeWith(first.needs, 's3 adapters when requests fail', () => {
  let proxy: FaultProxy;
  let store: S3ObjectStore;
  let claims: S3ClaimStore;

  beforeAll(async () => {
    await createBuckets(first.connection(), buckets);
    proxy = await FaultProxy.start(first.connection().endpoint ?? '');
    const through = { ...first.connection(), endpoint: proxy.endpoint, attempts: 4, firstDelayMs: 5, socketTimeoutMs: 300, requestTimeoutMs: 2000 };
    store = new S3ObjectStore({ ...through, bucket: buckets.vault });
    claims = new S3ClaimStore({ ...through, bucket: buckets.claims });
  });
  afterAll(() => {
    store.close();
    claims.close();
    proxy.close();
  });

  describe('a put', () => {
    it.each([500, 502, 503, 429])('is sent again after %d', async (status) => {
      const key = fresh();
      proxy.reset((_m, _p, n) => (n <= 2 ? { status, body: '' } : 'pass'));
      const version = await store.put(key, body, lock());
      expect(Buffer.compare(await store.get(key, version), body)).toBe(0);
      expect(proxy.seen.filter((one) => one.startsWith('PUT')).length).toBe(3);
    });

    it('whose answer is lost is sent again, and leaves one more version', async () => {
      const key = fresh();
      proxy.reset((_m, _p, n) => (n === 1 ? 'lose_answer' : 'pass'));
      const version = await store.put(key, body, lock());
      const rows = await collect(store.list(key));
      expect(rows.length).toBe(2);
      expect(rows[0]?.version).toBe(version);
    });

    it.each(['hang', { status: 503, body: '' }] as const)('gives up as store_unavailable when every request ends in %j', async (fault) => {
      proxy.reset(() => fault);
      expect(await codeOf(store.put(fresh(), body, lock()))).toBe('store_unavailable');
      expect(proxy.seen.length).toBe(4);
    });
  });

  it('a read whose answer breaks off is read again, whole', async () => {
    const key = fresh();
    proxy.reset();
    const version = await store.put(key, body, lock());
    proxy.reset((_m, _p, n) => (n === 1 ? 'cut_answer' : 'pass'));
    expect(Buffer.compare(await store.get(key, version), body)).toBe(0);
    expect(proxy.seen.length).toBe(2);
  });

  it('a 404 that is not the store speaking is no missing object', async () => {
    proxy.reset(() => ({ status: 404, body: '<html>no such page</html>' }));
    expect(await codeOf(store.get(fresh(), 'v'))).not.toBe('object_missing');
    expect(await codeOf(claims.read(fresh()))).toBe('store_unavailable');
  });

  it('a hold or an extension that is applied and answered 500 is read back, not failed', async () => {
    const key = fresh();
    proxy.reset();
    const version = await store.put(key, body, lock());
    proxy.reset((method, _p, n) => (method === 'PUT' && n < 4 ? { applyThen: 500 } : 'pass'));
    await store.setLegalHold(key, version, true);
    expect((await store.head(key, version)).legalHold).toBe(true);
    const longer = { ...lock(), retainUntil: new Date(lock().retainUntil.getTime() + 3_600_000) };
    proxy.reset((method, _p, n) => (method === 'PUT' && n < 4 ? { applyThen: 500 } : 'pass'));
    await store.extendLock(key, version, longer);
    expect((await store.head(key, version)).lock).toEqual(longer);
    await store.setLegalHold(key, version, false);
  });

  it('a hold that is acknowledged and not kept is an error', async () => {
    const key = fresh();
    proxy.reset();
    const version = await store.put(key, body, lock());
    proxy.reset((method) => (method === 'PUT' ? { status: 200, body: '' } : 'pass'));
    expect(await codeOf(store.setLegalHold(key, version, true))).toBe('store_unavailable');
  });

  describe('a claim', () => {
    it.each([{ status: 500, body: '' }, { status: 503, body: '' }, { status: 409, body: '' }, 'hang', 'lose_answer', { applyThen: 500 }] as const)(
      'is sent once and unsure when it ends in %j',
      async (fault) => {
        const key = fresh();
        proxy.reset((method) => (method === 'PUT' ? fault : 'pass'));
        expect(await claims.create(key, Buffer.from('mine'))).toBe('unsure');
        expect(proxy.seen.length).toBe(1);
        const applied = fault === 'lose_answer' || (typeof fault === 'object' && 'applyThen' in fault);
        expect((await claims.read(key)) !== undefined).toBe(applied);
        proxy.reset();
        expect(await claims.create(key, Buffer.from('mine'))).toBe(applied ? 'exists' : 'created');
      },
    );
  });
});

describeWith(first.needs, 's3 adapters when they are set up wrongly', () => {
  const wrong = async (change: Partial<S3Connection>, bucket = buckets.vault): Promise<string> => {
    const store = new S3ObjectStore({ ...first.connection(), attempts: 2, firstDelayMs: 5, ...change, bucket });
    try {
      await store.prepare();
      return 'nothing';
    } catch (error) {
      const message = String(error);
      expect(JSON.stringify(error) + message + String(Reflect.get(Object(error), 'cause'))).not.toContain(
        first.connection().credentials?.secretAccessKey,
      );
      return message;
    } finally {
      store.close();
    }
  };

  beforeAll(() => createBuckets(first.connection(), buckets));

  it('say what to do about wrong credentials', async () => {
    const known = first.connection().credentials?.accessKeyId ?? '';
    expect(await wrong({ credentials: { accessKeyId: known, secretAccessKey: 'wrong' } })).toMatch(/access key, secret/);
    expect(await wrong({ credentials: { accessKeyId: 'nobody', secretAccessKey: 'wrong' } })).toMatch(/access key, secret/);
    const store = new S3ObjectStore({ ...first.connection(), credentials: { accessKeyId: known, secretAccessKey: 'wrong' }, bucket: buckets.vault });
    expect(await codeOf(store.put('k', body, lock()))).toBe('bad_configuration');
    expect(await codeOf(store.get('k', 'v'))).toBe('bad_configuration');
    store.close();
    const claims = new S3ClaimStore({ ...first.connection(), credentials: { accessKeyId: known, secretAccessKey: 'wrong' }, bucket: buckets.claims });
    expect(await codeOf(claims.create('k', Buffer.from('x')))).toBe('bad_configuration');
    claims.close();
  });

  it('say what to do about a bucket that is not there, also in the middle of work', async () => {
    expect(await wrong({}, 'no-such-bucket-here')).toMatch(/does not exist: create it/);
    const store = new S3ObjectStore({ ...first.connection(), bucket: 'no-such-bucket-here' });
    expect(await codeOf(store.get('k', 'v'))).toBe('bad_configuration');
    expect(await codeOf(store.head('k', 'v'))).toBe('bad_configuration');
    expect(await codeOf(store.put('k', body, lock()))).toBe('bad_configuration');
    expect(await codeOf(collect(store.list('')))).toBe('bad_configuration');
    expect(await codeOf(store.now())).toBe('bad_configuration');
    store.close();
    const claims = new S3ClaimStore({ ...first.connection(), bucket: 'no-such-bucket-here' });
    expect(await codeOf(claims.create('k', Buffer.from('x')))).toBe('bad_configuration');
    expect(await codeOf(claims.read('k'))).toBe('bad_configuration');
    claims.close();
  });

  it('refuse a vault bucket without Object Lock, and a claims bucket that is or was versioned', async () => {
    expect(await wrong({}, buckets.claims)).toMatch(/no Object Lock: create it anew/);
    const unlocked = new S3ObjectStore({ ...first.connection(), bucket: buckets.claims });
    expect(await codeOf(unlocked.put('k', body, lock()))).toBe('bad_configuration');
    unlocked.close();
    expect(await codeOf(checkBuckets(first.connection(), buckets))).toBe('none');
    expect(await codeOf(checkBuckets(first.connection(), { ...buckets, claims: buckets.wraps }))).toBe('bad_configuration');
    const Bucket = `${buckets.claims}-suspended`;
    const calls = new S3Calls(first.connection());
    await calls.client.send(new CreateBucketCommand({ Bucket }));
    for (const Status of ['Enabled', 'Suspended'] as const) {
      await calls.client.send(new PutBucketVersioningCommand({ Bucket, VersioningConfiguration: { Status } }));
    }
    calls.close();
    const claims = new S3ClaimStore({ ...first.connection(), bucket: Bucket });
    await expect(claims.prepare()).rejects.toThrow(/is or was versioned/);
    claims.close();
  });

  it('are unavailable when nobody listens', async () => {
    expect(await wrong({ endpoint: 'http://127.0.0.1:9' })).toMatch(/could not look at the bucket/);
  });
});

const far = { mode: 'GOVERNANCE', retainUntil: new Date('2110-06-30T00:00:00Z') } as const;

describeWith(first.needs, 'a server that wraps dates after 2106', () => {
  it('is not given any: neither a put nor an extension', async () => {
    await createBuckets(first.connection(), buckets);
    const store = new S3ObjectStore({ ...first.connection(), bucket: buckets.vault });
    await expect(store.put('far', body, far)).rejects.toThrow(/cannot keep a lock until 2110/);
    const version = await store.put('near', body, lock());
    await expect(store.extendLock('near', version, far)).rejects.toThrow(/cannot keep a lock until 2110/);
    expect((await store.head('near', version)).lock?.retainUntil.getUTCFullYear()).toBe(new Date().getUTCFullYear());
    expect(await collect(store.list('far'))).toEqual([]);
    expect(await collect(store.list('store-check/'))).toEqual([]);
    store.close();
  });
});

describeWith(second.needs, 'a server that keeps dates after 2106', () => {
  it('is given them', async () => {
    await second.create(buckets);
    const store = new S3ObjectStore({ ...second.connection(), bucket: buckets.vault });
    const version = await store.put('far', body, far);
    expect((await store.head('far', version)).lock).toEqual(far);
    await store.delete('far', version, { bypass: true });
    expect((await collect(store.list('store-check/'))).length).toBe(0);
    store.close();
  });
});
