import { s3Connection } from '@holdfast/assembly';
import { HoldfastError } from '@holdfast/record';
import { bucketsOf, checkStore } from '@holdfast/store-s3';
import { EXIT, Progress, print } from '../output.js';
import { clusterEnvironment } from '../session.js';
import type { GlobalOptions } from '../session.js';

/** `holdfast store-check`: tries every promise that the archive relies on, on the real buckets. */
export async function storeCheck(options: GlobalOptions & { readonly full?: boolean }): Promise<number> {
  if (options.data !== undefined)
    throw new HoldfastError(
      'bad_configuration',
      'store-check tries an S3 store; a folder keeps its promises by libs/embedded and is checked by "holdfast verify".',
    );
  const settings = await clusterEnvironment(options);
  const progress = new Progress(options.json === true);
  const buckets = bucketsOf(settings.s3BucketPrefix);
  const report = await checkStore(
    { connection: s3Connection(settings), vault: buckets.vault, claims: buckets.claims },
    {
      full: options.full === true,
      onProgress: (done, of) => {
        progress.show(`${done} of ${of} promises tried`);
      },
    },
  );
  progress.end();
  print(options.json === true, report, () =>
    [
      ...report.promises.map(
        ({ name, promise, reliedOn, result, seen }) =>
          `${{ kept: 'kept     ', broken: 'BROKEN   ', not_tried: 'not tried' }[result]} ${reliedOn ? '*' : ' '} ${name}: ${promise}. ${seen}`,
      ),
      '* = Holdfast relies on it.',
      report.refused ? 'This store is refused: it breaks a promise that Holdfast relies on.' : 'This store can be used.',
    ].join('\n'),
  );
  return report.refused ? EXIT.findings : EXIT.done;
}
