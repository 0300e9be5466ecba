export { CaptureFinder } from './find-capture.js';
export type { SealedCapture } from './find-capture.js';
export { openDiscovery } from './open-discovery.js';
export { RecordOpener, proofOf } from './open-record.js';
export type { VerifiedRecord } from './open-record.js';
export { detailOf, viewOf } from './record-view.js';
export type { Bytes, RecordDetail, RecordView } from './record-view.js';
export { Discovery } from './search-archive.js';
export type { DiscoveryParts, Refused, SearchOptions, SearchResult } from './search-archive.js';
