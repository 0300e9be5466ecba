import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { nodeCrypto } from '@holdfast/crypto-node';
import { HoldfastError } from '@holdfast/record';
import { HIGHEST_LEVEL, parseChainRanges, summaryOf, textsOf, verifyArchive } from '@holdfast/verify';
import type { Anchors, Asked } from '@holdfast/verify';
import { anchorsOf } from '../anchors.js';
import { withEvidence } from '../evidence.js';
import { EXIT, Progress, count, print } from '../output.js';
import { untilSignal } from '../until-signal.js';
import { languageOf } from '../verifying/language.js';
import { ReportFile } from '../verifying/report-file.js';
import { reportText } from '../verifying/report-text.js';
import { StateFile } from '../verifying/state-file.js';
import type { VerifyCommandOptions } from '../verifying/verify-options.js';
import { checkReport } from './check-report.js';
import { verifyBundleFile } from './verify-bundle.js';

/** `holdfast verify`: judges the archive with read access only, or a bundle or a report with nothing else; exits 1 with findings. */
export async function verify(options: VerifyCommandOptions): Promise<number> {
  const level = options.level ?? HIGHEST_LEVEL;
  if (!Number.isInteger(level) || level < 1 || level > 8) throw new HoldfastError('bad_configuration', '--level is a number from 1 to 8.');
  if (options.checkReport !== undefined) return checkReport(options.checkReport, options);
  const anchors = await anchorsOf(options);
  const file = await ReportFile.prepare(options);
  if (options.bundle !== undefined) {
    if (options.state !== undefined || options.chains !== undefined)
      throw new HoldfastError('bad_configuration', '--state and --chains are for archives; a bundle is read as a whole.');
    return verifyBundleFile(options.bundle, options, anchors, (report, bundle, seconds) =>
      file === undefined ? Promise.resolve() : askedOf(options, { bundle }).then((asked) => file.write(report, asked, seconds)),
    );
  }
  if (options.disclose !== undefined) throw new HoldfastError('bad_configuration', '--disclose goes with --bundle.');
  return untilSignal((signal) => verifyArchiveOf(options, level, anchors, file, signal));
}

async function verifyArchiveOf(
  options: VerifyCommandOptions,
  level: number,
  anchors: Anchors,
  file: ReportFile | undefined,
  signal: AbortSignal,
): Promise<number> {
  const { archiveId, chains, json } = options;
  const asked = await askedOf(options, { level, claims: options.withoutClaims !== true });
  const state = options.state === undefined ? undefined : await StateFile.open(options.state);
  if (state?.before !== undefined)
    process.stderr.write(
      `The earlier run is gone on with, from ${state.before.current?.chain ?? `chain ${count(state.before.chains.length + 1)}`} on.\n`,
    );
  return withEvidence(options, async (evidence) => {
    const progress = new Progress(json === true);
    const began = performance.now();
    const report = await verifyArchive(evidence, {
      crypto: nodeCrypto,
      level,
      anchors,
      signal,
      asked: JSON.stringify(asked),
      ...(archiveId !== undefined && { archiveId }),
      ...(chains !== undefined && { chains: parseChainRanges(chains), allNames: false }),
      ...(state?.before !== undefined && { resume: state.before }),
      ...(state !== undefined && { onBoundary: (at) => state.keep(at, signal.aborted) }),
      onProgress: ({ chain, segments, records, findings }) => {
        progress.show(`${chain}: ${count(segments)} segments, ${count(records)} records, ${count(findings)} findings`);
      },
    }).catch((error: unknown) => {
      progress.end();
      if (state !== undefined && error instanceof HoldfastError && error.code === 'stopped')
        throw new HoldfastError('stopped', 'Stopped. The same command goes on from here.', { cause: error });
      throw error;
    });
    progress.end();
    const seconds = (performance.now() - began) / 1000;
    const texts = textsOf([...report.findings, ...report.notes]);
    print(json === true, { ...report, seconds: Math.round(seconds * 100) / 100, summary: summaryOf(report), texts }, () =>
      reportText(report, seconds, options.lang ?? languageOf(options.environment)),
    );
    // After hours: whatever keeps the report from being written, it was shown, and the state is still there.
    await file?.write(report, asked, seconds);
    await state?.remove();
    return report.ok ? EXIT.done : EXIT.findings;
  });
}

/** What is asked for, as a report says it: whom the verifier believed is named by the bytes that he brought. */
async function askedOf(options: VerifyCommandOptions, more: Partial<Asked>): Promise<Asked> {
  const hashOf = async (path: string): Promise<string> =>
    createHash('sha256')
      .update(await readFile(path))
      .digest('hex');
  const { archiveId, chains, policy, checkpoint = [] } = options;
  return {
    ...more,
    ...(chains !== undefined && { chains }),
    ...(archiveId !== undefined && { archiveId }),
    ...(policy !== undefined && { policy: await hashOf(policy) }),
    checkpoints: await Promise.all(checkpoint.map(hashOf)),
  };
}
