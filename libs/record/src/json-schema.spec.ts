import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { eventJsonSchemas } from './json-schema.js';
import { eventsOf } from './parsed-record.js';

const DOCS = join(import.meta.dirname, '../../../docs');

describe('published JSON Schemas', () => {
  it.each([...eventJsonSchemas()])('docs/events/%s is the schema of the code (else run: node docs/events/generate.mjs)', (name, schema) => {
    const published: unknown = JSON.parse(readFileSync(join(DOCS, 'events', name), 'utf8'));
    expect(published).toEqual(JSON.parse(JSON.stringify(schema)));
  });

  it('ask of a producer only what no archive can do without', () => {
    expect(eventJsonSchemas().get('envelope.schema.json')?.['required']).toEqual([
      'kind',
      'platform',
      'workspace',
      'conversation',
      'source_id',
      'actor',
      'times',
    ]);
  });

  it('accept every example of docs/producing.md', () => {
    const examples = readFileSync(join(DOCS, 'producing.md'), 'utf8').matchAll(/```json event\n(.*?)```/gs);
    const statuses = [...examples].map(([, text = '']) => {
      const value = new TextEncoder().encode(text);
      const record = { offset: 0n, timestamp: 0n, timestampType: 'create' as const, key: null, value, headers: [] };
      return eventsOf(record, { source: 's', topic: 't', partition: 0, epoch: 0 }).reason ?? 'an event';
    });
    expect(statuses).toEqual(['an event', 'an event', 'an event']);
  });
});
