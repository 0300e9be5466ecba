import { HoldfastError } from '@holdfast/record';
import type { Archive, GovernanceLog } from '@holdfast/vault';

/**
 * Refuses a key ring of another archive: whatever it signed would verify for nobody, and its claims would stop the chains.
 * @throws HoldfastError `bad_configuration`
 */
export async function checkSigningKey(archive: Archive, governance: GovernanceLog, keysDir: string): Promise<void> {
  const { kid } = await archive.keys.manifestKey();
  if (governance.state.manifestKeys.get(kid)?.closed !== undefined)
    throw new HoldfastError(
      'bad_configuration',
      `The key ring in ${keysDir} is an old one: its manifest key ${kid} was closed. Put the key ring there that the rotation left behind.`,
    );
  if (governance.keys(kid) !== undefined) return;
  throw new HoldfastError(
    'bad_configuration',
    `The key ring in ${keysDir} is not this archive's: its manifest key ${kid} was never introduced there. Name the folder with the keys of archive ${archive.idHex}.`,
  );
}
