import type { Http2Session } from 'node:http2';

/** How long a connection may be silent. */
export interface Patience {
  /** After so long without a byte, the other side is asked for one. */
  readonly keepaliveMs: number;
  /** How long the answer may take. */
  readonly keepaliveTimeoutMs: number;
}

/**
 * Asks for a sign of life whenever nothing has arrived for a while, and calls `lost` when none comes; until it is
 * stopped by what it returns. Every byte is a sign, so that what is long under way is not mistaken for silence.
 */
export const watchForLife = (session: Http2Session, patience: Patience, lost: () => void): (() => void) => {
  const { socket } = session;
  let isStopped = false;
  let timer: NodeJS.Timeout | undefined;
  const wait = (ms: number, whenSilent: () => void): void => {
    // Then its socket is not to be asked any more, and its end is known.
    if (session.destroyed) return;
    const { bytesRead } = socket;
    timer = setTimeout(() => {
      // After a stall of our own the answer may lie unread: what has arrived is read before we judge.
      setImmediate(() => {
        if (isStopped || session.destroyed) return;
        if (socket.bytesRead === bytesRead) whenSilent();
        else listen();
      });
    }, ms);
    // A connection keeps a process alive, the watch over it does not.
    timer.unref();
  };
  const listen = (): void =>
    wait(patience.keepaliveMs, () => {
      session.ping(() => undefined);
      wait(patience.keepaliveTimeoutMs, lost);
    });
  listen();
  return () => {
    isStopped = true;
    clearTimeout(timer);
  };
};
