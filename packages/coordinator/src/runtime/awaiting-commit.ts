import { Ring } from '@kafkaesque/kernel';
import type { Ticket } from './machine';

/** An answer that may not leave yet. */
export interface AwaitedReply<Answer> {
  readonly ticket: Ticket;
  readonly answer: Answer;
  /** The high watermark that it needs. */
  awaitedOffset: number;
  readonly deadlineMs: number;
}

/**
 * Answers in the order of what they wait for. As the log only grows and all wait equally long at most, that is also the order of
 * their deadlines.
 */
export class AwaitingCommit<Answer> {
  readonly #queue = new Ring<AwaitedReply<Answer>>();

  get size(): number {
    return this.#queue.size;
  }

  get nextDeadlineMs(): number {
    return this.#queue.first?.deadlineMs ?? Infinity;
  }

  push(reply: AwaitedReply<Answer>): void {
    this.#queue.push(reply);
  }

  /** The next answer whose time has come by the high watermark. */
  takeCommitted(highWatermark: number): AwaitedReply<Answer> | undefined {
    const { first } = this.#queue;
    return first !== undefined && first.awaitedOffset <= highWatermark ? this.#queue.shift() : undefined;
  }

  /** The next answer that has waited too long. */
  takeExpired(nowMs: number): AwaitedReply<Answer> | undefined {
    const { first } = this.#queue;
    return first !== undefined && first.deadlineMs <= nowMs ? this.#queue.shift() : undefined;
  }

  /** A batch got other offsets than was thought: whatever waits beyond `beyond` waits for that much more. */
  shift(beyond: number, by: number): void {
    for (let index = this.#queue.size - 1; index >= 0; index -= 1) {
      const reply = this.#queue.at(index);
      if (reply === undefined || reply.awaitedOffset <= beyond) return;
      reply.awaitedOffset += by;
    }
  }

  clear(): void {
    this.#queue.clear();
  }
}
