/**
 * The fields of an index document that a query can name. Names of people and files went through `foldIdentifier`, token
 * streams through `tokenTexts`; ids are verbatim, as the source wrote them; kinds, platforms and the values of `has` and
 * `is` are lower case.
 */
export interface SearchableDocument {
  readonly id: string;
  /** Under what its producer knows it (`captureKey` of libs/record), or empty. */
  readonly capture: string;
  /** Milliseconds since 1970 UTC. */
  readonly sentAt: number;
  readonly kind: string;
  readonly platform: string;
  readonly workspace: string;
  readonly conversation: string;
  readonly thread: string;
  readonly sender: readonly string[];
  readonly participants: readonly string[];
  readonly has: readonly string[];
  readonly is: readonly string[];
  readonly fileNames: readonly string[];
  readonly body: readonly string[];
  readonly subject: readonly string[];
  readonly conversationName: readonly string[];
}
