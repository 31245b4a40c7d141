// Lets a plain node run the TypeScript sources of all packages, without a build and without jest (a third of the time):
//
//   node -C source -r ./scripts/typescript-sources.cjs test/simulation/simulate.ts
//
// What @swc/core makes of a file is kept under build/sources by a hash of the text. With MUTANT=name, the edits of that
// entry of the table MUTANTS (a TypeScript file that exports `mutants`) are made to the sources while they are loaded;
// an edit that does not match exactly once ends the process with code 3.
'use strict';

const { createHash } = require('node:crypto');
const { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } = require('node:fs');
const Module = require('node:module');
const { join, relative } = require('node:path');
const { transformSync, version } = require('@swc/core');

const root = join(__dirname, '..');
const cache = join(root, 'build/sources');
const options = {
  jsc: { parser: { syntax: 'typescript' }, target: 'es2022' },
  module: { type: 'commonjs' },
  sourceMaps: 'inline',
  swcrc: false,
};
mkdirSync(cache, { recursive: true });
process.setSourceMapsEnabled(true);

const compiled = (path, source) => {
  const hash = createHash('sha256')
    .update(JSON.stringify([version, options, path, source]))
    .digest('hex');
  const kept = join(cache, `${hash}.js`);
  if (existsSync(kept)) return readFileSync(kept, 'utf8');
  const { code } = transformSync(source, { ...options, filename: path });
  writeFileSync(`${kept}.${process.pid}`, code);
  renameSync(`${kept}.${process.pid}`, kept);
  return code;
};

/** Edits still to be made, by the path of their file. */
const editsByFile = new Map();

Module._extensions['.ts'] = (module, path) => {
  let source = readFileSync(path, 'utf8');
  const name = relative(root, path);
  for (const edit of editsByFile.get(name) ?? []) source = applied(source, edit);
  editsByFile.delete(name);
  module._compile(compiled(path, source), path);
};

const refuse = (why) => {
  process.stderr.write(`${why}\n`);
  process.exit(3);
};

const applied = (source, { file, find, replace }) => {
  const count =
    typeof find === 'string'
      ? source.split(find).length - 1
      : [...source.matchAll(new RegExp(find.source, `${find.flags.replace('g', '')}g`))].length;
  if (count !== 1)
    refuse(`mutant ${process.env.MUTANT}: ${file} matches ${count} times, not once: ${String(find)}`);
  return source.replace(find, () => replace);
};

const mutantName = process.env.MUTANT;
if (mutantName !== undefined) {
  const { mutants } = require(join(root, process.env.MUTANTS ?? 'test/simulation/quorum/mutants.ts'));
  const mutant = mutants.find(({ name }) => name === mutantName);
  if (mutant === undefined) refuse(`there is no mutant named ${mutantName}`);
  for (const edit of mutant.edits) {
    const path = join(root, edit.file);
    if (!existsSync(path)) refuse(`mutant ${mutantName}: there is no ${edit.file}`);
    applied(readFileSync(path, 'utf8'), edit);
    editsByFile.set(edit.file, [...(editsByFile.get(edit.file) ?? []), edit]);
  }
}
