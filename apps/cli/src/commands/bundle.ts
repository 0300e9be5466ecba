import { readFile } from 'node:fs/promises';
import { osPrincipal } from '@holdfast/assembly';
import { openExporter, parseWithheld } from '@holdfast/discovery';
import type { BundleMade, BundleProgress, BundleRequest } from '@holdfast/discovery';
import { parseQuery } from '@holdfast/query';
import { HoldfastError } from '@holdfast/record';
import { hasCode } from '../has-code.js';
import { EXIT, Progress, count, print } from '../output.js';
import { PrintedAlarms, timeZoneOf, withArchive } from '../session.js';
import type { GlobalOptions } from '../session.js';
import { untilSignal } from '../until-signal.js';
import { coverByLog } from './ingest.js';
import { refuse, withDates } from './search.js';

const WRITER = 'cli';
/** Built by apps/verifier; a bundle without it verifies as well, with a verifier from elsewhere. */
const VERIFIER = new URL('../../../verifier/dist/verify.html', import.meta.url);

export interface BundleCommandOptions extends GlobalOptions {
  readonly query?: string;
  readonly conversation?: string;
  readonly key?: string;
  readonly keyHex?: string;
  readonly ids?: string;
  readonly output: string;
  readonly from?: string;
  readonly to?: string;
  readonly lang: 'en' | 'zh-CN';
  readonly zone?: string;
  readonly withhold?: string;
  readonly redact?: string;
  readonly policy?: string;
  readonly at?: number;
}

/** `holdfast bundle`: records of an archive and their proof in one file, which verifies without the archive. */
export async function bundle(options: BundleCommandOptions): Promise<number> {
  const given = [options.query, options.conversation, options.key, options.keyHex, options.ids].filter((value) => value !== undefined);
  if (given.length !== 1)
    throw new HoldfastError('bad_configuration', 'Say what is to be in the bundle: one of --query, --conversation, --key, --key-hex, --ids.');
  const [withhold, redact, ids, policy, verifier] = await Promise.all([
    textOf(options.withhold),
    textOf(options.redact),
    textOf(options.ids),
    bytesOf(options.policy),
    verifierPage(),
  ]);
  const withheld = parseWithheld(withhold, redact);
  return withArchive(options, {}, async (opened) => {
    const alarms = new PrintedAlarms();
    if (options.at === undefined) await coverByLog(options, opened, alarms);
    await opened.governance.refresh();
    const timeZone = (await timeZoneOf(options)) ?? opened.timeZone;
    const request = requestOf(options, ids, timeZone);
    const index = opened.index();
    await index.open();
    const progress = new Progress(options.json === true);
    try {
      const exporter = openExporter({ ...opened, timeZone, alarms }, index, WRITER);
      const made = await untilSignal((signal) =>
        exporter.export(osPrincipal(), request, options.output, {
          language: options.lang,
          withheld,
          signal,
          timeZone: options.zone ?? timeZone,
          ...(options.at !== undefined && { at: options.at }),
          ...(policy !== undefined && { policy }),
          ...(verifier !== undefined && { verifier }),
          onProgress: (at) => {
            progress.show(progressText(at));
          },
        }),
      );
      progress.end();
      if (!made.ok) return refuse(options.query ?? '', made, options.json === true);
      print(options.json === true, { ...made, output: options.output }, () => textOfMade(made, options.output));
      return EXIT.done;
    } finally {
      progress.end();
      await index.close();
    }
  });
}

function requestOf(options: BundleCommandOptions, ids: string | undefined, timeZone: string): BundleRequest {
  const { query, conversation, key, keyHex, from, to } = options;
  if (query !== undefined) return { kind: 'query', query: withDates(query, options) };
  if (ids !== undefined) {
    if (from !== undefined || to !== undefined) throw new HoldfastError('bad_configuration', '--from and --to go with --query or a conversation.');
    return { kind: 'records', ids: ids.split(/\s+/).filter((id) => id !== '') };
  }
  const of = conversation !== undefined ? { id: conversation } : { key: keyHex === undefined ? Buffer.from(key ?? '') : hexOf(keyHex) };
  return { kind: 'conversation', of, ...periodOf({ from, to }, options.zone ?? timeZone) };
}

/** A period as a query would mean it: whole days in the zone, or moments. */
export function periodOf(
  { from, to }: { readonly from: string | undefined; readonly to: string | undefined },
  timeZone: string,
): { readonly from?: string; readonly to?: string } {
  if (from === undefined && to === undefined) return {};
  const parsed = parseQuery(withDates('a', { ...(from !== undefined && { from }), ...(to !== undefined && { to }) }).slice(4), { timeZone, now: 0 });
  if (!parsed.ok || parsed.query.kind !== 'sent') {
    const why = parsed.ok ? '' : ` ${parsed.errors[0]?.message.en ?? ''}`;
    throw new HoldfastError('bad_request', `--from and --to take a date such as 2026-01-31.${why}`);
  }
  const { from: begin, to: end } = parsed.query;
  return {
    ...(begin !== undefined && { from: new Date(begin).toISOString() }),
    ...(end !== undefined && { to: new Date(end).toISOString() }),
  };
}

function hexOf(text: string): Uint8Array {
  if (!/^([0-9a-fA-F]{2})*$/.test(text)) throw new HoldfastError('bad_configuration', '--key-hex takes bytes in hexadecimal.');
  return Buffer.from(text, 'hex');
}

async function textOf(path: string | undefined): Promise<string | undefined> {
  const bytes = await bytesOf(path);
  return bytes === undefined ? undefined : Buffer.from(bytes).toString('utf8');
}

async function bytesOf(path: string | undefined): Promise<Uint8Array | undefined> {
  if (path === undefined) return undefined;
  try {
    return await readFile(path);
  } catch (cause) {
    throw new HoldfastError('bad_configuration', `${path} cannot be read.`, { cause });
  }
}

async function verifierPage(): Promise<Uint8Array | undefined> {
  try {
    return await readFile(VERIFIER);
  } catch (error) {
    if (hasCode(error, 'ENOENT')) return undefined;
    throw error;
  }
}

function progressText({ step, segments, of, records }: BundleProgress): string {
  return step === 'collecting' ? `${count(segments)} of ${count(of)} segments, ${count(records)} records` : `${step}: ${count(records)} records`;
}

function textOfMade(made: BundleMade, output: string): string {
  const { records, search, file } = made;
  return [
    `${output}: ${count(records.shown)} records shown, ${count(records.withheld)} withheld, ${count(records.outside)} outside of the period`,
    ...(made.complete === 'yes' ? ['Complete: under the checkpoint no other record has this key.'] : []),
    ...(search === undefined ? [] : [search.reading, ...search.warnings.map((warning) => `  ${warning}`)]),
    ...(search !== undefined && search.younger > 0
      ? [`${count(search.younger)} matches are younger than the checkpoint and are not in the bundle: run it again in a minute.`]
      : []),
    `Position  ${made.time}; ${made.log.origin}, ${count(made.log.size)} entries, root ${made.log.root}`,
    `Archive   ${made.archive}`,
    `SHA-256   ${file.sha256} (${count(file.size)} bytes, ${count(file.entries)} entries)`,
    'Verified as a stranger would: holdfast verify --bundle FILE',
  ].join('\n');
}
