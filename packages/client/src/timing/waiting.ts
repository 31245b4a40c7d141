import type { Clock, Random } from '@kafkaesque/kernel';
import { ClientError } from '../errors';

/** The error of a call whose `AbortSignal` fired. */
export const abortedError = (signal: AbortSignal): ClientError =>
  new ClientError('aborted', 'ABORTED', 'the call was aborted', {
    effect: 'indefinite',
    cause: signal.reason,
  });

export const throwIfAborted = (signal: AbortSignal | undefined): void => {
  if (signal?.aborted === true) throw abortedError(signal);
};

/** Resolves after `delayMs`; rejects at once when the signal fires. */
export const sleep = (clock: Clock, delayMs: number, signal?: AbortSignal): Promise<void> =>
  new Promise((resolve, reject) => {
    if (signal?.aborted === true) {
      reject(abortedError(signal));
      return;
    }
    const abort = (): void => {
      cancel();
      if (signal !== undefined) reject(abortedError(signal));
    };
    const cancel = clock.wakeAt(clock.monotonicMs() + delayMs, () => {
      signal?.removeEventListener('abort', abort);
      resolve();
    });
    signal?.addEventListener('abort', abort, { once: true });
  });

/** Resolves when the signal fires. */
export const untilFired = (signal: AbortSignal): Promise<void> =>
  new Promise((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }));

/** `work`, until the signal fires; then it goes on unattended. */
export const untilAborted = <Value>(
  work: Promise<Value>,
  signal: AbortSignal | undefined,
): Promise<Value> => {
  if (signal === undefined) return work;
  return new Promise((resolve, reject) => {
    const abort = (): void => reject(abortedError(signal));
    if (signal.aborted) abort();
    signal.addEventListener('abort', abort, { once: true });
    work.then(resolve, reject).finally(() => signal.removeEventListener('abort', abort));
  });
};

export interface BackoffRange {
  readonly firstMs: number;
  readonly maxMs: number;
}

/** KIP-580: doubles from the first delay to the longest, with a fifth of jitter either way. `attempt` counts from 0. */
export const backoffMs = (range: BackoffRange, attempt: number, random: Random): number => {
  const delayMs = Math.min(range.maxMs, range.firstMs * 2 ** Math.min(attempt, 30));
  return delayMs * (0.8 + 0.4 * random.fraction());
};

/** What a call that may be tried again has: its end, its backoff, and what stops it. */
export interface RetryOptions {
  readonly clock: Clock;
  readonly random: Random;
  readonly backoff: BackoffRange;
  readonly timeoutMs: number;
  readonly signal?: AbortSignal | undefined;
  /** What was tried, for the error of a call that ran out of time: `listing topics`. */
  readonly what: string;
}

const isRetriable = (error: unknown): boolean =>
  typeof error === 'object' && error !== null && 'retriable' in error && error.retriable === true;

/** Tries until `attempt` succeeds, fails for good, or the time is over; then the last failure is the cause. */
export const withRetries = async <Value>(
  options: RetryOptions,
  attempt: (leftMs: number) => Promise<Value>,
): Promise<Value> => {
  const { clock, random, backoff, timeoutMs, signal, what } = options;
  const deadlineMs = clock.monotonicMs() + timeoutMs;
  for (let count = 0; ; count += 1) {
    throwIfAborted(signal);
    try {
      return await attempt(Math.max(1, deadlineMs - clock.monotonicMs()));
    } catch (error) {
      if (!isRetriable(error)) throw error;
      const delayMs = backoffMs(backoff, count, random);
      if (clock.monotonicMs() + delayMs >= deadlineMs) {
        throw new ClientError(
          'timeout',
          'TIMED_OUT',
          `${what} did not succeed within ${Math.round(timeoutMs)} ms`,
          {
            effect: 'indefinite',
            cause: error,
          },
        );
      }
      await sleep(clock, delayMs, signal);
    }
  }
};
