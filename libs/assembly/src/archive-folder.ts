import { mkdir, readFile, readdir, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { HoldfastError } from '@holdfast/record';
import { z } from 'zod';

const FORMAT = 'holdfast.archive-folder/1';

/** `DIR/holdfast.json`: says that a folder is an embedded archive, and how it was set up. Holds no secret. */
const settingsSchema = z.strictObject({
  format: z.literal(FORMAT),
  name: z.string().min(1).max(200),
  timeZone: z.string(),
  sourceName: z.string().regex(/^[a-z0-9][a-z0-9-]{0,62}$/),
  topic: z.string(),
  partitions: z.int().min(1).max(1000),
  classes: z.array(z.strictObject({ name: z.string(), number: z.int(), months: z.int(), lengthenMonths: z.int() })).min(1),
  defaultClass: z.string(),
});

export type FolderSettings = z.infer<typeof settingsSchema>;

/** What `holdfast start` makes an embedded archive with; the README says where that ends. */
export const EMBEDDED_DEFAULTS: FolderSettings = {
  format: FORMAT,
  name: 'Embedded archive',
  timeZone: 'UTC',
  sourceName: 'local',
  topic: 'messages',
  partitions: 4,
  // Seven years: the longest period of SEC 17a-4, MiFID II and HIPAA presets; an installation for real use sets its own.
  classes: [{ name: 'standard', number: 1, months: 84, lengthenMonths: 0 }],
  defaultClass: 'standard',
};

const FILE = 'holdfast.json';

/**
 * Settings of the archive in `folder`; an empty or missing folder becomes one when `create` is given.
 * @throws HoldfastError `bad_configuration` for a folder that holds something else
 */
export async function openFolder(
  folder: string,
  create: FolderSettings | undefined,
): Promise<{ readonly settings: FolderSettings; readonly created: boolean }> {
  const entries = await readdir(folder).catch((error: unknown) => {
    if (isCode(error, 'ENOENT')) return undefined;
    throw new HoldfastError(
      'bad_configuration',
      `${folder} cannot be used as an archive folder: ${error instanceof Error ? error.message : String(error)}.`,
      { cause: error },
    );
  });
  if (entries?.includes(FILE) === true) return { settings: await readSettings(folder), created: false };
  // A crash while the file was being written leaves only its temporary name.
  const foreign = (entries ?? []).filter((entry) => !entry.startsWith(`${FILE}.`));
  if (foreign.length > 0) {
    throw new HoldfastError(
      'bad_configuration',
      `${folder} is not empty and not a Holdfast archive (no ${FILE}); choose an empty folder or an archive.`,
    );
  }
  if (create === undefined)
    throw new HoldfastError(
      'bad_configuration',
      `There is no archive in ${folder} yet: "holdfast start --data ${folder}" or "holdfast generate --data ${folder} --records 1000" makes one.`,
    );
  try {
    await mkdir(folder, { recursive: true, mode: 0o700 });
    const draft = join(folder, `${FILE}.${process.pid}.tmp`);
    await writeFile(draft, `${JSON.stringify(create, null, 2)}\n`, { flush: true });
    await rename(draft, join(folder, FILE));
  } catch (cause) {
    if (isCode(cause, 'ENOSPC') || isCode(cause, 'EDQUOT'))
      throw new HoldfastError('disk_full', `no space left to make an archive in ${folder}`, { cause });
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new HoldfastError('bad_configuration', `No archive can be made in ${folder}: give this user the right to write there (${why}).`, { cause });
  }
  return { settings: await readSettings(folder), created: true };
}

async function readSettings(folder: string): Promise<FolderSettings> {
  const path = join(folder, FILE);
  let value: unknown;
  try {
    value = JSON.parse(await readFile(path, 'utf8'));
    return settingsSchema.parse(value);
  } catch (cause) {
    const what = isOfOthers(value)
      ? `${path} was written by another release (format ${JSON.stringify(value.format)}): use that one, or a newer`
      : `${path} cannot be read as the settings of an archive; restore it from a copy`;
    throw new HoldfastError('bad_configuration', `${what}.`, { cause });
  }
}

function isOfOthers(value: unknown): value is { readonly format: string } {
  return typeof value === 'object' && value !== null && 'format' in value && typeof value.format === 'string' && value.format !== FORMAT;
}

function isCode(error: unknown, code: string): boolean {
  return typeof error === 'object' && error !== null && 'code' in error && error.code === code;
}
