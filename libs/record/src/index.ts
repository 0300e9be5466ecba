export { HoldfastError, kindOf } from './errors.js';
export type { ErrorCode, ErrorKind } from './errors.js';
export type { RawHeader, RawRecord, TimestampType } from './raw-record.js';
export { SOURCE_NAME, TOPIC_NAME, formatRecordId, messageChain, parseMessageChain, parseRecordId } from './record-id.js';
export type { RecordId, SourcePartition } from './record-id.js';
