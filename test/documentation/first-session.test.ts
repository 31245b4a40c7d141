import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CTRL_C, CTRL_D, hasTerminals, onTerminal } from '../interop/terminal-program';
import type { RunningProgram } from '../interop/terminal-program';
import { isAsPrinted, printedSession } from './printed-session';
import type { PrintedCommand } from './printed-session';

// Each command is a process of its own, started by npx.
jest.setTimeout(120_000);

const root = join(__dirname, '../..');
const readme = readFileSync(join(root, 'README.md'), 'utf8');
const session = printedSession(readme, '## A first session');
const PRINTED_ADDRESS = 'localhost:9092';
const PROMPT = '>';

test('a terminal is there to run the first session on, or this says that it was left out', () => {
  if (!hasTerminals)
    process.stderr.write('documentation: no `script` on this machine, so the first session was not run\n');
  expect(session.length).toBeGreaterThan(5);
  expect(session.filter(({ output }) => output === undefined)).toEqual([]);
});

if (hasTerminals) {
  const scratch = mkdtempSync(join(tmpdir(), 'first-session-'));
  let server: RunningProgram;
  let address: string;
  let running: RunningProgram | undefined;

  beforeAll(async () => {
    expect(readme).toMatch(/^npm start\b/m);
    const { scripts } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as {
      readonly scripts: { readonly start: string };
    };
    // Only the port and the place are this test's own.
    server = onTerminal(scripts.start, {
      cwd: root,
      environment: {
        KAFKA_LISTENERS: 'PLAINTEXT://127.0.0.1:0,CONTROLLER://127.0.0.1:0',
        KAFKA_CONTROLLER_LISTENER_NAMES: 'CONTROLLER',
        KAFKA_LOG_DIRS: join(scratch, 'data'),
      },
    });
    const shown = await server.until((text) => text.includes('console-consumer'));
    address = `localhost:${/listens on PLAINTEXT (\d+)/.exec(shown)?.[1] ?? ''}`;
  });
  afterAll(async () => {
    running?.child.kill();
    server.child.stdin?.write(CTRL_C);
    expect(await server.ended).toBe(0);
    rmSync(scratch, { recursive: true });
  });

  /** The same command, for the port that this test's server got. */
  const addressed = (command: string): string =>
    command.includes(PRINTED_ADDRESS)
      ? command.replaceAll(PRINTED_ADDRESS, address)
      : `${command} --bootstrap-server ${address}`;

  const run = async ({ command, typed, endedBy, output = '' }: PrintedCommand): Promise<string> => {
    const program = onTerminal(addressed(command), {
      cwd: root,
      // npm's own remarks and its spinner are no part of the session.
      environment: { npm_config_loglevel: 'error', npm_config_progress: 'false' },
    });
    running = program;
    const prompts = (count: number): Promise<string> =>
      program.until((shown) => shown.split(PROMPT).length > count);
    for (const [index, line] of typed.entries()) {
      await prompts(index + 1);
      program.child.stdin?.write(`${line}\r`);
    }
    if (endedBy === '^D') {
      await prompts(typed.length + 1);
      program.child.stdin?.write(CTRL_D);
    } else if (endedBy === '^C') {
      const [before = ''] = output.split('^C');
      await program.until((shown) => shown.replaceAll('\r', '').endsWith(before));
      program.child.stdin?.write(CTRL_C);
    }
    const code = await program.ended;
    if (endedBy !== '^C') expect({ command, code, shown: program.output() }).toMatchObject({ code: 0 });
    return program.output();
  };

  test('the first session of the README runs as printed', async () => {
    for (const printed of session) {
      const { command, output = '' } = printed;
      const shown = await run(printed);
      const verdict = isAsPrinted(output, shown) ? 'as printed' : { printed: output, shown };
      expect({ command, verdict }).toEqual({ command, verdict: 'as printed' });
    }
  });
}
