import { HoldfastError } from '@holdfast/record';
import { z } from 'zod';

const PREFIX = 'days/';
const MESSAGE_CHAIN = /^msg\/.+\/(0|[1-9]\d*)\/(0|[1-9]\d*)$/;

const hash32 = z.string().regex(/^[0-9a-f]{64}$/);
const seq = z.int().min(0);
const base = {
  id: z.string().regex(/^[0-9a-f]{32}$/),
  time: z.string().regex(/^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}\.\d{3}Z$/),
  principal: z.string().min(1).max(200),
  chain: z.string().max(400).regex(MESSAGE_CHAIN),
  /** UTC day of the segments' times. */
  day: z.string().regex(/^\d{4}-\d{2}-\d{2}$/),
  firstSeq: seq,
  lastSeq: seq,
  /** The segment that closed the range: its hash names, by `prev`, every manifest of it. */
  closedBy: z.strictObject({ seq, hash: hash32 }),
};
const counted = z.strictObject({ count: seq, root: hash32 });

/** What a range has of one cohort, and the root of its directory (format section 15). */
const dayClosedSchema = z
  .strictObject({
    type: z.literal('day.closed'),
    ...base,
    part: seq,
    parts: z.int().min(1).max(0xffff),
    cohort: z.strictObject({
      class: z.string().regex(/^[a-z][a-z0-9-]{0,30}$/),
      number: z.int().min(1).max(0xffff),
      period: z.string().regex(/^\d{4}-\d{2}$/),
    }),
    objects: counted,
    records: z.int().min(1),
    entries: z.int().min(0).max(0xffffffff),
    root: hash32,
    labelCommitment: hash32.optional(),
    unattributed: counted,
  })
  .refine(({ entries, labelCommitment }) => (entries === 0) === (labelCommitment === undefined), 'a label key belongs to entries');

/** Every object of the range was opened, hashed anew, and its directory rebuilt from the plaintext. */
const attestedSchema = z.strictObject({
  type: z.literal('directories.attested'),
  ...base,
  parts: z.int().min(0).max(0xffff),
  objects: counted,
  records: z.int().min(0),
});

const dayEventSchema = z.discriminatedUnion('type', [dayClosedSchema, attestedSchema]);

export type DayClosed = z.infer<typeof dayClosedSchema>;
export type DirectoriesAttested = z.infer<typeof attestedSchema>;
export type DayEvent = DayClosed | DirectoriesAttested;

/** The chain that holds the day directories of a message chain. */
export function daysChain(messageChain: string): string {
  return `${PREFIX}${messageChain}`;
}

/** The message chain that a days chain is about; undefined for any other chain. */
export function messageChainOf(chain: string): string | undefined {
  const about = chain.startsWith(PREFIX) ? chain.slice(PREFIX.length) : '';
  return MESSAGE_CHAIN.test(about) ? about : undefined;
}

/** Key of the record of an event. */
export function daySubject({ day }: Pick<DayEvent, 'day'>): string {
  return `day:${day}`;
}

/** @throws HoldfastError `format_malformed` */
export function parseDayEvent(value: unknown): DayEvent {
  const parsed = dayEventSchema.safeParse(value);
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0];
  throw new HoldfastError('format_malformed', `an event of a days chain is malformed at ${issue?.path.join('.') ?? ''}: ${issue?.message ?? ''}`);
}
