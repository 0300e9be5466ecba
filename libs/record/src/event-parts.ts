import { z } from 'zod';

/** Identifiers stay far below what an index accepts as one term. */
const id = z.string().min(1).max(1024);
const text = z.string();
const name = z.string().max(4096);
/** Times are strings with the precision of the source; `millisOf` reads them. */
const time = z.string().min(1).max(64);
const count = z.int().min(0);

/** A person or a program as the source named it at that moment. Linking identities is a separate, reversible step. */
export const refSchema = z.object({
  identity_id: id.optional(),
  person_id: id.optional(),
  source_user_id: id.optional(),
  handle: name.optional(),
  display_name: name.optional(),
  email: name.optional(),
  phone: name.optional(),
  domain: name.optional(),
  kind: z.enum(['human', 'bot', 'service', 'guest', 'unknown']).optional(),
  external: z.boolean().optional(),
});

export const workspaceSchema = z.object({ id, name: name.optional() });

export const CONVERSATION_KINDS = [
  'dm',
  'group_dm',
  'channel_public',
  'channel_private',
  'thread',
  'space',
  'meeting_chat',
  'sms',
  'broadcast',
  'unknown',
] as const;

export const conversationSchema = z.object({
  id,
  kind: z.enum(CONVERSATION_KINDS).optional(),
  name: name.optional(),
  topic: text.optional(),
  purpose: text.optional(),
  parent_id: id.optional(),
  external: z.boolean().optional(),
  /** True when the source's text could not be decrypted; the ciphertext is in the record as received. */
  encrypted: z.boolean().optional(),
  archived: z.boolean().optional(),
});

export const threadSchema = z.object({ root_source_id: id, parent_source_id: id.optional(), broadcast: z.boolean().optional() });
export const quoteSchema = z.object({ source_id: id.optional(), text: text.optional(), author: refSchema.optional() });
export const forwardSchema = z.object({ from_conversation: id.optional(), from_source_id: id.optional(), depth: count.optional() });
export const targetSchema = z.object({ source_message_id: id, version: z.int().min(1).optional() });
export const viaSchema = z.object({ kind: z.enum(['app', 'webhook', 'bot', 'import', 'api']), id: id.optional(), name: name.optional() });

export const timesSchema = z.object({
  /** When it was said, by the source: RFC 3339 with any number of digits, or cut off at the minute or the day. */
  occurred_at: time,
  occurred_precision: z.enum(['ns', 'us', 'ms', 's', 'min', 'day']).optional(),
  /** IANA zone in which the source wrote its local time, when it had to be assumed. */
  occurred_tz: name.optional(),
  source_edited_at: time.optional(),
  source_deleted_at: time.optional(),
  captured_at: time.optional(),
  clock: z.enum(['source', 'connector', 'inferred']).optional(),
});

export const bodySchema = z.object({
  /** What a reader saw, in plain words. */
  text,
  format: z.enum(['plain', 'markdown', 'html', 'mrkdwn', 'messageml', 'blocks', 'adaptive_card']).optional(),
  /** The source's own markup, when `text` was made from it. */
  original: text.optional(),
  subject: text.optional(),
  lang: name.optional(),
  mentions: z
    .array(z.object({ who: refSchema.optional(), text: text.optional(), kind: z.enum(['user', 'channel', 'group', 'everyone']).optional() }))
    .optional(),
  links: z.array(z.object({ url: text, title: text.optional() })).optional(),
  emoji: z.array(name).optional(),
  truncated: z.boolean().optional(),
});

export const attachmentSchema = z.object({
  id,
  name: name.optional(),
  title: name.optional(),
  media_type: name.optional(),
  bytes: count.optional(),
  /** Of the content, lower-case hexadecimal. */
  sha256: z
    .string()
    .regex(/^[0-9a-f]{64}$/)
    .optional(),
  kind: z.enum(['file', 'image', 'audio', 'video', 'voice', 'sticker', 'card', 'location', 'contact', 'poll', 'cloud_link']).optional(),
  /** `stored` = the content is in `inline`. Anything else is an exception that a reader is told about. */
  state: z.enum(['stored', 'unavailable', 'link_only', 'deleted_at_source', 'too_large']).optional(),
  reason: text.optional(),
  source_url: text.optional(),
  version_id: id.optional(),
  parent_attachment_id: id.optional(),
  uploaded_by: refSchema.optional(),
  uploaded_at: time.optional(),
  /** The content, base64 (RFC 4648 §4, padded), sealed with the event. Needs `bytes` and `sha256`. */
  inline: text.optional(),
});

export const reactionSchema = z.object({
  name,
  unicode: name.optional(),
  custom_url: text.optional(),
  count: count.optional(),
  users: z.array(refSchema).optional(),
});

export const memberSchema = z.object({
  who: refSchema,
  role: name.optional(),
  inviter: refSchema.optional(),
  reason: text.optional(),
  at_snapshot: z.boolean().optional(),
});

export const callSchema = z.object({
  id,
  direction: z.enum(['incoming', 'outgoing', 'group']).optional(),
  started_at: time.optional(),
  ended_at: time.optional(),
  duration_s: z.number().min(0).optional(),
  outcome: z.enum(['answered', 'missed', 'declined', 'failed', 'unknown']).optional(),
  participants: z.array(z.object({ who: refSchema, joined: time.optional(), left: time.optional() })).optional(),
  recording: text.optional(),
});

/** One sentence of a call's transcript. */
export const segmentSchema = z.object({ call_id: id.optional(), start_s: z.number().min(0), end_s: z.number().min(0).optional() });

export const flagsSchema = z.object({
  importance: z.enum(['low', 'normal', 'high', 'urgent']).optional(),
  ephemeral: z.boolean().optional(),
  expires_at: time.optional(),
  silent: z.boolean().optional(),
  pinned: z.boolean().optional(),
  policy_violation: z.unknown().optional(),
});

export const deleteSchema = z.object({
  by: refSchema.optional(),
  mode: z.enum(['user', 'admin', 'retention', 'expiry', 'redaction', 'unknown']),
  content_available: z.boolean().optional(),
});

/** What is known to be missing: an edit seen only as a snapshot has no earlier versions. */
export const stateSchema = z.object({
  known_from: z.enum(['event', 'snapshot', 'export']),
  complete: z.boolean(),
  missing: z.array(name).optional(),
});

/** An account of the source as it was at that moment (`identity.upserted`). */
export const identitySchema = z.object({
  who: refSchema,
  emails: z.array(name).optional(),
  handles: z.array(name).optional(),
  phones: z.array(name).optional(),
  display_names: z.array(name).optional(),
  title: name.optional(),
  department: name.optional(),
  time_zone: name.optional(),
  deactivated: z.boolean().optional(),
  valid_from: time.optional(),
  valid_to: time.optional(),
});

export type Ref = z.infer<typeof refSchema>;
export type Attachment = z.infer<typeof attachmentSchema>;
