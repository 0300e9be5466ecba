export { describeWith, missing, needed, type Needs } from './needs.js';
