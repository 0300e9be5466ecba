/** A distinguished name as RFC 4514 text, for reports: the most specific part first. */
import type { RelativeDistinguishedNames } from 'pkijs';

const SHORT: Readonly<Record<string, string>> = {
  '2.5.4.3': 'CN',
  '2.5.4.5': 'serialNumber',
  '2.5.4.6': 'C',
  '2.5.4.7': 'L',
  '2.5.4.8': 'ST',
  '2.5.4.9': 'street',
  '2.5.4.10': 'O',
  '2.5.4.11': 'OU',
  '2.5.4.97': 'organizationIdentifier',
  '0.9.2342.19200300.100.1.25': 'DC',
  '1.2.840.113549.1.9.1': 'emailAddress',
};

export function nameText(name: RelativeDistinguishedNames): string {
  return name.typesAndValues
    .map(({ type, value }) => `${SHORT[type] ?? type}=${escape(value.valueBlock.value)}`)
    .reverse()
    .join(',');
}

/**
 * RFC 4514 §2.4, and beyond it every control and format character (bidirectional overrides, line ends): the name of an
 * authority is somebody else's text in our reports.
 */
function escape(value: unknown): string {
  const text = typeof value === 'string' ? value : '';
  return text
    .replace(/["+,;<>\\]|^[ #]| $/g, '\\$&')
    .replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, (character) =>
      [...new TextEncoder().encode(character)].map((byte) => `\\${byte.toString(16).padStart(2, '0')}`).join(''),
    );
}
