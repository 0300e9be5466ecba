import { createPrivateKey, sign } from 'node:crypto';
import type { CohortKeys, CohortName, KeyRing, PublicJwk, WrapContext } from '@holdfast/ports';
import { HoldfastError } from '@holdfast/record';
import { openWrap, wrapDataKey } from './data-key.js';
import { parseEcPrivate, parseEcPublic, parseKeySet, parseOct, parseOkpPrivate, publicHalf } from './jwk.js';
import type { EcPrivateJwk, EcPublicJwk, OctJwk, OkpPrivateJwk, SetKey } from './jwk.js';
import { KeyFolder, LOG_KEYS, MANIFEST_KEYS, RECOVERY_KEYS, escrowFile, kekFile } from './key-folder.js';
import type { KeyFolderOptions } from './key-folder.js';
import { es256Signer } from './signing.js';
import type { Signer } from './signing.js';
import { readWrapKid } from './wrap-header.js';

/**
 * A key ring over a folder of JWK sets. Files are read when they are needed, so that a rotated, added or destroyed key
 * counts at once and no destroyed KEK lives on in memory; only the parsed signing key is kept, as long as its file stays.
 */
export class JwksKeyRing implements KeyRing {
  readonly #folder: KeyFolder;
  #signer: { readonly stamp: string; readonly jwk: EcPrivateJwk; readonly signer: Signer } | undefined;

  private constructor(folder: KeyFolder) {
    this.#folder = folder;
  }

  /** @throws HoldfastError `key_missing`, `key_malformed`: folder, signing key or log key cannot be used */
  static async open(folder: string, options: KeyFolderOptions = {}): Promise<JwksKeyRing> {
    const ring = new JwksKeyRing(new KeyFolder(folder, options));
    await ring.#folder.check();
    await ring.manifestKey();
    await ring.logKey();
    return ring;
  }

  async manifestKey(): Promise<PublicJwk> {
    return publicHalf((await this.#signing()).jwk);
  }

  /** Public halves of every manifest key in the ring, oldest first, retired and standby ones included: old manifests name them. */
  async manifestKeys(): Promise<readonly PublicJwk[]> {
    return (await this.#set(MANIFEST_KEYS, 'secret', parseEcPrivate)).map(({ key }) => publicHalf(key));
  }

  async logKey(): Promise<PublicJwk> {
    return publicHalf(await this.#log());
  }

  async recoveryKeys(): Promise<readonly PublicJwk[]> {
    return (await this.#set(RECOVERY_KEYS, 'public', parseEcPublic)).filter(({ inUse }) => inUse).map(({ key }) => key);
  }

  async sign(payload: Uint8Array, typ: string): Promise<string> {
    return (await this.#signing()).signer.sign(payload, typ);
  }

  async signCheckpoint(text: Uint8Array): Promise<Uint8Array> {
    const { kty, crv, x, d } = await this.#log();
    return sign(null, text, createPrivateKey({ key: { kty, crv, x, d }, format: 'jwk' }));
  }

  async wrap(dataKey: Uint8Array, context: WrapContext): Promise<{ readonly kek: string; readonly escrow: string }> {
    const [kek, escrow] = [await this.#kek(context.cohort), await this.#escrow(context.cohort)];
    return {
      kek: await wrapDataKey(dataKey, 'A256KW', kek, context),
      escrow: await wrapDataKey(dataKey, 'ECDH-ES+A256KW', escrow, context),
    };
  }

  async unwrap(jwe: string, context: WrapContext): Promise<Uint8Array> {
    const kid = readWrapKid(jwe, 'A256KW', context);
    // The kid chooses among the KEKs of this cohort only: a wrap cannot point at another cohort's key.
    const found = (await this.#keks(context.cohort)).find(({ key }) => key.kid === kid);
    if (found === undefined) throw missing(`the key ${kid} of ${named(context.cohort)}`);
    return openWrap(jwe, 'A256KW', found.key);
  }

  async cohorts(): Promise<readonly CohortKeys[]> {
    const both: CohortKeys[] = [];
    for (const cohort of await this.#folder.kekCohorts()) {
      const escrow = await this.#folder.read(escrowFile(cohort), 'public');
      if (escrow === undefined) continue;
      const kek = await this.#kek(cohort);
      both.push({ cohort, kek: kek.kid, escrow: parseEcPublic(escrow, this.#folder.path(escrowFile(cohort))) });
    }
    return both;
  }

  async #signing(): Promise<{ readonly jwk: EcPrivateJwk; readonly signer: Signer }> {
    const stamp = await this.#folder.stamp(MANIFEST_KEYS);
    if (stamp !== undefined && this.#signer?.stamp === stamp) return this.#signer;
    const jwk = newest(await this.#set(MANIFEST_KEYS, 'secret', parseEcPrivate), MANIFEST_KEYS);
    const signer = await es256Signer(jwk);
    if (stamp !== undefined) this.#signer = { stamp, jwk, signer };
    return { jwk, signer };
  }

  async #log(): Promise<OkpPrivateJwk> {
    return newest(await this.#set(LOG_KEYS, 'secret', parseOkpPrivate), LOG_KEYS);
  }

  async #keks(cohort: CohortName): Promise<readonly SetKey<OctJwk>[]> {
    return this.#set(kekFile(cohort), 'secret', parseOct, `the KEK of ${named(cohort)}`);
  }

  async #kek(cohort: CohortName): Promise<OctJwk> {
    return newest(await this.#keks(cohort), kekFile(cohort));
  }

  async #escrow(cohort: CohortName): Promise<EcPublicJwk> {
    const value = await this.#folder.read(escrowFile(cohort), 'public');
    if (value === undefined) throw missing(`the escrow key of ${named(cohort)}`);
    return parseEcPublic(value, this.#folder.path(escrowFile(cohort)));
  }

  async #set<T>(file: string, kind: 'secret' | 'public', parse: (value: unknown, where: string) => T, what = file): Promise<readonly SetKey<T>[]> {
    const value = await this.#folder.read(file, kind);
    if (value === undefined) throw missing(what);
    return parseKeySet(value, this.#folder.path(file), parse);
  }
}

function newest<T>(keys: readonly SetKey<T>[], file: string): T {
  const last = keys.findLast(({ inUse }) => inUse);
  if (last === undefined) throw missing(`a key in ${file} that is in use`);
  return last.key;
}

function missing(what: string): HoldfastError {
  return new HoldfastError('key_missing', `The key ring does not hold ${what}.`);
}

function named({ className, period }: CohortName): string {
  return `the cohort ${className}/${period}`;
}
