import { osPrincipal } from '@holdfast/assembly';
import type { OpenedArchive } from '@holdfast/assembly';
import { indexState, openDiscovery } from '@holdfast/discovery';
import type { Discovery, RecordDetail, RecordView, Refused } from '@holdfast/discovery';
import { parseQuery } from '@holdfast/query';
import { HoldfastError } from '@holdfast/record';
import { EXIT, count, print, writeLine } from '../output.js';
import { PrintedAlarms, timeZoneOf, withArchive } from '../session.js';
import type { GlobalOptions } from '../session.js';
import { columnsOf, printable } from '../terminal.js';

/** Writer name of the access chain that commands of this machine share; a lost race is simply appended behind. */
const WRITER = 'cli';

async function withDiscovery<T>(options: GlobalOptions, work: (discovery: Discovery) => Promise<T>): Promise<T> {
  return withArchive(options, {}, async (opened: OpenedArchive) => {
    await opened.governance.refresh();
    const timeZone = (await timeZoneOf(options)) ?? opened.timeZone;
    const index = opened.index();
    await index.open();
    try {
      return await work(openDiscovery({ ...opened, timeZone, alarms: new PrintedAlarms() }, index, WRITER));
    } finally {
      await index.close();
    }
  });
}

export interface SearchCommandOptions extends GlobalOptions {
  readonly limit: number;
  readonly sort: 'newest' | 'oldest';
  readonly ids?: boolean;
  readonly cursor?: string;
  readonly from?: string;
  readonly to?: string;
}

/** `holdfast search 'QUERY'`: prints a page of results, or with --ids every id. */
export async function search(text: string, options: SearchCommandOptions): Promise<number> {
  return withDiscovery(options, async (discovery) => {
    const query = withDates(text, options);
    if (options.ids === true && options.json !== true) return printIds(discovery, query);
    const result = await discovery.search(osPrincipal(), query, {
      limit: options.limit,
      sort: options.sort,
      idsOnly: options.ids === true,
      ...(options.cursor !== undefined && { cursor: options.cursor }),
    });
    if (!result.ok) return refuse(query, result, options.json === true);
    print(options.json === true, result, () =>
      [
        result.reading.en,
        ...result.warnings.map((warning) => `  ${warning.code}: ${warning.message.en}`),
        `${count(result.total)} records match (dates in ${result.timeZone}).`,
        ...(result.index.state === 'failed' ? [`WARNING: ${result.index.message.en}`] : []),
        ...(result.notInVault.length > 0
          ? [`${count(result.notInVault.length)} records on this page are only in the index and cannot be shown.`]
          : []),
        ...(result.notYetSearchable > 0 ? [`${count(result.notYetSearchable)} sealed segments are not searchable yet.`] : []),
        ...(result.unindexed > 0 ? [`${count(result.unindexed)} records could not be indexed and match nothing.`] : []),
        '',
        ...result.hits.map((hit) => ('sentAt' in hit ? lineOf(hit) : hit.id)),
      ].join('\n'),
    );
    return EXIT.done;
  });
}

/**
 * --from and --to are shorthand for a date clause, so that the stored query says everything. A text that is no query by itself
 * stays alone and is refused: brackets around `a) OR (b` would make one of it that means something else.
 */
export function withDates(text: string, { from, to }: { readonly from?: string; readonly to?: string }): string {
  for (const date of [from, to]) {
    if (date !== undefined && (!/^[\p{L}\p{N}:+.-]+$/u.test(date) || date.includes('..')))
      throw new HoldfastError('bad_request', `${JSON.stringify(date)} is not a date: --from and --to take one such as 2026-01-31.`);
  }
  if ((from === undefined && to === undefined) || !parseQuery(text, { timeZone: 'UTC', now: 0 }).ok) return text;
  return `(${text}) sent:${from ?? '*'}..${to ?? '*'}`;
}

async function printIds(discovery: Discovery, query: string): Promise<number> {
  const { failure } = await discovery.status();
  const state = indexState(failure);
  if (state.state === 'failed') process.stderr.write(`WARNING: ${state.message.en}\n`);
  const ids = discovery.ids(osPrincipal(), query);
  for (;;) {
    const next = await ids.next();
    if (next.done === true) return next.value === undefined ? EXIT.done : refuse(query, next.value, false);
    if (!(await writeLine(next.value.id))) {
      await ids.return(undefined);
      return EXIT.done;
    }
  }
}

/** Prints why a query was refused, with marks below what is meant. */
export function refuse(query: string, refused: Refused, json: boolean): number {
  if (json) print(true, { query, ...refused }, () => '');
  else {
    // One line, so that the marks stand below what they mark.
    const line = printable(query.replaceAll(/\s/g, ' '));
    process.stderr.write(`${line}\n`);
    for (const { code, start, end, message, hint } of refused.errors) {
      const marks = '^'.repeat(Math.max(1, columnsOf(line.slice(start, end))));
      process.stderr.write(`${' '.repeat(columnsOf(line.slice(0, start)))}${marks}\n${printable(`${code}: ${message.en} ${hint.en}`)}\n`);
    }
  }
  return EXIT.findings;
}

function lineOf(hit: RecordView): string {
  const event = hit.event;
  const who = event?.actor?.display_name ?? event?.actor?.handle ?? event?.actor?.source_user_id ?? '';
  const where = event?.conversation.name ?? event?.conversation.id ?? '';
  const text = event?.body?.text ?? (event === undefined ? `(${hit.status})` : `(${event.kind})`);
  const more = hit.truncated === true ? ` … (${count(hit.eventBytes ?? 0)} bytes; holdfast show prints all)` : '';
  return `${hit.sentAt}  ${where}  ${who}: ${text.replaceAll(/\s+/g, ' ')}${more}\n    ${hit.id}`;
}

/** `holdfast show RECORD_ID`: the record, its proof, and --context N events before and after it. */
export async function show(id: string, options: GlobalOptions & { readonly context?: number }): Promise<number> {
  return withDiscovery(options, async (discovery) => {
    const around = options.context ?? 0;
    const view =
      around === 0
        ? { before: [], record: await discovery.open(osPrincipal(), id), after: [] }
        : await discovery.context(osPrincipal(), id, around, around);
    print(options.json === true, around === 0 ? view.record : view, () =>
      [...view.before.map(lineOf), textOf(view.record), ...view.after.map(lineOf)].join('\n'),
    );
    return EXIT.done;
  });
}

function textOf(record: RecordDetail): string {
  const { value, key, headers } = record.record;
  return [
    lineOf(record),
    `    sealed ${record.sealedAt} in ${record.chain} ${record.seq}, locked until ${record.retainUntil}`,
    `    proof checked up to the manifest; ${record.state === 'anchored' ? 'anchored' : 'sealed, not yet anchored'}`,
    `    key ${key?.text ?? key?.base64url ?? '(none)'}, ${headers.length} headers, value ${value === null ? '(null)' : (value.text ?? `${value.base64url} (base64url)`)}`,
  ].join('\n');
}
