// Makes a checkout ready to run: installs when the lockfile says so, builds when a source is newer than the last build.
// `npm start` and `npm test` call it first, so that a fresh clone needs nothing else.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const [major, minor] = process.versions.node.split('.').map(Number);
if (major < 20 || (major === 20 && minor < 19)) {
  console.error(`Kafkaesque needs Node 20.19 or newer; this is ${process.versions.node}.`);
  process.exit(1);
}

const run = (title, command, args) => {
  console.error(title);
  const { status } = spawnSync(command, args, { cwd: root, stdio: ['ignore', 'inherit', 'inherit'] });
  if (status !== 0) {
    console.error(`${title} failed: ${command} ${args.join(' ')}`);
    process.exit(status ?? 1);
  }
};
const modifiedMs = (path) => (existsSync(path) ? statSync(path).mtimeMs : 0);

// npm keeps a copy of the lockfile it installed from; ours is newer when a dependency changed.
const installed = join(root, 'node_modules/.package-lock.json');
if (modifiedMs(installed) < modifiedMs(join(root, 'package-lock.json'))) {
  run('Installing dependencies …', 'npm', ['ci', '--no-audit', '--no-fund', '--loglevel=error']);
}

const newestSourceMs = (directory) =>
  readdirSync(directory, { withFileTypes: true }).reduce((newest, entry) => {
    if (entry.name === 'node_modules' || entry.name === 'dist') return newest;
    const path = join(directory, entry.name);
    if (entry.isDirectory()) return Math.max(newest, newestSourceMs(path));
    return /\.(ts|json)$/.test(entry.name) ? Math.max(newest, modifiedMs(path)) : newest;
  }, 0);
const stamp = join(root, 'build/built');
const packages = join(root, 'packages');
const complete = readdirSync(packages).every(
  (name) =>
    !existsSync(join(packages, name, 'tsconfig.json')) || existsSync(join(packages, name, 'dist/index.js')),
);
const newest = Math.max(newestSourceMs(packages), modifiedMs(join(root, 'tsconfig.base.json')));
if (!complete || !existsSync(stamp) || Number(readFileSync(stamp, 'utf8')) !== newest) {
  run('Building …', process.execPath, [
    join(root, 'node_modules/typescript/bin/tsc'),
    '-b',
    'packages/cli',
    'packages/testkit',
  ]);
  mkdirSync(dirname(stamp), { recursive: true });
  writeFileSync(stamp, String(newest));
}
