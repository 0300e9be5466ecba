import { join } from 'node:path';
import { EMBEDDED_DEFAULTS, kmsSealer } from '@holdfast/assembly';
import { initKeyRing, sealKeyFolder, unsealKeyFolder } from '@holdfast/keys-jose';
import { HoldfastError } from '@holdfast/record';
import type { RetentionClass } from '@holdfast/governance';
import { formatVkey, logKeysOf } from '@holdfast/tlog';
import { cohortsNeeded } from '@holdfast/vault';
import { EXIT, count, print } from '../output.js';
import { withArchive } from '../session.js';
import type { GlobalOptions } from '../session.js';

/** As the events of `gov` have it. */
const MOST_MONTHS = 1200;

/** `name=months[+lengthen]`, comma separated: `standard=84,trade=72+12`. */
export function parseClasses(text: string): RetentionClass[] {
  return text.split(',').map((part, i) => {
    const match = /^([a-z][a-z0-9-]{0,30})=([1-9]\d{0,3})(?:\+(\d{1,4}))?$/.exec(part.trim());
    const months = Number(match?.[2]);
    const lengthenMonths = Number(match?.[3] ?? 0);
    if (match?.[1] === undefined || match[1] === 'ledger' || months > MOST_MONTHS || lengthenMonths > MOST_MONTHS)
      throw new HoldfastError(
        'bad_configuration',
        `${JSON.stringify(part)} is not a retention class: it reads name=months or name=months+lengthening, at most ${MOST_MONTHS} months.`,
      );
    return { name: match[1], number: i + 1, months, lengthenMonths };
  });
}

/** `holdfast keys init`: makes what is missing in a folder of keys; never replaces a key. */
export async function initKeys(
  options: GlobalOptions & { readonly dir?: string; readonly classes?: string; readonly escrowPrivate?: boolean },
): Promise<number> {
  const folder = options.dir ?? (options.data === undefined ? undefined : join(options.data, 'keys'));
  if (folder === undefined)
    throw new HoldfastError('bad_configuration', 'Name the folder of the keys: --dir DIR, or --data DIR for an embedded archive.');
  const classes = options.classes === undefined ? EMBEDDED_DEFAULTS.classes : parseClasses(options.classes);
  const { made, withoutEscrow } = await initKeyRing(folder, {
    cohorts: cohortsNeeded(classes, new Date()),
    escrowPrivate: options.escrowPrivate === true || options.data !== undefined,
  });
  print(options.json === true, { folder, made: made.length, withoutEscrow }, () =>
    [
      `${count(made.length)} key files made in ${folder}; what was there stays as it is.`,
      ...(withoutEscrow.length > 0
        ? [`${count(withoutEscrow.length)} cohorts wait for their escrow public keys: make those offline and import them.`]
        : []),
      'Keep a copy of this folder where the archive is not: without it nothing can be read. Move escrow-private/ and recovery-private/ away from any server.',
    ].join('\n'),
  );
  return EXIT.done;
}

/** `holdfast keys status`: which cohorts can be sealed and until when keys last. */
export async function keysStatus(options: GlobalOptions): Promise<number> {
  return withArchive(options, {}, async (opened) => {
    const ring = opened.archive.keys;
    await opened.governance.refresh();
    const have = new Set((await ring.cohorts()).map(({ cohort }) => `${cohort.className}/${cohort.period}`));
    const needed = cohortsNeeded([...opened.governance.state.classes.values()], new Date());
    const missing = needed.filter(({ className, period }) => !have.has(`${className}/${period}`));
    const manifestKey = (await ring.manifestKey()).kid;
    const logKeys = logKeysOf(opened.archive, opened.governance.state).map(formatVkey);
    print(options.json === true, { manifestKey, logKeys, cohorts: have.size, missing }, () =>
      [
        `Manifests are signed by ${manifestKey}.`,
        ...logKeys.map((vkey) => `The transparency log is signed by ${vkey} (give it to witnesses and auditors).`),
        `${count(have.size)} cohorts have keys.`,
        missing.length === 0
          ? 'Keys exist for the next 24 months.'
          : `Missing: ${missing.map(({ className, period }) => `${className}/${period}`).join(' ')}`,
      ].join('\n'),
    );
    return missing.length === 0 ? EXIT.done : EXIT.findings;
  });
}

/** `holdfast keys seal | unseal`: the secret files of a key ring into the keeping of AWS KMS, or out of it to be rotated. */
export async function keepByKms(
  direction: 'seal' | 'unseal',
  options: GlobalOptions & { readonly dir: string; readonly kmsKey: string; readonly region: string; readonly endpoint?: string },
): Promise<number> {
  const sealer = kmsSealer({ kmsKeyId: options.kmsKey, kmsRegion: options.region, kmsEndpoint: options.endpoint, s3Region: options.region });
  if (sealer === undefined) throw new HoldfastError('bad_configuration', 'Name the KMS key: --kms-key ID.');
  try {
    await sealer.check();
    const files = await (direction === 'seal' ? sealKeyFolder : unsealKeyFolder)(options.dir, sealer);
    print(options.json === true, { files }, () =>
      direction === 'seal'
        ? `${count(files.length)} files are sealed by ${options.kmsKey}. The disk may still hold what was there: make rings in memory (tmpfs), or on a machine of their own.`
        : `${count(files.length)} files are in the clear. Seal them again when the keys are changed.`,
    );
    return EXIT.done;
  } finally {
    sealer.close();
  }
}
