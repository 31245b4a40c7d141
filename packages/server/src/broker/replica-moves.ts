import type { Clock, Logger } from '@kafkaesque/kernel';
import { Failure, messageOf } from '@kafkaesque/kernel';
import type { LogDirectory } from '@kafkaesque/storage';
import type { Throttle } from '../replication/throttle';
import { CopyLanes } from './copy-lanes';
import type { LogDirectories } from './log-directories';
import type { Replica } from './replica';
import { ReplicaMove } from './replica-move';
import type { MoveHost } from './replica-move';

export interface ReplicaMovesOptions {
  readonly directories: LogDirectories;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly throttle: Throttle;
  readonly host: MoveHost & {
    /** Meanwhile its topic may have been deleted, or the broker may be closing. */
    isHere(replica: Replica): boolean;
  };
}

/** All replicas that move between the log directories of this broker; one move of a replica at a time. */
export class ReplicaMoves {
  readonly #options: ReplicaMovesOptions;
  readonly #underWay = new Map<Replica, ReplicaMove>();
  readonly #lanes = new CopyLanes();
  #isClosed = false;

  constructor(options: ReplicaMovesOptions) {
    this.#options = options;
  }

  /**
   * Moves a replica, instead of wherever it is being moved now; resolves once its copy is there. Fails with
   * `REPLICA_NOT_HERE`, `LOG_DIRS_OFFLINE`, `LOG_IN_THE_WAY`, and the disk's codes.
   */
  async move(replica: Replica, target: LogDirectory): Promise<void> {
    const { topicId, partition } = replica;
    for (;;) {
      const before = this.#underWay.get(replica);
      if (before === undefined) break;
      if (before.target === target && !before.isDecided) {
        await before.begun;
        return;
      }
      // Where it goes is where it is wanted, and what it leaves behind is no concern of whoever asks.
      if (before.target === target) return;
      await before.cancel();
    }
    const { directories, host } = this.#options;
    if (this.#isClosed || !host.isHere(replica))
      throw new Failure('REPLICA_NOT_HERE', `${replica.topic}-${partition} is not here any more`);
    const source = directories.holderOf(topicId, partition);
    if (source === target) return;
    // As Kafka: so that a copy in a directory that is away is the only one there is.
    if (source === undefined || directories.all.some(({ offlineReason }) => offlineReason !== undefined))
      throw new Failure('LOG_DIRS_OFFLINE', 'nothing is moved while a log directory has failed');
    if (target.log(topicId, partition) !== undefined)
      throw new Failure(
        'LOG_IN_THE_WAY',
        `${target.path} holds another log of ${replica.topic}-${partition}`,
      );
    await this.#begin(replica, source, target).begun;
  }

  /** Goes on with what an earlier start has begun. */
  resume(replica: Replica): void {
    const { directories, logger } = this.#options;
    const { topic, topicId, partition } = replica;
    const source = directories.holderOf(topicId, partition);
    // A copy that has no record yet is nowhere but in its mark.
    const target = directories.all.find(
      (directory) => directory !== source && directory.moves.find(topicId, partition)?.kind === 'future',
    );
    if (target === undefined || source === undefined || this.#underWay.has(replica)) return;
    this.#begin(replica, source, target).begun.catch((error: unknown) => {
      const { path } = target;
      logger.error('a replica is not moved on', { topic, partition, path, error: messageOf(error) });
    });
  }

  isMoving(replica: Replica): boolean {
    return this.#underWay.has(replica);
  }

  /** Undefined: it does not move. */
  cancel(replica: Replica): Promise<void> | undefined {
    return this.#underWay.get(replica)?.cancel();
  }

  /** Resolves when it is known which log is the replica's; undefined: it is. */
  settled(replica: Replica): Promise<void> | undefined {
    return this.#underWay.get(replica)?.settled;
  }

  /** The configuration of its log is another one. */
  configChanged(replica: Replica): void {
    this.#underWay.get(replica)?.look();
  }

  directoryFailed(): void {
    for (const move of this.#underWay.values()) move.look();
  }

  /** Records that the copy of a replica lacks; undefined: it has none. */
  lagOf(replica: Replica): number | undefined {
    return this.#underWay.get(replica)?.lag;
  }

  get maxLag(): number {
    let maxLag = 0;
    for (const { lag } of this.#underWay.values()) maxLag = Math.max(maxLag, lag);
    return maxLag;
  }

  /** Leaves every move for the next start. */
  async close(): Promise<void> {
    this.#isClosed = true;
    await Promise.all([...this.#underWay.values()].map((move) => move.stop()));
  }

  #begin(replica: Replica, source: LogDirectory, target: LogDirectory): ReplicaMove {
    const { topic, partition } = replica;
    const { clock, logger, throttle, host } = this.#options;
    logger.info('a replica moves to another log directory', {
      topic,
      partition,
      from: source.path,
      to: target.path,
    });
    const move = new ReplicaMove({
      replica,
      source,
      target,
      clock,
      logger,
      throttle,
      host,
      lanes: this.#lanes,
    });
    this.#underWay.set(replica, move);
    void move.over.finally(() => this.#underWay.delete(replica));
    return move;
  }
}
