import { z } from 'zod';
import { envelopeSchema, EVENT_SCHEMA, eventSchema } from './event.js';

type JsonSchema = Readonly<Record<string, unknown>>;

/**
 * JSON Schemas (2020-12) by file name, as published for producers in `docs/events`: the envelope that they write, and the
 * canonical event that readers get. Members beyond the schema are allowed; they are kept in `extensions`.
 */
export function eventJsonSchemas(): ReadonlyMap<string, JsonSchema> {
  return new Map([
    ['envelope.schema.json', publish(envelopeSchema, `${EVENT_SCHEMA}: envelope, as a producer writes it into the value of a record`)],
    ['event.schema.json', publish(eventSchema, `${EVENT_SCHEMA}: canonical event, as Holdfast reads it out of a sealed record`)],
  ]);
}

function publish(schema: z.ZodType, title: string): JsonSchema {
  const { $schema, ...rest } = z.toJSONSchema(schema, { io: 'input' });
  return { $schema, title, ...rest };
}
