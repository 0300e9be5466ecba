import { relock } from '@holdfast/vault';
import { EXIT, Progress, count, print } from '../output.js';
import { withArchive } from '../session.js';
import type { GlobalOptions } from '../session.js';
import { untilSignal } from '../until-signal.js';
import { toolsOf } from './key-rotation.js';

/** `holdfast relock`: extends locks to the present horizon, after a class was lengthened and once a year. */
export async function relockArchive(options: GlobalOptions & { readonly dryRun?: boolean; readonly after?: string }): Promise<number> {
  return withArchive(options, {}, async (opened) => {
    const progress = new Progress(options.json === true);
    const done = await untilSignal((signal) =>
      relock(toolsOf(opened), {
        dryRun: options.dryRun === true,
        ...(options.after !== undefined && { after: options.after }),
        onProgress: ({ looked, extended, key }) => {
          progress.show(`${count(looked)} looked at, ${count(extended)} extended: ${key}`);
        },
        signal,
      }),
    ).finally(() => {
      progress.end();
    });
    print(
      options.json === true,
      done,
      () =>
        `${count(done.looked)} locks were looked at, ${count(done.extended)} ${options.dryRun === true ? 'would be' : 'were'} extended to ${done.until}.`,
    );
    return EXIT.done;
  });
}
