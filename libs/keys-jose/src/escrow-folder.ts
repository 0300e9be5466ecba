import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { WrapContext } from '@holdfast/ports';
import { HoldfastError } from '@holdfast/record';
import { unwrapEscrow } from './data-key.js';
import { escrowPrivateFile, readPrivateKeyFile, unlessMissing } from './key-folder.js';

/**
 * Opens escrow wraps with the private halves in `folder`: a key folder, or what was in its `escrow-private/` and was moved away.
 * @throws HoldfastError `key_missing` when there is neither
 */
export async function escrowOpener(folder: string): Promise<(jwe: string, context: WrapContext) => Promise<Uint8Array>> {
  const inRing = (await stat(join(folder, 'escrow-private')).catch(unlessMissing))?.isDirectory() === true;
  if (!inRing && (await stat(folder).catch(unlessMissing))?.isDirectory() !== true)
    throw new HoldfastError('key_missing', `There is no folder ${folder}: name the one with the private escrow keys.`);
  return async (jwe, context) => {
    const file = escrowPrivateFile(context.cohort);
    return unwrapEscrow(jwe, context, await readPrivateKeyFile(join(folder, inRing ? file : file.slice('escrow-private'.length))));
  };
}
