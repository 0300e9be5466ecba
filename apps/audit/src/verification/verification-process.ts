/** The process of one verification: it can neither block the service nor take its memory, and is ended by ending it. */
import { readFile } from 'node:fs/promises';
import { verifySettings, withClusterEvidence, withFolderEvidence } from '@holdfast/assembly';
import { nodeCrypto } from '@holdfast/crypto-node';
import { readConfig } from '@holdfast/platform';
import { HoldfastError } from '@holdfast/record';
import { checkToken } from '@holdfast/timestamp-rfc3161';
import { parsePolicy } from '@holdfast/tlog';
import { parseChainRanges, verifyArchive } from '@holdfast/verify';
import type { Anchors, Evidence, VerifyReport } from '@holdfast/verify';
import { z } from 'zod';
import { verificationTask } from './verification-messages.js';
import type { VerificationMessage, VerificationTask } from './verification-messages.js';

const EVERY_MS = 250;

const tell = (message: VerificationMessage): Promise<void> =>
  new Promise((resolve, reject) => {
    process.send?.(message, (error: Error | null) => (error === null ? resolve() : reject(error)));
  });

async function anchorsOf({ policyPath }: VerificationTask): Promise<Anchors> {
  return policyPath === undefined ? {} : { policy: parsePolicy(nodeCrypto, await readFile(policyPath, 'utf8')), timestampCheck: checkToken };
}

async function judge(task: VerificationTask): Promise<VerifyReport> {
  const anchors = await anchorsOf(task);
  let last = 0;
  const work = (evidence: Evidence): Promise<VerifyReport> =>
    verifyArchive(evidence, {
      crypto: nodeCrypto,
      level: task.level,
      anchors,
      ...(task.chains !== undefined && { chains: parseChainRanges(task.chains), allNames: false }),
      onProgress: ({ chain, segments, records, findings }) => {
        const now = performance.now();
        if (now - last < EVERY_MS) return;
        last = now;
        process.send?.({ type: 'progress', progress: { chain, segments, records, findings } } satisfies VerificationMessage);
      },
    });
  return task.folder === undefined
    ? withClusterEvidence(readConfig(z.object(verifySettings), process.env), true, work)
    : withFolderEvidence(task.folder, true, work);
}

// Whoever asked is gone: nobody will read what is found.
process.once('disconnect', () => process.exit(0));
process.once('message', (message) => {
  const began = performance.now();
  judge(verificationTask.parse(message))
    .then(
      (report) => tell({ type: 'report', report, seconds: Math.round((performance.now() - began) / 1000) }),
      (error: unknown) => {
        if (!(error instanceof HoldfastError)) throw error;
        return tell({ type: 'failed', code: error.code, message: error.message });
      },
    )
    .then(() => process.disconnect())
    .catch((error: unknown) => {
      process.stderr.write(`${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`);
      process.exit(1);
    });
});
await tell({ type: 'ready' });
