import type { Attachment } from './event-parts.js';

const BASE64 = /^[A-Za-z0-9+/]*={0,2}$/;

/** What is wrong with the inline content of an attachment by its form alone, or undefined. Never looks at the hash. */
export function inlineProblem(attachment: Attachment): string | undefined {
  const { inline, bytes, sha256, state } = attachment;
  if (inline === undefined) return undefined;
  if (bytes === undefined || sha256 === undefined) return 'carries inline content without bytes and sha256';
  if (state !== undefined && state !== 'stored') return 'carries inline content but its state is not stored';
  if (inline.length % 4 !== 0 || !BASE64.test(inline)) return 'carries inline content that is not padded base64';
  const padding = inline.endsWith('==') ? 2 : inline.endsWith('=') ? 1 : 0;
  return (inline.length / 4) * 3 - padding === bytes ? undefined : 'carries inline content whose length is not bytes';
}

/** The content that travels with an attachment, or undefined. Its hash is the caller's to compare: crypto is an argument here. */
export function inlineContent(attachment: Attachment): Uint8Array | undefined {
  if (attachment.inline === undefined || inlineProblem(attachment) !== undefined) return undefined;
  return Uint8Array.from(atob(attachment.inline), (char) => char.charCodeAt(0));
}

/**
 * Why an attachment that an event names cannot be shown, or undefined when its content is there. Named but absent is an
 * exception that every result counts, never a silent nothing.
 */
export function attachmentException(attachment: Attachment): string | undefined {
  if (attachment.inline !== undefined) return undefined;
  const state = attachment.state ?? 'unavailable';
  return attachment.reason ?? (state === 'stored' ? 'unavailable' : state);
}
