/** What operators are paged for; each has a paragraph in `docs/operations/alarms.md`. The codes are API. */
export type AlarmCode =
  | 'SOURCE_LOST'
  | 'SOURCE_RECREATED'
  | 'SOURCE_DAMAGED'
  | 'SOURCE_REFUSED'
  | 'SOURCE_UNAVAILABLE'
  | 'STORE_UNAVAILABLE'
  | 'INDEX_DIFFERS'
  | 'INDEX_UNAVAILABLE'
  | 'INDEX_REBUILD_NEEDED'
  | 'CLAIMS_ROLLED_BACK'
  | 'CLAIM_UNREADABLE'
  | 'CLAIM_CONTENDED'
  | 'SEALED_DIFFERS'
  | 'CLOCK_SKEW'
  | 'CLOCK_AHEAD'
  | 'KEYS_RUNNING_OUT'
  | 'KEY_MISSING'
  | 'ESCROW_DRILL_DUE'
  | 'CONTENT_DAMAGED'
  | 'DISK_FULL'
  | 'PARTITION_STOPPED'
  | 'LOG_CHAIN_STOPPED'
  | 'LOG_ROLLED_BACK'
  | 'LOG_FORKED'
  | 'NOT_ANCHORED';

/** `waiting`: it goes on by itself when the cause is gone. `stopped`: a person must act. */
export type AlarmSeverity = 'waiting' | 'stopped' | 'warning';

/** Where alarms go: health, metrics and the log show them. Raising a standing alarm again only updates its message. */
export interface Alarms {
  /** `place` names the chain, partition or store, or is empty for the whole process. */
  raise(code: AlarmCode, place: string, severity: AlarmSeverity, message: string): void;
  clear(code: AlarmCode, place: string): void;
}
