import { runTool } from '../main';
import { recordedTerminal } from '../testing/recorded-terminal';
import { toolNames } from '../tools';
import { completedTools, programsOf } from './completion-words';

const completion = async (...argv: readonly string[]) => {
  const terminal = recordedTerminal();
  return { code: await runTool(['completion', ...argv], 'kafkaesque', terminal), ...terminal.written };
};
const named = (name: string) => completedTools().find((one) => one.name === name);

test('every tool is completed, with all of its options', () => {
  expect(completedTools().map(({ name }) => name)).toEqual(toolNames.filter((name) => name !== 'completion'));
  expect(completedTools().filter(({ options }) => options.length < 2)).toEqual([]);
});

test('a value is one of some words, a file, anything or nothing', () => {
  const valueOf = (tool: string, name: string) =>
    named(tool)?.options.find(({ names }) => names.includes(name))?.value;
  expect(valueOf('topics', '--list')).toEqual({ kind: 'none' });
  expect(valueOf('topics', '--topic')).toEqual({ kind: 'any' });
  expect(valueOf('topics', '--command-config')).toEqual({ kind: 'file' });
  expect(valueOf('dump-log', '--files')).toEqual({ kind: 'file' });
  expect(valueOf('console-consumer', '--isolation-level')).toEqual({
    kind: 'words',
    words: ['read_uncommitted', 'read_committed'],
  });
});

test('what comes before the options is known', () => {
  expect(named('cluster')?.actions).toEqual(['cluster-id', 'unregister', 'list-endpoints']);
  expect(named('storage')?.actions).toEqual([
    ...['info', 'format', 'version-mapping', 'feature-dependencies', 'random-uuid'],
  ]);
  expect(named('topics')).toMatchObject({ actions: [], takesFiles: false });
  expect(named('server')).toMatchObject({ actions: [], takesFiles: true });
  expect(programsOf('server')).toEqual(['kafka-server-start', 'kafka-server-start.sh']);
});

test.each(['bash', 'zsh', 'fish'])('%s gets a script that names every program', async (shell) => {
  const { code, out } = await completion(shell);
  expect(code).toBe(0);
  for (const program of ['kafkaesque', 'kafka-topics', 'kafka-topics.sh', 'kafka-server-start']) {
    expect(out).toContain(program);
  }
});

test.each([[[]], [['tcsh']], [['constructor']]])('%j names no shell that is known', async (argv) => {
  expect(await completion(...argv)).toEqual({
    code: 1,
    out: '',
    err: "Name one shell: bash, zsh, fish\nRun 'kafkaesque completion --help' for the options.\n",
  });
});
