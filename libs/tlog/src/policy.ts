import { HoldfastError } from '@holdfast/record';
import { equalBytes } from '@holdfast/seal';
import type { Crypto } from '@holdfast/seal';
import { fromBase64, toBase64 } from './base64.js';
import { verifyNote } from './note.js';
import type { Note } from './note.js';
import { COSIGNATURE, LOG_SIGNATURE, formatVkey, parseVkey } from './vkey.js';
import type { SignatureType, VerifierKey } from './vkey.js';

export interface PolicyLog {
  readonly key: VerifierKey;
  readonly url?: string;
}

/** `name` is what groups and quorum call it; the key has a name of its own. */
export interface PolicyWitness {
  readonly name: string;
  readonly key: VerifierKey;
  readonly url?: string;
}

/** Counts as having witnessed when at least `threshold` of its members have. */
export interface PolicyGroup {
  readonly name: string;
  readonly threshold: number;
  readonly members: readonly string[];
}

/** A time-stamp authority: its root certificate, DER. */
export interface PolicyAuthority {
  readonly name: string;
  readonly certificate: Uint8Array;
}

/** Whom a verifier believes (C2SP tlog-policy; `archive` and `tsas` are ours). */
export interface Policy {
  readonly logs: readonly PolicyLog[];
  readonly witnesses: readonly PolicyWitness[];
  readonly groups: readonly PolicyGroup[];
  /** Name of a witness or group, or `none`. */
  readonly quorum: string;
  /** Archive id, 64 hex digits. */
  readonly archive?: string;
  readonly tsas: readonly PolicyAuthority[];
}

/** A witness of the policy that co-signed; `time` in seconds. */
export interface Cosigner {
  readonly name: string;
  readonly time: number;
}

const NONE = 'none';
const MAX_BYTES = 1024 * 1024;
/** No control character but the tab (C2SP tlog-policy, Character set); newlines are gone already. */
const CONTROL = /[\u0000-\u0008\u000b-\u001f\u007f]/;

/** @throws HoldfastError `bad_configuration`, naming the line */
export function parsePolicy(crypto: Crypto, text: string): Policy {
  if (text.length > MAX_BYTES) throw bad('The policy is longer than 1 MiB');
  const parser = new PolicyParser(crypto);
  text.split('\n').forEach((line, i) => {
    try {
      parser.line(line);
    } catch (cause) {
      if (!(cause instanceof HoldfastError)) throw cause;
      throw bad(`Line ${i + 1} of the policy: ${cause.message.replace(/\.$/, '')}`, cause);
    }
  });
  return parser.end();
}

/** The policy as a file that parsePolicy reads as the same. */
export function formatPolicy(policy: Policy): string {
  const urlOf = (url: string | undefined): string => (url === undefined ? '' : ` ${url}`);
  return [
    ...policy.logs.map(({ key, url }) => `log ${formatVkey(key)}${urlOf(url)}`),
    ...policy.witnesses.map(({ name, key, url }) => `witness ${name} ${formatVkey(key)}${urlOf(url)}`),
    ...policy.groups.map(({ name, threshold, members }) => `group ${name} ${threshold} ${members.join(' ')}`),
    `quorum ${policy.quorum}`,
    ...(policy.archive === undefined ? [] : [`archive ${policy.archive}`]),
    ...policy.tsas.map(({ name, certificate }) => `tsa ${name} ${toBase64(certificate)}`),
  ]
    .map((line) => `${line}\n`)
    .join('');
}

/** Whether cosignatures of these witnesses, by their names in the policy, make its quorum. */
export function satisfies(policy: Policy, names: Iterable<string>): boolean {
  const witnessed = new Set(policy.witnesses.map(({ name }) => name).filter((name) => new Set(names).has(name)));
  // Members are defined before their group, so one pass is enough.
  for (const { name, threshold, members } of policy.groups) {
    if (members.filter((member) => witnessed.has(member)).length >= threshold) witnessed.add(name);
  }
  return policy.quorum === NONE || witnessed.has(policy.quorum);
}

/** The witnesses of the policy that have co-signed `note`, or the name on the signature that is wrong. */
export function cosigners(crypto: Crypto, policy: Policy, note: Note): { readonly valid: readonly Cosigner[] } | { readonly invalid: string } {
  const found = verifyNote(
    crypto,
    note,
    policy.witnesses.map(({ key }) => key),
  );
  if ('invalid' in found) return found;
  return {
    valid: policy.witnesses.flatMap(({ name, key }) =>
      found.valid.flatMap(({ name: signer, keyId, time }) =>
        signer === key.name && keyId === key.keyId && time !== undefined ? [{ name, time }] : [],
      ),
    ),
  };
}

class PolicyParser {
  readonly #crypto: Crypto;
  readonly #logs: PolicyLog[] = [];
  readonly #witnesses: PolicyWitness[] = [];
  readonly #groups: PolicyGroup[] = [];
  readonly #tsas: PolicyAuthority[] = [];
  /** Names of witnesses and groups, and whether a group has each as a member. */
  readonly #names = new Map<string, boolean>();
  #quorum: string | undefined;
  #archive: string | undefined;

  constructor(crypto: Crypto) {
    this.#crypto = crypto;
  }

  line(line: string): void {
    if (CONTROL.test(line)) throw bad('it has a control character (lines end with a newline alone)');
    const [kind = '', ...items] = line.split(/[ \t]+/).filter((item) => item !== '');
    if (kind === '' || kind.startsWith('#')) return;
    if (kind === 'log') this.#log(items);
    else if (kind === 'witness') this.#witness(items);
    else if (kind === 'group') this.#group(items);
    else if (kind === 'quorum') this.#setQuorum(items);
    else if (kind === 'archive') this.#setArchive(items);
    else if (kind === 'tsa') this.#tsa(items);
    else throw bad(`it begins with ${JSON.stringify(kind.slice(0, 40))}, not with log, witness, group, quorum, archive or tsa`);
  }

  end(): Policy {
    if (this.#quorum === undefined) throw bad('The policy has no quorum line; `quorum none` asks for no witness');
    return {
      logs: this.#logs,
      witnesses: this.#witnesses,
      groups: this.#groups,
      quorum: this.#quorum,
      ...(this.#archive !== undefined && { archive: this.#archive }),
      tsas: this.#tsas,
    };
  }

  #log([vkey, url, ...rest]: readonly string[]): void {
    if (vkey === undefined || rest.length > 0) throw bad('it must be `log <vkey>`');
    const key = this.#key(vkey, LOG_SIGNATURE, this.#logs);
    this.#logs.push({ key, ...(url !== undefined && { url }) });
  }

  #witness([name, vkey, url, ...rest]: readonly string[]): void {
    if (name === undefined || vkey === undefined || rest.length > 0) throw bad('it must be `witness <name> <vkey>`');
    this.#define(name);
    const key = this.#key(vkey, COSIGNATURE, this.#witnesses);
    this.#witnesses.push({ name, key, ...(url !== undefined && { url }) });
  }

  #group([name, k, ...members]: readonly string[]): void {
    if (name === undefined || k === undefined || members.length === 0) throw bad('it must be `group <name> <k|any|all> <member> …`');
    for (const member of members) {
      const taken = this.#names.get(member);
      if (taken === undefined) throw bad(`${member} is not defined before it`);
      // One witness must count in one way only, or a threshold would not say how many are needed.
      if (taken) throw bad(`${member} is a member already`);
      this.#names.set(member, true);
    }
    const threshold = k === 'any' ? 1 : k === 'all' ? members.length : /^[1-9]\d{0,4}$/.test(k) ? Number(k) : 0;
    if (threshold === 0 || threshold > members.length) throw bad(`its threshold must be any, all or 1 to ${members.length}`);
    this.#define(name);
    this.#groups.push({ name, threshold, members });
  }

  #setQuorum([name, ...rest]: readonly string[]): void {
    if (name === undefined || rest.length > 0) throw bad('it must be `quorum <name|none>`');
    if (this.#quorum !== undefined) throw bad('it is the second quorum');
    if (name !== NONE && !this.#names.has(name)) throw bad(`${name} is not defined before it`);
    this.#quorum = name;
  }

  #setArchive([id, ...rest]: readonly string[]): void {
    if (id === undefined || rest.length > 0 || !/^[0-9a-f]{64}$/.test(id)) throw bad('it must be `archive <64 hex digits>`');
    if (this.#archive !== undefined) throw bad('it is the second archive');
    this.#archive = id;
  }

  #tsa([name, encoded, ...rest]: readonly string[]): void {
    const certificate = fromBase64(encoded ?? '');
    if (name === undefined || certificate === undefined || certificate.length === 0 || rest.length > 0) {
      throw bad('it must be `tsa <name> <root certificate, DER in base64, on the same line>`');
    }
    if (this.#tsas.some((tsa) => tsa.name === name)) throw bad(`${name} is defined twice`);
    this.#tsas.push({ name, certificate });
  }

  #key(vkey: string, type: SignatureType, known: readonly { readonly key: VerifierKey }[]): VerifierKey {
    const key = parseVkey(this.#crypto, vkey);
    if (key.type !== type) throw bad(`the vkey is one of a ${type === LOG_SIGNATURE ? 'witness, not of a log' : 'log, not of a witness'}`);
    // A key is who signs, whatever it is called: under two names it would count twice.
    if (known.some((one) => equalBytes(one.key.key, key.key))) throw bad('its key stands in the policy already');
    return key;
  }

  #define(name: string): void {
    if (name === NONE || this.#names.has(name)) throw bad(`${name} is defined already`);
    this.#names.set(name, false);
  }
}

function bad(what: string, cause?: unknown): HoldfastError {
  return new HoldfastError('bad_configuration', `${what}.`, cause === undefined ? undefined : { cause });
}
