// Runs the test suite in parts, each bounded by time, and ends with the plain line `N passed, N failed`.
// The minutes are those of a quiet machine of two cores. Such machines differ by a factor of two from day to day, so a part
// that takes longer says so, and is ended only at three times its minutes.
//
//   npm test                    every part
//   npm test -- unit interop    these parts only
import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const parts = [
  {
    name: 'unit',
    minutes: 3,
    patterns: [
      '<rootDir>/packages/',
      '<rootDir>/bench/(?!bench\\.test)',
      '<rootDir>/test/(node|documentation|packages)/',
      '<rootDir>/test/[^/]*\\.test\\.ts$',
    ],
  },
  { name: 'simulation', minutes: 4, patterns: ['<rootDir>/test/(simulation|bad-input)/'] },
  { name: 'interop', minutes: 2, patterns: ['<rootDir>/test/interop/(?!joined-groups|mixed-groups)'] },
  { name: 'chaos', minutes: 1, patterns: ['<rootDir>/test/(chaos|durability)/'] },
];
const asked = process.argv.slice(2);
const unknown = asked.filter((name) => !parts.some((part) => part.name === name));
if (unknown.length > 0) {
  console.error(
    `no part named ${unknown.join(', ')}; there are ${parts.map((part) => part.name).join(', ')}`,
  );
  process.exit(2);
}

const PATIENCE = 3;
const scratch = mkdtempSync(join(tmpdir(), 'kafkaesque-test-'));
const runPart = ({ name, minutes, patterns }) =>
  new Promise((resolve) => {
    const report = join(scratch, `${name}.json`);
    const args = [
      join(root, 'node_modules/jest/bin/jest.js'),
      '--config',
      join(root, 'jest.config.cjs'),
      '--passWithNoTests',
      '--json',
      '--outputFile',
      report,
      '--testPathPatterns',
      ...patterns.map((pattern) => pattern.replace('<rootDir>', root)),
    ];
    console.log(`\n── ${name} (${minutes} minutes)`);
    const child = spawn(process.execPath, args, {
      cwd: root,
      stdio: ['ignore', 'ignore', 'inherit'],
      detached: true,
    });
    const startedMs = performance.now();
    let late = false;
    const timer = setTimeout(
      () => {
        late = true;
        process.kill(-child.pid, 'SIGKILL');
      },
      minutes * PATIENCE * 60_000,
    );
    child.on('exit', (code) => {
      clearTimeout(timer);
      const seconds = Math.round((performance.now() - startedMs) / 1000);
      console.log(
        `${name} took ${seconds} s${seconds > minutes * 60 ? `, longer than its ${minutes} minutes` : ''}`,
      );
      if (late) console.error(`${name} did not end within ${minutes * PATIENCE} minutes`);
      const counts = existsSync(report) ? JSON.parse(readFileSync(report, 'utf8')) : undefined;
      const failedSuites =
        counts?.testResults.filter(
          (suite) => suite.status === 'failed' && suite.assertionResults.length === 0,
        ).length ?? 0;
      const failed = (counts?.numFailedTests ?? 0) + failedSuites;
      // A part that ended badly without a failed test to show for it (a crash, a deadline) counts as one failure.
      resolve({
        passed: counts?.numPassedTests ?? 0,
        failed: failed === 0 && (late || code !== 0) ? 1 : failed,
        skipped: counts?.numPendingTests ?? 0,
      });
    });
  });

const total = { passed: 0, failed: 0, skipped: 0 };
for (const part of parts) {
  if (asked.length > 0 && !asked.includes(part.name)) continue;
  const counts = await runPart(part);
  for (const key of Object.keys(total)) total[key] += counts[key];
}
rmSync(scratch, { recursive: true, force: true });
console.log(
  `\n${total.passed} passed, ${total.failed} failed${total.skipped > 0 ? `, ${total.skipped} skipped` : ''}`,
);
process.exitCode = total.failed > 0 || total.passed === 0 ? 1 : 0;
