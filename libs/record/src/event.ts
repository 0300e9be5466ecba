import { z } from 'zod';
import {
  attachmentSchema,
  bodySchema,
  callSchema,
  conversationSchema,
  CONVERSATION_KINDS,
  deleteSchema,
  flagsSchema,
  forwardSchema,
  identitySchema,
  memberSchema,
  quoteSchema,
  reactionSchema,
  refSchema,
  segmentSchema,
  stateSchema,
  targetSchema,
  threadSchema,
  timesSchema,
  viaSchema,
  workspaceSchema,
} from './event-parts.js';

/** The schema that events of this version name. */
export const EVENT_SCHEMA = 'holdfast.event/1';

/** Everything that can happen in a conversation. What a later producer calls by another name is read as `unknown`. */
export const EVENT_KINDS = [
  'message.created',
  'message.edited',
  'message.deleted',
  'message.restored',
  'message.redacted',
  'message.pinned',
  'message.unpinned',
  'message.delivered',
  'message.read',
  'reaction.added',
  'reaction.removed',
  'attachment.added',
  'attachment.removed',
  'attachment.unavailable',
  'conversation.created',
  'conversation.updated',
  'conversation.archived',
  'conversation.deleted',
  'conversation.retention_changed',
  'member.joined',
  'member.left',
  'member.invited',
  'member.removed',
  'member.role_changed',
  'member.snapshot',
  'call.started',
  'call.ended',
  'meeting.started',
  'meeting.ended',
  'recording.available',
  'transcript.segment',
  'identity.upserted',
  'history.viewed',
  'disclaimer',
  'system',
  'unknown',
] as const;

const kind = z.enum(EVENT_KINDS);
const id = z.string().min(1).max(1024);

/**
 * The plain JSON envelope: one event as a producer writes it into a record's value. Mandatory are `kind`, `platform`,
 * `workspace.id`, `conversation.id`, `source_id`, `actor` (null when nobody acted) and `times.occurred_at`. Members that
 * the schema does not know are kept in `extensions`; a null member of an optional field is the same as an absent one.
 */
export const envelopeSchema = z.object({
  schema: z.literal(EVENT_SCHEMA).optional(),
  kind,
  /** Source system, such as `slack`: lower case, so that it can begin a conversation key. */
  platform: z.string().regex(/^[a-z0-9][a-z0-9._-]{0,63}$/),
  workspace: workspaceSchema,
  conversation: conversationSchema,
  thread: threadSchema.optional(),
  quote: quoteSchema.optional(),
  forward: forwardSchema.optional(),
  /** What an edit, a delete, a reaction or a receipt is about. */
  target: targetSchema.optional(),
  /** Id at the source; an edit carries the id of its message and the next `version`. */
  source_id: id,
  version: z.int().min(1).optional(),
  client_id: id.optional(),
  actor: refSchema.nullable(),
  on_behalf_of: refSchema.optional(),
  via: viaSchema.optional(),
  recipients: z.array(refSchema).optional(),
  audience: z.enum(['members', 'listed', 'public']).optional(),
  times: timesSchema,
  body: bodySchema.optional(),
  attachments: z.array(attachmentSchema).optional(),
  reaction: reactionSchema.optional(),
  /** Reactions as a snapshot on their message (exports), where no single events exist. */
  reactions: z.array(reactionSchema).optional(),
  member: memberSchema.optional(),
  /** Several members at once (`member.snapshot`). */
  members: z.array(memberSchema).optional(),
  identity: identitySchema.optional(),
  call: callSchema.optional(),
  segment: segmentSchema.optional(),
  flags: flagsSchema.optional(),
  delete: deleteSchema.optional(),
  state: stateSchema.optional(),
  /** Asks for a retention class by name; policy decides. */
  retention_class: z
    .string()
    .regex(/^[a-z0-9][a-z0-9-]{0,62}$/)
    .optional(),
  /** Fields of the source that have no place above, by namespaced name: `slack.blocks`. */
  extensions: z.record(z.string(), z.unknown()).optional(),
  /** The connector that made the envelope. */
  normaliser: z.object({ name: id, version: id }).optional(),
});

/** The canonical event: an envelope with its defaults filled in, under the id of its record. */
export const eventSchema = envelopeSchema.extend({
  schema: z.literal(EVENT_SCHEMA),
  record_id: id,
  conversation: conversationSchema.extend({ kind: z.enum(CONVERSATION_KINDS) }),
  version: z.int().min(1),
  extensions: z.record(z.string(), z.unknown()),
});

export type Envelope = z.infer<typeof envelopeSchema>;
export type Event = z.infer<typeof eventSchema>;
export type EventKind = (typeof EVENT_KINDS)[number];
