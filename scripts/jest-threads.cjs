// Threads that a test starts load TypeScript as the test does. What compacts logs in a node under test is one of them:
// without this it would end as soon as it began, and nothing would be compacted there.
'use strict';

const { join } = require('node:path');
const threads = require('node:worker_threads');

const execArgv = ['-C', 'source', '-r', join(__dirname, 'typescript-sources.cjs')];

// The module is one for all tests of a process.
if (threads.Worker.name !== 'SourcesWorker')
  threads.Worker = class SourcesWorker extends threads.Worker {
    constructor(program, options) {
      super(program, { execArgv, ...options });
    }
  };
