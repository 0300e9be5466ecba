import { bucketProbes } from './bucket-probes.js';
import { checksumProbes } from './checksum-probes.js';
import { claimProbes } from './claim-probes.js';
import { dateProbes } from './date-probes.js';
import { expiryProbes } from './expiry-probes.js';
import { governanceProbes } from './governance-probes.js';
import { holdProbes } from './hold-probes.js';
import { keyProbes } from './key-probes.js';
import { listProbes } from './list-probes.js';
import { lockProbes } from './lock-probes.js';
import { multipartProbes } from './multipart-probes.js';
import type { Probe } from './probe.js';
import { versionProbes } from './version-probes.js';

/** Every promise that is tried. A full check races more often. Those that wait come first, so that others run meanwhile. */
export function catalogue(full: boolean): readonly Probe[] {
  return [
    ...expiryProbes,
    ...claimProbes(full),
    ...lockProbes,
    ...governanceProbes,
    ...holdProbes,
    ...versionProbes,
    ...listProbes,
    ...keyProbes,
    ...checksumProbes,
    ...multipartProbes,
    ...dateProbes,
    ...bucketProbes,
  ];
}
