import type { CancelWake, Clock, LeaderEpoch, Logger, Offset } from '@kafkaesque/kernel';
import { hasCode, messageOf } from '@kafkaesque/kernel';
import type { Partition } from '@kafkaesque/partition';
import type { Log } from '@kafkaesque/storage';
import { readProducers } from './producer-snapshots';
import type { Replica } from './replica';

/** What repairs need of the host of the replicas. */
export interface RepairHost {
  /** Meanwhile its topic may have been deleted, or the broker may be closing. */
  isHere(replica: Replica): boolean;
  /** Tells the rules their role, as the newest metadata have it. */
  takeRole(replica: Replica): void;
  /** A former leader, whose log takes appends again, needs a new epoch. */
  repaired(replica: Replica, leaderEpoch: LeaderEpoch): void;
}

const FIRST_RETRY_MS = 100;
const LONGEST_RETRY_MS = 10_000;

/** Changes of a log behind which a replica's rules start over. They are tried until they succeed. */
export class ReplicaRepairs {
  readonly #clock: Clock;
  readonly #logger: Logger;
  readonly #host: RepairHost;
  readonly #retries = new Set<CancelWake>();

  constructor(clock: Clock, logger: Logger, host: RepairHost) {
    this.#clock = clock;
    this.#logger = logger;
    this.#host = host;
  }

  /**
   * After a failed append of a leader: cut what the failed round left, start the rules over, then ask for a new epoch. A
   * disk that is still full is asked again later.
   */
  repairLeader(replica: Replica, leaderEpoch: LeaderEpoch): void {
    this.#run(
      replica,
      () => replica.log.repair(),
      () => this.#host.repaired(replica, leaderEpoch),
    );
  }

  /** After a failed append of a follower, which needs nobody's leave to go on. */
  repairFollower(replica: Replica): void {
    const { log } = replica;
    replica.isLoading = true;
    this.#later(FIRST_RETRY_MS, () => {
      this.#run(
        replica,
        // Appends would fail again at once: a full disk must have room first.
        () => (log.isFull ? Promise.reject(new Error('the disk is full')) : log.repair()),
        () => this.#host.takeRole(replica),
      );
    });
  }

  truncate(replica: Replica, offset: Offset): void {
    this.#run(
      replica,
      () => replica.log.truncateTo(offset),
      () => this.#host.takeRole(replica),
    );
  }

  /** Everything goes, whatever state it is in. */
  reset(replica: Replica, offset: Offset, then?: () => void): void {
    this.#run(
      replica,
      async () => {
        await replica.log.resetTo(offset);
        replica.isDamaged = false;
      },
      () => {
        this.#host.takeRole(replica);
        then?.();
      },
    );
  }

  /** Reads producer state back. */
  async load(replica: Replica): Promise<void> {
    replica.isLoading = true;
    try {
      await readProducers(replica, this.#clock.monotonicMs());
    } catch (error) {
      if (!hasCode(error, 'LOG_CORRUPT')) throw error;
      // Whose batches lie behind the damage nobody knows, so no other may be told from a duplicate of one.
      replica.isDamaged = true;
      const { topic, partition } = replica;
      const reason = messageOf(error);
      this.#logger.error('a partition is damaged: it takes no records', { topic, partition, reason });
    } finally {
      replica.isLoading = false;
    }
  }

  close(): void {
    for (const cancel of this.#retries) cancel();
    this.#retries.clear();
  }

  #run(replica: Replica, change: () => Promise<unknown>, then: () => void, failures = 0): void {
    const { topic, partition, machine, log } = replica;
    replica.isLoading = true;
    const changed = async (): Promise<void> => {
      await change();
      if (!this.#isWaiting(replica)) return;
      machine.recover(recovered(log));
      await this.load(replica);
      if (this.#isWaiting(replica)) then();
    };
    changed().catch((error: unknown) => {
      if (!this.#isWaiting(replica)) return;
      const retryMs = Math.min(FIRST_RETRY_MS * 2 ** failures, LONGEST_RETRY_MS);
      this.#logger.error('a log could not be repaired; trying again', {
        ...{ topic, partition, retryMs },
        error: messageOf(error),
      });
      this.#later(retryMs, () => this.#run(replica, change, then, failures + 1));
    });
  }

  #isWaiting(replica: Replica): boolean {
    return this.#host.isHere(replica) && replica.machine.role.kind !== 'offline';
  }

  #later(inMs: number, then: () => void): void {
    const cancel = this.#clock.wakeAt(this.#clock.monotonicMs() + inMs, () => {
      this.#retries.delete(cancel);
      then();
    });
    this.#retries.add(cancel);
  }
}

/** What the rules of a partition start from. */
export const recovered = (log: Log): ConstructorParameters<typeof Partition>[3] => ({
  logStartOffset: log.logStartOffset,
  endOffset: log.endOffset,
  epochs: log.epochs,
});
