/** Unit, contract and integration tests of every package; `test/e2e` has real guests. */
const shared = {
  extensionsToTreatAsEsm: ['.ts'],
  moduleNameMapper: {
    '^(\\.{1,2}/.*)\\.js$': '$1',
    '^@vmctl/core$': '<rootDir>/packages/core/src/index.ts',
    '^@vmctl/core/testing$': '<rootDir>/packages/core/src/testing.ts',
    '^@vmctl/conformance$': '<rootDir>/packages/conformance/src/index.ts',
  },
  modulePathIgnorePatterns: ['/dist/'],
  setupFiles: ['<rootDir>/test/support/jest-setup.ts'],
  testEnvironment: 'node',
  transform: {
    '^.+\\.ts$': [
      '@swc/jest',
      { jsc: { parser: { syntax: 'typescript' }, target: 'es2022' }, module: { type: 'es6' } },
    ],
  },
};

export default {
  // Against hanging only: on a machine with ten times the work that it can do, what takes seconds takes a minute.
  testTimeout: 120_000,
  testSequencer: '<rootDir>/test/support/guests-between.mjs',
  projects: [
    {
      ...shared,
      displayName: 'unit',
      testMatch: ['<rootDir>/packages/*/test/{unit,contract,integration}/**/*.test.ts'],
    },
    { ...shared, displayName: 'cli', testMatch: ['<rootDir>/test/{cli,lint}/**/*.test.ts'] },
    { ...shared, displayName: 'plugins', testMatch: ['<rootDir>/test/plugins/**/*.test.ts'] },
    { ...shared, displayName: 'e2e', testMatch: ['<rootDir>/test/e2e/**/*.test.ts'] },
  ],
};
