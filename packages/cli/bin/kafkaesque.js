#!/usr/bin/env node
'use strict';
// Before anything touches the disk: the size of the thread pool is read at its first use.
process.env.UV_THREADPOOL_SIZE ??= '8';
let main;
try {
  main = require('../dist/main.js');
} catch (error) {
  if (error.code !== 'MODULE_NOT_FOUND') throw error;
  process.stderr.write('kafkaesque is not built yet: run `npm ci && npm run build` in its checkout first.\n');
  process.exit(1);
}
main.start();
