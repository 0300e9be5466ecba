import type { BundleIndex } from '@holdfast/bundle';
import type { Finding } from '../findings.js';
import type { TokenSeen, WitnessSeen } from './bundle-anchors.js';
import type { Completeness, CompletenessException } from './bundle-completeness.js';
import type { DisclosedRecord } from './bundle-disclosed.js';
import type { Sentence } from './bundle-sentences.js';

/** What a run over a bundle saw, for a front to show and a machine to read. */
export interface BundleReport {
  /** True when there is no finding (notes do not count). */
  readonly ok: boolean;
  /** Archive id, hexadecimal; empty when not even the genesis reads. */
  readonly archive: string;
  /** `kid` of the log key that the genesis names. */
  readonly logKey: string;
  /** Somebody whom the verifier believes holds the checkpoint: a quorum of witnesses, an authority, or he himself. */
  readonly anchored: boolean;
  /** Of the checkpoint, when it verifies. */
  readonly log?: { readonly origin: string; readonly size: number; readonly root: string };
  /** Position in time: that of the tick under the checkpoint. */
  readonly time?: string;
  readonly scope?: BundleIndex['scope']['kind'];
  readonly witnesses: readonly WitnessSeen[];
  readonly quorum: boolean;
  readonly tokens: readonly TokenSeen[];
  readonly records: { readonly shown: number; readonly proven: number; readonly withheld: number; readonly outside: number };
  readonly attachments: number;
  readonly copies: number;
  /** Whether nothing of the conversation was left out; `not claimed` in the other scopes. */
  readonly complete: Completeness['complete'] | 'not claimed';
  readonly exceptions: readonly CompletenessException[];
  /** What the statement of completeness covers. */
  readonly covered?: { readonly chains: number; readonly segments: number; readonly objects: number; readonly unattributed: number };
  readonly disclosed: readonly DisclosedRecord[];
  /** Plain sentences for people. */
  readonly proven: readonly Sentence[];
  readonly notProven: readonly Sentence[];
  readonly findings: readonly Finding[];
  readonly findingsTotal: number;
  readonly notes: readonly Finding[];
  readonly notesTotal: number;
}
