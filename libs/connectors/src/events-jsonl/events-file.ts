import { createHash } from 'node:crypto';
import type { NewRecord } from '@holdfast/ports';
import { conversationKey, eventsOf, routeOf } from '@holdfast/record';
import type { RawRecord } from '@holdfast/record';
import { recordOfEnvelope } from '../envelope-record.js';
import { emptySummary } from '../importer.js';
import type { Importer, ImportOptions, ImportSummary } from '../importer.js';
import { fileHash, refused } from '../zip/zip-archive.js';
import { linesOf } from './lines.js';
import type { Line } from './lines.js';

export interface EventsFileOptions extends ImportOptions {
  /** Bad lines are archived as they are, as records that cannot be parsed, instead of refusing the file. */
  readonly keepGoing?: boolean;
}

/** A line that is no event. */
export interface BadLine {
  readonly line: number;
  readonly problem: string;
}

export interface EventsFileImporter extends Importer {
  /** The first bad lines, at most twenty. */
  readonly badLines: readonly BadLine[];
}

interface Found {
  readonly importId: string;
  readonly total: number;
  readonly bad: number;
  readonly badLines: readonly BadLine[];
}

const SOURCE = '/connectors/events-jsonl';
/** Brokers refuse far less; a longer line is no event but a file of another kind. */
const MAX_LINE = 16 * 2 ** 20;
const SHOWN = 20;

/**
 * Opens a file of `holdfast.event/1` envelopes, one a line. The whole file is checked first: nothing is skipped in silence,
 * and nothing is given out when a line is bad unless `keepGoing` is set. Blank lines are no lines.
 * @throws HoldfastError `import_refused` naming the first bad lines by number
 */
export async function openEventsFile(path: string, options: EventsFileOptions): Promise<EventsFileImporter> {
  const found = await checkFile(path);
  const { total, bad, badLines } = found;
  if (total === 0) throw refused(`${path} holds no events`);
  if (bad > 0 && options.keepGoing !== true) {
    const list = badLines.map(({ line, problem }) => `line ${line}: ${problem}`).join('; ');
    throw refused(
      `${bad} of ${total} lines are not events and nothing was imported; --keep-going archives them as they are (${list}${bad > SHOWN ? '; …' : ''})`,
    );
  }
  return new EventsFile(path, found, options);
}

async function checkFile(path: string): Promise<Found> {
  const importId = await fileHash(path);
  const badLines: BadLine[] = [];
  let total = 0;
  let bad = 0;
  for await (const line of linesOf(path, MAX_LINE)) {
    if (line.tooLong) throw refused(`line ${line.number} is longer than ${MAX_LINE} bytes`);
    if (isBlank(line)) continue;
    total++;
    if (routeOf(rawOf(line)).status === 'parsed') continue;
    bad++;
    if (badLines.length < SHOWN) badLines.push({ line: line.number, problem: problemOf(line) });
  }
  return { importId, total, bad, badLines };
}

class EventsFile implements EventsFileImporter {
  readonly importId: string;
  readonly total: number;
  readonly badLines: readonly BadLine[];
  readonly #path: string;
  readonly #bad: number;
  readonly #options: EventsFileOptions;
  #summary: ImportSummary = emptySummary();

  constructor(path: string, found: Found, options: EventsFileOptions) {
    this.#path = path;
    this.importId = found.importId;
    this.total = found.total;
    this.badLines = found.badLines;
    this.#bad = found.bad;
    this.#options = options;
  }

  get summary(): Readonly<ImportSummary> {
    return this.#summary;
  }

  async *records(): AsyncGenerator<NewRecord, void, undefined> {
    this.#summary = emptySummary();
    if (this.#bad > 0) this.#summary.warnings.push(`${this.#bad} lines are not events; they are archived as they are and listed as exceptions.`);
    const conversations = new Set<string>();
    for await (const line of linesOf(this.#path, MAX_LINE)) {
      if (isBlank(line)) continue;
      this.#summary.records++;
      yield this.#record(line, conversations);
    }
  }

  async close(): Promise<void> {
    // The file is opened anew by each reading.
  }

  #record(line: Line, conversations: Set<string>): NewRecord {
    const { timestamp, keepGoing } = this.#options;
    const [envelope] = routeOf(rawOf(line)).envelopes;
    if (envelope === undefined) {
      if (keepGoing !== true) throw refused(`line ${line.number} was an event when the file was checked: the file has changed`);
      return { key: null, value: line.bytes, headers: [], timestamp };
    }
    conversations.add(conversationKey(envelope));
    this.#summary.conversations = conversations.size;
    if (envelope.kind.startsWith('message.')) this.#summary.messages++;
    // Named by its content: the same line in an overlapping file is the same event.
    const id = createHash('sha256').update(line.bytes).digest('hex').slice(0, 32);
    return recordOfEnvelope(envelope, { source: SOURCE, id, timestamp, bytes: line.bytes });
  }
}

function rawOf(line: Line): RawRecord {
  return { offset: 0n, timestamp: 0n, timestampType: 'create', key: null, value: line.bytes, headers: [] };
}

function isBlank(line: Line): boolean {
  return line.bytes.every((byte) => byte === 0x20 || byte === 0x09);
}

function problemOf(line: Line): string {
  return eventsOf(rawOf(line), { source: 'import', topic: 'import', partition: 0, epoch: 0 }).reason?.message ?? 'it is empty';
}
