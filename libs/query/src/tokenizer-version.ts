/** Raised with every change of fold or tokenizer that can give another token for any text. */
const RULES = 1;

/** Unicode versions by the number of code points assigned in planes 0 to 3; the number only grows from version to version. */
const KNOWN: Readonly<Record<number, string>> = { 153_286: '15.0', 153_913: '15.1', 159_098: '16.0', 163_901: '17.0' };

const PLANES = 4;
const CHUNK = 0x1000;

function assignedCodePoints(): number {
  let count = 0;
  for (let first = 0; first < PLANES * 0x10000; first += CHUNK) {
    // Surrogates are assigned in every version alike.
    if (first >= 0xd000 && first < 0xe000) continue;
    const chunk = String.fromCodePoint(...Array.from({ length: CHUNK }, (_, offset) => first + offset));
    for (const run of chunk.match(/\P{Cn}+/gu) ?? []) count += first < 0x10000 ? run.length : run.length / 2;
  }
  return count;
}

/**
 * The name of a tokenizer: rules of ours and Unicode data of the runtime. Domain code may not ask the runtime for its
 * version, and a browser would not tell; but every version of Unicode assigns code points, so their number names it.
 */
export function tokenizerVersion(assigned: number): string {
  return `${String(RULES)}-unicode-${KNOWN[assigned] ?? String(assigned)}`;
}

/** Version of the tokenizer that runs here; part of every index and search receipt. An index of another version needs a rebuild. */
export const TOKENIZER_VERSION: string = tokenizerVersion(assignedCodePoints());
