import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';

const root = join(__dirname, '..');

/** What each package may import. Imports go down; a package that is not named here may not exist. */
const allowedImports: Readonly<Record<string, readonly string[]>> = {
  kernel: [],
  protocol: ['kernel'],
  sim: ['kernel'],
  raft: ['kernel', 'protocol'],
  metadata: ['kernel', 'protocol'],
  partition: ['kernel', 'protocol'],
  coordinator: ['kernel', 'protocol'],
  storage: ['kernel', 'protocol'],
  transport: ['kernel', 'protocol'],
  telemetry: ['kernel'],
  server: [
    'kernel',
    'protocol',
    'raft',
    'metadata',
    'partition',
    'coordinator',
    'storage',
    'transport',
    'telemetry',
  ],
  client: ['kernel', 'protocol', 'transport'],
  testkit: ['kernel', 'protocol', 'sim', 'storage', 'transport', 'telemetry', 'server', 'client'],
  cli: ['kernel', 'protocol', 'metadata', 'storage', 'server', 'client', 'telemetry'],
};
/** Packages whose sources are rules: synchronous, and without a world of their own. */
const pure = ['kernel', 'raft', 'metadata', 'partition', 'coordinator'];
/** What a source of a pure package may not say. A port's type may say Promise. */
const ambient =
  /\b(Date\.now|new Date|Math\.random|performance\.|setTimeout|setInterval|setImmediate|queueMicrotask|process\.|console\.|await |async )|from 'node:/;
/** `sim` may use promises and `setImmediate` to drain microtasks, nothing else ambient. */
const ambientInSim =
  /\b(Date\.now|new Date|Math\.random|performance\.|setTimeout|setInterval|process\.|console\.)|from 'node:/;
const banned = ['utils', 'util', 'helpers', 'helper', 'common', 'misc', 'manager', 'impl', 'base'];
const longestFile = 600;

interface Source {
  readonly path: string;
  readonly name: string;
  readonly text: string;
}

const walk = (directory: string): readonly string[] =>
  readdirSync(join(root, directory), { withFileTypes: true }).flatMap((entry) => {
    if (['node_modules', 'dist', 'generated', 'build'].includes(entry.name)) return [];
    const path = `${directory}/${entry.name}`;
    return entry.isDirectory()
      ? walk(path)
      : /\.tsx?$/.test(entry.name) && !entry.name.endsWith('.d.ts')
        ? [path]
        : [];
  });
const sources: readonly Source[] = ['packages', 'test', 'bench', 'examples']
  .filter((directory) => existsSync(join(root, directory)))
  .flatMap(walk)
  .map((path) => ({
    path,
    name: path.split('/').at(-1) ?? '',
    text: readFileSync(join(root, path), 'utf8'),
  }));
const isTest = (source: Source): boolean => source.name.endsWith('.test.ts');
const packageOf = (source: Source): string | undefined => /^packages\/([^/]+)\//.exec(source.path)?.[1];
/** Comments may speak of what code may not do. */
const withoutComments = (text: string): string => text.replace(/\/\*[\s\S]*?\*\/|(?<!:)\/\/.*$/gm, '');
const importsOf = (source: Source): readonly string[] =>
  [...source.text.matchAll(/(?:from|require\(|import\()\s*'@kafkaesque\/([a-z-]+)[^']*'/g)].map(
    (match) => match[1] ?? '',
  );

describe('the tree is tidy:', () => {
  const packages = readdirSync(join(root, 'packages'));

  test('every package has a manifest that depends only on what lies below it', () => {
    const wrong = packages.flatMap((name) => {
      const manifest = JSON.parse(readFileSync(join(root, 'packages', name, 'package.json'), 'utf8')) as {
        readonly dependencies?: Readonly<Record<string, string>>;
      };
      const ours = Object.keys(manifest.dependencies ?? {})
        .filter((dependency) => dependency.startsWith('@kafkaesque/'))
        .map((dependency) => dependency.slice('@kafkaesque/'.length));
      const allowed = allowedImports[name];
      return allowed === undefined
        ? [`packages/${name} is not in the table of allowed imports`]
        : ours
            .filter((dependency) => !allowed.includes(dependency))
            .map((dependency) => `${name} depends on ${dependency}`);
    });
    expect(wrong).toEqual([]);
  });

  test('imports only go down', () => {
    const upward = sources.flatMap((source) => {
      const name = packageOf(source);
      if (name === undefined) return [];
      const allowed = [name, ...(allowedImports[name] ?? []), ...(isTest(source) ? ['sim'] : [])];
      return importsOf(source)
        .filter((target) => !allowed.includes(target))
        .map((target) => `${source.path} imports ${target}`);
    });
    expect(upward).toEqual([]);
  });

  test('rules take time, chance and the world as arguments', () => {
    const reaching = sources
      .filter((source) => !isTest(source) && source.path.includes('/src/'))
      .filter((source) => {
        const name = packageOf(source) ?? '';
        const pattern = pure.includes(name) ? ambient : name === 'sim' ? ambientInSim : undefined;
        const conformance = source.path.startsWith('packages/kernel/src/conformance/');
        return pattern !== undefined && !conformance && pattern.test(withoutComments(source.text));
      })
      .map((source) => `${source.path}: ${ambient.exec(withoutComments(source.text))?.[0] ?? ''}`);
    expect(reaching).toEqual([]);
  });

  test('only transport sees sockets and grpc-js', () => {
    const seeing = sources
      .filter(
        (source) => packageOf(source) !== undefined && packageOf(source) !== 'transport' && !isTest(source),
      )
      .filter((source) => /'(node:(net|tls|http2)|@grpc\/grpc-js)'/.test(source.text))
      .map((source) => source.path);
    expect(seeing).toEqual([]);
  });

  test('files are small and have one subject', () => {
    const long = sources
      .map((source) => ({ path: source.path, lines: source.text.split('\n').length }))
      .filter(({ lines }) => lines > longestFile);
    expect(long).toEqual([]);
  });

  test('names are kebab-case nouns of the domain', () => {
    const odd = sources.filter((source) => {
      const words = source.name.replace(/(\.(test|property|bench))*\.tsx?$/, '');
      return (
        !/^[a-z0-9]+(-[a-z0-9]+)*$/.test(words) || words.split('-').some((word) => banned.includes(word))
      );
    });
    expect(odd.map((source) => source.path)).toEqual([]);
  });

  test('every file with tests carries the name the runner looks for', () => {
    const unseen = sources.filter(
      (source) => !isTest(source) && /^\s*(test|describe|it)(\.each\(|\(['"`])/m.test(source.text),
    );
    expect(unseen.map((source) => source.path).filter((path) => !path.includes('/conformance/'))).toEqual([]);
  });

  test('no test is focused or left aside, and nothing is left for later', () => {
    const leftovers = new RegExp(
      `\\b(test|it|describe)\\.(only|todo|skip)\\b|\\b(${['TO', 'DO'].join('')}|${['FIX', 'ME'].join('')}|${'X'.repeat(3)})\\b`,
    );
    expect(sources.filter((source) => leftovers.test(source.text)).map((source) => source.path)).toEqual([]);
  });

  test('a check is switched off only with a reason', () => {
    const silent = sources.flatMap((source) =>
      [...source.text.matchAll(/(eslint-disable[^\n*]*|@ts-(?:ignore|nocheck|expect-error)[^\n]*)/g)]
        .map((match) => match[1] ?? '')
        .filter((comment) => !/ -- \S/.test(comment))
        .map((comment) => `${source.path}: ${comment}`),
    );
    expect(silent.filter((line) => !line.startsWith('test/tidy.test.ts'))).toEqual([]);
  });

  test('every package explains itself', () => {
    expect(packages.filter((name) => !existsSync(join(root, 'packages', name, 'README.md')))).toEqual([]);
  });
});
