/* eslint-disable @typescript-eslint/no-require-imports, @typescript-eslint/consistent-type-imports -- `import()` would start the loader of ES modules for packages that are none */

/** The SDK. It is half of what a command loads, and neither `--help` nor a wrong command line needs it. */
export const sdk = (): typeof import('@kafkaesque/client') =>
  require('@kafkaesque/client') as typeof import('@kafkaesque/client');

/** The formats of the protocol and of segments, which are the other half. */
export const protocol = (): typeof import('@kafkaesque/protocol') =>
  require('@kafkaesque/protocol') as typeof import('@kafkaesque/protocol');

/** Disks, and the files of the write-ahead log. */
export const storage = (): typeof import('@kafkaesque/storage') =>
  require('@kafkaesque/storage') as typeof import('@kafkaesque/storage');

/** The records of the metadata, and which features this release has. */
export const metadata = (): typeof import('@kafkaesque/metadata') =>
  require('@kafkaesque/metadata') as typeof import('@kafkaesque/metadata');
