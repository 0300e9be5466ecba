import { s3Connection, verifySettings } from '@holdfast/assembly';
import { HoldfastError } from '@holdfast/record';
import { bucketsOf, checkStore } from '@holdfast/store-s3';
import type { Leftover, PromiseReport, StoreReport } from '@holdfast/store-s3';
import { z } from 'zod';
import { EXIT, Progress, count, print } from '../output.js';
import type { GlobalOptions } from '../session.js';
import { untilSignal } from '../until-signal.js';

export interface StoreCheckOptions extends GlobalOptions {
  readonly full?: boolean;
  readonly create?: boolean;
  readonly endpoint?: string;
  readonly bucketPrefix?: string;
  readonly region?: string;
  readonly accessKey?: string;
  readonly secretKeyFile?: string;
  readonly pathStyle?: boolean;
  readonly patience?: number;
  readonly only?: string;
}

/** `holdfast store-check`: tries every promise of an S3 store, with an archive or without; exits 1 when one that is relied on is broken. */
export async function storeCheck(options: StoreCheckOptions): Promise<number> {
  if (options.data !== undefined)
    throw new HoldfastError(
      'bad_configuration',
      'store-check tries an S3 store; a folder keeps its promises by libs/embedded and is checked by "holdfast verify".',
    );
  if (options.create === true && options.full !== true)
    throw new HoldfastError('bad_configuration', '--create belongs to --full: the quick check makes no buckets.');
  const settings = await storeEnvironment(options);
  const buckets = bucketsOf(settings.s3BucketPrefix);
  const progress = new Progress(options.json === true);
  const report = await untilSignal((signal) => {
    let done = '';
    return checkStore(
      { connection: s3Connection(settings), vault: buckets.vault, claims: buckets.claims },
      {
        full: options.full === true,
        create: options.create === true,
        signal,
        ...(options.patience !== undefined && { patienceS: options.patience }),
        ...(options.only !== undefined && { only: options.only.split(',') }),
        onProgress: (tried, of) => {
          done = `${count(tried)} of ${count(of)} promises tried`;
          progress.show(done);
        },
        onWaiting: (sentence) => progress.show(done === '' ? sentence : `${done}; ${sentence}`),
      },
    );
  }, sayStopping).finally(() => {
    progress.end();
  });
  print(options.json === true, report, () => textOf(report, options.only === undefined));
  if (report.refused) return EXIT.findings;
  return report.interrupted ? EXIT.couldNotRun : EXIT.done;
}

type StoreSettings = Pick<
  Parameters<typeof s3Connection>[0],
  's3Endpoint' | 's3Region' | 's3BucketPrefix' | 's3AccessKey' | 's3SecretKey' | 's3PathStyle'
>;

/** Where the store is: by options, else by the settings of an archive. Nothing else of an archive is needed. */
async function storeEnvironment(options: StoreCheckOptions): Promise<StoreSettings> {
  const { s3Endpoint, s3Region, s3BucketPrefix, s3AccessKey, s3SecretKey, s3PathStyle } = verifySettings;
  const given: readonly (readonly [string, string | undefined])[] = [
    ['HOLDFAST_S3_ENDPOINT', options.endpoint],
    ['HOLDFAST_S3_REGION', options.region],
    ['HOLDFAST_S3_BUCKET_PREFIX', options.bucketPrefix],
    ['HOLDFAST_S3_ACCESS_KEY', options.accessKey],
    ['HOLDFAST_S3_SECRET_KEY_FILE', options.secretKeyFile],
    ['HOLDFAST_S3_PATH_STYLE', options.pathStyle === undefined ? undefined : String(options.pathStyle)],
  ];
  const named = given.map(([name, value]) => [name, value ?? options.environment[name]] as const).filter(([, value]) => value !== undefined);
  // Only here: the platform library brings the web framework, and most commands need none of it.
  const { readConfig } = await import('@holdfast/platform');
  return readConfig(z.object({ s3Endpoint, s3Region, s3BucketPrefix, s3AccessKey, s3SecretKey, s3PathStyle }), Object.fromEntries(named));
}

/** The first Ctrl-C ends the check after what is under way and removes what it made. */
function sayStopping(): void {
  process.stderr.write('Stopping; what the check has made is being removed. Once more to end at once.\n');
}

const WORDS = { kept: 'kept     ', broken: 'BROKEN   ', refused: 'refused  ', not_tried: 'not tried' } as const;

function textOf(report: StoreReport, all: boolean): string {
  return [
    ...report.promises.map(lineOf),
    '* = Holdfast relies on it. What each means: docs/store-check.md.',
    ...report.left.map(leftOf),
    ...(report.leftTotal > report.left.length ? [`… and ${count(report.leftTotal - report.left.length)} more.`] : []),
    ...(report.interrupted ? ['The check was interrupted.'] : []),
    ...(report.untried.length > 0 ? [`Relied on, and nothing was seen: ${report.untried.join(', ')}.`] : []),
    verdictOf(report, all),
  ].join('\n');
}

function verdictOf(report: StoreReport, all: boolean): string {
  if (report.refused) return 'This store is refused: it breaks a promise that Holdfast relies on.';
  // A check of a part says nothing about the whole.
  if (!all || report.interrupted) return 'Nothing that was tried and is relied on is broken.';
  return report.untried.length === 0 ? 'This store can be used.' : 'This store can be used, as far as it was tried.';
}

function lineOf({ name, promise, meaning, reliedOn, result, seen }: PromiseReport): string {
  const line = `${WORDS[result]} ${reliedOn ? '*' : ' '} ${name}: ${promise} Seen: ${seen}.`;
  return result === 'broken' ? `${line}\n            It means: ${meaning}` : line;
}

function leftOf({ bucket, key, version, until, why }: Leftover): string {
  const what = key === undefined ? `the bucket ${bucket}` : `${bucket}/${key} version ${version ?? '?'}`;
  return `Stays: ${what}, ${until === undefined ? 'until somebody with more rights removes it' : `locked until ${until}`} (${why}).`;
}
