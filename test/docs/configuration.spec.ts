import { readFileSync, writeFileSync } from 'node:fs';
import { expect, it } from '@jest/globals';
import { anchorSettings, embeddedSettings, sourceSettings, storeSettings } from '@holdfast/assembly';
import { auditSettings } from '@holdfast/audit';
import { ingestSettings } from '@holdfast/ingest';
import { configDocument } from '@holdfast/platform';
import { z } from 'zod';

const FILE = new URL('../../docs/configuration.md', import.meta.url);

const document = configDocument([
  { title: 'Service ingest', schema: z.object(ingestSettings) },
  { title: 'Service audit', schema: z.object(auditSettings) },
  { title: 'Transparency log: service audit, role notary; and "holdfast ingest --until-idle --data DIR"', schema: z.object(anchorSettings) },
  { title: 'Archive, HOLDFAST_PROFILE=embedded', schema: z.object(embeddedSettings) },
  { title: 'Archive, HOLDFAST_PROFILE=cluster: vault, search index, keys', schema: z.object(storeSettings) },
  { title: 'Archive, HOLDFAST_PROFILE=cluster: source (not for audit)', schema: z.object(sourceSettings) },
]);

it('docs/configuration.md is what the schemas say; HOLDFAST_WRITE_DOCS=1 with this test writes it anew', () => {
  if (process.env['HOLDFAST_WRITE_DOCS'] === '1') writeFileSync(FILE, document);
  expect(readFileSync(FILE, 'utf8')).toBe(document);
});
