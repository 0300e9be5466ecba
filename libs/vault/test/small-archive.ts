import { nodeCrypto, randomBytes } from '@holdfast/crypto-node';
import type { Clock } from '@holdfast/ports';
import { MemoryClaimStore, MemoryKeyRing, MemoryObjectStore } from '@holdfast/test-kit';
import { CheckedClock } from '../src/checked-clock.js';
import { cohortsNeeded, createArchive } from '../src/create-archive.js';
import { DataKeys } from '../src/data-keys.js';
import { openArchive } from '../src/genesis.js';
import { GovernanceLog } from '../src/governance-log.js';
import type { Archive, ArchiveParts } from '../src/archive.js';

export const CLASSES = [{ name: 'standard', number: 1, months: 3, lengthenMonths: 0 }];
export const SETTINGS = {
  name: 'Small',
  timeZone: 'UTC',
  profile: 'cluster' as const,
  logOrigin: 'test/log',
  classes: CLASSES,
  defaultClass: 'standard',
  principal: 'service:test',
};

export interface Small {
  readonly parts: ArchiveParts & {
    readonly vault: MemoryObjectStore;
    readonly wraps: MemoryObjectStore;
    readonly claims: MemoryClaimStore;
    readonly keys: MemoryKeyRing;
  };
  readonly archive: Archive;
  readonly governance: GovernanceLog;
  readonly clock: CheckedClock;
  readonly dataKeys: DataKeys;
}

/** An archive on the fakes, opened once. */
export async function smallArchive(clock: Clock = { now: () => new Date() }): Promise<Small> {
  const parts = {
    vault: new MemoryObjectStore({ clock }),
    wraps: new MemoryObjectStore({ clock }),
    claims: new MemoryClaimStore(),
    keys: new MemoryKeyRing(cohortsNeeded(CLASSES, clock.now())),
    crypto: nodeCrypto,
    clock,
    random: randomBytes,
    software: 'holdfast/test',
  };
  await createArchive(parts, SETTINGS);
  return { parts, ...(await anotherProcess(parts)) };
}

/** The archive as a process sees it that starts now. */
export async function anotherProcess(parts: ArchiveParts): Promise<Omit<Small, 'parts'>> {
  const archive = await openArchive(parts);
  const clock = new CheckedClock(archive);
  const governance = new GovernanceLog(archive, clock);
  await governance.refresh();
  return { archive, clock, governance, dataKeys: new DataKeys(archive, () => governance.ledgerUntil(archive.clock.now())) };
}
