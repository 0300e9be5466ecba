import { HoldfastError } from '@holdfast/record';

/** Exit codes of every program of the product (sysexits.h: 78 = EX_CONFIG). */
export const EXIT = { done: 0, findings: 1, failed: 2, configuration: 78 } as const;
export type ExitCode = (typeof EXIT)[keyof typeof EXIT];

/**
 * What a program prints and how it exits when it cannot start. Our own errors are one sentence for a person, without a
 * stack; anything else is a fault in the program and shows where it is.
 */
export function startFailure(error: unknown): { readonly text: string; readonly exitCode: ExitCode } {
  if (error instanceof HoldfastError) {
    return { text: error.message, exitCode: error.code === 'bad_configuration' ? EXIT.configuration : EXIT.failed };
  }
  return { text: error instanceof Error ? (error.stack ?? error.message) : String(error), exitCode: EXIT.failed };
}
