import { fromHex, segmentRoot, toHex } from '@holdfast/seal';
import type { Crypto, Manifest } from '@holdfast/seal';
import type { Finding } from './findings.js';
import { finding } from './findings.js';

/** What a manifest says of its objects, before any of them is read. */
export function checkObjectList(crypto: Crypto, manifest: Manifest): Finding[] {
  const found: Finding[] = [];
  const add = (message: string): void => void found.push(finding('MANIFEST_INVALID', `${manifest.chain} ${manifest.seq}`, message));
  const { objects } = manifest;
  const root = segmentRoot(
    crypto,
    objects.map((object) => ({ no: object.no, records: object.records, root: fromHex(object.root, 32) })),
  );
  if (toHex(root) !== manifest.root) add('the object roots do not lead to its segment root.');
  if (objects.reduce((sum, object) => sum + object.records, 0) !== manifest.records) add('its objects do not add up to its record count.');
  if (objects.some((object, i) => object.no !== i)) add('its objects are not numbered from 0.');
  if (new Set(objects.map(({ cohort, enc }) => `${enc} ${cohort.class} ${cohort.period}`)).size < objects.length)
    add('it has two objects of one cohort.');
  return found;
}
