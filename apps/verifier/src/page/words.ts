/** What the page says in its own words, in one language. Keys of `labels` are `data-word` in page.html. */
export interface Words {
  readonly lang: 'en' | 'zh-CN';
  readonly labels: Readonly<Record<string, string>>;
  readonly verdicts: Readonly<Record<Verdict, { readonly title: string; readonly text: string }>>;
  readonly refused: Readonly<Record<'bundle' | 'policy' | 'archiveId', string>>;
  readonly failed: string;
  readonly hashing: string;
  readonly reading: string;
  readonly proven: string;
  readonly notProven: string;
  readonly compare: string;
  readonly compareText: string;
  readonly facts: Readonly<Record<FactName, string>>;
  readonly scopes: Readonly<Record<'records' | 'query' | 'conversation', string>>;
  readonly complete: Readonly<Record<'yes' | 'no' | 'with exceptions' | 'not claimed', string>>;
  readonly none: string;
  readonly findings: (count: number) => string;
  readonly notes: (count: number) => string;
  readonly listed: (shown: number, total: number) => string;
  readonly where: string;
  readonly said: string;
  readonly met: string;
  readonly means: string;
  readonly todo: string;
  readonly records: (count: number) => string;
  readonly states: Readonly<Record<'shown' | 'withheld' | 'outside', string>>;
  readonly reasons: Readonly<Record<'privileged' | 'redacted' | 'privacy' | 'not-relevant' | 'key-destroyed' | 'other', string>>;
  readonly disclosed: { readonly yes: string; readonly no: string };
  readonly original: string;
  readonly more: string;
  readonly transcript: string;
  readonly transcriptIntro: string;
  readonly noTranscript: string;
  readonly untrusted: string;
  readonly tokenUnchecked: string;
  readonly save: string;
  readonly print: string;
  readonly anew: string;
}

export type Verdict = 'good' | 'unanchored' | 'bad';
export type FactName =
  | 'file'
  | 'size'
  | 'sha256'
  | 'archive'
  | 'logKey'
  | 'origin'
  | 'logSize'
  | 'root'
  | 'time'
  | 'scope'
  | 'counts'
  | 'complete'
  | 'witnesses'
  | 'tokens'
  | 'own'
  | 'policy'
  | 'disclosed';
