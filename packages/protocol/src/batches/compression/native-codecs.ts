import type * as Lz4 from 'lz4-napi';
import type * as Snappy from 'snappy';

/*
 * The native libraries are loaded when a batch first needs them: start-up time is a promise, and most processes use
 * one codec or none.
 */
let loadedSnappy: typeof Snappy | undefined;
let loadedLz4: typeof Lz4 | undefined;

/* eslint-disable @typescript-eslint/no-require-imports -- an import would load at start, and a dynamic import only later than the synchronous caller needs it */
export const snappy = (): typeof Snappy => (loadedSnappy ??= require('snappy') as typeof Snappy);
export const lz4 = (): typeof Lz4 => (loadedLz4 ??= require('lz4-napi') as typeof Lz4);
/* eslint-enable @typescript-eslint/no-require-imports */
