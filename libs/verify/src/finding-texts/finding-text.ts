import type { Sentence } from '../bundle/bundle-sentences.js';

/** What a code says to a person who is no engineer. Text between backticks is to be set as code. */
export interface FindingText {
  /** What was met. */
  readonly met: Sentence;
  /** What to conclude. */
  readonly means: Sentence;
  /** What to do. */
  readonly todo: Sentence;
}
