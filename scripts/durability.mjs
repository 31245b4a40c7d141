// Kills a node again and again, at random moments, and looks each time whether everything it acknowledged is there.
//
//   npm run durability -- [--rounds 50] [--partitions 1] [--mode lazy|lazy-kill] [--seed N] [--directory DIR] [--eager-bytes N]
//
// With a directory the run can be interrupted and goes on where it was; without one it uses a temporary one, which stays
// only when a promise was broken.
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { transformSync } from '@swc/core';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '50' },
    partitions: { type: 'string', default: '1' },
    mode: { type: 'string', default: 'lazy' },
    seed: { type: 'string', default: String(Math.floor(Math.random() * 2 ** 32)) },
    directory: { type: 'string' },
    'eager-bytes': { type: 'string', default: '1000000' },
    'no-build': { type: 'boolean', default: false },
  },
});
const number = (name) => {
  const value = Number(values[name]);
  if (Number.isSafeInteger(value) && value >= 0) return value;
  console.error(`--${name} ${values[name]}: a whole number`);
  process.exit(2);
};
if (values.mode !== 'lazy' && values.mode !== 'lazy-kill') {
  console.error(`--mode ${values.mode}: lazy or lazy-kill`);
  process.exit(2);
}

if (!values['no-build']) {
  const { status } = spawnSync(process.execPath, [join(root, 'scripts/prepare.mjs')], { stdio: 'inherit' });
  if (status !== 0) process.exit(status ?? 1);
}
// The harness is written for jest, which runs on the sources; a process of its own needs plain JavaScript.
const built = join(root, 'build/durability');
mkdirSync(built, { recursive: true });
for (const name of readdirSync(join(root, 'test/durability'))) {
  if (!name.endsWith('.ts') || name.endsWith('.test.ts')) continue;
  const { code } = transformSync(readFileSync(join(root, 'test/durability', name), 'utf8'), {
    jsc: { parser: { syntax: 'typescript' }, target: 'es2022' },
    module: { type: 'commonjs' },
  });
  writeFileSync(join(built, name.replace(/\.ts$/, '.js')), code);
}
process.chdir(root);
const { runKillRounds } = createRequire(import.meta.url)(join(built, 'kill-rounds.js'));

const seed = number('seed');
const directory =
  values.directory === undefined ? mkdtempSync(join(tmpdir(), 'durability-')) : resolve(values.directory);
console.log(`seed ${seed}, ${values.partitions} partitions, FAULT_FS=${values.mode}, in ${directory}`);
let interrupted = false;
process.once('SIGINT', () => {
  interrupted = true;
  console.log('ends after this round');
});
const outcome = await runKillRounds({
  ...{ directory, seed, mode: values.mode, partitions: number('partitions') },
  ...{ rounds: number('rounds'), eagerBytes: number('eager-bytes') },
  isOver: () => interrupted,
  progress: (line) => console.log(`${new Date().toISOString().slice(11, 19)} ${line}`),
});
console.log(JSON.stringify({ seed, ...outcome }, null, 2));
if (outcome.violations.length > 0) {
  console.log(`broken promises; everything is in ${directory}`);
  process.exitCode = 1;
} else if (values.directory === undefined) rmSync(directory, { recursive: true });
