// Runs the tests that try fewer cases in `npm test` than they could (`casesOf`), with all of theirs.
//
//   npm run test:properties             all cases
//   npm run test:properties -- 1000     so many of each
import { spawnSync } from 'node:child_process';
import { readFileSync, readdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const [cases = 'all'] = process.argv.slice(2);

// Whoever runs the cases of a crash tries as many seeds as those say.
const drawsCases = /\b(casesOf\(|crashCases\b)/;
const files = ['packages', 'test']
  .flatMap((folder) => readdirSync(join(root, folder), { recursive: true }).map((name) => join(folder, name)))
  .filter((path) => path.endsWith('.test.ts') && !path.includes('node_modules'))
  .filter((path) => drawsCases.test(readFileSync(join(root, path), 'utf8')));

const { status } = spawnSync(
  process.execPath,
  [join(root, 'node_modules/jest/bin/jest.js'), '--runTestsByPath', ...files],
  { cwd: root, stdio: 'inherit', env: { ...process.env, KAFKAESQUE_CASES: cases } },
);
process.exitCode = status ?? 1;
