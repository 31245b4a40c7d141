import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Terminal } from '@kafkaesque/cli';
import { runTool } from '@kafkaesque/cli';
import { linesOf, run, runToSuccess } from './program';
import { hasTerminals, onTerminal } from './terminal-program';

jest.setTimeout(60_000);

const scratch = mkdtempSync(join(tmpdir(), 'kafkaesque-completion-'));
afterAll(() => rmSync(scratch, { recursive: true }));

const scriptFor = async (shell: string): Promise<string> => {
  let out = '';
  const terminal: Terminal = {
    out: (text) => void (out += text.toString()),
    err: () => undefined,
    drained: () => Promise.resolve(),
    input: (async function* (): AsyncGenerator<Buffer> {})(),
    isInteractive: false,
    interrupted: new AbortController().signal,
  };
  expect(await runTool(['completion', shell], 'kafkaesque', terminal)).toBe(0);
  const path = join(scratch, `kafkaesque.${shell}`);
  writeFileSync(path, out);
  return path;
};

/** What bash offers when Tab is pressed behind the last word. */
const inBash = async (script: string, words: readonly string[]): Promise<readonly string[]> => {
  const ask =
    'source "$1"; shift; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _kafkaesque; printf "%s\\n" "${COMPREPLY[@]}"';
  return linesOf(await runToSuccess('bash', ['--norc', '-c', ask, 'bash', script, ...words]));
};

const inFish = async (script: string, words: readonly string[]): Promise<readonly string[]> => {
  const ask = `source ${script}; complete -C '${words.join(' ')}'`;
  const { code, stdout, stderr } = await run('fish', ['--no-config', '-c', ask], {
    environment: { HOME: scratch, XDG_CONFIG_HOME: scratch, XDG_DATA_HOME: scratch },
  });
  expect([code, stderr]).toEqual([0, '']);
  return linesOf(stdout).map((line) => line.split('\t')[0] ?? '');
};

/** zsh completes only on a terminal: the line there after one Tab, which ends with a space once it is complete. */
const inZsh = async (script: string, words: readonly string[]): Promise<readonly string[]> => {
  const zsh = onTerminal('zsh -f -i', { cwd: scratch, environment: { TERM: 'dumb', HOME: scratch } });
  const line = words.join(' ');
  const type = (text: string): void => void zsh.child.stdin?.write(text);
  type(`autoload -U compinit; compinit -u -D; source ${script}; PS1=; echo rea''dy\r`);
  await zsh.until((shown) => shown.includes('\nready\r\n'));
  type(`${line}\t`);
  const shownLine = (shown: string): string =>
    (shown.split(/[\r\n]/).at(-1) ?? '').replace('\x1b[?2004h', '');
  const shown = await zsh.until((text) => {
    const now = shownLine(text);
    return now.startsWith(line) && now.length > line.length && now.endsWith(' ');
  });
  zsh.child.kill();
  await zsh.ended;
  return [shownLine(shown).trim().split(' ').at(-1) ?? ''];
};

const shells = [
  ['bash', inBash],
  ['fish', inFish],
  ['zsh', inZsh],
] as const;
const found = shells.filter(
  ([shell]) => spawnSync(shell, ['-c', 'true']).status === 0 && (shell !== 'zsh' || hasTerminals),
);
const missing = shells.filter((one) => !found.includes(one)).map(([shell]) => shell);

test('completion is tried in every shell that is there', () => {
  if (missing.length > 0) {
    process.stderr.write(`interop: not on this machine, so nothing was completed in ${missing.join(', ')}\n`);
  }
  expect(found.length + missing.length).toBe(shells.length);
});

describe.each(found)('in %s', (shell, complete) => {
  let script: string;
  beforeAll(async () => {
    script = await scriptFor(shell);
  });
  test.each([
    ['kafkaesque topi', 'topics'],
    ['kafkaesque topics --exclude-i', '--exclude-internal'],
    ['kafka-topics --exclude-i', '--exclude-internal'],
    ['kafka-topics.sh --list --exclude-i', '--exclude-internal'],
    ['kafkaesque cluster list-e', 'list-endpoints'],
    ['kafkaesque console-consumer --isolation-level read_c', 'read_committed'],
    ['kafkaesque completion fi', 'fish'],
    ['kafka-server-start --overr', '--override'],
  ])('"%s" becomes %s', async (line, expected) => {
    expect(await complete(script, line.split(' '))).toEqual([expected]);
  });
});
