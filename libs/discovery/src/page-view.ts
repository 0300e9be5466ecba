import type { Event } from '@holdfast/record';
import { utf8 } from '@holdfast/seal';
import type { Query } from '@holdfast/query';
import { highlights } from '@holdfast/query';
import type { VerifiedRecord } from './open-record.js';
import type { RecordView, Sent } from './record-view.js';
import { viewOf } from './record-view.js';

/**
 * Bytes of an event, as JSON, that a page shows whole. A page has up to 1,000 of them, and one record can carry megabytes: pages
 * beyond this would be too much for whoever asks and for the process that answers.
 */
const MOST_BYTES = 16 * 1024;
/** UTF-16 units of a text that a page shows of a larger event; even when each takes six bytes as JSON it fits. */
const MOST_TEXT = 2_000;
const MOST_NAME = 200;

/** What a page of results shows of one record: all of it, or when that is too large its beginning. */
export function pageViewOf(opened: VerifiedRecord, sent: Sent, query?: Query): RecordView {
  const whole = viewOf(opened, sent);
  const { event } = whole;
  const eventBytes = event === undefined ? 0 : bytesOf(event);
  const shown = eventBytes > MOST_BYTES && event !== undefined ? shortened(event) : event;
  const text = shown?.body?.text;
  return {
    ...whole,
    ...(shown !== undefined && { event: shown }),
    ...(query !== undefined && text !== undefined && { highlights: highlights(query, text) }),
    ...(shown !== event && { truncated: true as const, eventBytes, whole: `/api/v1/records/${whole.id}` }),
  };
}

/** The first of ever shorter views that is small enough. */
function shortened(event: Event): Event {
  const { body, attachments } = event;
  const light: Event = {
    ...event,
    ...(attachments !== undefined && { attachments: attachments.map((attachment) => ({ ...attachment, inline: undefined })) }),
    // The source's own markup can stand beside the text, as long again.
    ...(body !== undefined && { body: { text: body.text, ...(body.format !== undefined && { format: body.format }) } }),
  };
  const short: Event = { ...light, ...(light.body !== undefined && { body: { ...light.body, text: beginningOf(light.body.text) } }) };
  return [light, short].find((candidate) => bytesOf(candidate) <= MOST_BYTES) ?? essence(short);
}

/** Who, where and when, and the beginning of the text; whatever else an event can carry has no bound. */
function essence({ schema, record_id, kind, platform, workspace, conversation, source_id, version, actor, times, body }: Event): Event {
  return {
    schema,
    record_id,
    kind,
    platform,
    workspace: { id: workspace.id },
    conversation: {
      id: conversation.id,
      kind: conversation.kind,
      ...(conversation.name !== undefined && { name: beginningOf(conversation.name, MOST_NAME) }),
    },
    source_id,
    version,
    actor:
      actor === null
        ? null
        : {
            ...(actor.source_user_id !== undefined && { source_user_id: actor.source_user_id }),
            ...(actor.display_name !== undefined && { display_name: beginningOf(actor.display_name, MOST_NAME) }),
          },
    times: { occurred_at: times.occurred_at },
    ...(body !== undefined && { body }),
    extensions: {},
  };
}

function beginningOf(text: string, most = MOST_TEXT): string {
  if (text.length <= most) return text;
  const last = text.charCodeAt(most - 1);
  // Never half of a character.
  return text.slice(0, last >= 0xd800 && last <= 0xdbff ? most - 1 : most);
}

function bytesOf(event: Event): number {
  return utf8(JSON.stringify(event)).length;
}
