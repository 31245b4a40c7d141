import { existsSync, readFileSync, readdirSync, statSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';

const root = join(__dirname, '../..');

const below = (directory: string): readonly string[] =>
  readdirSync(directory, { withFileTypes: true }).flatMap((entry) => {
    if (
      ['node_modules', 'dist', 'build', 'data', 'coverage'].includes(entry.name) ||
      entry.name.startsWith('.')
    )
      return [];
    const path = join(directory, entry.name);
    return entry.isDirectory() ? below(path) : entry.name.endsWith('.md') ? [path] : [];
  });
const pages = below(root).map((path) => ({
  path,
  name: relative(root, path),
  text: readFileSync(path, 'utf8'),
}));
const prose = (text: string): string => text.replace(/^```[\s\S]*?^```/gm, '');

/** The anchors that GitHub gives to headings. */
const anchorsOf = (text: string): readonly string[] =>
  [...prose(text).matchAll(/^#+ (.+)$/gm)].map((match) =>
    (match[1] ?? '')
      .toLowerCase()
      .replace(/[^\p{L}\p{N}\- _]/gu, '')
      .replaceAll(' ', '-'),
  );

test('every link between pages leads somewhere', () => {
  const links = pages.flatMap((page) =>
    [...prose(page.text).matchAll(/\]\(([^)\s]+)\)/g)].map((match) => ({ page, target: match[1] ?? '' })),
  );
  const broken = links
    .filter(({ target }) => !/^[a-z]+:/.test(target))
    .filter(({ page, target }) => {
      const [file = '', anchor] = target.split('#');
      const path = file === '' ? page.path : join(dirname(page.path), file);
      if (!existsSync(path)) return true;
      if (anchor === undefined || statSync(path).isDirectory()) return false;
      return !anchorsOf(readFileSync(path, 'utf8')).includes(anchor);
    })
    .map(({ page, target }) => `${page.name}: ${target}`);
  expect(links.length).toBeGreaterThan(10);
  expect(broken).toEqual([]);
});

test('every npm script that a page names is there', () => {
  const { scripts } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as {
    readonly scripts: Readonly<Record<string, string>>;
  };
  const named = pages.flatMap(({ name, text }) =>
    [...text.matchAll(/\bnpm run ([a-z][a-z:-]*)/g)].map((match) => ({ name, script: match[1] ?? '' })),
  );
  expect(named.length).toBeGreaterThan(0);
  expect(named.filter(({ script }) => scripts[script] === undefined)).toEqual([]);
});

test('every test that a page tells to run is there', () => {
  const tests = (directory: string): readonly string[] =>
    readdirSync(directory, { recursive: true, encoding: 'utf8' })
      .filter((path) => path.endsWith('.test.ts') && !path.includes('node_modules'))
      .map((path) => relative(root, join(directory, path)));
  const there = [...tests(join(root, 'packages')), ...tests(join(root, 'test'))];
  const named = pages.flatMap(({ name, text }) =>
    [...text.matchAll(/\bnpx jest ([a-z][\w./-]*)/g)].map((match) => ({ name, pattern: match[1] ?? '' })),
  );
  expect(named.length).toBeGreaterThan(0);
  expect(named.filter(({ pattern }) => !there.some((path) => path.includes(pattern)))).toEqual([]);
});

test('every page of docs is reached from the README', () => {
  const readme = pages.find(({ name }) => name === 'README.md')?.text ?? '';
  const decisions = pages.find(({ name }) => name === 'docs/decisions/README.md')?.text ?? '';
  const unreached = pages
    .filter(({ name }) => name.startsWith('docs/'))
    .filter(({ name }) =>
      name.startsWith('docs/decisions/0')
        ? !decisions.includes(`(${name.slice('docs/decisions/'.length)})`)
        : !readme.includes(`(${name})`),
    );
  expect(unreached.map(({ name }) => name)).toEqual([]);
});
