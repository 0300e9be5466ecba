import { HoldfastError } from '@holdfast/record';
import type { ObjectStore } from '@holdfast/ports';
import { retainUntil } from '@holdfast/seal';
import {
  GENESIS_CLAIM,
  GENESIS_KEY,
  GENESIS_TYP,
  LEDGER_CLASS,
  ecKeySchema,
  edKeySchema,
  encodeDocument,
  equalBytes,
  genesisSchema,
  parseDocument,
  parseJws,
  toHex,
  utf8,
  verifyJws,
} from '@holdfast/seal';
import type { Crypto, Genesis } from '@holdfast/seal';
import type { Archive, ArchiveParts } from './archive.js';
import { settleClaim } from './claiming.js';

/**
 * Makes the root of trust of a new archive, or finds that another process has just made it; either way answers the one
 * that is committed by the claim `genesis/0`. `horizon` = months to which genesis is locked.
 */
export async function createGenesis(parts: ArchiveParts, options: { readonly logOrigin: string; readonly horizonMonths: number }): Promise<Archive> {
  const existing = await parts.claims.read(GENESIS_CLAIM);
  if (existing !== undefined) return openArchive(parts);
  // No claim but segments: claims were lost, and a second genesis would begin a second archive over the first.
  for await (const version of parts.vault.list('m/')) {
    throw new HoldfastError(
      'claims_rolled_back',
      `the vault holds ${version.key} but no genesis is claimed: claims were lost; nobody writes until "holdfast claims rebuild".`,
    );
  }
  const now = parts.clock.now();
  const period = String(now.getUTCFullYear());
  const ledgerKeys = (await parts.keys.cohorts()).find((keys) => keys.cohort.className === LEDGER_CLASS.name && keys.cohort.period === period);
  if (ledgerKeys === undefined)
    throw new HoldfastError('key_missing', `the key ring has no keys for the class ledger in ${period}: run "holdfast keys init".`);
  const genesis: Genesis = {
    format: 'holdfast.genesis/1',
    suite: 1,
    random: toHex(parts.random(32)),
    created: now.toISOString(),
    manifestKey: ecKeySchema.parse(await parts.keys.manifestKey()),
    log: { origin: options.logOrigin, key: edKeySchema.parse(await parts.keys.logKey()) },
    ledger: { period, kek: ledgerKeys.kek, escrow: ecKeySchema.parse(ledgerKeys.escrow) },
    recovery: (await parts.keys.recoveryKeys()).map((key) => ecKeySchema.parse(key)),
  };
  const bytes = utf8(await parts.keys.sign(encodeDocument(genesis), GENESIS_TYP));
  // Durable, not yet committed: a crash here leaves a genesis that no claim names; the next run makes another version.
  await parts.vault.put(GENESIS_KEY, bytes, { mode: 'COMPLIANCE', retainUntil: retainUntil(now, options.horizonMonths) });
  await settleClaim(parts.claims, GENESIS_CLAIM, utf8(toHex(parts.crypto.sha256(bytes))));
  return openArchive(parts);
}

/** @throws HoldfastError `object_missing` when there is no archive, `manifest_invalid` when its genesis does not verify */
export async function openArchive(parts: ArchiveParts): Promise<Archive> {
  const claim = await parts.claims.read(GENESIS_CLAIM);
  if (claim === undefined) throw new HoldfastError('object_missing', 'there is no archive here: no genesis is claimed.');
  const wanted = new TextDecoder().decode(claim);
  const bytes = await findGenesis(parts.vault, parts.crypto, wanted);
  return { ...parts, id: parts.crypto.sha256(bytes), idHex: wanted, genesis: parseGenesis(parts.crypto, bytes) };
}

/**
 * Restores the claim of the genesis from the vault, as the first step of `claims rebuild`.
 * @throws HoldfastError `claims_rolled_back` when there is none, or more than one to choose from
 */
export async function restoreGenesisClaim(parts: ArchiveParts): Promise<Archive> {
  if ((await parts.claims.read(GENESIS_CLAIM)) === undefined) {
    const ids = new Set<string>();
    for await (const version of parts.vault.list(GENESIS_KEY)) {
      if (version.deleteMarker || version.key !== GENESIS_KEY) continue;
      const bytes = await parts.vault.get(version.key, version.version);
      parseGenesis(parts.crypto, bytes);
      ids.add(toHex(parts.crypto.sha256(bytes)));
    }
    const [only] = ids;
    if (only === undefined || ids.size > 1)
      throw new HoldfastError(
        'claims_rolled_back',
        `the vault holds ${ids.size} geneses and no claim says which one counts; restore the claims bucket from a copy.`,
      );
    await settleClaim(parts.claims, GENESIS_CLAIM, utf8(only));
  }
  return openArchive(parts);
}

/** Reads and checks a genesis: format and signature by the key it carries. @throws HoldfastError `manifest_invalid` */
export function parseGenesis(crypto: Crypto, bytes: Uint8Array): Genesis {
  const jws = parseJws(bytes);
  const genesis = parseDocument(genesisSchema, jws.payload);
  if (!verifyJws(crypto, jws, GENESIS_TYP, genesis.manifestKey))
    throw new HoldfastError('manifest_invalid', 'the signature of the genesis does not verify.');
  return genesis;
}

/** Every version under the key is looked at: two first starts may both have stored one, only one of them is claimed. */
async function findGenesis(vault: ObjectStore, crypto: Crypto, wantedHex: string): Promise<Uint8Array> {
  for await (const version of vault.list(GENESIS_KEY)) {
    if (version.deleteMarker || version.key !== GENESIS_KEY) continue;
    const bytes = await vault.get(version.key, version.version);
    if (equalBytes(utf8(toHex(crypto.sha256(bytes))), utf8(wantedHex))) return bytes;
  }
  throw new HoldfastError('object_missing', 'the genesis that the claim names is not in the vault.');
}
