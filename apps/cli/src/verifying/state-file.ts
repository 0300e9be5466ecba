import { open, readFile, rename, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import { HoldfastError } from '@holdfast/record';
import type { Finding, VerifyProgress } from '@holdfast/verify';
import { z } from 'zod';
import { hasCode } from '../has-code.js';

/** Writing takes at most this part of the time of a run. */
const SHARE = 50;
const LEAST_MS = 100;

const count = z.int().nonnegative();
const hash = z.string().regex(/^[0-9a-f]{64}$/);
const some = z.strictObject({ segments: count, records: count });
const found = z.array(
  z.strictObject({
    // A code of another release is shown as it is.
    code: z.custom<Finding['code']>((value) => typeof value === 'string' && /^[A-Z_]+$/.test(value)),
    severity: z.enum(['finding', 'note']),
    place: z.string(),
    message: z.string(),
  }),
);
const walked = z.strictObject({
  chain: z.string(),
  next: count,
  hash: hash.exactOptional(),
  seen: count.exactOptional(),
  signed: z.record(z.string(), count),
  log: z
    .strictObject({
      next: count,
      digest: hash,
      complete: z.boolean(),
      tail: some,
      younger: some,
      anchored: count,
      log: z.strictObject({ next: count, digest: hash }),
    })
    .exactOptional(),
});
const day = z.strictObject({
  from: count,
  hash: z.string(),
  unattested: count,
  firstUnattested: z.strictObject({ firstSeq: count, day: z.string() }).exactOptional(),
  unmatched: z.array(count),
});
const state = z.strictObject({
  format: z.string(),
  archive: hash,
  asked: z.string(),
  governance: z.strictObject({ next: count, hash }),
  collected: z.strictObject({
    findings: found,
    notes: found,
    skipped: z.array(z.string()),
    partitions: z.array(z.strictObject({ chain: z.string(), segments: count, records: count, next: z.string() })),
    assumed: z.array(z.strictObject({ chain: z.string(), seq: count, hash })),
    counts: z.record(z.string(), count),
    findingsTotal: count,
    notesTotal: count,
    chains: count,
    segments: count,
    records: count,
    recordsOpened: count,
    bytes: count,
  }),
  relocated: z.array(z.strictObject({ chain: z.string(), first: z.string(), count })),
  chains: z.array(walked),
  current: z
    .strictObject({ ...walked.shape, first: count, records: count, dataKeys: z.array(z.string()), days: day.exactOptional() })
    .exactOptional(),
});

/** Where a verification keeps how far it came. For its user only: whoever can change it can hide what was found. */
export class StateFile {
  readonly #path: string;
  /** How far an earlier run came. */
  readonly before: VerifyProgress | undefined;
  #last = performance.now();
  #cost = 0;

  private constructor(path: string, before: VerifyProgress | undefined) {
    this.#path = path;
    this.before = before;
  }

  /** @throws HoldfastError `bad_configuration` when the file is there and is no state */
  static async open(path: string): Promise<StateFile> {
    let text: string;
    try {
      text = await readFile(path, 'utf8');
    } catch (cause) {
      if (hasCode(cause, 'ENOENT')) return new StateFile(path, undefined);
      throw new HoldfastError('bad_configuration', `${path} cannot be read.`, { cause });
    }
    try {
      return new StateFile(path, state.parse(JSON.parse(text)));
    } catch (cause) {
      throw new HoldfastError('bad_configuration', `${path} is no state of a verification; remove it to begin anew.`, { cause });
    }
  }

  /** Keeps it now and then, and in any case when the run is about to stop. */
  async keep(progress: () => VerifyProgress, stopping: boolean): Promise<void> {
    const began = performance.now();
    if (!stopping && began - this.#last < Math.max(LEAST_MS, SHARE * this.#cost)) return;
    await this.#write(JSON.stringify(progress()));
    this.#last = performance.now();
    this.#cost = this.#last - began;
  }

  /** The run came to its end: the next one begins anew. */
  async remove(): Promise<void> {
    await rm(this.#path, { force: true });
  }

  async #write(text: string): Promise<void> {
    const temp = `${this.#path}.new`;
    try {
      const file = await open(temp, 'w', 0o600);
      try {
        await file.writeFile(text);
        await file.sync();
      } finally {
        await file.close();
      }
      // On disk now: the old state under its name, and a whole new one beside it. A restart goes on from the old one.
      await rename(temp, this.#path);
      // The new one has the name; a power cut may still bring the old one back, which is as good.
    } catch (cause) {
      throw new HoldfastError('bad_configuration', `The state cannot be kept in ${dirname(this.#path)}.`, { cause });
    }
  }
}
