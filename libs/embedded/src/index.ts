export { Fts5RecordIndex, type Fts5IndexOptions } from './fts5-index.js';
export { DirectoryClaimStore } from './directory-claim-store.js';
export { DirectoryObjectStore, type DirectoryObjectStoreOptions } from './directory-object-store.js';
export { type FolderPlaces } from './durable-folder.js';
export { tryLock, type FolderLock } from './folder-lock.js';
export { SqliteRecordSink } from './sqlite-record-sink.js';
export { SqliteRecordSource, type SqliteSourceOptions } from './sqlite-record-source.js';
