import { HoldfastError } from './errors.js';

/** The source side of a message chain: `msg/<source>/<topic>/<partition>/<epoch>`. */
export interface SourcePartition {
  readonly source: string;
  readonly topic: string;
  readonly partition: number;
  readonly epoch: number;
}

/** Names one event: `<source>~<topic>~<partition>~<epoch>~<offset>[~n]`, URL-safe; n is absent for the first event of a record. */
export interface RecordId extends SourcePartition {
  readonly offset: bigint;
  /** 0-based number of the event inside a record that carries several. */
  readonly event: number;
}

/** Source names: lower case, digits and hyphens, so that they stand unescaped in keys, URLs and record ids. */
export const SOURCE_NAME = /^[a-z0-9][a-z0-9-]{0,62}$/;
/** Kafka's own rule for topics, without `.` and `..`. */
export const TOPIC_NAME = /^(?!\.{1,2}$)[A-Za-z0-9._-]{1,249}$/;

const DECIMAL = '(0|[1-9]\\d{0,18})';
const ID = new RegExp(`^([a-z0-9][a-z0-9-]{0,62})~([A-Za-z0-9._-]{1,249})~${DECIMAL}~${DECIMAL}~${DECIMAL}(?:~([1-9]\\d{0,8}))?$`);

/** The text of `id`. */
export function formatRecordId(id: RecordId): string {
  const base = `${id.source}~${id.topic}~${id.partition}~${id.epoch}~${id.offset}`;
  return id.event === 0 ? base : `${base}~${id.event}`;
}

/** @throws HoldfastError `bad_request` when `text` is not a record id in its one spelling. */
export function parseRecordId(text: string): RecordId {
  const match = ID.exec(text);
  if (match === null) {
    throw new HoldfastError('bad_request', `${JSON.stringify(text.slice(0, 200))} is not a record id: it reads source~topic~partition~epoch~offset.`);
  }
  const [, source = '', topic = '', partition, epoch, offset = '', event] = match;
  return { source, topic, partition: Number(partition), epoch: Number(epoch), offset: BigInt(offset), event: Number(event ?? 0) };
}

/** The chain that holds the records of a source partition. */
export function messageChain(at: SourcePartition): string {
  return `msg/${at.source}/${at.topic}/${at.partition}/${at.epoch}`;
}

/** The source partition of a message chain, or undefined when `chain` is another kind of chain. */
export function parseMessageChain(chain: string): SourcePartition | undefined {
  const parts = chain.split('/');
  const [kind, source = '', topic = '', partition = '', epoch = ''] = parts;
  const number = /^(0|[1-9]\d{0,9})$/;
  if (parts.length !== 5 || kind !== 'msg' || !SOURCE_NAME.test(source) || !TOPIC_NAME.test(topic)) return undefined;
  if (!number.test(partition) || !number.test(epoch)) return undefined;
  return { source, topic, partition: Number(partition), epoch: Number(epoch) };
}
