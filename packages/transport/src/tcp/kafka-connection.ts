import type { ConnectionEnd, Lease } from '@kafkaesque/kernel';

/** A client's connection that speaks Kafka: whole frames in, answers out, bounded both ways. */
export interface KafkaConnection {
  /** Unique in this process. */
  readonly id: number;
  /** The listener it came through, `PLAINTEXT` and the like. */
  readonly listenerName: string;
  /** `host:port` of the other side. */
  readonly remoteAddress: string;
  /** `host:port` that was dialled. */
  readonly localAddress: string;
  /** Sets who receives; must be called before `onKafka` returns. */
  receive(handler: KafkaConnectionHandler): void;
  /** Sends the parts in order (one writev); they must not change before `sent`. False: wait for `drained`. */
  write(parts: readonly Buffer[], sent?: (error?: unknown) => void): boolean;
  /** Bytes accepted by `write` that have not left yet. */
  readonly unsentBytes: number;
  /**
   * Must be called once for every frame received, with its length, when its request has been answered or dropped: gives
   * back its part of the budgets (100 requests and 32 MiB a connection, 64 MiB a process). After `ended` it is not needed.
   */
  settle(frameBytes: number): void;
  /** Stops and restarts the frames; at once, also within `frame`. The budgets pause on their own as well. */
  pause(): void;
  resume(): void;
  /** Ends after everything written has left. */
  close(): void;
  /** Ends at once. */
  reset(): void;
}

export interface KafkaConnectionHandler {
  /** One request without its length. With a lease the receiver is a holder and must release it. */
  frame(frame: Buffer, lease: Lease | undefined): void;
  drained(): void;
  /** Comes once, last. */
  ended(end: ConnectionEnd): void;
}
