// Turns TypeScript into what jest runs. A module is loaded when something of it is first used, not when it is imported:
// jest loads the sources anew for every test file, and most tests need little of what the packages export.
const { createHash } = require('node:crypto');
const { readFileSync } = require('node:fs');
const { createTransformer } = require('@swc/jest');

const options = {
  jsc: { parser: { syntax: 'typescript' }, target: 'es2022' },
  sourceMaps: 'inline',
};
const IMPORT = /\bfrom '([^']+)'/g;
const own = readFileSync(__filename);
const eager = createTransformer({ ...options, module: { type: 'commonjs' } });

module.exports = {
  process: (source, path, jestOptions) => {
    // The compiler asks for the names of those that may be late; all of them may.
    const lazy = [...new Set(Array.from(source.matchAll(IMPORT), ([, name]) => name))];
    const transformer = createTransformer({ ...options, module: { type: 'commonjs', lazy } });
    return transformer.process(source, path, jestOptions);
  },
  getCacheKey: (...args) =>
    createHash('sha1')
      .update(eager.getCacheKey(...args))
      .update(own)
      .digest('hex'),
};
