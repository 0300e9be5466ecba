import { HoldfastError } from '@holdfast/record';
import type { RawRecord } from '@holdfast/record';
import { daySubject, deriveObjectKeys, fromHex, fromUtf8, openDayDirectory, parseDayEvent, parseJson } from '@holdfast/seal';
import type { DayClosed, DayEvent, DirectoriesAttested, Manifest, ManifestObject } from '@holdfast/seal';
import type { CommittedManifest } from '../check-manifest.js';
import type { VerifyContext } from '../context.js';
import { finding } from '../findings.js';
import type { ChainHooks } from '../verify-chain.js';

/** One segment of a days chain, as it says; to be compared with the message chain. */
export interface SealedPart {
  /** `chain seq` of the segment. */
  readonly place: string;
  readonly closed?: DayClosed;
  readonly attested?: DirectoriesAttested;
  /** The encrypted object: where the label key comes from. */
  readonly list?: ManifestObject;
  /** Its number in the days chain. */
  readonly seq: number;
  /** Repeats a part that was there before. */
  readonly second: boolean;
}

/** What must come next in the chain. */
interface Expected {
  readonly firstSeq: number;
  readonly part: number;
  /** The part before it in the same range. */
  readonly before?: DayClosed;
}

/** Judges a days chain by itself while it is walked: order, shape, and that its entries lead to the roots of its events. */
export class DaysChain {
  readonly #context: VerifyContext;
  readonly #about: string;
  readonly parts: SealedPart[] = [];
  /** Undefined after something that could not be read. */
  #expected: Expected | undefined = { firstSeq: 0, part: 0 };
  #events: DayEvent[] = [];
  #clearRecords = 0;
  #list: RawRecord[] = [];
  #malformed: string | undefined;

  constructor(context: VerifyContext, about: string) {
    this.#context = context;
    this.#about = about;
  }

  readonly hooks: Required<Pick<ChainHooks, 'onRecord' | 'onSegment'>> = {
    onRecord: (record, object) => {
      if (object.enc !== 'none') this.#list.push(record);
      else {
        this.#clearRecords++;
        this.#takeEvent(record);
      }
    },
    onSegment: (segment) => {
      this.#segment(segment);
      this.#events = [];
      this.#clearRecords = 0;
      this.#list = [];
      this.#malformed = undefined;
    },
  };

  /** Label keys of the lists, by place; a list without one cannot be compared by this verifier. */
  async labelKeys(): Promise<Map<string, Uint8Array>> {
    const { evidence, archiveHex, archive, crypto } = this.#context;
    const found = new Map<string, Uint8Array>();
    const opened = new Map<string, Uint8Array | undefined>();
    for (const { list, place, seq } of this.parts) {
      if (list?.dataKey === undefined || list.random === undefined) continue;
      if (!opened.has(list.dataKey)) {
        const answer = await evidence.dataKey(archiveHex, `days/${this.#about}`, list);
        opened.set(list.dataKey, 'key' in answer ? answer.key : undefined);
      }
      const dataKey = opened.get(list.dataKey);
      if (dataKey === undefined) continue;
      const at = { archive, chain: `days/${this.#about}`, seq, no: list.no };
      found.set(place, deriveObjectKeys(crypto, dataKey, fromHex(list.random, 32), at).label);
    }
    return found;
  }

  #takeEvent(record: RawRecord): void {
    try {
      const event = parseDayEvent(parseJson(record.value ?? new Uint8Array(0)));
      if (fromUtf8(record.key ?? new Uint8Array(0)) !== daySubject(event)) this.#malformed ??= 'an event stands under another key than its day.';
      this.#events.push(event);
    } catch (error) {
      if (!(error instanceof HoldfastError)) throw error;
      this.#malformed ??= `${error.message}.`;
    }
  }

  #segment({ manifest }: CommittedManifest): void {
    const place = `${manifest.chain} ${manifest.seq}`;
    const invalid = (message: string): void => {
      this.#context.add(finding('DAY_DIRECTORY_INVALID', place, message));
      this.#expected = undefined;
    };
    const [clear, list, ...more] = manifest.objects;
    if (clear?.enc !== 'none' || list?.enc === 'none' || more.length > 0) {
      invalid('it is not a clear object with events and at most one encrypted object with entries.');
      return;
    }
    // What could not be read was reported; what follows it cannot be put in order.
    if (this.#clearRecords < clear.records) {
      this.#expected = undefined;
      return;
    }
    const [closed, attested] = eventsOf(this.#events);
    const malformed = this.#malformed ?? this.#shapeProblem(manifest, closed, attested, list);
    if (malformed !== undefined) {
      invalid(malformed);
      return;
    }
    this.#checkList(place, closed, list);
    this.#order(place, manifest.seq, closed, attested, list);
  }

  #shapeProblem(
    manifest: Manifest,
    closed: DayClosed | undefined,
    attested: DirectoriesAttested | undefined,
    list: ManifestObject | undefined,
  ): string | undefined {
    const events = [closed, attested].filter((event) => event !== undefined);
    if (events.length === 0 || events.length !== this.#events.length || events.some((event, i) => event !== this.#events[i]))
      return 'its events are not a closed day, its attestation, or both in this order.';
    for (const event of events) {
      if (event.chain !== this.#about) return `it is about ${event.chain}, another chain.`;
      if (event.firstSeq > event.lastSeq || event.closedBy.seq < event.lastSeq || event.closedBy.seq > event.lastSeq + 1)
        return 'its range does not end before the segment that closes it.';
    }
    if (closed !== undefined && attested !== undefined && (!sameRange(closed, attested) || closed.parts !== attested.parts))
      return 'its two events name different ranges.';
    if (closed === undefined && attested !== undefined && attested.parts > 0) return 'it attests a range without the directory that belongs to it.';
    if (closed !== undefined && (closed.part >= closed.parts || (closed.part === closed.parts - 1) !== (attested !== undefined)))
      return 'the attestation belongs exactly to the last part of a range.';
    if ((list?.records ?? 0) !== (closed?.entries ?? 0)) return 'it has another number of entries than its event says.';
    if (list !== undefined && list.directory.labelCommitment !== closed?.labelCommitment)
      return 'its event commits to another label key than its manifest.';
    return manifest.records === this.#events.length + (closed?.entries ?? 0) ? undefined : 'it holds other records than events and entries.';
  }

  #checkList(place: string, closed: DayClosed | undefined, list: ManifestObject | undefined): void {
    // Without a key it was not opened, and the report says so.
    if (closed === undefined || this.#list.length < (list?.records ?? 0)) return;
    try {
      openDayDirectory(this.#context.crypto, closed, this.#list);
    } catch (error) {
      if (!(error instanceof HoldfastError)) throw error;
      this.#context.add(finding('DAY_DIRECTORY_INVALID', place, `${error.message}.`));
    }
  }

  #order(
    place: string,
    seq: number,
    closed: DayClosed | undefined,
    attested: DirectoriesAttested | undefined,
    list: ManifestObject | undefined,
  ): void {
    const event = closed ?? attested;
    if (event === undefined) return;
    const part = closed?.part ?? 0;
    const facts = {
      place,
      seq,
      ...(closed !== undefined && { closed }),
      ...(attested !== undefined && { attested }),
      ...(list !== undefined && { list }),
    };
    const expected = this.#expected;
    const repeats = expected !== undefined && (event.firstSeq < expected.firstSeq || (event.firstSeq === expected.firstSeq && part < expected.part));
    if (repeats) {
      this.#second({ ...facts, second: true }, event, part);
      return;
    }
    const before = expected?.before;
    if (expected !== undefined && (event.firstSeq !== expected.firstSeq || part !== expected.part))
      this.#context.add(
        finding(
          'DAY_DIRECTORY_INVALID',
          place,
          `it is about segment ${event.firstSeq} on, part ${part}; segment ${expected.firstSeq}, part ${expected.part} must follow what is before it.`,
        ),
      );
    else if (before !== undefined && (!sameRange(before, event) || before.parts !== event.parts))
      this.#context.add(finding('DAY_DIRECTORY_INVALID', place, 'it names another range than the part before it.'));
    this.parts.push({ ...facts, second: false });
    this.#expected =
      attested !== undefined || closed === undefined
        ? { firstSeq: event.lastSeq + 1, part: 0 }
        : { firstSeq: event.firstSeq, part: part + 1, before: closed };
  }

  /** The first for a range counts; a second that says the same is harmless. */
  #second(sealed: SealedPart, event: DayEvent, part: number): void {
    const first = this.parts.find(
      (candidate) =>
        !candidate.second && (candidate.closed ?? candidate.attested)?.firstSeq === event.firstSeq && (candidate.closed?.part ?? 0) === part,
    );
    const same = first !== undefined && facts(first.closed) === facts(sealed.closed) && facts(first.attested) === facts(sealed.attested);
    if (!same)
      this.#context.add(
        finding(
          'DAY_DIRECTORY_DIFFERS',
          sealed.place,
          `a second directory for segment ${event.firstSeq} on, part ${part}, and it does not say what the first says.`,
        ),
      );
    this.parts.push(sealed);
  }
}

function eventsOf(events: readonly DayEvent[]): [DayClosed | undefined, DirectoriesAttested | undefined] {
  return [events.find((event) => event.type === 'day.closed'), events.find((event) => event.type === 'directories.attested')];
}

function sameRange(a: DayEvent, b: DayEvent): boolean {
  return (
    a.day === b.day &&
    a.firstSeq === b.firstSeq &&
    a.lastSeq === b.lastSeq &&
    a.closedBy.seq === b.closedBy.seq &&
    a.closedBy.hash === b.closedBy.hash
  );
}

/** What two sealings of one part have in common: all but who sealed it when, and under which label key. */
function facts(event: DayEvent | undefined): string {
  if (event === undefined) return '';
  const { day, firstSeq, lastSeq, closedBy, parts, objects, records } = event;
  const common = [day, firstSeq, lastSeq, closedBy.seq, closedBy.hash, parts, objects.count, objects.root, records];
  if (event.type === 'directories.attested') return JSON.stringify(common);
  const { part, cohort, entries, unattributed } = event;
  return JSON.stringify([...common, part, cohort.class, cohort.number, cohort.period, entries, unattributed.count, unattributed.root]);
}
