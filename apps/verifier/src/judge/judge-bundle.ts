import { ZipReader, entryName, parseBundleIndex } from '@holdfast/bundle';
import type { BundleRecord } from '@holdfast/bundle';
import { startSha256, webCrypto as crypto } from '@holdfast/crypto-web';
import { fromUtf8, toHex } from '@holdfast/seal';
import { checkToken } from '@holdfast/timestamp-rfc3161';
import { parsePolicy } from '@holdfast/tlog';
import type { Policy } from '@holdfast/tlog';
import { verifyBundle } from '@holdfast/verify';
import type { BundleEntries, BundleReport } from '@holdfast/verify';
import { DisclosedEntries } from './disclosed-entries.js';
import { accessTo, inflate } from './file-access.js';
import type { Answer, Chosen, Judgement, Subject } from './messages.js';
import { textOfTranscript } from './transcript-text.js';

const SLICE = 4 * 1024 * 1024;
/** A bundle may have a hundred thousand entries; a person sees no more than this. */
const TELL_MS = 100;

/** What the person gave cannot be used, so nothing is judged: to go on without it would answer another question. */
export class Refusal extends Error {
  override readonly name = 'Refusal';
  readonly what: 'bundle' | 'policy' | 'archiveId';

  constructor(what: Refusal['what'], cause: unknown) {
    super(cause instanceof Error ? cause.message : String(cause), { cause });
    this.what = what;
  }
}

/** Judges a bundle file. `zip` is answered too, for what the person wants to see afterwards. @throws Refusal */
export async function judgeBundle(chosen: Chosen, tell: (answer: Answer) => void): Promise<{ zip: ZipReader; judgement: Judgement }> {
  const { archiveId, disclosed } = chosen;
  if (archiveId !== '' && !/^[0-9a-f]{64}$/.test(archiveId)) throw new Refusal('archiveId', 'an archive id has 64 digits, 0-9 and a-f');
  const policy = chosen.policy === undefined ? undefined : await readPolicy(chosen.policy);
  const checkpoints = await Promise.all(chosen.checkpoints.map(bytesOf));
  const subject: Subject = {
    bundle: { name: chosen.name, size: chosen.bundle.size, sha256: await hashOf(chosen.bundle, tell) },
    given: {
      ...(archiveId === '' ? {} : { archiveId }),
      ...(policy === undefined ? {} : { policySha256: policy.sha256 }),
      checkpointsSha256: checkpoints.map((bytes) => toHex(crypto.sha256(bytes))),
      disclosedFiles: disclosed.length,
    },
  };
  const zip = await ZipReader.open(accessTo(chosen.bundle), inflate).catch((cause: unknown) => {
    throw new Refusal('bundle', cause);
  });
  const report = await verifyBundle(watched(zip, tell), {
    crypto,
    timestampCheck: checkToken,
    checkpoints,
    ...(archiveId === '' ? {} : { archiveId }),
    ...(policy === undefined ? {} : { policy: policy.policy }),
    ...(disclosed.length === 0 ? {} : { disclosed: new DisclosedEntries(disclosed) }),
  });
  return { zip, judgement: { subject, report, records: await recordsOf(zip, report), ...(await transcriptOf(zip, report)) } };
}

async function readPolicy(file: Blob): Promise<{ policy: Policy; sha256: string }> {
  try {
    const bytes = await bytesOf(file);
    return { policy: parsePolicy(crypto, fromUtf8(bytes)), sha256: toHex(crypto.sha256(bytes)) };
  } catch (cause) {
    // Whatever is wrong with it, the person is told and nothing is verified without it.
    throw new Refusal('policy', cause);
  }
}

async function bytesOf(file: Blob): Promise<Uint8Array> {
  return new Uint8Array(await file.arrayBuffer());
}

async function hashOf(file: Blob, tell: (answer: Answer) => void): Promise<string> {
  const hash = startSha256();
  for (let at = 0; at < file.size; at += SLICE) {
    tell({ kind: 'hashing', done: at, of: file.size });
    const slice = await bytesOf(file.slice(at, at + SLICE)).catch((cause: unknown) => {
      throw new Refusal('bundle', cause);
    });
    hash.update(slice);
  }
  return toHex(hash.digest());
}

/** The same entries, telling how many of them have been read. */
function watched(zip: ZipReader, tell: (answer: Answer) => void): BundleEntries {
  const of = new Set(zip.names()).size;
  const seen = new Set<string>();
  let told = 0;
  return {
    names: () => zip.names(),
    read(name) {
      seen.add(name);
      const now = performance.now();
      if (now - told >= TELL_MS) {
        told = now;
        tell({ kind: 'reading', done: seen.size, of });
      }
      return zip.read(name);
    },
  };
}

/** What there is to look at; an index that does not read is a finding of the report already. */
async function recordsOf(zip: ZipReader, { scope }: BundleReport): Promise<readonly BundleRecord[]> {
  const bytes = scope === undefined ? undefined : await zip.read(entryName({ kind: 'index' }));
  return bytes === undefined ? [] : parseBundleIndex(bytes).records;
}

async function transcriptOf(zip: ZipReader, { scope, findings }: BundleReport): Promise<{ transcript?: string }> {
  const name = entryName({ kind: 'transcript' });
  // A text that was made otherwise than by the rules is not shown at all, not even with a warning.
  if (scope === undefined || findings.some(({ place }) => place === name)) return {};
  const bytes = await zip.read(name);
  return bytes === undefined ? {} : { transcript: textOfTranscript(fromUtf8(bytes)) };
}
