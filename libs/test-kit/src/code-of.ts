import { HoldfastError, type ErrorCode } from '@holdfast/record';

/** The code that `promise` fails with, or `none`; an error without a code comes through. */
export async function codeOf(promise: Promise<unknown>): Promise<ErrorCode | 'none'> {
  try {
    await promise;
    return 'none';
  } catch (error) {
    if (error instanceof HoldfastError) return error.code;
    throw error;
  }
}
