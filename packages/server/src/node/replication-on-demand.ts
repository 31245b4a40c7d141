/* eslint-disable @typescript-eslint/no-require-imports, @typescript-eslint/consistent-type-imports -- `import()` would start the loader of ES modules for what is none */

/** The streams between brokers. A node alone starts without loading them. */
export const replicationOnDemand = (): typeof import('../replication/open-replication') =>
  require('../replication/open-replication') as typeof import('../replication/open-replication');
