import type { RawRecord } from '@holdfast/record';
import { toHex, utf8 } from '@holdfast/seal';
import type { Crypto } from '@holdfast/seal';
import { formatPolicy, verifierKey } from '@holdfast/tlog';
import type { Policy } from '@holdfast/tlog';
import { CLOCK, SealedArchive, cohortOf } from './sealed-archive.js';
import type { PlannedRecord } from './sealed-archive.js';
import { newEdPair } from './signing-keys.js';

export const CONVERSATION = 'slack:T1:C1';
export const OTHER_CONVERSATIONS = ['slack:T1:C0', 'slack:T1:C2', 'slack:T1:C3'] as const;
export const EXAMPLE_CHAINS = ['msg/a/chat/0/0', 'msg/a/chat/1/0', 'msg/a/chat/2/0'] as const;
/** Bytes of the file that one message carries. */
export const EXAMPLE_FILE = utf8('quarterly,42\n');

export interface ExampleArchive {
  readonly archive: SealedArchive;
  readonly checkpoint: Uint8Array;
  /** Of the tick that is the last entry. */
  readonly time: Date;
  /** Two witnesses, both needed; pins the archive. */
  readonly policy: Policy;
  readonly policyText: string;
}

/** An event of a conversation, as a record's value. */
export function exampleEvent(source_id: string, more: Record<string, unknown> = {}, conversation = 'C1'): Record<string, unknown> {
  return {
    kind: 'message.created',
    platform: 'slack',
    workspace: { id: 'T1' },
    conversation: { id: conversation, kind: 'channel_private', name: 'trading' },
    source_id,
    actor: { source_user_id: 'U1', display_name: 'Li Wei 李伟', email: 'li@example.com' },
    times: { occurred_at: '2026-03-01T07:00:00.000Z' },
    body: { text: `message ${source_id}` },
    ...more,
  };
}

/**
 * Three message chains: one conversation in two of them, over several segments, objects, blocks and two cohorts; records without
 * a key, one that is no event, an empty segment, a chain without segments; a manifest key that was rotated; ticks between.
 */
export async function exampleArchive(crypto: Crypto): Promise<ExampleArchive> {
  const archive = new SealedArchive(crypto);
  archive.govern([
    { type: 'archive.created', name: 'Example', timeZone: 'Asia/Shanghai', profile: 'cluster' },
    { type: 'class.defined', name: 'standard', number: 1, months: 84, lengthenMonths: 0 },
    { type: 'class.defined', name: 'long', number: 2, months: 120, lengthenMonths: 0 },
    { type: 'policy.set', defaultClass: 'standard' },
  ]);
  const chains = [
    ...EXAMPLE_CHAINS.map((chain) => ({ type: 'chain.registered', chain, cluster: 'cluster-1' })),
    { type: 'chain.registered', chain: 'access/api-0' },
  ];
  archive.govern(chains, { inline: false, encrypted: true });
  const [first, second] = EXAMPLE_CHAINS;
  archive.seal(
    first,
    records(0n, [
      [CONVERSATION, exampleEvent('m1')],
      [OTHER_CONVERSATIONS[1], exampleEvent('x1', {}, 'C2')],
      [CONVERSATION, exampleEvent('m2', { body: { text: 'evil \u202Etxt\u202C <script>alert(1)</script>\u200B & "quotes"\nsecond line' } })],
      [null, exampleEvent('nokey')],
      [OTHER_CONVERSATIONS[0], exampleEvent('y1', {}, 'C0')],
    ]),
  );
  archive.tick();
  // Blocks close at half a mebibyte: the conversation goes on in the second one.
  archive.seal(
    first,
    records(5n, [
      [OTHER_CONVERSATIONS[1], exampleEvent('x2', { body: { text: 'z'.repeat(600_000) } }, 'C2')],
      [CONVERSATION, exampleEvent('m3', { kind: 'message.edited', source_id: 'm1', version: 2, body: { text: 'message m1, mended' } })],
      [CONVERSATION, exampleEvent('m4', { attachments: [attachment(crypto)] })],
    ]),
  );
  archive.seal(second, records(0n, [[OTHER_CONVERSATIONS[2], exampleEvent('w1', {}, 'C3')]]));
  archive.rotateKey();
  archive.seal(
    second,
    records(1n, [
      [
        CONVERSATION,
        exampleEvent('m5', { kind: 'reaction.added', target: { source_message_id: 'm1' }, reaction: { name: 'thumbsup', unicode: '👍' } }),
      ],
      [OTHER_CONVERSATIONS[2], exampleEvent('w2', {}, 'C3')],
    ]),
  );
  archive.tick();
  archive.seal(second, []);
  archive.seal(
    first,
    records(8n, [
      [OTHER_CONVERSATIONS[1], exampleEvent('x3', {}, 'C2')],
      [OTHER_CONVERSATIONS[2], exampleEvent('x4', {}, 'C3')],
      [CONVERSATION, 'this is no event'],
      [
        CONVERSATION,
        exampleEvent('m6', {
          kind: 'message.deleted',
          target: { source_message_id: 'm2' },
          delete: { mode: 'user' },
          times: { occurred_at: '2026-03-01T07:30:00.000Z' },
        }),
      ],
    ]),
  );
  const time = archive.tick();
  const witnesses = [newEdPair(), newEdPair()].map((pair, i) => ({ name: `witness-${i + 1}.example`, pair }));
  const policy: Policy = {
    logs: [{ key: verifierKey(crypto, archive.origin, 1, archive.log.raw) }],
    witnesses: witnesses.map(({ name, pair }, i) => ({ name: `w${i + 1}`, key: verifierKey(crypto, name, 4, pair.raw) })),
    groups: [{ name: 'both', threshold: 2, members: ['w1', 'w2'] }],
    quorum: 'both',
    archive: toHex(archive.id),
    tsas: [],
  };
  return {
    archive,
    checkpoint: await archive.checkpoint(witnesses, new Date(time.getTime() + 5000)),
    time,
    policy,
    policyText: formatPolicy(policy),
  };
}

function attachment(crypto: Crypto): Record<string, unknown> {
  return {
    id: 'F1',
    name: 'q1.csv',
    media_type: 'text/csv',
    bytes: EXAMPLE_FILE.length,
    sha256: toHex(crypto.sha256(EXAMPLE_FILE)),
    state: 'stored',
    inline: Buffer.from(EXAMPLE_FILE).toString('base64'),
  };
}

/** Every third record lies in the longer class. */
function records(first: bigint, values: readonly (readonly [string | null, Record<string, unknown> | string])[]): PlannedRecord[] {
  return values.map(([key, value], i) => {
    const offset = first + BigInt(i);
    const record: RawRecord = {
      offset,
      timestamp: BigInt(CLOCK.getTime()) - 3_600_000n + offset * 1000n,
      timestampType: 'create',
      key: key === null ? null : utf8(key),
      value: utf8(typeof value === 'string' ? value : JSON.stringify(value)),
      headers: [],
    };
    return { record, cohort: cohortOf(i % 3 === 2 ? 'long' : 'standard') };
  });
}
