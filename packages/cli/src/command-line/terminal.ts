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
  // `… | head` closes the pipe: that is an end, not an error.
  stdout.on('error', () => {
    if (interrupt === undefined) process.exit(0);
    interrupt.abort();
  });
  return {
    out: (text) => void stdout.write(text),
    err: (text) => void stderr.write(text),
    drained: () =>
      stdout.writableNeedDrain && !stdout.destroyed
        ? new Promise((resolve) => {
            stdout.once('drain', resolve);
            stdout.once('close', resolve);
          })
        : Promise.resolve(),
    input: stdin,
    isInteractive: stdin.isTTY && stdout.isTTY,
    get interrupted() {
      return interrupted();
    },
  };
};
