/**
 * Kinds of settings. An environment holds only text, so each kind reads text and gives a value; what it allows stands in
 * its metadata, from which `docs/configuration.md` is made. A schema is a plain `z.object` of them with camelCase names:
 * `sealMaxAgeMs` is read from `HOLDFAST_SEAL_MAX_AGE_MS`, a secret `s3SecretKey` from the file that
 * `HOLDFAST_S3_SECRET_KEY_FILE` names.
 */
import { isIP } from 'node:net';
import { z } from 'zod';
import { Secret } from './secret.js';

export interface SettingMeta {
  readonly description: string;
  /** What is allowed, in words. */
  readonly allowed: string;
  readonly secret?: boolean;
}

export function textSetting(description: string, pattern = /^.+$/s, allowed = 'text'): z.ZodType<string, string> {
  return z.string().regex(pattern, `must be ${allowed}`).meta({ description, allowed });
}

export function choiceSetting<const T extends readonly [string, ...string[]]>(description: string, choices: T): z.ZodType<T[number], string> {
  const allowed = choices.join(', ');
  return z
    .string()
    .transform((text, context): T[number] => choices.find((choice) => choice === text) ?? refuse(context, `must be one of ${allowed}`))
    .meta({ description, allowed });
}

export function integerSetting(description: string, min: number, max: number): z.ZodType<number, string> {
  const allowed = `a whole number from ${min} to ${max}`;
  return z
    .string()
    .transform((text, context): number => {
      const value = /^-?\d{1,16}$/.test(text) ? Number(text) : Number.NaN;
      return value >= min && value <= max ? value : refuse(context, `must be ${allowed}`);
    })
    .meta({ description, allowed });
}

export function flagSetting(description: string): z.ZodType<boolean, string> {
  return choiceSetting(description, ['true', 'false'])
    .transform((text) => text === 'true')
    .meta({ description, allowed: 'true, false' });
}

/** Comma-separated; blanks around items are dropped, empty items refused. */
export function listSetting(description: string, item = /^\S+$/, allowed = 'names separated by commas'): z.ZodType<readonly string[], string> {
  return z
    .string()
    .transform((text) => text.split(',').map((one) => one.trim()))
    .refine((items) => items.every((one) => item.test(one)), `must be ${allowed}`)
    .meta({ description, allowed });
}

export function urlSetting(description: string, protocols: readonly string[] = ['http:', 'https:']): z.ZodType<string, string> {
  const allowed = `a URL (${protocols.map((protocol) => `${protocol}//…`).join(', ')}) without a password in it`;
  return z
    .string()
    .refine((text) => {
      const url = URL.parse(text);
      // Credentials belong in a file: URLs end up in logs and error messages.
      return url !== null && protocols.includes(url.protocol) && url.username === '' && url.password === '';
    }, `must be ${allowed}`)
    .meta({ description, allowed });
}

export function hostSetting(description: string): z.ZodType<string, string> {
  const allowed = 'an address or host name';
  return z
    .string()
    .refine((text) => isIP(text) !== 0 || /^[A-Za-z0-9]([A-Za-z0-9.-]{0,251}[A-Za-z0-9])?$/.test(text), `must be ${allowed}`)
    .meta({ description, allowed });
}

export function portSetting(description: string): z.ZodType<number, string> {
  return integerSetting(description, 0, 65_535);
}

export function secretSetting(description: string): z.ZodType<Secret, string> {
  return z
    .string()
    .transform((text) => new Secret(text))
    .meta({ description, allowed: 'the path of a file that holds the secret', secret: true });
}

/** Metadata of a setting, looked for through `optional`, `default` and the like. */
export function settingMeta(schema: z.ZodType): SettingMeta {
  const { description, allowed, secret } = schema.meta() ?? {};
  if (typeof allowed === 'string') return { description: description ?? '', allowed, secret: secret === true };
  const inner = (schema as { readonly unwrap?: () => z.ZodType }).unwrap?.();
  if (inner === undefined) throw new TypeError('a setting must be made by one of the kinds in settings.ts');
  return settingMeta(inner);
}

function refuse(context: z.core.$RefinementCtx, message: string): never {
  context.addIssue({ code: 'custom', message });
  return z.NEVER;
}
