/**
 * The names of fields in logs, fixed here so that a query over logs finds them in every service. There is none for a record
 * body, a key, a token or the text of a search: those are never logged.
 */
export interface LogFields {
  readonly err?: unknown;
  readonly code?: string;

  readonly archive?: string;
  readonly chain?: string;
  readonly seq?: number | bigint;
  readonly head?: number | bigint;
  readonly segment?: string;
  readonly objectKey?: string;
  readonly versionId?: string;
  readonly cohort?: string;
  /** `YYYY-MM-DD`, UTC. */
  readonly day?: string;
  readonly kid?: string;
  readonly treeSize?: number | bigint;

  readonly topic?: string;
  readonly partition?: number;
  readonly epoch?: number | bigint;
  readonly offset?: number | bigint;
  readonly nextOffset?: number | bigint;
  readonly lag?: number | bigint;

  readonly records?: number;
  readonly events?: number;
  readonly segments?: number;
  readonly bytes?: number;
  readonly count?: number;
  readonly size?: number;
  readonly attempt?: number;
  readonly durationMs?: number;
  readonly ratePerSecond?: number;

  readonly role?: string;
  readonly writer?: string;
  readonly component?: string;
  readonly state?: string;
  readonly reason?: string;
  readonly alarm?: string;
  readonly signal?: string;
  readonly exitCode?: number;

  readonly host?: string;
  readonly port?: number;
  readonly url?: string;
  readonly method?: string;
  readonly route?: string;
  readonly status?: number;
  readonly requestId?: string;
  readonly principal?: string;
  readonly jobId?: string;
  readonly matterId?: string;
  readonly holdId?: string;

  readonly finding?: string;
  /** Of a random sample, so that it can be taken again. */
  readonly seed?: number;
  readonly index?: string;
  /** What a library says about itself; never anything a person wrote. */
  readonly detail?: string;
}
