import { describe, expect, it } from '@jest/globals';
import { conversationKey } from './conversation-key.js';
import { captureKey } from './cloud-event.js';
import type { Envelope, Event } from './event.js';
import { indexFields } from './index-fields.js';
import { attachmentException, inlineContent } from './inline-content.js';

const event = (more: Partial<Event> = {}): Event => ({
  schema: 'holdfast.event/1',
  record_id: 'main~chat~0~0~1',
  kind: 'message.created',
  platform: 'matrix',
  workspace: { id: 'home:8448' },
  conversation: { id: '!room:home', kind: 'channel_private', name: 'Board' },
  source_id: '$1',
  version: 1,
  actor: { source_user_id: '@li:home', email: 'li@example.com', display_name: 'Li', handle: '' },
  times: { occurred_at: '2024-05-01T10:00:00.123456Z' },
  extensions: {},
  ...more,
});

describe('indexFields', () => {
  it('gives identifiers, texts and the time of a message', () => {
    const fields = indexFields(
      event({
        on_behalf_of: { source_user_id: '@boss:home' },
        via: { kind: 'bot', id: 'B1', name: 'Desk' },
        recipients: [{ email: 'ann@client.example', external: true }],
        thread: { root_source_id: '$0' },
        body: { text: 'see https://example.com \ud800', subject: 'Q3', mentions: [{ who: { handle: 'wang' } }, { kind: 'everyone' }] },
        attachments: [
          { id: 'F1', name: '合同.pdf', title: '合同.pdf', state: 'link_only' },
          { id: 'F2', title: 'Notes', state: 'stored' },
          { id: 'F3' },
        ],
        reactions: [{ name: '+1', users: [{ source_user_id: '@zhao:home' }] }],
      }),
    );
    expect(fields).toEqual({
      kind: 'message.created',
      platform: 'matrix',
      workspace: 'home:8448',
      conversation: 'matrix:home%3A8448:!room:home',
      conversationName: 'Board',
      thread: '$0',
      sender: ['@li:home', 'li@example.com', 'Li', '@boss:home', 'B1', 'Desk'],
      participants: ['@li:home', 'li@example.com', 'Li', '@boss:home', 'B1', 'Desk', 'ann@client.example', 'wang', '@zhao:home'],
      has: ['attachment', 'link', 'reaction', 'thread', 'mention'],
      is: ['external', 'bot'],
      body: 'see https://example.com \ufffd',
      subject: 'Q3',
      fileNames: ['合同.pdf', 'Notes'],
      sentAt: Date.UTC(2024, 4, 1, 10, 0, 0, 123),
      exceptions: ['link_only', 'unavailable', 'unavailable'],
    });
  });

  it.each<[Partial<Event>, string[], string[]]>([
    [{ kind: 'message.edited', state: { known_from: 'export', complete: false } }, ['edit'], ['edited', 'incomplete']],
    [{ times: { occurred_at: '2024-05-01', source_edited_at: '2024-05-02', source_deleted_at: '2024-05-03' } }, ['edit'], ['edited', 'deleted']],
    [{ kind: 'message.deleted', delete: { mode: 'admin', by: { handle: 'root' } } }, [], ['deleted']],
    [{ kind: 'message.redacted' }, [], ['deleted']],
    [{ kind: 'member.joined', actor: null, member: { who: { handle: 'li' }, inviter: { handle: 'wang' } } }, [], ['system']],
    [{ kind: 'member.snapshot', members: [{ who: { handle: 'li' } }] }, [], ['system']],
    [{ kind: 'identity.upserted', identity: { who: { handle: 'li' } } }, [], ['system']],
    [{ kind: 'call.started', call: { id: '1', participants: [{ who: { handle: 'li' } }] } }, [], ['system']],
    [{ kind: 'reaction.added', reaction: { name: 'ok' } }, ['reaction'], []],
    [{ kind: 'attachment.unavailable' }, ['attachment'], []],
    [{ kind: 'transcript.segment', body: { text: 'x', links: [{ url: 'x' }] } }, ['link', 'transcript'], []],
    [{ conversation: { id: 'c', kind: 'dm', encrypted: true } }, [], ['unreadable']],
    [{ conversation: { id: 'c', kind: 'dm', external: true }, actor: { kind: 'service' } }, [], ['external', 'bot']],
    [{ actor: { external: true } }, [], ['external']],
    [{ via: { kind: 'webhook' } }, [], ['bot']],
  ])('marks %j', (more, has, is) => {
    const fields = indexFields(event(more));
    expect(fields).toMatchObject({ has, is });
  });
});

describe('attachments', () => {
  it('that travel in the event give their content; others a reason', () => {
    const inline = { id: 'F', bytes: 2, sha256: '0'.repeat(64), inline: 'aGk=' };
    expect(inlineContent(inline)).toEqual(new TextEncoder().encode('hi'));
    expect(inlineContent({ ...inline, bytes: 1 })).toBeUndefined();
    expect(inlineContent({ id: 'F' })).toBeUndefined();
    expect(inlineContent({ ...inline, inline: 'aA==', bytes: 1 })).toHaveLength(1);
    expect(inlineContent({ ...inline, inline: 'aGhp', bytes: 3 })).toHaveLength(3);
    expect(attachmentException(inline)).toBeUndefined();
    expect(attachmentException({ id: 'F', state: 'too_large', reason: 'over 1 GB' })).toBe('over 1 GB');
  });
});

describe('keys', () => {
  it('never give two conversations one name', () => {
    const key = (workspace: string, conversation: string) =>
      conversationKey({ platform: 'p', workspace: { id: workspace }, conversation: { id: conversation } } satisfies Pick<
        Envelope,
        'platform' | 'workspace' | 'conversation'
      >);
    const all = [key('a', 'b:c'), key('a:b', 'c'), key('a%3Ab', 'c'), key('a%', '3Ab:c')];
    expect(new Set(all).size).toBe(all.length);
    expect(captureKey('a', 'b c')).not.toBe(captureKey('a b', 'c'));
  });
});
