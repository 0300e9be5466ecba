/** Why a file, or an entry of it, cannot be read. */
export class ZipProblem extends Error {
  override readonly name = 'ZipProblem';
}
