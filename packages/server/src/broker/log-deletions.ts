import type { CancelWake, Clock, Logger, PartitionIndex, TopicId } from '@kafkaesque/kernel';
import { messageOf } from '@kafkaesque/kernel';
import type { LogDirectories } from './log-directories';
import type { Replica } from './replica';

const RETRY_MS = 1000;

const keyOf = (topicId: TopicId, partition: PartitionIndex): string => `${topicId}-${partition}`;

/** Logs that committed records gave up. Nobody orders a deletion twice: what a full disk refuses is tried until it is done. */
export class LogDeletions {
  readonly #directories: LogDirectories;
  readonly #clock: Clock;
  readonly #logger: Logger;
  readonly #underWay = new Map<string, Promise<void>>();
  readonly #waiting = new Set<CancelWake>();
  #isClosed = false;

  constructor(directories: LogDirectories, clock: Clock, logger: Logger) {
    this.#directories = directories;
    this.#clock = clock;
    this.#logger = logger;
  }

  isUnderWay(topicId: TopicId, partition: PartitionIndex): boolean {
    return this.#underWay.has(keyOf(topicId, partition));
  }

  /** `deleted` is called once nothing of the log is left. Waits for what still moves it. */
  begin(
    replica: Pick<Replica, 'topicId' | 'topic' | 'partition'>,
    deleted: () => void,
    moving?: Promise<void>,
  ): void {
    const { topicId, topic, partition } = replica;
    const key = keyOf(topicId, partition);
    const remove = (): Promise<void> => this.#directories.deleteLog(topicId, partition);
    const deletion = (moving?.then(remove) ?? remove()).then(
      () => {
        this.#underWay.delete(key);
        if (!this.#isClosed) deleted();
      },
      (error: unknown) => {
        const isOver = this.#isClosed || this.#directories.hasFailed(topicId, partition);
        this.#logger.error('a deleted partition could not be removed', {
          topic,
          partition,
          retryMs: isOver ? undefined : RETRY_MS,
          error: messageOf(error),
        });
        if (isOver) return;
        const cancel = this.#clock.wakeAt(this.#clock.monotonicMs() + RETRY_MS, () => {
          this.#waiting.delete(cancel);
          this.begin(replica, deleted);
        });
        this.#waiting.add(cancel);
      },
    );
    this.#underWay.set(key, deletion);
  }

  /** Waits for those that are being carried out. */
  async close(): Promise<void> {
    this.#isClosed = true;
    for (const cancel of this.#waiting) cancel();
    await Promise.allSettled(this.#underWay.values());
  }
}
