import type { AlarmCode } from '@holdfast/ports';

/** What a person does about an alarm, in one sentence; the whole story is the alarm's paragraph in `docs/operations/alarms.md`. */
const WHAT_TO_DO: Readonly<Record<AlarmCode, string>> = {
  SOURCE_LOST: 'Look for the records elsewhere (mirror, backup, the producer); then accept the gap with "holdfast source accept-gap --reason R".',
  SOURCE_RECREATED: 'Find out who recreated, truncated or moved the topic; if it was on purpose: "holdfast source new-epoch --reason R".',
  SOURCE_DAMAGED: "Check the broker's disk and replicas; the partition goes on by itself when the source gives whole records again.",
  SOURCE_REFUSED: 'Mend what the message names (topic settings, credentials, certificate); sealing goes on by itself.',
  SOURCE_UNAVAILABLE: 'Bring Kafka back; sealing goes on by itself. Watch how long the topic keeps its records.',
  STORE_UNAVAILABLE: 'Bring the object store back; sealing goes on by itself. Watch how long the topic keeps its records.',
  INDEX_DIFFERS:
    'Run "holdfast index attest" to see what differs and keep its report; then "holdfast index rebuild". Search results are marked until then.',
  INDEX_UNAVAILABLE: 'Bring the search engine back; indexing catches up by itself. Sealing is not affected.',
  INDEX_REBUILD_NEEDED: 'Run "holdfast index rebuild": the index was made by another tokenizer version. Sealing is not affected.',
  CLAIMS_ROLLED_BACK: 'Stop every writer, find out who changed the claims bucket, then run "holdfast claims rebuild".',
  CLAIM_UNREADABLE: 'Keep the store as it is, restore the manifest that the message names; else "holdfast claims repair".',
  CLAIM_CONTENDED: 'Look for a second ingest that works on the same partitions under another consumer group.',
  SEALED_DIFFERS: 'Stop ingest, keep everything as it is: two workers were given different records for one offset.',
  CLOCK_SKEW: "Set this machine's clock right (NTP); sealing goes on by itself.",
  CLOCK_AHEAD: 'Check the clocks of all machines that seal: one of them ran ahead. Sealing goes on.',
  KEYS_RUNNING_OUT: 'Add keys for the coming months: "holdfast keys init", and import the escrow public keys.',
  KEY_MISSING: 'Mount the key that the message names, with permissions for this process only; sealing goes on by itself.',
  ESCROW_DRILL_DUE: 'Hold a restore drill of the escrow keys: "holdfast keys escrow drill"; everything goes on meanwhile.',
  CONTENT_DAMAGED: 'Run "holdfast verify" and keep the store as it is; restore the object that the message names from a copy.',
  DISK_FULL: 'Free some space; work goes on by itself and nothing acknowledged is lost.',
  PARTITION_STOPPED: 'Read the log of this process for the cause; the partition stays unread, nothing of it is lost.',
  LOG_CHAIN_STOPPED: 'Run "holdfast verify" on the chain that the message names, and keep everything as it is; the log goes on without that chain.',
  LOG_ROLLED_BACK: 'Stop every notary and keep the stores as they are: something older was restored, or parts of the log were removed.',
  LOG_FORKED: 'Stop every notary and keep everything as it is: somebody outside holds another history of this log.',
  NOT_ANCHORED: 'Bring back the witness or the time-stamp authority that the log names; the archive goes on meanwhile.',
};

/** Every alarm code, for documents and tests. */
export const ALARM_CODES = Object.keys(WHAT_TO_DO) as readonly AlarmCode[];

/** One sentence on what to do, and where to read on. */
export function alarmAdvice(code: AlarmCode): string {
  return `${WHAT_TO_DO[code]} See docs/operations/alarms.md#${code.toLowerCase()}`;
}
