export { EMBEDDED_DEFAULTS } from './archive-folder.js';
export type { FolderSettings } from './archive-folder.js';
export { openEmbedded, osPrincipal } from './embedded.js';
export { SOFTWARE } from './opened-archive.js';
export type { OpenedArchive } from './opened-archive.js';
