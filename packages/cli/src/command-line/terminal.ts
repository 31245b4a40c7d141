/** What a tool sees of the process that runs it. */
export interface Terminal {
  out(text: string | Buffer): void;
  err(text: string): void;
  /** Resolves when what was written has left, as far as back-pressure asks to wait. */
  drained(): Promise<void>;
  readonly input: AsyncIterable<Buffer>;
  /** Somebody types: a prompt helps. */
  readonly isInteractive: boolean;
  /** Fires at Ctrl-C, at SIGTERM, and when nobody reads the output any more. */
  readonly interrupted: AbortSignal;
}

/** Why `interrupted` fired when nobody reads the output any more. */
export const OUTPUT_CLOSED = 'output closed';

/** The process's own. Signals are taken over at the first look at `interrupted`. */
export const processTerminal = (): Terminal => {
  const { stdout, stderr, stdin } = process;
  let interrupt: AbortController | undefined;
  const interrupted = (): AbortSignal => {
    if (interrupt === undefined) {
      const controller = new AbortController();
      interrupt = controller;
      process.once('SIGINT', () => controller.abort());
      process.once('SIGTERM', () => controller.abort());
    }
    return interrupt.signal;
  };
  // `… | head` closes the pipe: that is an end, not an error. Such a stream never drains, and never says that it closed.
  let isBroken = false;
  const waiting = new Set<() => void>();
  stdout.on('error', () => {
    if (interrupt === undefined) process.exit(0);
    isBroken = true;
    interrupt.abort(OUTPUT_CLOSED);
    for (const resolve of waiting) resolve();
  });
  return {
    out: (text) => {
      if (!isBroken) stdout.write(text);
    },
    err: (text) => void stderr.write(text),
    drained: () =>
      stdout.writableNeedDrain && !isBroken
        ? new Promise((resolve) => {
            const wake = (): void => {
              waiting.delete(wake);
              stdout.off('drain', wake);
              resolve();
            };
            waiting.add(wake);
            stdout.once('drain', wake);
          })
        : Promise.resolve(),
    input: stdin,
    isInteractive: stdin.isTTY && stdout.isTTY,
    get interrupted() {
      return interrupted();
    },
  };
};
