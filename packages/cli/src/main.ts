import { basename } from 'node:path';
import { processTerminal } from './command-line/terminal';
import type { Terminal } from './command-line/terminal';
import { VERSION } from './command-line/version';
import { isTool, loadTool, toolOfProgram, tools } from './tools';

const THREADS = '8';

/** Runs the tool that `argv` names, or that `program` (the name the process was started under) is. Resolves with the exit code. */
export const runTool = (argv: readonly string[], program: string, terminal: Terminal): Promise<number> => {
  const own = toolOfProgram(program);
  const [name, rest] = own === undefined ? [argv[0], argv.slice(1)] : [own, argv];
  if (name === undefined || name === 'help' || name === '--help' || name === '-h') {
    terminal.out(overview());
    return Promise.resolve(0);
  }
  if (name === '--version') {
    terminal.out(`${VERSION}\n`);
    return Promise.resolve(0);
  }
  if (!isTool(name)) {
    terminal.err(`There is no "${name}". ${overview()}`);
    return Promise.resolve(1);
  }
  return loadTool(name).run(
    rest,
    terminal,
    own === undefined ? `kafkaesque ${name}` : program.replace(/\.js$/, ''),
  );
};

const overview = (): string => {
  const lines = Object.entries(tools).map(([name, summary]) => `  ${name.padEnd(21)}${summary}`);
  return `usage: kafkaesque <tool> [options], or kafka-<tool> [options]

${lines.join('\n')}

\`kafkaesque <tool> --help\` shows a tool's options and examples. A first session:
  kafkaesque server
  kafkaesque topics --bootstrap-server localhost:9092 --create --topic my-topic
  kafkaesque console-producer --bootstrap-server localhost:9092 --topic my-topic
  kafkaesque console-consumer --bootstrap-server localhost:9092 --topic my-topic --from-beginning
`;
};

/** The process's own run: command line in, exit code out. */
export const start = (): void => {
  // Before anything touches the disk: the size of the thread pool is read at its first use.
  process.env['UV_THREADPOOL_SIZE'] ??= THREADS;
  void run().then((code) => {
    process.exitCode = code;
  });
};

const run = async (): Promise<number> => {
  const terminal = processTerminal();
  try {
    return await runTool(process.argv.slice(2), basename(process.argv[1] ?? ''), terminal);
  } catch (error) {
    terminal.err(`${explained(error)}\n`);
    return 1;
  }
};

/** Failures with a code are for people; anything else is a mistake of ours, and its stack says where. */
const explained = (error: unknown): string => {
  if (typeof error !== 'object' || error === null) return String(error);
  if ('code' in error && 'message' in error) return `${String(error.code)}: ${String(error.message)}`;
  return 'stack' in error ? String(error.stack) : JSON.stringify(error);
};

if (require.main === module) start();
