import type { Judgement } from '../judge/messages.js';

/** The report for a file: what was verified, with whose help, by which program, and everything that the judge said. */
export function reportFile({ subject, report }: Judgement, version: string, at: Date): string {
  const file = { format: 'holdfast.bundle-report/1', software: `holdfast verify.html ${version}`, madeAt: at.toISOString(), ...subject, report };
  return `${JSON.stringify(file, undefined, 2)}\n`;
}

/** Hands a text to the browser's own way of saving files. */
export function saveText(name: string, text: string): void {
  const url = URL.createObjectURL(new Blob([text], { type: 'application/json' }));
  const link = document.createElement('a');
  link.href = url;
  link.download = name;
  link.click();
  // The browser has taken the file when the click returns to the event loop.
  setTimeout(() => {
    URL.revokeObjectURL(url);
  }, 60_000);
}
