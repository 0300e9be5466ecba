/** UTF-16 units of a submitted query. */
export const MAX_QUERY_LENGTH = 8000;

/** Words, phrases and values of one query. */
export const MAX_TERMS = 500;

/** Levels of AND, OR and NOT in a query: Elasticsearch refuses more than 30 (`indices.query.bool.max_nested_depth`). */
export const MAX_DEPTH = 20;

/** Brackets and NOTs inside each other: beyond it the parser gives up, so that no text can exhaust the stack. */
export const MAX_NESTING = 100;
