import { nodeCrypto as crypto } from '@holdfast/crypto-node';
import { openDay } from '@holdfast/indexing';
import {
  DayDirectoryBuilder,
  SegmentBuilder,
  claimKey,
  daySubject,
  deriveObjectKeys,
  encodeJson,
  labelCommitment,
  parseShares,
  toHex,
  utf8,
} from '@holdfast/seal';
import type { DayClosed, DayEvent, DayShare, DirectoriesAttested, ObjectSecret } from '@holdfast/seal';
import { ChainWriter, ledgerCohort, ledgerKey, readHead } from '@holdfast/vault';
import type { Process } from '../harness/memory-archive.js';
import { DAYS, KEYS } from './archive-of-days.js';
import type { ArchiveOfDays } from './archive-of-days.js';

/** One segment of a days chain, to be sealed as it is here, honest or not. */
export interface PlannedDay {
  readonly closed?: DayClosed;
  readonly attested?: DirectoriesAttested;
  /** Shares by Kafka key. */
  readonly conversations: ReadonlyMap<string, readonly DayShare[]>;
  /** Changes the event after its directory was built: a lie that its signer tells. */
  readonly forge?: (closed: DayClosed) => DayClosed;
  /** Another record in the clear. */
  readonly extra?: object;
}

/** The honest days chain as a plan. */
export async function planOf(days: ArchiveOfDays): Promise<PlannedDay[]> {
  const process = await days.archive.open();
  const plan: PlannedDay[] = [];
  for (const { committed, events } of await days.segments()) {
    const opened = await openDay(process.archive, process.reader, process.dataKeys, committed.manifest);
    const conversations = new Map<string, readonly DayShare[]>();
    for (const key of KEYS) {
      const label = opened?.labelKey === undefined ? undefined : toHex(crypto.hmacSha256(opened.labelKey, utf8(key)));
      const found = opened?.directory.conversations.find((conversation) => toHex(conversation.label) === label);
      if (found !== undefined) conversations.set(key, parseShares(found.shares));
    }
    const attested = events.find((event) => event.type === 'directories.attested');
    plan.push({ ...(opened !== undefined && { closed: opened.closed }), ...(attested !== undefined && { attested }), conversations });
  }
  return plan;
}

/** Removes the days chain, as nobody can where locks hold: tests seal another one in its place. */
export async function removeDays(days: ArchiveOfDays): Promise<void> {
  for (const prefix of [`m/${DAYS}/`, `o/${DAYS}/`])
    for await (const { key, version } of days.archive.vault.list(prefix)) days.archive.vault.destroy(key, version);
  for (let seq = 0; await days.archive.claims.read(claimKey(DAYS, seq)); seq++) await days.archive.claims.remove(claimKey(DAYS, seq));
}

/** Seals a plan behind what is there. */
export async function sealPlan(process: Process, plan: readonly PlannedDay[]): Promise<void> {
  const { archive, governance, clock: checked, dataKeys } = process;
  await governance.refresh();
  const writer = new ChainWriter(archive, checked, DAYS, await readHead(archive, DAYS, governance.keys));
  const clock = await checked.now();
  const { cohort, key } = await ledgerKey(dataKeys, DAYS, clock.getUTCFullYear(), undefined);
  for (const { closed, attested, conversations, forge, extra } of plan) {
    const place = { archive: archive.id, chain: DAYS, seq: writer.head.seqs, no: 1 };
    const secret: ObjectSecret = { dataKeyId: key.id, wraps: key.wraps, dataKey: key.key, random: archive.random(32) };
    const labelKey = deriveObjectKeys(crypto, key.key, secret.random, place).label;
    const directory = new DayDirectoryBuilder(crypto, labelKey);
    for (const [name, shares] of conversations) for (const share of shares) directory.add(utf8(name), share);
    const built = directory.build();
    const { labelCommitment: _, ...rest } = closed ?? { labelCommitment: '' };
    const entries = built.conversations.length;
    const event =
      closed === undefined
        ? undefined
        : ({
            ...rest,
            entries,
            root: toHex(built.root),
            ...(entries > 0 && { labelCommitment: toHex(labelCommitment(crypto, labelKey)) }),
          } as DayClosed);
    const events: DayEvent[] = [event === undefined ? undefined : (forge?.(event) ?? event), attested].filter((one) => one !== undefined);
    const builder = new SegmentBuilder(crypto, place, writer.nextOffset);
    const add = (subject: Uint8Array, value: Uint8Array, clear: boolean): void => {
      const record = { offset: builder.next, timestamp: 1n, timestampType: 'create' as const, key: subject, value, headers: [] };
      builder.add(record, clear ? ledgerCohort(clock.getUTCFullYear()) : cohort, clear ? null : () => secret);
    };
    for (const one of events) add(utf8(daySubject(one)), encodeJson(one), true);
    if (extra !== undefined) add(utf8('day:2026-03-01'), encodeJson(extra), true);
    for (const { label, shares } of built.conversations) add(label, shares, false);
    const rules = governance.rules();
    const staged = await writer.stage(writer.head.seqs, builder.finish(), rules, clock);
    if ((await writer.commit(staged, rules)) === undefined) throw new Error('the claim was lost');
  }
}
