import type { BrokerEpoch, PartitionIndex, TopicId } from '@kafkaesque/kernel';
import { Failure } from '@kafkaesque/kernel';
import type { Log, LogConfig, LogDirectory } from '@kafkaesque/storage';

/** All entries of `log.dirs` together: a log lies in exactly one of them. */
export class LogDirectories {
  readonly all: readonly LogDirectory[];
  /** Where logs that are not there yet are to be; by topic and partition, which the asker has found in the metadata. */
  readonly #preferred = new Map<string, LogDirectory>();

  constructor(all: readonly LogDirectory[]) {
    this.all = all;
  }

  *logs(): IterableIterator<Log> {
    for (const directory of this.all) yield* directory.logs();
  }

  log(topicId: TopicId, partition: PartitionIndex): Log | undefined {
    return this.#holderOf(topicId, partition)?.log(topicId, partition);
  }

  /** Id of the directory that holds the log; undefined when none does. */
  directoryIdOf(topicId: TopicId, partition: PartitionIndex): string | undefined {
    const holder = this.#holderOf(topicId, partition);
    return holder?.log(topicId, partition) === undefined ? undefined : holder.directoryId;
  }

  /** Whether the directory that holds the log has failed. */
  hasFailed(topicId: TopicId, partition: PartitionIndex): boolean {
    return this.#holderOf(topicId, partition)?.offlineReason !== undefined;
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
    if (preferred !== undefined && preferred.offlineReason === undefined)
      return preferred.createLog(topicId, partition, config);
    let emptiest: LogDirectory | undefined;
    let fewest = Infinity;
    for (const directory of this.all) {
      if (directory.offlineReason !== undefined) continue;
      const count = this.all.length === 1 ? 0 : [...directory.logs()].length;
      if (count >= fewest) continue;
      emptiest = directory;
      fewest = count;
    }
    if (emptiest === undefined)
      throw new Failure('ALL_LOG_DIRS_FAILED', 'no log directory takes writes any more');
    return emptiest.createLog(topicId, partition, config);
  }

  async deleteLog(topicId: TopicId, partition: PartitionIndex): Promise<void> {
    await this.#holderOf(topicId, partition)?.deleteLog(topicId, partition);
  }

  /** The epoch this broker served in last, if all directories have the same one; otherwise -1: some are old copies. */
  get recordedBrokerEpoch(): BrokerEpoch {
    const epochs = new Set(this.all.map(({ recordedBrokerEpoch }) => recordedBrokerEpoch));
    const [only] = epochs;
    return epochs.size === 1 && only !== undefined ? only : (-1 as BrokerEpoch);
  }

  async recordBrokerEpoch(epoch: BrokerEpoch): Promise<void> {
    await Promise.all(this.all.map((directory) => directory.recordBrokerEpoch(epoch)));
  }

  async close(options?: { readonly brokerEpoch: BrokerEpoch }): Promise<void> {
    await Promise.all(this.all.map((directory) => directory.close(options)));
  }

  #holderOf(topicId: TopicId, partition: PartitionIndex): LogDirectory | undefined {
    return this.all.length === 1
      ? this.all[0]
      : this.all.find((directory) => directory.log(topicId, partition) !== undefined);
  }
}
