import type { BrokerEpoch, PartitionIndex, TopicId } from '@kafkaesque/kernel';
import { Failure } from '@kafkaesque/kernel';
import { isReservedDirectory } from '@kafkaesque/metadata';
import type { DirectoryMember, Log, LogConfig, LogDirectory, RecordedEpoch } from '@kafkaesque/storage';
import type { DirectoryTrust } from './directory-trust';
import { judgeDirectories } from './directory-trust';

/**
 * All entries of `log.dirs` together: a replica's log lies in exactly one of them. While it moves, another has a copy
 * of it or what is left over, marked as such.
 */
export class LogDirectories {
  readonly all: readonly LogDirectory[];
  /** Those that could be opened. */
  readonly opened: readonly LogDirectory[];
  /** What each of them is worth, as this start found them. */
  readonly trust: DirectoryTrust;
  /** Where logs that are not there yet are to be; by topic and partition, which the asker has found in the metadata. */
  readonly #preferred = new Map<string, LogDirectory>();
  /** Logs of partitions that have another one. */
  readonly #strays = new Set<Log>();

  /** `away` stand for those of `all` that could not be opened. */
  constructor(all: readonly LogDirectory[], away: readonly LogDirectory[] = []) {
    this.all = all;
    this.opened = all.filter((directory) => !away.includes(directory));
    this.trust = judgeDirectories(
      this.opened.map((directory) => ({
        directoryId: directory.directoryId,
        recorded: directory.recorded,
        hasLogs: directory.logs()[Symbol.iterator]().next().done !== true,
      })),
      away.length > 0,
    );
  }

  /** Whether some could not be opened. */
  get areSomeAway(): boolean {
    return this.opened.length < this.all.length;
  }

  /**
   * Whether a log that is in none of the opened directories may be in one that could not be opened: the metadata have it
   * there, or a move between directories, of which only one is here, has left its mark.
   */
  mayBeAway(topicId: TopicId, partition: PartitionIndex, assigned: string | undefined): boolean {
    if (!this.areSomeAway || this.holderOf(topicId, partition) !== undefined) return false;
    if (this.opened.some(({ moves }) => moves.find(topicId, partition) !== undefined)) return true;
    return this.#isElsewhere(assigned);
  }

  /** The logs of replicas. */
  *logs(): IterableIterator<Log> {
    for (const directory of this.all)
      for (const log of directory.logs())
        if (!this.#strays.has(log) && this.#isReplicas(directory, log.topicId, log.partition)) yield log;
  }

  log(topicId: TopicId, partition: PartitionIndex): Log | undefined {
    return this.holderOf(topicId, partition)?.log(topicId, partition);
  }

  /** The directory that holds the replica's log; undefined when none does. */
  holderOf(topicId: TopicId, partition: PartitionIndex): LogDirectory | undefined {
    return this.all.find((directory) => this.#holds(directory, topicId, partition));
  }

  /** The directory into which the replica's log is being copied. */
  futureHolderOf(topicId: TopicId, partition: PartitionIndex): LogDirectory | undefined {
    if (this.all.length === 1) return undefined;
    return this.all.find(
      (directory) =>
        directory.moves.find(topicId, partition)?.kind === 'future' &&
        directory.log(topicId, partition) !== undefined &&
        !this.#isReplicas(directory, topicId, partition),
    );
  }

  /**
   * Of two logs of one partition, neither of which a move has marked, the one counts that lies where the metadata have
   * it: a directory was away, and the replica was made anew elsewhere. The other is nobody's to delete. What lies where
   * the metadata do not have it while the right directory is away is not the replica either.
   */
  *leaveStrays(
    assignedTo: (topicId: TopicId, partition: PartitionIndex) => string | undefined,
  ): IterableIterator<{ readonly log: Log; readonly path: string }> {
    if (this.all.length === 1) return;
    for (const { topicId, partition } of [...this.logs()]) {
      const holders = this.all.filter((directory) => this.#holds(directory, topicId, partition));
      const assigned = assignedTo(topicId, partition);
      const kept = this.#isElsewhere(assigned)
        ? undefined
        : (holders.find(({ directoryId }) => directoryId === assigned) ?? holders[0]);
      for (const directory of holders) {
        const log = directory.log(topicId, partition);
        if (directory === kept || log === undefined) continue;
        this.#strays.add(log);
        yield { log, path: directory.path };
      }
    }
  }

  /** Id of the directory that holds the log; undefined when none does. */
  directoryIdOf(topicId: TopicId, partition: PartitionIndex): string | undefined {
    return this.holderOf(topicId, partition)?.directoryId;
  }

  /** Whether the directory that holds the log has failed. */
  hasFailed(topicId: TopicId, partition: PartitionIndex): boolean {
    // Where there is only one, nothing else could hold a log that is gone.
    const holder = this.all.length === 1 ? this.all[0] : this.holderOf(topicId, partition);
    return holder?.offlineReason !== undefined;
  }

  /** Where the log is to be once it is created; forgotten with the process, as in Kafka. */
  prefer(topicId: TopicId, partition: PartitionIndex, directory: LogDirectory): void {
    this.#preferred.set(`${topicId}-${partition}`, directory);
  }

  /** Puts the log where it is wanted, otherwise where there are fewest, as Kafka does. */
  createLog(topicId: TopicId, partition: PartitionIndex, config: LogConfig): Log {
    const key = `${topicId}-${partition}`;
    const preferred = this.#preferred.get(key);
    this.#preferred.delete(key);
    const takes = (directory: LogDirectory): boolean =>
      directory.offlineReason === undefined && directory.log(topicId, partition) === undefined;
    if (preferred !== undefined && takes(preferred)) return preferred.createLog(topicId, partition, config);
    let emptiest: LogDirectory | undefined;
    let fewest = Infinity;
    for (const directory of this.all) {
      if (!takes(directory)) continue;
      const count = this.all.length === 1 ? 0 : [...directory.logs()].length;
      if (count >= fewest) continue;
      emptiest = directory;
      fewest = count;
    }
    if (emptiest === undefined)
      throw new Failure('ALL_LOG_DIRS_FAILED', 'no log directory takes writes any more');
    return emptiest.createLog(topicId, partition, config);
  }

  /** Deletes the replica's log, after a copy of it or what a move has left over. */
  async deleteLog(topicId: TopicId, partition: PartitionIndex): Promise<void> {
    const holder = this.holderOf(topicId, partition);
    for (const directory of this.all)
      if (directory !== holder && directory.offlineReason === undefined)
        await deleteIn(directory, topicId, partition);
    if (holder !== undefined) await deleteIn(holder, topicId, partition);
  }

  /**
   * Durable in all directories on return, unless one fails; fails if none has it. Each first names what the others had
   * before: whichever are written when a start dies, each is found with what is said of it.
   */
  async recordBrokerEpoch(brokerEpoch: BrokerEpoch): Promise<void> {
    const { kept, trusted } = this.trust;
    const now = (directory: LogDirectory): DirectoryMember => ({
      directoryId: directory.directoryId,
      brokerEpoch,
    });
    const others = (of: readonly LogDirectory[]): readonly DirectoryMember[] =>
      [...kept, ...trusted].filter(({ directoryId }) => of.every((one) => one.directoryId !== directoryId));
    let written = this.opened;
    if (this.opened.length > 1)
      written = await recorded(this.opened, (directory) => ({
        brokerEpoch,
        members: [...others([directory]), now(directory)],
      }));
    const members = [...others(written), ...written.map(now)];
    await recorded(written, () => ({ brokerEpoch, members }));
  }

  async close(options?: { readonly brokerEpoch: BrokerEpoch }): Promise<void> {
    await Promise.all(this.all.map((directory) => directory.close(options)));
  }

  /** Whether a directory is one that could not be opened, or may be. */
  #isElsewhere(assigned: string | undefined): boolean {
    return (
      this.areSomeAway &&
      assigned !== undefined &&
      !isReservedDirectory(assigned) &&
      this.opened.every(({ directoryId }) => directoryId !== assigned)
    );
  }

  #holds(directory: LogDirectory, topicId: TopicId, partition: PartitionIndex): boolean {
    const log = directory.log(topicId, partition);
    return log !== undefined && !this.#strays.has(log) && this.#isReplicas(directory, topicId, partition);
  }

  /** What is here is the replica's, unless it is marked as a copy, or as what has moved away. */
  #isReplicas(directory: LogDirectory, topicId: TopicId, partition: PartitionIndex): boolean {
    const mark = directory.moves.find(topicId, partition);
    if (mark === undefined) return true;
    if (mark.kind === 'moved') return false;
    const source = this.all.find(({ directoryId }) => directoryId === mark.directoryId);
    const sourceMark = source?.moves.find(topicId, partition);
    return sourceMark?.kind === 'moved' && sourceMark.directoryId === directory.directoryId;
  }
}

/** Those that have it; one that fails is offline from then on. */
const recorded = async (
  directories: readonly LogDirectory[],
  epochOf: (directory: LogDirectory) => RecordedEpoch,
): Promise<readonly LogDirectory[]> => {
  const outcomes = await Promise.allSettled(
    directories.map((directory) => directory.record(epochOf(directory))),
  );
  const written = directories.filter((_, index) => outcomes[index]?.status === 'fulfilled');
  outcomes.forEach((outcome, index) => {
    const isLost = directories[index]?.offlineReason !== undefined && written.length > 0;
    if (outcome.status === 'rejected' && !isLost) throw outcome.reason;
  });
  return written;
};

/** The log goes before its mark: until then it is not the replica's. */
export const deleteIn = async (
  directory: LogDirectory,
  topicId: TopicId,
  partition: PartitionIndex,
): Promise<void> => {
  if (directory.log(topicId, partition) !== undefined) await directory.deleteLog(topicId, partition);
  if (directory.moves.find(topicId, partition) !== undefined) await directory.moves.clear(topicId, partition);
};
