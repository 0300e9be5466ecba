import { createHash, createPrivateKey, generateKeyPairSync, randomBytes, sign } from 'node:crypto';
import type { JsonWebKey } from 'node:crypto';
import type { CohortKeys, CohortName, KeyRing, PublicJwk, WrapContext } from '@holdfast/ports';
import { HoldfastError } from '@holdfast/record';
import { newEcPair, openWithKek, signCompact, wrapForEscrow, wrapWithKek } from './plain-jose.js';
import type { EcPair } from './plain-jose.js';

/** What the ring is about to do; a fault hook throws to make it fail. */
export type KeyRingStep = 'sign' | 'wrap' | 'unwrap';

export interface CohortSecrets {
  readonly kekId: string;
  readonly kek: Buffer;
  readonly escrow: EcPair;
}

/** Key ring in memory with real keys. Strict on its caller: names are checked, an unwrap must be for what was wrapped. */
export class MemoryKeyRing implements KeyRing {
  readonly #cohorts = new Map<string, { readonly cohort: CohortName; readonly secrets: CohortSecrets }>();
  #manifest = newEcPair();
  readonly #recovery = newEcPair();
  #log: JsonWebKey = generateKeyPairSync('ed25519').privateKey.export({ format: 'jwk' });
  readonly #before: (step: KeyRingStep) => void;

  constructor(cohorts: readonly CohortName[], before: (step: KeyRingStep) => void = () => undefined) {
    for (const cohort of cohorts) this.add(cohort);
    this.#before = before;
  }

  /** A new manifest key; it signs when `activate` is called. */
  nextManifestKey(): { readonly jwk: PublicJwk; activate(): void } {
    const pair = newEcPair();
    return {
      jwk: pair.publicJwk,
      activate: () => {
        this.#manifest = pair;
      },
    };
  }

  /** What signs with the manifest key of now, whatever comes after: somebody has kept a copy of it. */
  signer(): KeyRing['sign'] {
    const { publicJwk, privateJwk } = this.#manifest;
    return (payload, typ) => Promise.resolve(signCompact({ alg: 'ES256', kid: publicJwk.kid, typ }, payload, privateJwk));
  }

  /** The same for the log key. */
  checkpointSigner(): KeyRing['signCheckpoint'] {
    const key = createPrivateKey({ key: this.#log, format: 'jwk' });
    return (text) => Promise.resolve(sign(null, text, key));
  }

  /** A new log key; it signs when `activate` is called. */
  nextLogKey(): { readonly jwk: PublicJwk; activate(): void } {
    const jwk = generateKeyPairSync('ed25519').privateKey.export({ format: 'jwk' });
    return {
      jwk: publicLogKey(jwk),
      activate: () => {
        this.#log = jwk;
      },
    };
  }

  /** Makes keys for one more cohort. */
  add(cohort: CohortName): void {
    const secrets = { kekId: randomBytes(16).toString('base64url'), kek: randomBytes(32), escrow: newEcPair() };
    this.#cohorts.set(nameOf(cohort), { cohort, secrets });
  }

  /** Destroys a cohort's keys. */
  destroy(cohort: CohortName): void {
    this.#cohorts.delete(nameOf(cohort));
  }

  /** @throws HoldfastError `key_missing` */
  secrets(cohort: CohortName): CohortSecrets {
    const found = this.#cohorts.get(nameOf(cohort));
    if (found === undefined) throw new HoldfastError('key_missing', `The key ring does not hold the cohort ${nameOf(cohort)}.`);
    return found.secrets;
  }

  manifestKey(): Promise<PublicJwk> {
    return Promise.resolve(this.#manifest.publicJwk);
  }

  logKey(): Promise<PublicJwk> {
    return Promise.resolve(publicLogKey(this.#log));
  }

  recoveryKeys(): Promise<readonly PublicJwk[]> {
    return Promise.resolve([this.#recovery.publicJwk]);
  }

  async sign(payload: Uint8Array, typ: string): Promise<string> {
    await this.#step('sign');
    return signCompact({ alg: 'ES256', kid: this.#manifest.publicJwk.kid, typ }, payload, this.#manifest.privateJwk);
  }

  async signCheckpoint(text: Uint8Array): Promise<Uint8Array> {
    await this.#step('sign');
    return sign(null, text, createPrivateKey({ key: this.#log, format: 'jwk' }));
  }

  /** Signs with the recovery key, which a server never has. */
  signRecovery(payload: Uint8Array, typ: string): string {
    return signCompact({ alg: 'ES256', kid: this.#recovery.publicJwk.kid, typ }, payload, this.#recovery.privateJwk);
  }

  async wrap(dataKey: Uint8Array, context: WrapContext): Promise<{ readonly kek: string; readonly escrow: string }> {
    await this.#step('wrap');
    if (dataKey.length !== 32) throw refused('a data key has 32 bytes');
    const { kek, kekId, escrow } = this.secrets(context.cohort);
    return {
      kek: wrapWithKek(wrapHeader('A256KW', kekId, context), dataKey, kek),
      escrow: wrapForEscrow(wrapHeader('ECDH-ES+A256KW', escrow.publicJwk.kid, context), dataKey, escrow.publicJwk),
    };
  }

  async unwrap(jwe: string, context: WrapContext): Promise<Uint8Array> {
    await this.#step('unwrap');
    const { kek, kekId } = this.secrets(context.cohort);
    const expected = Buffer.from(JSON.stringify(wrapHeader('A256KW', kekId, context))).toString('base64url');
    const parts = jwe.length < 8192 ? jwe.split('.') : [];
    const spelled = parts.every((part) => Buffer.from(part, 'base64url').toString('base64url') === part);
    if (parts.length !== 5 || parts[0] !== expected || !spelled) throw refused('its header differs from what was asked for');
    let dataKey: Buffer;
    try {
      dataKey = openWithKek(jwe, kek);
    } catch {
      throw refused('it does not open with the key it names');
    }
    if (dataKey.length !== 32) throw refused('a data key has 32 bytes');
    return new Uint8Array(dataKey);
  }

  cohorts(): Promise<readonly CohortKeys[]> {
    const all = [...this.#cohorts.entries()].sort(([a], [b]) => (a < b ? -1 : 1));
    return Promise.resolve(all.map(([, { cohort, secrets }]) => ({ cohort, kek: secrets.kekId, escrow: secrets.escrow.publicJwk })));
  }

  /** In a promise, so that a fault is a rejection like in an adapter. */
  #step(step: KeyRingStep): Promise<void> {
    return Promise.resolve(step).then(this.#before);
  }
}

function publicLogKey({ x = '' }: JsonWebKey): PublicJwk {
  const kid = createHash('sha256')
    .update(JSON.stringify({ crv: 'Ed25519', kty: 'OKP', x }))
    .digest('base64url');
  return { kty: 'OKP', crv: 'Ed25519', x, kid };
}

/** Protected header of a wrap in the port's spelling. */
export function wrapHeader(alg: 'A256KW' | 'ECDH-ES+A256KW', kid: string, context: WrapContext): Record<string, unknown> {
  const { archive, chain, dataKey, cohort } = context;
  if (!/^[0-9a-f]{64}$/.test(archive) || !/^[0-9a-f]{32}$/.test(dataKey) || chain === '') throw refused('its names are not names');
  return { alg, enc: 'A256GCM', kid, hf: { archive, chain, dataKey, class: cohort.className, period: cohort.period } };
}

function nameOf({ className, period }: CohortName): string {
  return `${className}/${period}`;
}

function refused(why: string): HoldfastError {
  return new HoldfastError('key_malformed', `The wrap of a data key is refused: ${why}.`);
}
