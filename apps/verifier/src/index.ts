export { ZipEntries } from './zip/zip-entries.js';
export { ZipProblem } from './zip/zip-problem.js';
