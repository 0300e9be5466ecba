import { createHash } from 'node:crypto';
import type { NewRecord } from '@holdfast/ports';
import { routeOf } from '@holdfast/record';
import type { Envelope } from '@holdfast/record';
import { recordOfEnvelope } from '../envelope-record.js';
import { emptySummary } from '../importer.js';
import type { Importer, ImportOptions, ImportSummary } from '../importer.js';
import { fileHash, quote, refused, ZIP_LIMITS, ZipArchive } from '../zip/zip-archive.js';
import type { ZipLimits } from '../zip/zip-archive.js';
import { CONVERSATION_FILES, conversationEnvelopes, conversationOf, identityEnvelope, integrationEnvelope } from './directory.js';
import { Fields, isObject } from './fields.js';
import { messageEnvelope, strangeEnvelope } from './message.js';
import type { Place } from './message.js';
import { People } from './people.js';

export interface SlackImportOptions extends ImportOptions {
  /** Workspace id for exports whose accounts do not name one. */
  readonly workspace?: string;
  readonly limits?: ZipLimits;
}

const SOURCE = '/connectors/slack-export';
const UNKNOWN_DAY = '1970-01-01';

interface Conversation {
  readonly conversation: Envelope['conversation'];
  /** Absent for a folder that no list names. */
  readonly entry?: Readonly<Record<string, unknown>>;
  /** Names of its files in the archive, in order of day. */
  readonly files: readonly string[];
}

/**
 * Opens a standard workspace export. Everything is unpacked and parsed once before the first record is given out, so that
 * a damaged day in the middle of 10 GB does not leave half an import behind; one file is in memory at a time.
 * @throws HoldfastError `import_refused` with one sentence that names what is wrong and where
 */
export async function openSlackExport(path: string, options: SlackImportOptions): Promise<Importer> {
  const importId = await fileHash(path);
  const archive = await ZipArchive.open(path, options.limits ?? ZIP_LIMITS);
  try {
    const slack = await SlackExport.read(archive, importId, options);
    await slack.check();
    return slack;
  } catch (error) {
    archive.close();
    throw error;
  }
}

class SlackExport implements Importer {
  readonly importId: string;
  readonly #archive: ZipArchive;
  readonly #options: SlackImportOptions;
  readonly #people: People;
  readonly #workspace: Envelope['workspace'];
  readonly #conversations: readonly Conversation[];
  /** Files in the root that hold lists, the conversations' lists aside. */
  readonly #lists: readonly string[];
  readonly #ignored: readonly string[];
  readonly #warnings: string[];
  #summary: ImportSummary = emptySummary();
  #total = 0;

  private constructor(archive: ZipArchive, importId: string, options: SlackImportOptions, users: readonly unknown[], found: Layout) {
    this.#archive = archive;
    this.importId = importId;
    this.#options = options;
    this.#people = new People(users);
    this.#workspace = { id: options.workspace ?? this.#people.team ?? 'slack' };
    this.#conversations = found.conversations;
    this.#lists = found.lists;
    this.#ignored = found.ignored;
    this.#warnings = [...found.warnings];
  }

  static async read(archive: ZipArchive, importId: string, options: SlackImportOptions): Promise<SlackExport> {
    if (!['channels.json', 'groups.json', 'dms.json', 'mpims.json'].some((name) => archive.has(name))) {
      throw refused('this is not a Slack export: it has none of channels.json, groups.json, dms.json and mpims.json at its root');
    }
    const users = archive.has('users.json') ? await readList(archive, 'users.json') : [];
    return new SlackExport(archive, importId, options, users, await layOut(archive));
  }

  get total(): number {
    return this.#total;
  }

  get summary(): Readonly<ImportSummary> {
    return this.#summary;
  }

  /** Goes through everything once without giving anything out. */
  async check(): Promise<void> {
    let unreadable = 0;
    for await (const record of this.records()) {
      this.#total++;
      if (routeOf({ ...record, offset: 0n, timestampType: 'create' }).status !== 'parsed') unreadable++;
    }
    if (unreadable > 0)
      this.#warnings.push(`${unreadable} messages cannot be read as events; they are archived as they are and listed as exceptions.`);
    this.#summary = emptySummary();
  }

  async *records(): AsyncGenerator<NewRecord, void, undefined> {
    this.#summary = { ...emptySummary(), ignored: [...this.#ignored], warnings: [...this.#warnings] };
    for await (const { envelope, id } of this.#envelopes()) {
      this.#summary.records++;
      yield recordOfEnvelope(envelope, { source: SOURCE, id, timestamp: this.#options.timestamp });
    }
  }

  async close(): Promise<void> {
    this.#archive.close();
  }

  async *#envelopes(): AsyncGenerator<{ envelope: Envelope; id: string }, void, undefined> {
    for (const name of this.#lists) yield* this.#list(name, await readList(this.#archive, name));
    for (const conversation of this.#conversations) {
      this.#summary.conversations++;
      const { entry } = conversation;
      if (entry !== undefined) {
        for (const envelope of conversationEnvelopes(entry, conversation.conversation, this.#workspace, this.#people)) {
          yield { envelope, id: `${conversation.conversation.id}/about/${envelope.source_id}/${contentId(entry)}` };
        }
      }
      for (const file of conversation.files) yield* this.#day(conversation.conversation, file, await readList(this.#archive, file));
    }
  }

  *#list(name: string, list: readonly unknown[]): Generator<{ envelope: Envelope; id: string }, void, undefined> {
    const base = name.slice(0, -'.json'.length);
    for (const [i, value] of list.entries()) {
      const id = `${base}/${contentId(value)}/${i}`;
      const place = this.#place({ id: base, kind: 'unknown', name: base }, UNKNOWN_DAY);
      if (!isObject(value)) yield { envelope: strangeEnvelope(value, place, id, `slack.${base}`), id };
      else if (name === 'users.json') {
        this.#summary.people++;
        yield { envelope: identityEnvelope(value, this.#workspace, this.#people, id), id };
      } else if (name === 'integration_logs.json') yield { envelope: integrationEnvelope(value, this.#workspace, this.#people, id), id };
      else yield { envelope: strangeEnvelope(value, place, id, `slack.${base}`), id };
    }
  }

  *#day(
    conversation: Envelope['conversation'],
    file: string,
    list: readonly unknown[],
  ): Generator<{ envelope: Envelope; id: string }, void, undefined> {
    const name = file.slice(file.lastIndexOf('/') + 1, -'.json'.length);
    const place = this.#place(conversation, /^\d{4}-\d\d-\d\d$/.test(name) ? name : UNKNOWN_DAY);
    const repeats = new Map<string, number>();
    for (const value of list) {
      const content = contentId(value);
      // The same message twice in one file is two captures; their ids stay apart and stable.
      const repeat = (repeats.get(content) ?? 0) + 1;
      repeats.set(content, repeat);
      const suffix = repeat === 1 ? '' : `/${repeat}`;
      const fallbackId = `${name}/${content}${suffix}`;
      this.#summary.messages++;
      if (!isObject(value)) {
        yield { envelope: strangeEnvelope(value, place, fallbackId, 'slack.value'), id: `${conversation.id}/${fallbackId}` };
        continue;
      }
      const fields = new Fields(value, 'slack');
      const envelope = messageEnvelope(fields, place, fallbackId);
      this.#summary.filesByReference += envelope.attachments?.length ?? 0;
      yield { envelope: { ...envelope, extensions: fields.rest() }, id: `${conversation.id}/${envelope.source_id}/${content}${suffix}` };
    }
  }

  #place(conversation: Envelope['conversation'], day: string): Place {
    return { workspace: this.#workspace, conversation, people: this.#people, day };
  }
}

interface Layout {
  readonly conversations: readonly Conversation[];
  readonly lists: readonly string[];
  readonly ignored: readonly string[];
  readonly warnings: readonly string[];
}

/** Sorts the files of the archive into lists, conversations and the rest. */
async function layOut(archive: ZipArchive): Promise<Layout> {
  const folders = new Map<string, string[]>();
  const lists: string[] = [];
  const ignored: string[] = [];
  for (const name of archive.names.sort()) {
    const [folder = '', file, ...deeper] = name.split('/');
    if (!name.endsWith('.json') || deeper.length > 0 || folder.startsWith('__MACOSX') || file?.startsWith('.') === true) ignored.push(name);
    else if (file === undefined) lists.push(name);
    else {
      const files = folders.get(folder);
      if (files === undefined) folders.set(folder, [name]);
      else files.push(name);
    }
  }
  const conversations: Conversation[] = [];
  for (const [list, kind] of CONVERSATION_FILES) {
    if (!archive.has(list)) continue;
    for (const entry of await readList(archive, list)) {
      const conversation = isObject(entry) ? conversationOf(entry, kind) : undefined;
      if (conversation === undefined || !isObject(entry)) throw refused(`${quote(list)} has an entry without an id`);
      // Channels have their name as folder, direct messages their id.
      const folder = [conversation.name, conversation.id].find((name) => name !== undefined && folders.has(name)) ?? '';
      conversations.push({ conversation, entry, files: folders.get(folder) ?? [] });
      folders.delete(folder);
    }
  }
  const known = new Set(CONVERSATION_FILES.map(([list]) => list));
  const strays = [...folders].map(([folder, files]) => ({ conversation: { id: folder, kind: 'unknown' as const, name: folder }, files }));
  return {
    conversations: [...conversations, ...strays],
    lists: lists.filter((list) => !known.has(list)),
    ignored,
    warnings: strays.map(
      ({ conversation }) => `The folder ${quote(conversation.id)} belongs to no listed conversation; it was imported under its name.`,
    ),
  };
}

async function readList(archive: ZipArchive, name: string): Promise<readonly unknown[]> {
  const bytes = await archive.read(name);
  let value: unknown;
  try {
    value = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch (error) {
    throw refused(`${quote(name)} is not JSON`, error);
  }
  if (!Array.isArray(value)) throw refused(`${quote(name)} is not a list`);
  return value as readonly unknown[];
}

/** Names a source object by its content: an overlapping export gives the same id, a changed message another. */
function contentId(value: unknown): string {
  return createHash('sha256').update(JSON.stringify(value)).digest('hex').slice(0, 16);
}
