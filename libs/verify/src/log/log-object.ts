import { equalBytes, fromHex } from '@holdfast/seal';
import { parseLogKey } from '@holdfast/tlog';
import type { LogKey } from '@holdfast/tlog';
import { checkLock } from '../check-lock.js';
import type { VerifyContext } from '../context.js';
import { finding } from '../findings.js';
import { demandedLock } from '../relocked.js';
import { readAhead } from './read-ahead.js';

/** Nothing of the log is longer than its largest batch. */
const MOST_BYTES = 2 * 1024 * 1024;

/** One stored object of the log with all its versions that hold the bytes its name says. */
export interface LogObject {
  readonly key: string;
  readonly name: LogKey;
  readonly versions: readonly string[];
  readonly bytes: Uint8Array;
}

interface Listed {
  readonly key: string;
  readonly versions: string[];
}

/** Versions grouped by key, as a listing has them: ascending. Delete markers are findings. */
async function* listed(context: VerifyContext, prefix: string): AsyncGenerator<Listed> {
  let group: Listed | undefined;
  for await (const { key, version, deleteMarker } of context.evidence.list(prefix)) {
    if (deleteMarker) {
      context.add(finding('DELETE_MARKER', key, 'a delete marker hides this part of the log from readers that do not name a version.'));
      continue;
    }
    if (group?.key !== key) {
      if (group !== undefined) yield group;
      group = { key, versions: [] };
    }
    group.versions.push(version);
  }
  if (group !== undefined) yield group;
}

/**
 * The objects under `prefix`, ascending by name. What has no name of the log, or other bytes than its name says, is a
 * finding and left out; tiles have no hash in their names and come as their newest version.
 */
export function logObjects(context: VerifyContext, prefix: string): AsyncGenerator<LogObject | undefined> {
  return readAhead(listed(context, prefix), async ({ key, versions }) => {
    const name = parseLogKey(key);
    if (name === undefined) {
      context.add(finding('ORPHAN', key, 'this is no name of the transparency log.'));
      return undefined;
    }
    const right: string[] = [];
    let bytes: Uint8Array | undefined;
    let readable = false;
    for (const version of versions) {
      const read = await context.evidence.get(key, version, MOST_BYTES);
      if (read === undefined) continue;
      readable = true;
      context.collector.bytes += read.length;
      if (name.type === 'tile' ? bytes === undefined || equalBytes(bytes, read) : equalBytes(context.crypto.sha256(read), fromHex(name.hash, 32))) {
        if (right.length > 0) context.add(finding('EQUAL_COPY', key, 'a second version with the same bytes.'));
        bytes ??= read;
        right.push(version);
      } else context.add(finding('LOG_DIFFERS', key, 'a version of it has other bytes than its name says: it was changed, swapped or cut.'));
    }
    if (bytes === undefined) {
      // Checkpoints that nobody anchored are deleted after two days, also while they are listed; nothing else of the log ever is.
      if (!readable && name.type !== 'checkpoint') context.add(finding('OBJECT_MISSING', key, 'it was listed and cannot be read.'));
      return undefined;
    }
    return { key, name, versions: right, bytes };
  });
}

/** The next object of a listing, looked at before it is taken. */
export class LogCursor {
  readonly #objects: AsyncGenerator<LogObject | undefined>;
  #ahead: LogObject | undefined;
  #done = false;

  constructor(context: VerifyContext, prefix: string) {
    this.#objects = logObjects(context, prefix);
  }

  async peek(): Promise<LogObject | undefined> {
    while (this.#ahead === undefined && !this.#done) {
      const step = await this.#objects.next();
      if (step.done === true) this.#done = true;
      else this.#ahead = step.value;
    }
    return this.#ahead;
  }

  async take(): Promise<LogObject | undefined> {
    const object = await this.peek();
    this.#ahead = undefined;
    return object;
  }

  async close(): Promise<void> {
    await this.#objects.return(undefined);
  }
}

/** The lock of an object of the log: COMPLIANCE, at least until `own`, longer after a relocking; one of its versions must have it. */
export async function checkLogLock(context: VerifyContext, { key, versions }: Pick<LogObject, 'key' | 'versions'>, own: Date): Promise<void> {
  if (context.level < 4) return;
  await checkLock(context, key, versions, demandedLock(context, own), 'it');
}
