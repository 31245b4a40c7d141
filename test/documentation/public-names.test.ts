import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { packageDirectories, publicNames } from './public-names';

const root = join(__dirname, '../..');
/** Packages whose every method is explained: what applications call. */
const forApplications = ['client', 'testkit'];

describe.each(packageDirectories(root))('%s', (directory) => {
  const names = publicNames(root, directory);

  test('every exported function, type and constant says what it is for', () => {
    expect(names.length).toBeGreaterThan(0);
    expect(names.filter(({ documented }) => !documented).map(({ path, name }) => `${path}: ${name}`)).toEqual(
      [],
    );
  });

  if (forApplications.some((name) => directory.endsWith(`/${name}`)))
    test('every method says what it does', () => {
      expect(names.flatMap(({ silentMethods }) => silentMethods)).toEqual([]);
    });
});

describe('the search', () => {
  const scratch = mkdtempSync(join(tmpdir(), 'public-names-'));
  afterAll(() => rmSync(scratch, { recursive: true }));
  const found = (files: Readonly<Record<string, string>>): ReturnType<typeof publicNames> => {
    const directory = mkdtempSync(join(scratch, 'package-'));
    mkdirSync(join(directory, 'src/inner'), { recursive: true });
    writeFileSync(
      join(directory, 'package.json'),
      JSON.stringify({ exports: { '.': { source: './src/index.ts' } } }),
    );
    for (const [name, text] of Object.entries(files)) writeFileSync(join(directory, 'src', name), text);
    return publicNames(directory, directory);
  };
  const silent = (files: Readonly<Record<string, string>>): readonly string[] =>
    found(files)
      .filter(({ documented }) => !documented)
      .map(({ name }) => name);

  test('follows a name to where it is declared, through renaming and imports that are handed on', () => {
    const files = {
      'index.ts': `export { outer as shown } from './middle';\nexport { told } from './inner';`,
      'middle.ts': `import { hidden as outer } from './inner/far';\nexport { outer };`,
      'inner/far.ts': 'export const hidden = () => 1;',
      'inner/index.ts': '/** Told. */\nexport function told(): void {}',
    };
    expect(found(files).map(({ name, path, documented }) => [name, path, documented])).toEqual([
      ['shown', 'src/inner/far.ts', false],
      ['told', 'src/inner/index.ts', true],
    ]);
  });

  test('takes no ordinary comment, and none of somebody else, for a docstring', () => {
    const text = [
      '/** The first. */\nexport const one = 1;',
      'export const two = 2;',
      '// A remark.\nexport interface Three {}',
      '/* Another. */\nexport type Four = 4;',
      '/** A class. */\nexport class Five {\n/** Says. */\nsay() {}\nkeep() {}\n#hide() {}\n}',
      'export function six() {}',
    ];
    expect(silent({ 'index.ts': text.join('\n\n') })).toEqual(['two', 'Three', 'Four', 'six']);
    expect(found({ 'index.ts': text.join('\n\n') }).flatMap(({ silentMethods }) => silentMethods)).toEqual([
      'Five.keep',
    ]);
  });

  test('lets the first schema of a file speak for the others, and for nothing else', () => {
    const schemas =
      'export const First = message({});\nexport const Second = message({});\nexport const other = 1;';
    expect(silent({ 'index.ts': schemas })).toEqual(['First', 'Second', 'other']);
    expect(silent({ 'index.ts': `/** v1. */\n${schemas}` })).toEqual(['other']);
  });

  test('fails where a name leads nowhere', () => {
    expect(() => found({ 'index.ts': `export { gone } from './middle';`, 'middle.ts': '' })).toThrow(/gone/);
  });
});
