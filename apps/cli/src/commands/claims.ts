import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { osPrincipal } from '@holdfast/assembly';
import { readPrivateKeyFile, signWithKey } from '@holdfast/keys-jose';
import { HoldfastError } from '@holdfast/record';
import { STATEMENT_TYP, rebuildClaims, repairClaim } from '@holdfast/vault';
import { EXIT, Progress, count, print } from '../output.js';
import { withArchive } from '../session.js';
import type { GlobalOptions } from '../session.js';

/** `holdfast claims rebuild`: makes claims that were lost from the manifests. */
export async function rebuildAllClaims(options: GlobalOptions & { readonly yes?: boolean }): Promise<number> {
  if (options.yes !== true) throw new HoldfastError('bad_configuration', 'Stop every ingest and audit service first, then say --writers-stopped.');
  return withArchive(options, { recover: true }, async (opened) => {
    const progress = new Progress(options.json === true);
    const report = await rebuildClaims(opened.archive, opened.governance, (chain, made) => {
      progress.show(`${chain}: ${count(made)} claims made`);
    });
    progress.end();
    print(options.json === true, report, () =>
      [
        `${count(report.made)} claims were made, ${count(report.kept)} were in order, in ${count(report.chains)} chains.`,
        ...report.undecided.map(
          ({ chain, seq, candidates }) =>
            `${chain} ${seq}: ${count(candidates.length)} manifests verify; decide with "holdfast claims repair --chain ${chain}".`,
        ),
      ].join('\n'),
    );
    return report.undecided.length === 0 ? EXIT.done : EXIT.findings;
  });
}

export interface RepairCommandOptions extends GlobalOptions {
  readonly chain: string;
  readonly reason: string;
  readonly manifest?: string;
  readonly recoveryKey?: string;
  readonly yes?: boolean;
}

/** `holdfast claims repair`: replaces the unreadable last claim of a chain, with a signed statement. */
export async function repair(options: RepairCommandOptions): Promise<number> {
  if (options.yes !== true) throw new HoldfastError('bad_configuration', 'Stop every ingest and audit service first, then say --writers-stopped.');
  const key = await readPrivateKeyFile(options.recoveryKey ?? (await embeddedRecoveryKey(options.data)));
  return withArchive(options, { recover: true }, async (opened) => {
    const outcome = await repairClaim(opened.archive, opened.governance, {
      chain: options.chain,
      reason: options.reason,
      principal: osPrincipal(),
      ...(options.manifest !== undefined && { manifest: options.manifest }),
      signStatement: (payload) => signWithKey(key, payload, STATEMENT_TYP),
    });
    print(options.json === true, outcome, () =>
      outcome.manifest === undefined
        ? `No manifest of ${options.chain} ${outcome.seq} verifies: its claim was removed, and the number will be written anew. Statement ${outcome.statement}.`
        : `${options.chain} ${outcome.seq} is the manifest ${outcome.manifest}. Statement ${outcome.statement}.`,
    );
    return EXIT.done;
  });
}

async function embeddedRecoveryKey(data: string | undefined): Promise<string> {
  if (data === undefined) throw new HoldfastError('bad_configuration', 'Name the recovery key: --recovery-key FILE.');
  const folder = join(data, 'keys', 'recovery-private');
  const [file] = await readdir(folder).catch((cause: unknown) => {
    throw new HoldfastError('bad_configuration', `There is no recovery key in ${folder}: name it with --recovery-key FILE.`, { cause });
  });
  if (file === undefined) throw new HoldfastError('bad_configuration', `There is no recovery key in ${folder}: name it with --recovery-key FILE.`);
  return join(folder, file);
}
