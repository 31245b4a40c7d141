import type { CancelWake, Clock, LeaderEpoch, Logger, Offset } from '@kafkaesque/kernel';
import { hasCode, messageOf, thrownError } from '@kafkaesque/kernel';
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
  /** While it is being decided in which directory its log is; undefined when that is known. */
  moveSettled(replica: Replica): Promise<void> | undefined;
}

const FIRST_RETRY_MS = 100;
const LONGEST_RETRY_MS = 10_000;

/** One change of a log, until it has succeeded or another has taken its place. */
interface Repair {
  readonly change: () => Promise<unknown>;
  readonly then: () => void;
  cancelRetry: CancelWake | undefined;
}

/**
 * Changes of a log behind which a replica's rules start over. They are tried until they succeed, and until then the replica
 * has no role: a change is decided by what the log holds, which nothing may be appended to before it is carried out.
 */
export class ReplicaRepairs {
  readonly #clock: Clock;
  readonly #logger: Logger;
  readonly #host: RepairHost;
  readonly #underWay = new Map<Replica, Repair>();

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
    this.#begin(
      replica,
      () => replica.log.repair(),
      () => this.#host.repaired(replica, leaderEpoch),
    );
  }

  /** After a failed append of a follower, which needs nobody's leave to go on. */
  repairFollower(replica: Replica): void {
    // Whatever is under way repairs the log first.
    if (this.#underWay.has(replica)) return;
    const { log } = replica;
    this.#begin(
      replica,
      // Appends would fail again at once: a full disk must have room first.
      () => (log.isFull ? Promise.reject(new Error('the disk is full')) : log.repair()),
      () => this.#host.takeRole(replica),
      FIRST_RETRY_MS,
    );
  }

  truncate(replica: Replica, offset: Offset): void {
    this.#begin(
      replica,
      () => replica.log.truncateTo(offset),
      () => this.#host.takeRole(replica),
    );
  }

  /** Everything goes, whatever state it is in. */
  reset(replica: Replica, offset: Offset, then?: () => void): void {
    this.#begin(
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
      replica.isLoading = this.#underWay.has(replica);
    }
  }

  close(): void {
    for (const { cancelRetry } of this.#underWay.values()) cancelRetry?.();
    this.#underWay.clear();
  }

  /** The newest change is the one that counts: it was decided by what the log holds now. */
  #begin(replica: Replica, change: Repair['change'], then: () => void, inMs = 0): void {
    this.#underWay.get(replica)?.cancelRetry?.();
    const repair: Repair = { change, then, cancelRetry: undefined };
    this.#underWay.set(replica, repair);
    replica.isLoading = true;
    if (inMs > 0) this.#later(replica, repair, inMs, 0);
    else this.#run(replica, repair, 0);
  }

  #run(replica: Replica, repair: Repair, failures: number): void {
    const { topic, partition } = replica;
    this.#carryOut(replica, repair).catch((error: unknown) => {
      if (!this.#isWaiting(replica, repair)) return;
      const retryMs = Math.min(FIRST_RETRY_MS * 2 ** failures, LONGEST_RETRY_MS);
      this.#logger.error('a log could not be repaired; trying again', {
        topic,
        partition,
        retryMs,
        error: messageOf(error),
      });
      this.#later(replica, repair, retryMs, failures + 1);
    });
  }

  async #carryOut(replica: Replica, repair: Repair): Promise<void> {
    const deciding = this.#host.moveSettled(replica);
    if (deciding !== undefined) {
      await deciding;
      if (!this.#isWaiting(replica, repair)) return;
    }
    const { machine, log } = replica;
    // Appends may have failed since it was decided, and a log that has failed takes no changes.
    if (log.failure !== undefined) await log.repair();
    await repair.change();
    if (log.failure !== undefined) throw thrownError(log.failure);
    if (!this.#isWaiting(replica, repair)) return;
    machine.recover(recovered(log));
    await this.load(replica);
    if (!this.#isWaiting(replica, repair)) return;
    this.#underWay.delete(replica);
    replica.isLoading = false;
    repair.then();
  }

  /** Its topic may have been deleted meanwhile, or its directory have failed, or another change have begun. */
  #isWaiting(replica: Replica, repair: Repair): boolean {
    if (this.#underWay.get(replica) !== repair) return false;
    if (this.#host.isHere(replica) && replica.machine.role.kind !== 'offline') return true;
    this.#underWay.delete(replica);
    return false;
  }

  #later(replica: Replica, repair: Repair, inMs: number, failures: number): void {
    repair.cancelRetry = this.#clock.wakeAt(this.#clock.monotonicMs() + inMs, () => {
      repair.cancelRetry = undefined;
      if (this.#isWaiting(replica, repair)) this.#run(replica, repair, failures);
    });
  }
}

/** What the rules of a partition start from. */
export const recovered = (log: Log): ConstructorParameters<typeof Partition>[3] => ({
  logStartOffset: log.logStartOffset,
  endOffset: log.endOffset,
  epochs: log.epochs,
});
