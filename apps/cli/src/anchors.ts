import { readFile } from 'node:fs/promises';
import { nodeCrypto } from '@holdfast/crypto-node';
import { HoldfastError } from '@holdfast/record';
import { checkToken } from '@holdfast/timestamp-rfc3161';
import { parsePolicy } from '@holdfast/tlog';
import type { Anchors } from '@holdfast/verify';

/** Whom a verifier believes, from the files that he names. @throws HoldfastError `bad_configuration` */
export async function anchorsOf(options: { readonly policy?: string; readonly checkpoint?: readonly string[] }): Promise<Anchors> {
  const policy = options.policy === undefined ? undefined : parsePolicy(nodeCrypto, (await read(options.policy)).toString('utf8'));
  const checkpoints = await Promise.all((options.checkpoint ?? []).map(read));
  return { timestampCheck: checkToken, checkpoints, ...(policy !== undefined && { policy }) };
}

async function read(path: string): Promise<Buffer> {
  try {
    return await readFile(path);
  } catch (cause) {
    throw new HoldfastError('bad_configuration', `${path} cannot be read.`, { cause });
  }
}
