import { readFile } from 'node:fs/promises';
import { nodeCrypto } from '@holdfast/crypto-node';
import { Notary } from '@holdfast/notary';
import type { InspectToken } from '@holdfast/notary';
import type { Alarms, Clock, TimestampAuthority, Witness } from '@holdfast/ports';
import { HoldfastError } from '@holdfast/record';
import { HttpTimestampAuthority, certificatesFromPem, checkToken } from '@holdfast/timestamp-rfc3161';
import { parsePolicy } from '@holdfast/tlog';
import type { Policy } from '@holdfast/tlog';
import { HttpWitness } from '@holdfast/witness-http';
import type { OpenedArchive } from './opened-archive.js';
import type { AnchorSettings } from './settings.js';

const HOUR_MS = 3_600_000;

export interface OpenNotaryOptions {
  readonly alarms: Alarms;
  /** Hears what a person might want to know, one sentence each. */
  readonly warn?: (sentence: string) => void;
}

/** The notary of an archive with the witnesses and authorities that the settings name. @throws HoldfastError `bad_configuration` */
export async function openNotary(opened: OpenedArchive, settings: AnchorSettings, { alarms, warn }: OpenNotaryOptions): Promise<Notary> {
  const { archive, governance, clock } = opened;
  const policy =
    settings.logPolicyPath === undefined ? undefined : parsePolicy(nodeCrypto, await read('HOLDFAST_LOG_POLICY_PATH', settings.logPolicyPath));
  if (policy?.archive !== undefined && policy.archive !== archive.idHex)
    throw new HoldfastError(
      'bad_configuration',
      `HOLDFAST_LOG_POLICY_PATH is the policy of the archive ${policy.archive}; this one is ${archive.idHex}.`,
    );
  const roots = await rootsOf(settings, policy);
  const authorities = namesAndUrls(settings.tsaUrls).map(
    ({ name, url }): TimestampAuthority => new HttpTimestampAuthority({ name, url, roots, clock: archive.clock }),
  );
  const inspect: InspectToken = async (token, digest) => {
    const judged = await checkToken(token, digest, roots);
    return judged.ok ? judged.certificateEnds : undefined;
  };
  return new Notary({
    archive,
    governance,
    clock,
    alarms,
    ...(policy !== undefined && { policy }),
    witnesses: witnessesOf(settings, policy, archive.clock),
    authorities,
    inspect,
    notAnchoredMs: settings.notAnchoredHours * HOUR_MS,
    ...(warn !== undefined && { warn }),
  });
}

function witnessesOf({ witnessUrls }: AnchorSettings, policy: Policy | undefined, clock: Clock): readonly Witness[] {
  return namesAndUrls(witnessUrls).map(({ name, url }) => {
    const key = policy?.witnesses.find((witness) => witness.name === name)?.key;
    if (key === undefined)
      throw new HoldfastError(
        'bad_configuration',
        `HOLDFAST_WITNESS_URLS names ${name}, but the policy in HOLDFAST_LOG_POLICY_PATH does not: without its key its signatures count for nothing.`,
      );
    return new HttpWitness({ crypto: nodeCrypto, clock, name, url, key });
  });
}

async function rootsOf({ tsaUrls, tsaRootsPath }: AnchorSettings, policy: Policy | undefined): Promise<readonly Uint8Array[]> {
  const named = policy?.tsas.map(({ certificate }) => certificate) ?? [];
  const own = tsaRootsPath === undefined ? [] : certificatesFromPem(await read('HOLDFAST_TSA_ROOTS_PATH', tsaRootsPath));
  if (tsaUrls !== undefined && named.length + own.length === 0)
    throw new HoldfastError(
      'bad_configuration',
      'HOLDFAST_TSA_URLS needs root certificates: set HOLDFAST_TSA_ROOTS_PATH, or name them in the policy.',
    );
  return [...own, ...named];
}

function namesAndUrls(items: readonly string[] = []): { readonly name: string; readonly url: string }[] {
  const parsed = items.map((item) => ({ name: item.slice(0, item.indexOf('=')), url: item.slice(item.indexOf('=') + 1) }));
  const twice = parsed.find(({ name }, i) => parsed.findIndex((other) => other.name === name) < i);
  if (twice !== undefined) throw new HoldfastError('bad_configuration', `${twice.name} is named twice among witnesses or authorities.`);
  return parsed;
}

async function read(variable: string, path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8');
  } catch (cause) {
    throw new HoldfastError('bad_configuration', `${variable} names ${path}, which cannot be read.`, { cause });
  }
}
