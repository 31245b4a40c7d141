import type { Connection } from '@kafkaesque/kernel';

export interface ConnectOptions {
  readonly host: string;
  readonly port: number;
  readonly timeoutMs: number;
  readonly signal?: AbortSignal;
}

/**
 * Dials `host:port`. Rejects with a Failure of code `ECONNREFUSED`, `ETIMEDOUT` and the like (retriable), or `ABORTED`
 * when the signal fired.
 */
export const connect = (options: ConnectOptions): Promise<Connection> =>
  Promise.reject(new Error(`not written yet: ${options.host}`));
