import type { AlarmCode, Alarms, AlarmSeverity } from '@holdfast/ports';
import { EMBEDDED_DEFAULTS, openEmbedded } from '@holdfast/assembly';
import type { OpenedArchive } from '@holdfast/assembly';
import { HoldfastError } from '@holdfast/record';

/** Options that every command has. */
export interface GlobalOptions {
  readonly data?: string;
  readonly json?: boolean;
}

/** Opens the archive that the options name, works on it, and closes it whatever happens. */
export async function withArchive<T>(options: GlobalOptions, create: boolean, work: (archive: OpenedArchive) => Promise<T>): Promise<T> {
  const opened = await openArchive(options, create);
  try {
    return await work(opened);
  } finally {
    await opened.close();
  }
}

async function openArchive(options: GlobalOptions, create: boolean): Promise<OpenedArchive> {
  if (options.data !== undefined) return openEmbedded(options.data, create ? EMBEDDED_DEFAULTS : undefined);
  throw new HoldfastError('bad_configuration', 'Name the archive: --data DIR for an embedded one.');
}

/** Alarms of a command that runs to its end: each is printed once on stderr, and the standing ones can be asked for. */
export class PrintedAlarms implements Alarms {
  readonly standing = new Map<
    string,
    { readonly code: AlarmCode; readonly place: string; readonly severity: AlarmSeverity; readonly message: string }
  >();

  raise(code: AlarmCode, place: string, severity: AlarmSeverity, message: string): void {
    const name = `${code} ${place}`;
    if (!this.standing.has(name)) process.stderr.write(`${severity === 'waiting' ? 'Waiting' : 'ALARM'} ${code} ${place}: ${message}\n`);
    this.standing.set(name, { code, place, severity, message });
  }

  clear(code: AlarmCode, place: string): void {
    this.standing.delete(`${code} ${place}`);
  }

  /** An alarm that only a person can end. */
  get stopped(): boolean {
    return [...this.standing.values()].some(({ severity }) => severity === 'stopped');
  }
}
