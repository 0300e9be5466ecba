// The gate for the layers of tools/layers.mjs: which project, package of npm and module of Node a source may import.
import { EDGE, EDGE_LAYERS, EXACTLY, MAY_USE, projects, PURE_LAYERS, SCOPES_MAY_USE, VENDORS } from './tools/layers.mjs';

const all = projects();
const SPEC = '\\.spec\\.ts$';
const OWN = '^(?:libs|apps)/[^/]+/';
// Any root, so that a package resolves the same from the workspace and from a nested node_modules.
const NPM = 'node_modules/';

/** @param {readonly string[]} roots */
const anyOf = (roots) => (roots.length > 0 ? `(?:${roots.join('|')})` : '(?!)');

/** @param {(project: import('./tools/layers.mjs').Project) => boolean} wanted */
const roots = (wanted) => all.filter(wanted).map(({ root }) => root);

/** Sources of these projects, without specs; group 1 is the project. */
const sources = (/** @type {string[]} */ list) => ({ path: `^(${anyOf(list)})/src/`, pathNot: SPEC });

/** @returns {import('dependency-cruiser').IForbiddenRuleType} */
const rule = (/** @type {string} */ name, /** @type {string} */ comment, /** @type {object} */ from, /** @type {object} */ to) => ({
  name,
  comment,
  severity: 'error',
  from,
  to,
});

const layerRules = Object.entries(MAY_USE).map(([layer, uses]) => {
  const allowed = EXACTLY[layer] ?? roots((project) => uses.includes(project.layer));
  return rule(
    `layer-${layer}`,
    `layer:${layer} may use ${uses.length > 0 ? uses.join(', ') : 'nothing'} (tools/layers.mjs)`,
    sources(roots((project) => project.layer === layer)),
    { path: '^(?:libs|apps|test|tools|deploy)/', pathNot: ['^$1/', `^${anyOf(allowed)}/`] },
  );
});

const scopeRules = Object.entries(SCOPES_MAY_USE).map(([scope, uses]) =>
  rule(`scope-${scope}`, `scope:${scope} may use ${uses.join(', ')}`, sources(roots((project) => project.scope === scope)), {
    path: '^(?:libs|apps)/',
    pathNot: `^${anyOf(roots((project) => uses.includes(project.scope)))}/`,
  }),
);

const vendorRules = Object.entries(VENDORS).map(([name, users]) =>
  rule(
    `vendor-${name.replace(/\W/g, '')}`,
    `only ${users.join(', ')} may import ${name}`,
    // Tests of a contract may look at a server with the vendor's own client.
    { path: OWN, pathNot: [`^${anyOf(users)}/`, SPEC, '^(?:libs|apps)/[^/]+/test/'] },
    { path: `${NPM}${name}/` },
  ),
);

/** @type {import('dependency-cruiser').IConfiguration} */
export default {
  forbidden: [
    ...layerRules,
    ...scopeRules,
    ...vendorRules,
    rule(
      'edge-only',
      'Nest, its logger and its metrics stay in libs/platform and apps',
      sources(roots(({ layer }) => !EDGE_LAYERS.includes(layer))),
      {
        path: `${NPM}${anyOf(EDGE)}/`,
      },
    ),
    rule('pure-npm', 'domain and ports import no package of npm but zod', sources(roots(({ layer }) => PURE_LAYERS.includes(layer))), {
      path: NPM,
      pathNot: `${NPM}zod/`,
    }),
    rule(
      'pure-node',
      'domain and ports have no I/O and run in a browser: no module of Node',
      sources(roots(({ layer }) => PURE_LAYERS.includes(layer))),
      {
        dependencyTypes: ['core'],
      },
    ),
    rule('feature-network', 'features reach the network through ports', sources(roots(({ layer }) => layer === 'feature')), {
      path: '^(?:node:)?(?:net|http|https|http2|tls|dgram|dns|child_process|sqlite)$',
    }),
    rule(
      'through-the-front-door',
      'another project is used by its package name, never by a file inside it',
      { path: '^((?:libs|apps)/[^/]+)/' },
      {
        path: '^(?:libs|apps)/[^/]+/(?!src/index\\.ts$)',
        pathNot: '^$1/',
      },
    ),
    rule(
      'by-name',
      'another project is used by its package name, never by a relative path',
      { path: '^((?:libs|apps)/[^/]+)/' },
      {
        path: '^(?:libs|apps)/',
        pathNot: ['^$1/'],
        dependencyTypes: ['local'],
      },
    ),
    rule(
      'test-kit-in-tests',
      'test-kit and fast-check are for specs and test/',
      { path: '^(?:libs|apps)/[^/]+/src/', pathNot: [SPEC, '^libs/test-kit/'] },
      {
        path: `^libs/test-kit/|${NPM}fast-check/|${NPM}@jest/`,
      },
    ),
    rule('no-spec', 'nothing imports a spec', {}, { path: SPEC }),
    rule('no-dist', 'sources import sources', { path: OWN, pathNot: '^apps/cli/bin/' }, { path: '^(?:libs|apps)/[^/]+/dist/' }),
    rule('no-circular', 'cycles hide which file depends on which', {}, { circular: true }),
    rule('no-unresolvable', 'the import leads nowhere', {}, { couldNotResolve: true }),
    // test-kit is a part of the tests and uses their tools, which the root package.json declares.
    rule('declared', 'a package must stand in the package.json of the project that imports it', sources(roots(({ layer }) => layer !== 'testing')), {
      dependencyTypes: ['npm-no-pkg', 'npm-unknown', 'npm-dev'],
    }),
    rule('no-orphans', 'a file that nothing uses', { orphan: true, path: '^libs/[^/]+/src/', pathNot: [SPEC, '/index\\.ts$', '\\.d\\.ts$'] }, {}),
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    exclude: { path: '(?:^|/)dist/|^test/vectors/' },
    combinedDependencies: false,
    // Imports of types count as well: a type is a dependency.
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.spec.json' },
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['@holdfast/source', 'import', 'node', 'default', 'types'],
      mainFields: ['module', 'main', 'types'],
    },
  },
};
