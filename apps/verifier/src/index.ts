export { accessTo, inflate } from './judge/file-access.js';
export { textOfRecord } from './judge/record-text.js';
export { textOfTranscript } from './judge/transcript-text.js';
