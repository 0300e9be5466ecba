/** What the tests look at in the answers of the services. */
import type { RecordDetail, RecordView } from '@holdfast/discovery';

export interface Readiness {
  readonly ready: boolean;
  readonly reasons: readonly string[];
  readonly alarms: readonly { readonly code: string; readonly component: string; readonly message: string; readonly whatToDo: string }[];
}

export interface SearchAnswer {
  readonly total: number;
  readonly hits: readonly RecordView[];
  readonly cursor?: string;
  readonly notYetSearchable: number;
}

export interface ContextAnswer {
  readonly before: readonly RecordView[];
  readonly record: RecordDetail;
  readonly after: readonly RecordView[];
}

export interface StatusAnswer {
  readonly chains: readonly { readonly chain: string; readonly nextOffset: string }[];
  readonly index: { readonly available: boolean; readonly documents?: number };
}

export interface CaptureAnswer {
  readonly state: string;
  readonly records: readonly { readonly id: string; readonly chain: string }[];
}

export interface QueryProblem {
  readonly errors: readonly object[];
}
