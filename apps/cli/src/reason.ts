import { HoldfastError } from '@holdfast/record';

/** The most that an event of `gov` carries (libs/governance). */
const MOST = 1_000;

/** The reason of a decision, as it can be sealed; asked for before anything is opened. @throws HoldfastError `bad_request` */
export function reason(text: string): string {
  if (text.trim() === '') throw new HoldfastError('bad_request', '--reason is empty: say in a few words why; it is sealed with the decision.');
  if (text.length > MOST)
    throw new HoldfastError('bad_request', `--reason has ${text.length} characters, of at most ${MOST}: say it shorter and keep the rest elsewhere.`);
  return text;
}
