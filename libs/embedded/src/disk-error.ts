import { HoldfastError } from '@holdfast/record';

/** The errno name of a file system error, or undefined. */
export function errnoOf(error: unknown): string | undefined {
  // Not `instanceof Error`: errors of Node itself come from another realm in jest.
  return typeof error === 'object' && error !== null && 'code' in error && typeof error.code === 'string' ? error.code : undefined;
}

/** What failed, as one of our errors; one that is ours already stays as it is. */
export function diskError(error: unknown, doing: string): HoldfastError {
  if (error instanceof HoldfastError) return error;
  const errno = isSqliteFull(error) ? 'ENOSPC' : errnoOf(error);
  switch (errno) {
    case 'ENOSPC':
    case 'EDQUOT':
      return new HoldfastError('disk_full', `no space left to ${doing}`, { cause: error });
    case 'EACCES':
    case 'EROFS':
      return new HoldfastError('bad_configuration', `not allowed to ${doing}: give this user the right to write there`, { cause: error });
    case 'EXDEV':
      return new HoldfastError('bad_configuration', `cannot ${doing}: the scratch folder must lie on the same file system`, { cause: error });
    case 'EPERM':
    case 'ENOTSUP':
    case 'EMLINK':
      return new HoldfastError('bad_configuration', `cannot ${doing}: this file system has no hard links, choose another`, { cause: error });
    default:
      return new HoldfastError('store_unavailable', `cannot ${doing} (${errno ?? 'unexpected error'})`, { cause: error });
  }
}

function isSqliteFull(error: unknown): boolean {
  // SQLITE_FULL
  return typeof error === 'object' && error !== null && 'errcode' in error && error.errcode === 13;
}
