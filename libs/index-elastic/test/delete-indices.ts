import { Client } from '@elastic/elasticsearch';
import { needed } from '@holdfast/test-kit';

/** Deletes all indices of a test by their names. */
export async function deleteIndices(prefix: string): Promise<void> {
  const client = new Client({ node: needed('HOLDFAST_TEST_ELASTIC_URL') });
  const index = Object.keys(await client.indices.getAlias({ index: `${prefix}-*` }));
  if (index.length > 0) await client.indices.delete({ index });
  await client.close();
}
