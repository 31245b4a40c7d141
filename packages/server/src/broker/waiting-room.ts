import type { CancelWake, Clock, PartitionIndex, TopicId } from '@kafkaesque/kernel';
import type { FetchWait, Operation, Positions, ProduceOperation, ProduceWait } from '@kafkaesque/partition';
import { Purgatory } from '@kafkaesque/partition';

/** What the waiting room calls when the wait is over. */
export interface Waiter {
  over(operation: Operation<Waiter>): void;
}

/** Operations of one broker that may wait at once; beyond it they are answered with what there is. */
const MAX_WAITING_OPERATIONS = 1_000_000;

/** The host of the purgatory: gives it time, and wakes those whose wait is over. */
export class WaitingRoom {
  readonly #purgatory = new Purgatory<Waiter>({ maxOperations: MAX_WAITING_OPERATIONS });
  readonly #clock: Clock;
  readonly #expired = { produceOperations: 0, fetchOperations: 0 };
  #wakeAtMs = Infinity;
  #cancelWake: CancelWake | undefined;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  sizes(): ReturnType<Purgatory<Waiter>['sizes']> {
    return this.#purgatory.sizes();
  }

  /** Operations since the start that were over because their time was. */
  get expired(): ReturnType<Purgatory<Waiter>['sizes']> {
    return this.#expired;
  }

  /** Undefined when there is no room: the caller answers at once, as at the deadline. */
  watchProduce(
    waits: readonly ProduceWait[],
    ownerId: number,
    deadlineMs: number,
    context: Waiter,
  ): ProduceOperation<Waiter> | undefined {
    const operation = this.#purgatory.watchProduce(waits, { ownerId, deadlineMs, context });
    this.#schedule();
    return operation;
  }

  /** False when there is no room. */
  watchFetch(
    waits: readonly FetchWait[],
    missingBytes: number,
    ownerId: number,
    deadlineMs: number,
    context: Waiter,
  ): boolean {
    const operation = this.#purgatory.watchFetch(waits, missingBytes, { ownerId, deadlineMs, context });
    this.#schedule();
    return operation !== undefined;
  }

  advanced(positions: Positions): void {
    for (const operation of this.#purgatory.advanced(positions)) operation.context.over(operation);
  }

  failed(topicId: TopicId, partition: PartitionIndex): void {
    for (const operation of this.#purgatory.failed(topicId, partition)) operation.context.over(operation);
  }

  cancelOwner(ownerId: number): void {
    this.#purgatory.cancelOwner(ownerId);
  }

  /** Nobody is woken any more. */
  close(): void {
    this.#cancelWake?.();
    this.#wakeAtMs = -Infinity;
  }

  /** One timer for all deadlines; an earlier deadline moves it, a later one is looked at when it fires. */
  #schedule(): void {
    const nextMs = this.#purgatory.nextDeadlineMs();
    if (nextMs >= this.#wakeAtMs) return;
    this.#cancelWake?.();
    this.#wakeAtMs = nextMs;
    this.#cancelWake = this.#clock.wakeAt(nextMs, () => {
      this.#wakeAtMs = Infinity;
      for (const operation of this.#purgatory.expire(this.#clock.monotonicMs())) {
        this.#expired[operation.kind === 'produce' ? 'produceOperations' : 'fetchOperations'] += 1;
        operation.context.over(operation);
      }
      this.#schedule();
    });
  }
}
