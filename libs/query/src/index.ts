export type { KeywordField, Query, TextField } from './ast.js';
