import { HoldfastError } from '@holdfast/record';
import { printable } from './terminal.js';

/** Exit codes of the command line (stable; scripts rely on them). */
export const EXIT = { done: 0, findings: 1, couldNotRun: 2, badConfiguration: 78 } as const;

/** Exit code of an error. */
export function exitCodeOf(error: unknown): number {
  if (!(error instanceof HoldfastError)) return EXIT.couldNotRun;
  if (error.code === 'bad_configuration') return EXIT.badConfiguration;
  return error.code === 'bad_request' || error.code === 'query_refused' || error.code === 'record_missing' ? EXIT.findings : EXIT.couldNotRun;
}

/** One sentence for a person; never a stack trace unless HOLDFAST_DEBUG asks for it. */
export function sentenceOf(error: unknown, debug: boolean): string {
  if (debug && error instanceof Error) return error.stack ?? error.message;
  if (error instanceof HoldfastError) return error.message;
  if (isDiskFull(error)) return 'The disk is full: free some space and run the command again; nothing that was acknowledged is lost.';
  return `It stopped for an unforeseen reason: ${error instanceof Error ? error.message : String(error)}. Set HOLDFAST_DEBUG=1 to see where.`;
}

const EVERY_MS = 500;

/** Progress on stderr: one line that is written over on a terminal, a line now and then elsewhere; nothing with --json. */
export class Progress {
  readonly #terminal = process.stderr.isTTY;
  readonly #quiet: boolean;
  #last = Date.now();
  #width = 0;

  constructor(quiet: boolean) {
    this.#quiet = quiet;
  }

  show(text: string): void {
    const now = Date.now();
    if (this.#quiet || now - this.#last < (this.#terminal ? EVERY_MS : 10 * EVERY_MS)) return;
    this.#last = now;
    if (!this.#terminal) {
      process.stderr.write(`${text}\n`);
      return;
    }
    process.stderr.write(`\r${text.padEnd(this.#width)}`);
    this.#width = text.length;
  }

  end(): void {
    if (this.#width > 0) process.stderr.write(`\r${' '.repeat(this.#width)}\r`);
    this.#width = 0;
  }
}

/** Whether the one document of `--json` has been printed. */
let documented = false;

/** Prints the one document of `--json`, or text. */
export function print(json: boolean, document: object, text: () => string): void {
  documented ||= json;
  process.stdout.write(json ? `${JSON.stringify(document)}\n` : `${printable(text())}\n`);
}

/** Tells why a command ended: a sentence on stderr and, with --json, the document that a program waits for on stdout. */
export function printError(json: boolean, error: unknown, debug: boolean): void {
  // What was found is told already; a second document would make both unreadable.
  if (json && !documented) print(true, { error: { code: codeOf(error), message: sentenceOf(error, false) } }, () => '');
  process.stderr.write(`${printable(sentenceOf(error, debug))}\n`);
}

/** Whether the arguments ask for JSON, also when they cannot be read otherwise. */
export function wantsJson(args: readonly string[]): boolean {
  const end = args.indexOf('--');
  return args.slice(0, end === -1 ? undefined : end).includes('--json');
}

/** The code of an error as docs/errors.md lists it; `internal` is what nobody foresaw, as over HTTP. */
function codeOf(error: unknown): string {
  if (error instanceof HoldfastError) return error.code;
  return isDiskFull(error) ? 'disk_full' : 'internal';
}

function isDiskFull(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'ENOSPC';
}

/** Writes a line of a long list, as fast as its reader takes it; false when the reader has gone. */
export function writeLine(line: string): Promise<boolean> {
  return new Promise((resolve) => {
    process.stdout.write(`${line}\n`, (error) => resolve(error === undefined || error === null));
  });
}

/** A reader that has seen enough (`… | head`) is no fault: the command goes on, and its exit code says what it found. */
export function outliveReaders(): void {
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code === 'EPIPE') return;
    process.stderr.write(`The output could not be written: ${error.message}.\n`);
    process.exit(EXIT.couldNotRun);
  });
}

/** 1234567 → 1,234,567. */
export function count(value: number): string {
  return value.toLocaleString('en-US');
}
