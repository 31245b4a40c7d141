/** How long somebody waits, and for what. */
export interface WaitOptions {
  /** Default 30,000. */
  readonly timeoutMs?: number;
  /** For the error, when it does not come. */
  readonly what?: string;
}

const DEFAULT_TIMEOUT_MS = 30_000;
const POLL_MS = 10;

/** Asks again and again until the answer is neither undefined nor false, and resolves with it. */
export const waitUntil = async <Value>(
  condition: () => Value | undefined | false | Promise<Value | undefined | false>,
  { timeoutMs = DEFAULT_TIMEOUT_MS, what = 'what was waited for did not come' }: WaitOptions = {},
): Promise<Value> => {
  const deadlineMs = performance.now() + timeoutMs;
  for (;;) {
    const value = await condition();
    if (value !== undefined && value !== false) return value;
    if (performance.now() > deadlineMs) throw new Error(`${what}, for ${timeoutMs} ms`);
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
};
