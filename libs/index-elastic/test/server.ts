import type { Client } from '@elastic/elasticsearch';
import { refusal } from '@holdfast/ports';
import type { IndexDocument } from '@holdfast/ports';
import { needed } from '@holdfast/test-kit';
import { readFileSync } from 'node:fs';
import { idOf, sourceOf, stubOf } from '../src/elastic-document.js';
import { ElasticNames } from '../src/elastic-names.js';
import { connect, type ElasticIndexOptions } from '../src/elastic-options.js';
import { Generations } from '../src/generations.js';

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

/** The generation that searches are answered from. */
export async function currentGeneration(prefix: string): Promise<string> {
  const own = client();
  const [meta = ''] = Object.keys(await own.indices.getAlias({ name: `${prefix}-current` }));
  await own.close();
  return meta.slice(prefix.length + 1, -'-meta'.length);
}

/** What somebody does who may write to the cluster: replaces what stands under `id`, wherever it is, or deletes it. */
export async function plant(prefix: string, id: string, document: IndexDocument | undefined): Promise<void> {
  const generation = await currentGeneration(prefix);
  const names = new ElasticNames(prefix);
  const own = client();
  await own.deleteByQuery({ index: names.pattern(generation), query: { ids: { values: [idOf(id)] } }, refresh: true });
  if (document !== undefined) {
    const index = names.data(generation, document.cohort);
    await new Generations(own, names, 1, 1).createIndex(index);
    const body = refusal(document) === 'certain' ? stubOf(document) : sourceOf(document);
    await own.index({ index, id: idOf(id), document: JSON.parse(body) as unknown, refresh: true });
  }
  await own.close();
}
