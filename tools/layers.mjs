// The layers of the repository: who may use whom. Read by eslint.config.mjs (the editor) and .dependency-cruiser.mjs (the
// gate). Each project names its layer and scope as tags in its package.json.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));

/**
 * Layer → layers that its sources may import.
 * @type {Record<string, string[]>}
 */
export const MAY_USE = {
  domain: ['domain'],
  port: ['domain'],
  feature: ['feature', 'port', 'domain'],
  // crypto-node implements the `Crypto` interface that libs/seal declares, hence domain.
  adapter: ['port', 'domain'],
  // Of the domain only libs/record (HoldfastError): EXACTLY.
  platform: ['domain'],
  // Puts adapters and use cases together for the apps; the one place that knows every vendor.
  assembly: ['adapter', 'feature', 'port', 'domain'],
  client: [],
  app: ['client', 'platform', 'assembly', 'adapter', 'feature', 'port', 'domain'],
  testing: ['port', 'domain'],
};

/**
 * Layers that may use fewer projects than MAY_USE says.
 * @type {Record<string, string[]>}
 */
export const EXACTLY = { platform: ['libs/record'] };

/**
 * Scope → scopes that its sources may import. `any` also runs in a browser; `web` runs nowhere else.
 * @type {Record<string, string[]>}
 */
export const SCOPES_MAY_USE = { any: ['any'], web: ['web', 'any'], server: ['server', 'any'] };

/**
 * Package of npm → the only projects that may import it: a vendor's client stays behind one adapter.
 * @type {Record<string, string[]>}
 */
export const VENDORS = {
  kafkajs: ['libs/source-kafka'],
  lz4js: ['libs/source-kafka'],
  snappyjs: ['libs/source-kafka'],
  '@aws-sdk': ['libs/store-s3', 'libs/keys-kms'],
  '@smithy': ['libs/store-s3'],
  '@elastic': ['libs/index-elastic'],
  'node-jose': ['libs/keys-jose'],
  yauzl: ['libs/connectors'],
  pkijs: ['libs/timestamp-rfc3161'],
  asn1js: ['libs/timestamp-rfc3161'],
  '@noble': ['libs/crypto-web'],
  fzstd: ['libs/crypto-web'],
  commander: ['apps/cli'],
};

/** Packages of npm for layers that may use the edge framework: Nest and its logger stay out of everything else. */
export const EDGE = ['@nestjs', 'rxjs', 'reflect-metadata', 'pino', 'prom-client', 'express'];
export const EDGE_LAYERS = ['platform', 'app'];

/** Layers that may use `zod` and no other package of npm, nor any module of Node. */
export const PURE_LAYERS = ['domain', 'port'];

/** @typedef {{ root: string, name: string, layer: string, scope: string }} Project */

/** @returns {Project[]} */
export function projects() {
  return ['libs', 'apps'].flatMap((kind) =>
    readdirSync(join(root, kind))
      .map((folder) => `${kind}/${folder}`)
      .filter((folder) => existsSync(join(root, folder, 'package.json')))
      .map(readProject),
  );
}

/** @param {string} folder */
function readProject(folder) {
  const { name, nx } = JSON.parse(readFileSync(join(root, folder, 'package.json'), 'utf8'));
  /** @type {string[]} */
  const tags = nx?.tags ?? [];
  const tag = (/** @type {string} */ kind) => tags.find((text) => text.startsWith(`${kind}:`))?.slice(kind.length + 1) ?? '';
  const layer = tag('layer');
  const scope = tag('scope');
  if (!(layer in MAY_USE) || !(scope in SCOPES_MAY_USE)) throw new Error(`${folder}/package.json: nx.tags must name a layer and a scope`);
  return { root: folder, name, layer, scope };
}
