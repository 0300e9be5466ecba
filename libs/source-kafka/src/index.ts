export type { KafkaLog, KafkaLogLevel, KafkaOptions } from './kafka-options.js';
export { KafkaRecordSource, type KafkaSourceOptions } from './kafka-record-source.js';
export { KafkaRecordSink, type KafkaSinkOptions } from './kafka-record-sink.js';
