import { readFileSync } from 'node:fs';
import { HoldfastError } from '@holdfast/record';
import type { z } from 'zod';
import { settingMeta } from './settings.js';

const PREFIX = 'HOLDFAST_';
const MAX_SECRET = 65_536;

export type Environment = Readonly<Record<string, string | undefined>>;
export type ReadSecretFile = (path: string) => string;

/** `s3SecretKey` → `HOLDFAST_S3_SECRET_KEY`, with `_FILE` for a secret. */
export function variableOf(name: string, schema: z.ZodType): string {
  const snake = name.replace(/[A-Z]/g, (letter) => `_${letter}`).toUpperCase();
  return `${PREFIX}${snake}${settingMeta(schema).secret === true ? '_FILE' : ''}`;
}

/**
 * The configuration of an app, frozen. Every problem is found in one go, because a person who mends them one by one
 * restarts the service once for each.
 * @throws HoldfastError `bad_configuration`, all problems in its message, no value of any variable
 */
export function readConfig<S extends z.ZodObject>(
  schema: S,
  environment: Environment,
  readSecret: ReadSecretFile = (path) => readFileSync(path, 'utf8'),
): Readonly<z.output<S>> {
  const problems: string[] = [];
  const input: Record<string, string> = {};
  const variables = new Map<string, string>();
  for (const [name, setting] of Object.entries<z.ZodType>(schema.shape)) {
    const variable = variableOf(name, setting);
    variables.set(name, variable);
    // An empty variable is an unset one: compose files and charts pass empty text for what nobody set.
    const text = environment[variable] ?? '';
    const plain = variable.replace(/_FILE$/, '');
    if (plain !== variable && (environment[plain] ?? '') !== '') {
      problems.push(`${plain} is a secret: put it into a file and name the file in ${variable}`);
    }
    if (text === '') continue;
    if (plain === variable) input[name] = text;
    else read(name, variable, text);
  }
  problems.push(...misspelt(environment, [...variables.values()]));

  const parsed = schema.safeParse(input);
  for (const { path, code, message } of parsed.error?.issues ?? []) {
    const name = String(path[0]);
    const variable = variables.get(name) ?? name;
    if (problems.some((problem) => problem.startsWith(`${variable} `))) continue;
    const absent = code === 'invalid_type' && !(name in input);
    problems.push(`${variable} ${absent ? `is not set: ${describe(schema, name)}` : message}`);
  }
  if (!parsed.success || problems.length > 0) throw new HoldfastError('bad_configuration', listed(problems));
  return deepFreeze(parsed.data);

  function read(name: string, variable: string, path: string): void {
    try {
      // Editors and `kubectl create secret` disagree on a final newline; it is never a part of the secret.
      const secret = readSecret(path).replace(/\r?\n$/, '');
      if (secret === '' || secret.length > MAX_SECRET) problems.push(`${variable} names ${path}, which is ${secret === '' ? 'empty' : 'too large'}`);
      else input[name] = secret;
    } catch (error) {
      problems.push(`${variable} names ${path}, which cannot be read (${codeOf(error)})`);
    }
  }
}

function listed(problems: readonly string[]): string {
  const one = problems.length === 1;
  return `The configuration has ${one ? 'a problem' : `${problems.length} problems`}:\n${problems.map((problem) => `  ${problem}.`).join('\n')}`;
}

function describe(schema: z.ZodObject, name: string): string {
  const setting = (schema.shape as Readonly<Record<string, z.ZodType>>)[name];
  return setting === undefined ? '' : settingMeta(setting).description.replace(/\.$/, '');
}

/** Variables nobody reads but whose names are nearly those of a setting. Others may belong to Kubernetes or to another app. */
function misspelt(environment: Environment, known: readonly string[]): string[] {
  const found: string[] = [];
  for (const variable of Object.keys(environment)) {
    if (!variable.startsWith(PREFIX) || known.includes(variable)) continue;
    const meant = known.find((name) => (environment[name] ?? '') === '' && distance(variable, name) <= 2);
    if (meant !== undefined) found.push(`${variable} is not a setting; did you mean ${meant}`);
  }
  return found;
}

/** Levenshtein distance. */
function distance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, at) => at);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const change = (row[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1);
      next.push(Math.min(change, (row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1));
    }
    row = next;
  }
  return row[b.length] ?? 0;
}

function codeOf(error: unknown): string {
  return typeof error === 'object' && error !== null && 'code' in error ? String(error.code) : 'unknown reason';
}

function deepFreeze<T>(value: T): Readonly<T> {
  if (typeof value === 'object' && value !== null && !Object.isFrozen(value)) {
    Object.freeze(value);
    Object.values(value).forEach(deepFreeze);
  }
  return value;
}
