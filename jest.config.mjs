// One jest for the whole workspace: twenty starts of jest would cost more than the tests on two cores.
const SOURCE = '@holdfast/source';

/** @type {import('jest').Config} */
export default {
  testEnvironment: 'node',
  roots: ['<rootDir>/libs', '<rootDir>/apps', '<rootDir>/test'],
  testMatch: ['**/*.spec.ts'],
  testPathIgnorePatterns: ['/node_modules/', '/dist/'],
  modulePathIgnorePatterns: ['/dist/'],
  extensionsToTreatAsEsm: ['.ts'],
  // Specs run on the sources of every project: no build is needed before a test.
  testEnvironmentOptions: { customExportConditions: [SOURCE, 'node', 'node-addons'] },
  moduleNameMapper: { '^(\\.{1,2}/.*)\\.js$': '$1' },
  transform: {
    '^.+\\.ts$': [
      '@swc/jest',
      {
        jsc: {
          target: 'es2024',
          parser: { syntax: 'typescript', decorators: true },
          transform: { legacyDecorator: true, decoratorMetadata: true },
        },
        module: { type: 'es6' },
        sourceMaps: 'inline',
      },
    ],
  },
  setupFiles: ['<rootDir>/test/runner/seed.mjs'],
  // Real servers on two busy cores; a unit test that needs it is wrong anyway.
  testTimeout: 30_000,
  maxWorkers: 2,
};
