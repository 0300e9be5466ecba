import type { estypes } from '@elastic/elasticsearch';

const keyword: estypes.MappingProperty = { type: 'keyword' };
// Only what is no default: servers give nothing else back, and an attestation compares.
const tokens: estypes.MappingProperty = {
  type: 'text',
  analyzer: 'tokens',
  norms: false,
  // Phrases can tell that a text holds what it should, and only a hash of the whole stream, which the server itself makes of
  // what it indexes, that it holds nothing else.
  fields: { whole: { type: 'text', analyzer: 'whole', norms: false, index_options: 'docs' } },
};

/** One mapping for documents and for the cursor, so that a search may run over all indices of a generation. */
export const MAPPING: estypes.MappingTypeMapping = {
  dynamic: 'strict',
  // Ids and facets only: text shown always comes from the vault, and a rebuild reads the vault, never this.
  _source: { excludes: ['body', 'subject', 'conversationName'] },
  properties: {
    id: keyword,
    chain: keyword,
    seq: { type: 'long' },
    order: keyword,
    cohort: keyword,
    sentAt: { type: 'date', format: 'epoch_millis' },
    sentFrom: keyword,
    capture: keyword,
    kind: keyword,
    platform: keyword,
    workspace: keyword,
    conversation: keyword,
    thread: keyword,
    sender: keyword,
    participants: keyword,
    has: keyword,
    is: keyword,
    fileNames: keyword,
    body: tokens,
    subject: tokens,
    conversationName: tokens,
    unindexed: { type: 'boolean' },
    cursor: { type: 'object', enabled: false },
    failure: { type: 'object', enabled: false },
  },
};

export function indexSettings(shards: number): estypes.IndicesIndexSettings {
  return {
    number_of_shards: shards,
    auto_expand_replicas: '0-1',
    // Only `publish` refreshes: a search must not see documents before the position that covers them.
    refresh_interval: '-1',
    analysis: {
      // Tokens have up to 64 code points; the default would cut at 255 characters, and a cut moves every later position.
      tokenizer: { tokens: { type: 'whitespace', max_token_length: 4096 } },
      filter: { whole: { type: 'min_hash', hash_count: 1, bucket_count: 1, hash_set_size: 1, with_rotation: false } },
      analyzer: {
        tokens: { type: 'custom', tokenizer: 'tokens' },
        whole: { type: 'custom', tokenizer: 'keyword', filter: ['whole'] },
      },
    },
  };
}
