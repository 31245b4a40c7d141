import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';

const root = join(__dirname, '../../..');
const scratch = mkdtempSync(join(tmpdir(), 'mutants-'));
afterAll(() => rmSync(scratch, { recursive: true, force: true }));

const FILE = 'packages/kernel/src/timing/backoff.ts';
const table = join(scratch, 'mutants.ts');
writeFileSync(
  table,
  `const FILE: string = '${FILE}';
   export const mutants = [
     { name: 'fits', about: '', edits: [{ file: FILE, find: /export const backoffMs = /, replace: 'export const backoffMs = () => -1; export const old = ' }] },
     { name: 'matches-often', about: '', edits: [{ file: FILE, find: 'const', replace: 'let' }] },
     { name: 'matches-nothing', about: '', edits: [{ file: FILE, find: 'no such text', replace: '' }] },
     { name: 'no-file', about: '', edits: [{ file: 'packages/kernel/src/nowhere.ts', find: 'a', replace: 'b' }] },
   ];`,
);
const program = join(scratch, 'program.ts');
writeFileSync(
  program,
  `const { backoffMs } = require('${join(root, 'packages/kernel/src/index.ts')}') as { backoffMs: (...words: unknown[]) => number };
   const text: string = String(backoffMs({ initialMs: 10, maximumMs: 1000 }, 1, { fraction: () => 0.5 }));
   console.log(text);`,
);

const run = (
  mutant?: string,
): Promise<{ readonly code: number; readonly output: string; readonly said: string }> =>
  new Promise((resolve) => {
    const loader = join(root, 'scripts/typescript-sources.cjs');
    const { MUTANT: _, ...rest } = process.env;
    const env = mutant === undefined ? rest : { ...rest, MUTANT: mutant, MUTANTS: relative(root, table) };
    execFile(
      process.execPath,
      ['-C', 'source', '-r', loader, program],
      { env, cwd: root },
      (error, output, said) => {
        resolve({ code: error === null ? 0 : Number(error.code), output: output.trim(), said });
      },
    );
  });

describe('sources that are loaded by a plain node', () => {
  test('run as they are', async () => {
    const { code, output } = await run();
    expect(code).toBe(0);
    expect(Number(output)).toBeGreaterThan(0);
  });

  test('run with a bug planted into them', async () => {
    expect(await run('fits')).toMatchObject({ code: 0, output: '-1' });
  });

  test.each([
    ['matches-often', /matches \d+ times, not once/],
    ['matches-nothing', /matches 0 times, not once/],
    ['no-file', /there is no packages\/kernel\/src\/nowhere\.ts/],
    ['unheard-of', /there is no mutant named unheard-of/],
  ])('refuse a bug that can not be planted: %s', async (mutant, expected) => {
    const { code, said } = await run(mutant);
    expect(code).toBe(3);
    expect(said).toMatch(expected);
  });
});
