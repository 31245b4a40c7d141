/** Tests run on the sources: no build, no path aliases; `tsc -b` checks the types. */
module.exports = {
  testEnvironment: 'node',
  testEnvironmentOptions: { customExportConditions: ['source', 'require', 'node', 'default'] },
  roots: ['<rootDir>/packages', '<rootDir>/test', '<rootDir>/bench'],
  testMatch: ['**/*.test.ts'],
  testPathIgnorePatterns: ['/node_modules/', '/dist/'],
  modulePathIgnorePatterns: ['/dist/'],
  transform: { '^.+\\.ts$': '<rootDir>/scripts/jest-sources.cjs' },
  setupFiles: ['<rootDir>/scripts/jest-threads.cjs'],
  // Each look at a global of jest's context costs as much as a hundred of a variable, so modules get these as arguments.
  // Not `Buffer`, which some dependencies declare for themselves.
  sandboxInjectedGlobals: [
    ...[
      'Array',
      'BigInt',
      'DataView',
      'Date',
      'Error',
      'Infinity',
      'JSON',
      'Map',
      'Math',
      'Number',
      'Object',
    ],
    ...['Promise', 'Reflect', 'Set', 'String', 'Symbol', 'Uint8Array', 'WeakMap'],
  ],
  maxWorkers: 2,
  // How long a test may hang before it is given up, on a machine that may be busy with something else.
  testTimeout: 60_000,
};
