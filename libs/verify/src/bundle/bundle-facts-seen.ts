import type { BundleIndex } from '@holdfast/bundle';
import type { AnchorReport } from './bundle-anchors.js';
import type { Completeness } from './bundle-completeness.js';
import type { DisclosedRecord } from './bundle-disclosed.js';

/** The facts that the report and its sentences are made from. */
export interface BundleFactsSeen {
  readonly index: BundleIndex;
  readonly archive: string;
  readonly logKey: string;
  readonly position?: { readonly origin: string; readonly size: number; readonly root: string; readonly time: string };
  readonly anchors: AnchorReport;
  readonly policyGiven: boolean;
  readonly shown: number;
  readonly attachments: number;
  readonly copies: number;
  readonly zoneKnown: boolean;
  readonly completeness?: Completeness;
  readonly disclosed: readonly DisclosedRecord[];
}
