import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { builtinModules } from 'node:module';
import { join } from 'node:path';
import { preProcessFile } from 'typescript';

const root = join(__dirname, '../..');

interface Manifest {
  readonly name: string;
  readonly version: string;
  readonly description?: string;
  readonly license?: string;
  readonly author?: string;
  readonly engines?: unknown;
  readonly repository?: { readonly directory?: string };
  readonly private?: boolean;
  readonly type?: string;
  readonly main?: string;
  readonly types?: string;
  readonly exports?: Readonly<Record<string, Readonly<Record<string, string>>>>;
  readonly bin?: Readonly<Record<string, string>>;
  readonly files?: readonly string[];
  readonly publishConfig?: unknown;
  readonly scripts?: unknown;
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly devDependencies?: Readonly<Record<string, string>>;
}

const manifestIn = (directory: string): Manifest =>
  JSON.parse(readFileSync(join(directory, 'package.json'), 'utf8')) as Manifest;
const whole = manifestIn(root);

const sourcesBelow = (directory: string): readonly string[] =>
  readdirSync(directory, { withFileTypes: true }).flatMap((entry) => {
    const path = join(directory, entry.name);
    if (entry.isDirectory()) return entry.name === 'testing' ? [] : sourcesBelow(path);
    return entry.name.endsWith('.ts') && !entry.name.endsWith('.test.ts') ? [path] : [];
  });
/** `@scope/name/entry` and `name/file` come from the package whose name they begin with. */
const packageOf = (specifier: string): string =>
  specifier
    .split('/')
    .slice(0, specifier.startsWith('@') ? 2 : 1)
    .join('/');
const importsOf = (path: string): readonly string[] =>
  preProcessFile(readFileSync(path, 'utf8'), true, true)
    .importedFiles.map(({ fileName }) => fileName)
    .filter((specifier) => !specifier.startsWith('.'));
const isBuiltin = (specifier: string): boolean =>
  specifier.startsWith('node:') || builtinModules.includes(packageOf(specifier));

describe.each(readdirSync(join(root, 'packages')))('the manifest of %s', (name) => {
  const directory = join(root, 'packages', name);
  const manifest = manifestIn(directory);

  test('says what the package is, and under which terms', () => {
    expect(manifest).toMatchObject({
      name: `@kafkaesque/${name}`,
      version: whole.version,
      license: whole.license,
      author: whole.author,
      engines: whole.engines,
      publishConfig: { access: 'public' },
    });
    expect(manifest.description).toMatch(/^[A-Z].*\.$/);
    expect(manifest.private).toBeUndefined();
    // A scoped package inherits nothing from the root: once that has an address, each package must tell it too.
    expect(manifest.repository).toEqual(
      whole.repository && { ...whole.repository, directory: `packages/${name}` },
    );
    for (const file of ['LICENSE', 'NOTICE'])
      expect(readFileSync(join(directory, file), 'utf8')).toBe(readFileSync(join(root, file), 'utf8'));
    expect(readFileSync(join(directory, 'README.md'), 'utf8')).toMatch(/^# \S/);
  });

  test('leads to files that exist, each way of asking to the same one', () => {
    const { exports, main, types } = manifest;
    expect([main, types]).toEqual([exports?.['.']?.['default'], exports?.['.']?.['types']]);
    for (const targets of Object.values(exports ?? {})) {
      const source = /^\.\/src\/(.+)\.ts$/.exec(targets['source'] ?? '')?.[1];
      expect(Object.keys(targets)).toEqual(['source', 'types', 'default']);
      expect(targets).toEqual({
        source: `./src/${source}.ts`,
        types: `./dist/${source}.d.ts`,
        default: `./dist/${source}.js`,
      });
      expect(existsSync(join(directory, targets['source'] ?? ''))).toBe(true);
    }
    for (const target of Object.values(manifest.bin ?? {}))
      expect(existsSync(join(directory, target))).toBe(true);
  });

  test('ships sources and what is built from them, but no tests, and runs nothing when it is installed', () => {
    expect(manifest.files).toEqual(expect.arrayContaining(['dist', 'src', '!**/*.test.*', 'NOTICE']));
    expect(manifest.files?.includes('!**/testing')).toBe(
      readdirSync(join(directory, 'src'), { recursive: true, encoding: 'utf8' }).some((path) =>
        /(^|\/)testing$/.test(path),
      ),
    );
    expect(manifest.type).toBe('commonjs');
    expect(manifest.scripts).toBeUndefined();
  });

  test('names what its sources import, in exact versions, and nothing else', () => {
    const imported = sourcesBelow(join(directory, 'src'))
      .filter((path) => !/(^|\/)(example-[a-z]+|scenario)\.ts$/.test(path))
      .flatMap(importsOf)
      .filter((specifier) => !isBuiltin(specifier))
      .map(packageOf)
      .filter((dependency) => dependency !== manifest.name);
    expect(Object.keys(manifest.dependencies ?? {}).toSorted()).toEqual([...new Set(imported)].toSorted());
    for (const [dependency, version] of Object.entries(manifest.dependencies ?? {}))
      expect([dependency, version]).toEqual([
        dependency,
        dependency.startsWith('@kafkaesque/') ? whole.version : expect.stringMatching(/^\d+\.\d+\.\d+$/),
      ]);
  });
});
