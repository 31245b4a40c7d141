import {
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { run, runToSuccess } from '../interop/program';
import { startProgram } from '../interop/terminal-program';

// Everything is packed and installed as from a registry; the packages of others come from one.
jest.setTimeout(120_000);

const root = join(__dirname, '../..');
const names = readdirSync(join(root, 'packages'));
const scratch = mkdtempSync(join(tmpdir(), 'kafkaesque-packed-'));
const tarballs = join(scratch, 'tarballs');
const project = join(scratch, 'project');
afterAll(() => rmSync(scratch, { recursive: true, force: true }));

interface Packed {
  readonly name: string;
  readonly filename: string;
  readonly files: readonly { readonly path: string }[];
}
interface Manifest {
  readonly exports: Readonly<Record<string, Readonly<Record<string, string>>>>;
  readonly bin?: Readonly<Record<string, string>>;
}
const manifestOf = (name: string): Manifest =>
  JSON.parse(readFileSync(join(root, 'packages', name, 'package.json'), 'utf8')) as Manifest;
/** `@kafkaesque/kernel/conformance` and the like. */
const entriesOf = (name: string): readonly string[] =>
  Object.keys(manifestOf(name).exports).map((entry) => `@kafkaesque/${name}${entry.slice(1)}`);

let packed: readonly Packed[];
beforeAll(async () => {
  mkdirSync(tarballs);
  mkdirSync(project);
  const told = await runToSuccess('npm', ['pack', '--workspaces', '--json', '--pack-destination', tarballs], {
    cwd: root,
  });
  packed = Object.values(JSON.parse(told.toString()) as Readonly<Record<string, Packed>>);
  writeFileSync(join(project, 'package.json'), '{ "name": "empty", "version": "1.0.0", "private": true }\n');
  await runToSuccess(
    'npm',
    [
      'install',
      '--prefer-offline',
      '--no-audit',
      '--no-fund',
      '--loglevel=error',
      ...packed.map(({ filename }) => join(tarballs, filename)),
    ],
    { cwd: project },
  );
});

test('every package is packed with what it needs, and without its tests', () => {
  expect(packed.map(({ name }) => name).toSorted()).toEqual(
    names.map((name) => `@kafkaesque/${name}`).toSorted(),
  );
  for (const { name, files } of packed) {
    const paths = files.map(({ path }) => path);
    const { exports, bin = {} } = manifestOf(name.slice('@kafkaesque/'.length));
    const needed = [
      ...Object.values(exports).flatMap((targets) => Object.values(targets)),
      ...Object.values(bin),
    ];
    expect(paths).toEqual(
      expect.arrayContaining([
        ...['LICENSE', 'NOTICE', 'README.md', 'package.json'],
        ...needed.map((target) => target.replace('./', '')),
      ]),
    );
    expect(paths.filter((path) => /\.test\.|\/testing\/|tsbuildinfo/.test(path))).toEqual([]);
  }
});

test('source maps lead to sources that are there', () => {
  const missing = names.flatMap((name) => {
    const directory = join(project, 'node_modules/@kafkaesque', name, 'dist');
    return readdirSync(directory, { recursive: true, encoding: 'utf8' })
      .filter((path) => path.endsWith('.map'))
      .flatMap((path) => {
        const { sources } = JSON.parse(readFileSync(join(directory, path), 'utf8')) as {
          readonly sources: readonly string[];
        };
        return sources.map((source) => join(directory, path, '..', source));
      })
      .filter((path) => !existsSync(path));
  });
  expect(missing).toEqual([]);
});

test('every entry can be required and imported, and gives the same names', async () => {
  const entries = names.flatMap(entriesOf);
  const program = `
    const { createRequire } = require('node:module');
    const required = createRequire(${JSON.stringify(join(project, 'index.js'))});
    (async () => {
      const told = {};
      for (const entry of ${JSON.stringify(entries)}) {
        const ours = Object.keys(required(entry)).sort();
        const theirs = Object.keys(await import(entry)).filter((name) => name !== 'default' && name !== 'module.exports' && name !== '__esModule').sort();
        told[entry] = { ours, theirs };
      }
      console.log(JSON.stringify(told));
    })();`;
  writeFileSync(join(project, 'names.cjs'), program);
  const told = JSON.parse(
    (await runToSuccess(process.execPath, ['names.cjs'], { cwd: project })).toString(),
  ) as Readonly<Record<string, { readonly ours: readonly string[]; readonly theirs: readonly string[] }>>;
  expect(Object.keys(told)).toEqual(entries);
  for (const [entry, { ours, theirs }] of Object.entries(told)) {
    expect({ entry, count: ours.length > 0 }).toEqual({ entry, count: true });
    expect({ entry, theirs }).toEqual({ entry, theirs: ours });
  }
  // Nothing of the checkout is behind it.
  expect(lstatSync(join(project, 'node_modules/@kafkaesque/server')).isSymbolicLink()).toBe(false);
});

test('the installed command line starts a server, writes a record and reads it', async () => {
  const bin = (name: string): string => join(project, 'node_modules/.bin', name);
  const overrides = [
    'listeners=PLAINTEXT://127.0.0.1:0,CONTROLLER://127.0.0.1:0',
    'controller.listener.names=CONTROLLER',
    `log.dirs=${join(scratch, 'data')}`,
    'metrics.port=0',
  ];
  const server = startProgram(
    bin('kafkaesque'),
    ['server', ...overrides.flatMap((override) => ['--override', override])],
    { cwd: project },
  );
  try {
    const portIn = (output: string): string | undefined =>
      output
        .split('\n')
        .filter((line) => line.includes('"msg":"ready"') && line.endsWith('}'))
        .map((line) => /"name":"PLAINTEXT"[^}]*"port":(\d+)/.exec(line)?.[1])[0];
    const address = `127.0.0.1:${portIn(await server.until((output) => portIn(output) !== undefined))}`;
    const at = ['--bootstrap-server', address, '--topic', 'packed'];
    const created = await runToSuccess(bin('kafka-topics'), [...at, '--create']);
    expect(created.toString()).toBe('Created topic packed.\n');
    const produced = await run(bin('kafka-console-producer.sh'), at, { input: 'from a tarball\n' });
    expect(produced).toMatchObject({ code: 0, stderr: '' });
    const read = await runToSuccess(bin('kafkaesque'), [
      ...['console-consumer', ...at, '--from-beginning', '--max-messages', '1'],
    ]);
    expect(read.toString()).toBe('from a tarball\n');
  } finally {
    server.child.kill('SIGTERM');
  }
  expect(await server.ended).toBe(0);
});

test('a TypeScript project compiles what the README shows for a test, and it runs', async () => {
  const readme = readFileSync(join(root, 'README.md'), 'utf8');
  const shown = /^## In a test\n[\s\S]*?^```ts\n([\s\S]*?)^```$/m.exec(readme)?.[1] ?? '';
  expect(shown).toContain('createCluster');
  const imports = shown.split('\n').filter((line) => line.startsWith('import '));
  const body = shown.split('\n').filter((line) => !line.startsWith('import '));
  writeFileSync(
    join(project, 'shown.ts'),
    [...imports, 'const main = async (): Promise<void> => {', ...body, '};', 'void main();', ''].join('\n'),
  );
  const flags = ['--strict', '--target', 'es2022', '--lib', 'es2023,esnext.disposable', '--skipLibCheck'];
  for (const kind of [
    ['--module', 'node20', '--moduleResolution', 'node16'],
    ['--module', 'esnext', '--moduleResolution', 'bundler', '--noEmit'],
    ['--module', 'node20'],
  ])
    await runToSuccess(
      process.execPath,
      [
        join(root, 'node_modules/typescript/bin/tsc'),
        ...flags,
        ...kind,
        ...['--typeRoots', join(root, 'node_modules/@types'), '--types', 'node', 'shown.ts'],
      ],
      { cwd: project },
    ).catch((cause: unknown) => {
      throw new Error(`tsc ${kind.join(' ')}`, { cause });
    });
  const ran = await run(process.execPath, ['shown.js'], { cwd: project });
  expect(ran).toMatchObject({ code: 0, stderr: '' });
});
