export { SqliteRecordSink } from './sqlite-record-sink.js';
export { SqliteRecordSource, type SqliteSourceOptions } from './sqlite-record-source.js';
