import type { ClaimStore } from '@holdfast/ports';
import { HoldfastError } from '@holdfast/record';
import { GENESIS_CLAIM, claimKey, claimSchema, equalBytes, parseDocument, parseJws, utf8 } from '@holdfast/seal';
import { settleClaim } from '../claiming.js';
import { countClaims } from '../head.js';
import type { ChainEnds } from './chain-ends.js';
import type { CopyTally } from './copy-findings.js';
import { inOrder } from './transfers.js';
import type { Transfers } from './transfers.js';

type Readable = Pick<ClaimStore, 'read' | 'list'>;

const AHEAD = 16;

/**
 * Refuses a destination that has gone on by itself: somebody took over from it, and what is sealed in both since then are
 * two futures of one archive. The chain of hashes makes one claim speak for all before it.
 * @throws HoldfastError `bad_request`
 */
export async function refuseIfTakenOver(source: Readable, copy: ClaimStore, ends: ChainEnds): Promise<void> {
  for (const chain of ends.keys()) {
    const claims = await countClaims({ claims: copy }, chain);
    if (claims === 0) continue;
    const last = claimKey(chain, claims - 1);
    const [here, there] = await Promise.all([source.read(last), copy.read(last)]);
    if (here === undefined || there === undefined || !sameClaim(here, there))
      throw new HoldfastError(
        'bad_request',
        `The destination has gone on by itself: its claim ${last} is not the one of the source; name another place.`,
      );
  }
}

/** Copies the claims up to `ends`, chain by chain in order; the genesis claim, which makes an archive of it, comes last. */
export async function copyClaims(source: Readable, copy: ClaimStore, ends: ChainEnds, tally: CopyTally, transfers: Transfers): Promise<number> {
  let made = 0;
  const look = async (
    key: string,
  ): Promise<{ readonly key: string; readonly body: Uint8Array | undefined; readonly there: Uint8Array | undefined }> => {
    const [body, there] = await Promise.all([source.read(key), copy.read(key)]);
    return { key, body, there };
  };
  const act = async ({ key, body, there }: Awaited<ReturnType<typeof look>>): Promise<void> => {
    transfers.throwIfStopped();
    // Removed by a repair since it was listed.
    if (body === undefined) return;
    if (there === undefined) {
      const outcome = await settleClaim(copy, key, body);
      if (outcome.won) made++;
      else if (!sameClaim(body, outcome.theirs)) tally.add('DIFFERS', `claims/${key}`, 'the copy has another claim.');
    } else if (!sameClaim(body, there)) tally.add('DIFFERS', `claims/${key}`, 'the copy has another claim.');
  };
  await inOrder(wanted(source, ends), AHEAD, look, act);
  await act(await look(GENESIS_CLAIM));
  return made;
}

async function* wanted(source: Readable, ends: ChainEnds): AsyncGenerator<string> {
  for await (const key of source.list('')) {
    const [, chain = '', seq] = /^(.+)\/(\d{16})$/.exec(key) ?? [];
    if (key === GENESIS_CLAIM || seq === undefined) continue;
    // A claim of a manifest that this copy does not have yet would say that its end was removed.
    if (Number(seq) <= (ends.get(chain) ?? -1)) yield key;
  }
}

/** Whether two claims name the same manifest; a rebuilt one is signed anew and names the version of its own store. */
export function sameClaim(a: Uint8Array, b: Uint8Array): boolean {
  if (equalBytes(a, b)) return true;
  const [one, other] = [manifestOf(a), manifestOf(b)];
  return one !== undefined && one === other;
}

function manifestOf(body: Uint8Array): string | undefined {
  try {
    const { archive, chain, seq, manifest } = parseDocument(claimSchema, parseJws(body).payload);
    return JSON.stringify([archive, chain, seq, manifest]);
  } catch (error) {
    if (error instanceof HoldfastError) return undefined;
    throw error;
  }
}

/** The claim of an archive in use, or of one that was taken over. */
export async function isClaimed(claims: Readable | undefined): Promise<boolean> {
  return ((await claims?.read(GENESIS_CLAIM)) ?? utf8('')).length > 0;
}
