/** The parts that name a conversation. */
export interface ConversationParts {
  readonly platform: string;
  readonly workspace: { readonly id: string };
  readonly conversation: { readonly id: string };
}

/**
 * `platform:workspace:conversation`, the record key that producers use. Only the workspace is escaped (`%` and `:`): a
 * platform has no colon and the conversation comes last, so two different conversations never share a key.
 */
export function conversationKey(event: ConversationParts): string {
  const workspace = event.workspace.id;
  const escaped = /[%:]/.test(workspace) ? workspace.replaceAll('%', '%25').replaceAll(':', '%3A') : workspace;
  return `${event.platform}:${escaped}:${event.conversation.id}`;
}
