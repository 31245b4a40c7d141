import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';

/** A child process that answers every line with a line. */
export interface Conversation {
  readonly ask: (question: unknown) => Promise<unknown>;
  readonly close: () => Promise<void>;
}

const MOST_QUOTED = 4_000;

export const openConversation = (command: string, args: readonly string[]): Conversation => {
  const child = spawn(command, args, { env: { ...process.env, PYTHONDONTWRITEBYTECODE: '1' } });
  let complaints = '';
  child.stderr.on(
    'data',
    (chunk: Buffer) => (complaints = (complaints + chunk.toString()).slice(0, MOST_QUOTED)),
  );
  child.stdin.on('error', () => undefined);
  const waiting: { readonly resolve: (answer: unknown) => void; readonly reject: (cause: Error) => void }[] =
    [];
  createInterface({ input: child.stdout }).on('line', (line) => waiting.shift()?.resolve(JSON.parse(line)));
  const ended = new Promise<void>((resolve) => {
    child.on('close', (code) => {
      for (const { reject } of waiting.splice(0)) {
        reject(new Error(`${[command, ...args].join(' ')} ended with ${String(code)}\n${complaints}`));
      }
      resolve();
    });
  });
  return {
    ask: (question) =>
      new Promise((resolve, reject) => {
        waiting.push({ resolve, reject });
        child.stdin.write(`${JSON.stringify(question)}\n`);
      }),
    close: () => {
      child.stdin.end();
      return ended;
    },
  };
};
