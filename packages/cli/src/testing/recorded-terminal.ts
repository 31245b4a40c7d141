import type { Clock } from '@kafkaesque/kernel';
import type { Terminal } from '../command-line/terminal';

/** A terminal that keeps what was written to it. */
export interface RecordedTerminal extends Terminal {
  readonly written: { out: string; err: string };
  interrupt(): void;
}

export const recordedTerminal = (
  options: { readonly input?: readonly (string | Buffer)[]; readonly isInteractive?: boolean } = {},
): RecordedTerminal => {
  const written = { out: '', err: '' };
  const controller = new AbortController();
  return {
    written,
    out: (text) => void (written.out += text.toString()),
    err: (text) => void (written.err += text),
    drained: () => Promise.resolve(),
    input: inputOf(options.input ?? []),
    isInteractive: options.isInteractive ?? false,
    interrupted: controller.signal,
    interrupt: () => controller.abort(),
  };
};

/** A clock that stands still: nothing here waits. */
export const standingClock = (): Clock => ({
  monotonicMs: () => 0,
  wallMs: () => 0,
  wakeAt: () => () => undefined,
});

async function* inputOf(chunks: readonly (string | Buffer)[]): AsyncGenerator<Buffer, void, undefined> {
  for (const chunk of chunks) yield await Promise.resolve(Buffer.from(chunk));
}
