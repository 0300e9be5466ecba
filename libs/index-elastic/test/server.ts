import type { Client } from '@elastic/elasticsearch';
import { needed } from '@holdfast/test-kit';
import { readFileSync } from 'node:fs';
import { connect, type ElasticIndexOptions } from '../src/elastic-options.js';

type Server = Pick<ElasticIndexOptions, 'urls' | 'auth' | 'ca'>;

const file = (name: string): string | undefined => {
  const path = process.env[name];
  return path === undefined || path === '' ? undefined : readFileSync(path, 'utf8').trim();
};

/** The test server; one with security is named by its CA file and either an API key or a user, as the product names them. */
export function server(): Server {
  const [ca, key, password] = ['CA_FILE', 'API_KEY_FILE', 'PASSWORD_FILE'].map((name) => file(`HOLDFAST_TEST_ELASTIC_${name}`));
  const urls = [needed('HOLDFAST_TEST_ELASTIC_URL')];
  return {
    urls,
    ...(ca === undefined ? {} : { ca }),
    ...(key !== undefined
      ? { auth: { kind: 'api-key', key } }
      : password !== undefined
        ? { auth: { kind: 'basic', username: needed('HOLDFAST_TEST_ELASTIC_USERNAME'), password } }
        : {}),
  };
}

export function client(): Client {
  return connect({ ...server(), prefix: 'unused' });
}

/** Deletes all indices of a test by their names. */
export async function deleteIndices(prefix: string): Promise<void> {
  const own = client();
  const index = Object.keys(await own.indices.getAlias({ index: `${prefix}-*` }));
  if (index.length > 0) await own.indices.delete({ index });
  await own.close();
}
