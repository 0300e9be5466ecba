import nx from '@nx/eslint-plugin';
import { defineConfig } from 'eslint/config';
import prettier from 'eslint-config-prettier';
import tseslint from 'typescript-eslint';
import { MAY_USE, projects, PURE_LAYERS, SCOPES_MAY_USE } from './tools/layers.mjs';

const specs = ['**/*.spec.ts', 'libs/test-kit/src/**/*.ts', 'libs/*/test/**/*.ts', 'apps/*/test/**/*.ts', 'test/**/*.ts'];
const all = projects();
const sourcesOf = (/** @type {string[]} */ layers) => all.filter(({ layer }) => layers.includes(layer)).map(({ root }) => `${root}/src/**/*.ts`);

const tagged = (/** @type {string} */ kind, /** @type {Record<string, string[]>} */ table) =>
  Object.entries(table).map(([from, to]) => ({
    sourceTag: `${kind}:${from}`,
    onlyDependOnLibsWithTags: to.map((name) => `${kind}:${name}`),
  }));

export default defineConfig(
  { ignores: ['**/dist/', '**/node_modules/', '.nx/', '.stack/', 'data/', 'coverage/', 'test/vectors/golden-v1/'] },
  { linterOptions: { reportUnusedDisableDirectives: 'error' } },
  tseslint.configs.strictTypeChecked,
  tseslint.configs.stylisticTypeChecked,
  {
    languageOptions: { parserOptions: { project: ['./tsconfig.spec.json'], tsconfigRootDir: import.meta.dirname } },
    // The plug-in types its rules by typescript-eslint, the configuration by eslint itself.
    plugins: { '@nx': { rules: /** @type {any} */ (nx.rules) } },
    rules: {
      eqeqeq: ['error', 'always', { null: 'ignore' }],
      'no-console': 'error',
      'no-empty': 'error',
      'no-param-reassign': 'error',
      'no-var': 'error',
      'object-shorthand': 'error',
      'prefer-const': 'error',
      '@typescript-eslint/switch-exhaustiveness-check': ['error', { considerDefaultExhaustiveForUnions: true }],
      '@typescript-eslint/restrict-template-expressions': ['error', { allowNumber: true, allowBoolean: true }],
      '@typescript-eslint/no-confusing-void-expression': ['error', { ignoreArrowShorthand: true, ignoreVoidReturningFunctions: true }],
      '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_', varsIgnorePattern: '^_', caughtErrors: 'all' }],
      '@typescript-eslint/no-unnecessary-condition': ['error', { allowConstantLoopConditions: 'only-allowed-literals' }],
      // A Nest module is a class that only carries a decorator.
      '@typescript-eslint/no-extraneous-class': ['error', { allowWithDecorator: true }],
      // Loops over bytes use an index where the time goes.
      '@typescript-eslint/prefer-for-of': 'off',
      // `[...text]` is how code points are walked.
      '@typescript-eslint/no-misused-spread': 'off',
      // An implementation of an asynchronous port may be synchronous inside; `async` turns its throws into rejections.
      '@typescript-eslint/require-await': 'off',
      '@nx/enforce-module-boundaries': [
        'error',
        {
          enforceBuildableLibDependency: false,
          banTransitiveDependencies: true,
          depConstraints: [
            ...tagged('layer', MAY_USE),
            ...tagged('scope', SCOPES_MAY_USE),
            ...PURE_LAYERS.map((layer) => ({ sourceTag: `layer:${layer}`, allowedExternalImports: ['zod', 'zod/*'] })),
          ],
        },
      ],
    },
  },
  {
    // Time, randomness and keys are arguments; these layers also run in a browser and in the verifier of a stranger.
    files: sourcesOf(PURE_LAYERS),
    ignores: ['**/*.spec.ts'],
    rules: {
      'no-restricted-globals': [
        'error',
        ...['process', 'Buffer', 'fetch', 'crypto', 'performance', 'setTimeout', 'setInterval', 'setImmediate', 'window', 'document'].map((name) => ({
          name,
          message: 'Domain and ports have no clock, no I/O and no platform: take it as an argument.',
        })),
      ],
      'no-restricted-syntax': [
        'error',
        { selector: 'CallExpression[callee.object.name="Math"][callee.property.name="random"]', message: 'Randomness is an argument.' },
        { selector: 'CallExpression[callee.object.name="Date"][callee.property.name="now"]', message: 'Time is an argument.' },
        { selector: 'NewExpression[callee.name="Date"][arguments.length=0]', message: 'Time is an argument.' },
      ],
    },
  },
  {
    // Only main.ts reads the environment; everybody else receives the values it needs.
    files: sourcesOf(['feature', 'adapter', 'platform', 'app']),
    // The process of a verification is a program of its own.
    ignores: ['**/*.spec.ts', 'apps/*/src/main.ts', 'apps/audit/src/verification/verification-process.ts'],
    rules: {
      'no-restricted-properties': ['error', { object: 'process', property: 'env', message: 'Only main.ts reads the environment.' }],
    },
  },
  {
    // The one project that knows a document; everywhere else its names must stay unknown.
    files: ['apps/verifier/src/**/*.ts'],
    languageOptions: { parserOptions: { project: ['./apps/verifier/tsconfig.json'] } },
  },
  {
    files: specs,
    rules: {
      // A value that is not there must fail the test; the assertion says so in the shortest way.
      '@typescript-eslint/no-non-null-assertion': 'off',
      // `expect.any()` and `expect.objectContaining()` are typed `any`.
      '@typescript-eslint/no-unsafe-assignment': 'off',
      // `expect(port.method)` never calls the method.
      '@typescript-eslint/unbound-method': 'off',
      // Fakes do nothing on purpose.
      '@typescript-eslint/no-empty-function': 'off',
      // One-line bodies of hooks and of `expect(() => ...)`.
      '@typescript-eslint/no-confusing-void-expression': 'off',
      // Hostile input is made by casting.
      '@typescript-eslint/no-unsafe-argument': 'off',
      // Specs use test-kit, which no source may: dependency-cruiser tells the two apart.
      '@nx/enforce-module-boundaries': 'off',
    },
  },
  {
    files: ['**/*.mjs', '**/*.js', '**/*.cjs'],
    extends: [tseslint.configs.disableTypeChecked],
    rules: { 'no-console': 'off', '@typescript-eslint/no-dynamic-delete': 'off', '@nx/enforce-module-boundaries': 'off' },
  },
  prettier,
);
