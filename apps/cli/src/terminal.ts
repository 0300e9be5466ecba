/** What is special about text on a terminal: characters of two columns, and characters that the terminal obeys. */

/** East Asian Wide and Fullwidth (UAX #11), by blocks: exact enough to put a mark under a character. */
const WIDE =
  /[\u1100-\u115f\u2e80-\u303e\u3041-\ua4cf\ua960-\ua97c\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff01-\uff60\uffe0-\uffe6\u{1b000}-\u{1b2ff}\u{1f200}-\u{1f2ff}\u{20000}-\u{3fffd}]|\p{Emoji_Presentation}/u;
const NO_WIDTH = /[\p{Mn}\p{Me}\p{Cf}]/u;

/** Columns that `text`, one line without tabs, takes on a terminal. */
export function columnsOf(text: string): number {
  let columns = 0;
  for (const character of text) columns += NO_WIDTH.test(character) ? 0 : WIDE.test(character) ? 2 : 1;
  return columns;
}

/**
 * Text that is safe to show: whoever wrote a message must not move the cursor, change the title or paint over what others
 * wrote on the terminal of its reader. Line ends and tabs stay. No character is added or removed, so places stay right.
 */
export function printable(text: string): string {
  return text.replaceAll(/[^\P{Cc}\n\t]/gu, '\ufffd');
}
