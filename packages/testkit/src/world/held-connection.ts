import type { Gate } from '@kafkaesque/sim';
import type { KafkaConnection, KafkaConnectionHandler } from '@kafkaesque/transport';

/** A client's connection to a process that may stand still: what the client sends waits at the process's gate. */
export class HeldConnection implements KafkaConnection {
  readonly #connection: KafkaConnection;
  readonly #gate: Gate;
  readonly #left: () => void;
  #handler: KafkaConnectionHandler | undefined;
  /** Frames that came through the gate while the owner had paused the connection. */
  readonly #waiting: (() => void)[] = [];
  #isPaused = false;

  /** `left` is called when the connection has ended. */
  constructor(connection: KafkaConnection, gate: Gate, left: () => void) {
    this.#connection = connection;
    this.#gate = gate;
    this.#left = left;
    connection.receive({
      frame: (frame, lease) =>
        gate.pass(() => {
          const happen = (): void => this.#handler?.frame(frame, lease);
          if (this.#isPaused || this.#waiting.length > 0) this.#waiting.push(happen);
          else happen();
        }),
      drained: () => gate.pass(() => this.#handler?.drained()),
      ended: (end) =>
        gate.pass(() => {
          this.#left();
          this.#handler?.ended(end);
        }),
    });
    if (!gate.isOpen) connection.pause();
  }

  get id(): number {
    return this.#connection.id;
  }
  get listenerName(): string {
    return this.#connection.listenerName;
  }
  get remoteAddress(): string {
    return this.#connection.remoteAddress;
  }
  get localAddress(): string {
    return this.#connection.localAddress;
  }
  get unsentBytes(): number {
    return this.#connection.unsentBytes;
  }

  receive(handler: KafkaConnectionHandler): void {
    this.#handler = handler;
  }

  write(parts: readonly Buffer[], sent?: (error?: unknown) => void): boolean {
    return this.#connection.write(
      parts,
      sent === undefined ? undefined : (error) => this.#gate.pass(() => sent(error)),
    );
  }

  settle(frameBytes: number): void {
    this.#connection.settle(frameBytes);
  }

  pause(): void {
    this.#isPaused = true;
    this.#connection.pause();
  }

  resume(): void {
    this.#isPaused = false;
    while (!this.#hasBeenPaused()) {
      const next = this.#waiting.shift();
      if (next === undefined) break;
      next();
    }
    if (this.#gate.isOpen && !this.#hasBeenPaused()) this.#connection.resume();
  }

  close(): void {
    this.#connection.close();
  }

  reset(): void {
    this.#connection.reset();
  }

  /** The process stands still: the client is to notice by what it cannot send. */
  hold(): void {
    this.#connection.pause();
  }

  release(): void {
    if (!this.#isPaused) this.#connection.resume();
  }

  /** Asked anew: a frame that was handed over may pause. */
  #hasBeenPaused(): boolean {
    return this.#isPaused;
  }
}
