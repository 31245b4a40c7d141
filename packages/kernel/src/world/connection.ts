/** Why a connection ended. */
export type ConnectionEnd =
  { readonly kind: 'closed' } | { readonly kind: 'failed'; readonly cause: unknown };

/** Ordered bytes between two parties, with back-pressure: TCP, TLS, or their simulation. */
export interface Connection {
  /** For logs and quotas: `host:port` of the other side. */
  readonly remoteAddress: string;
  /** The address a client dialled, for the listener it came through. */
  readonly localAddress: string;
  /**
   * Sets who receives. `data` owns no chunk after it returns unless it copies or adopts it (chunks are never reused by
   * the connection). `drained` follows a `write` that returned false. `ended` comes once, last.
   */
  receive(handler: ConnectionHandler): void;
  /** Sends the parts in order. The parts must not change before `sent`. False: wait for `drained`. */
  write(parts: readonly Buffer[], sent?: (error?: unknown) => void): boolean;
  /** Bytes accepted by `write` that have not left yet. */
  readonly unsentBytes: number;
  /** Stops and restarts reading from the other side. */
  pause(): void;
  resume(): void;
  /** Ends after everything written has left. */
  close(): void;
  /** Ends at once; the other side sees a reset. */
  reset(): void;
}

/** Who receives what a `Connection` brings. `ended` comes once, and nothing after it. */
export interface ConnectionHandler {
  data(chunk: Buffer): void;
  drained(): void;
  ended(end: ConnectionEnd): void;
}
