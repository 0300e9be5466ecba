// Writes the JSON Schemas of this folder from the zod schemas of libs/record. Needs `npm run build` before.
// A test of libs/record fails when they drift apart.
import { writeFileSync } from 'node:fs';
import { eventJsonSchemas } from '@holdfast/record';
import { format, resolveConfig } from 'prettier';

for (const [name, schema] of eventJsonSchemas()) {
  const file = new URL(name, import.meta.url);
  const layout = await resolveConfig(file);
  writeFileSync(file, await format(JSON.stringify(schema), { ...layout, parser: 'json' }));
}
