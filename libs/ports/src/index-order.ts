/** `IndexDocument.order`: offset padded to 20 digits, `~`, event padded to 6, `~`, chain; text order is log order. */
export function orderOf(offset: bigint, event: number, chain: string): string {
  return `${offset.toString().padStart(20, '0')}~${String(event).padStart(6, '0')}~${chain}`;
}
