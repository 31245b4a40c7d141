import type {
  BrokerId,
  CancelWake,
  Clock,
  LeaderEpoch,
  Logger,
  PartitionIndex,
  TopicId,
} from '@kafkaesque/kernel';
import { hasCode, messageOf } from '@kafkaesque/kernel';
import type { MetadataDelta, MetadataImage, PartitionImage, TopicImage } from '@kafkaesque/metadata';
import { topicById } from '@kafkaesque/metadata';
import type { Effect } from '@kafkaesque/partition';
import { Partition } from '@kafkaesque/partition';
import type { Log } from '@kafkaesque/storage';
import type { TopicConfiguration } from '../configuration';
import type { LogDirectories } from './log-directories';
import { BROKER_RESOURCE, TOPIC_RESOURCE } from '../handlers/resource-types';
import { readProducers, writeProducerSnapshot } from './producer-snapshots';
import type { Replica } from './replica';
import { logConfig, partitionConfig } from './replica';
import type { Traffic } from './traffic';
import type { WaitingRoom } from './waiting-room';

export interface ReplicasOptions {
  readonly nodeId: BrokerId;
  readonly directories: LogDirectories;
  readonly waitingRoom: WaitingRoom;
  readonly traffic: Traffic;
  readonly clock: Clock;
  readonly logger: Logger;
  /** `producer.id.expiration.ms` as of an image. */
  readonly producerIdExpirationMs: (image: MetadataImage) => number;
  /** A topic's effective configuration as of an image. */
  readonly configurationOf: (topic: string, image: MetadataImage) => TopicConfiguration;
  /**
   * These partitions, led here, need a new leader epoch: their log refused an append and was repaired, or what an
   * acknowledgement promises has changed.
   */
  readonly renewLeadership: (partitions: readonly LedPartition[]) => void;
}

/** A partition as it is led now. */
export interface LedPartition {
  readonly topicId: TopicId;
  readonly partition: PartitionIndex;
  readonly leaderEpoch: LeaderEpoch;
}

/** Every partition that this broker holds, kept as the committed metadata says, with the effects of their rules. */
export class Replicas {
  readonly #options: ReplicasOptions;
  /** By partition; a hole where another broker holds it. */
  readonly #byTopic = new Map<TopicId, (Replica | undefined)[]>();
  /** Topics that committed records removed while their logs were not open yet. */
  readonly #removedWhileLoading = new Set<TopicId>();
  #isLoading = true;
  #hasRoles = false;
  /** Deletions of logs under way, so that a shutdown can wait for them. */
  readonly #deletions = new Set<Promise<void>>();
  /** Repairs and deletions that failed and will be tried again. */
  readonly #retries = new Set<CancelWake>();
  #isClosed = false;

  constructor(options: ReplicasOptions) {
    this.#options = options;
  }

  find(topicId: TopicId, partition: number): Replica | undefined {
    return this.#byTopic.get(topicId)?.[partition];
  }

  *all(): IterableIterator<Replica> {
    for (const replicas of this.#byTopic.values())
      for (const replica of replicas) if (replica !== undefined) yield replica;
  }

  /** Acts on a committed change. Until `open`, only removals are noted: logs are not looked at yet. */
  apply(delta: MetadataDelta): void {
    if (this.#isLoading) {
      for (const topic of delta.topicsRemoved) this.#removedWhileLoading.add(topic.topicId);
      return;
    }
    for (const topic of delta.topicsRemoved) this.#remove(topic);
    for (const topic of delta.topicsCreated) this.#follow(topic, topic.partitions, delta.after);
    for (const change of delta.topicsChanged) {
      this.#follow(
        change.after,
        change.partitions.map((partition) => partition.after),
        delta.after,
      );
    }
    if (delta.configsChanged.length > 0) this.#updateConfigs(delta);
  }

  /**
   * Brings what is on disk together with the committed metadata: known logs get their rules and rebuild their producer
   * state; logs of removed topics go; logs of topics that nobody knows stay, because absence is not deletion.
   */
  async open(image: MetadataImage): Promise<void> {
    this.#isLoading = false;
    for (const log of [...this.#options.directories.logs()]) {
      const topic = topicById(image, log.topicId);
      if (topic?.partitions.get(log.partition) !== undefined)
        await this.#load(this.#adopt(topic, log, image));
      else if (this.#removedWhileLoading.has(log.topicId))
        await this.#options.directories.deleteLog(log.topicId, log.partition);
      else {
        const { topicId, partition, sizeBytes } = log;
        this.#options.logger.error(
          'no committed metadata know a log: if its topic was not deleted, metadata are lost. It is left as it is',
          { topicId, partition, sizeBytes },
        );
      }
    }
    this.#removedWhileLoading.clear();
    for (const topic of image.topicsById.values()) {
      for (const partition of topic.partitions) {
        const isOurs = partition.replicas.includes(this.#options.nodeId);
        if (isOurs && this.find(topic.topicId, partition.partition) === undefined)
          this.#create(topic, partition.partition, image);
      }
    }
  }

  /**
   * Takes the roles that the metadata give, once this incarnation is registered: what they said to an earlier one is
   * not for this one.
   */
  takeRoles(image: MetadataImage): void {
    this.#hasRoles = true;
    for (const topic of image.topicsById.values()) this.#follow(topic, topic.partitions, image);
  }

  /** Carries out what a partition's rules decided, in order. */
  carryOut(replica: Replica, effects: readonly Effect[]): void {
    for (const effect of effects) {
      switch (effect.kind) {
        case 'advanced':
          this.#options.waitingRoom.advanced(effect);
          break;
        case 'assign-epoch':
          replica.log.assignLeaderEpoch(effect.leaderEpoch, effect.startOffset);
          break;
        case 'resigned':
          this.#options.waitingRoom.failed(effect.topicId, effect.partition);
          break;
        case 'ask-for-leader':
          this.#repair(replica, effect.leaderEpoch);
          break;
        case 'repair':
          this.#repair(replica, undefined);
          break;
        case 'alter-partition':
          // Nobody subscribes yet, so nobody is proposed.
          break;
      }
    }
  }

  /**
   * Deletes what retention no longer keeps, one log after the other, and forgets idle producers. A log that has rolled
   * gets a new snapshot of its producers first: what they are read from otherwise may be deleted. A log that fails does
   * not keep the others.
   */
  async applyRetention(): Promise<void> {
    const { clock, logger } = this.#options;
    for (const replica of [...this.all()]) {
      const { topic, partition, machine, log } = replica;
      try {
        machine.expireProducers(clock.monotonicMs());
        if (log.segmentCount !== replica.snapshotSegments) await writeProducerSnapshot(replica);
        const deleted = await log.applyRetention(clock.wallMs(), machine.highWatermark);
        // Fewer segments are no reason for another snapshot.
        replica.snapshotSegments -= Math.min(deleted, replica.snapshotSegments);
        if (deleted > 0) machine.logStartRaised(log.logStartOffset);
      } catch (error) {
        if (this.#isClosed || this.find(replica.topicId, partition) !== replica) continue;
        logger.error('retention of a partition failed', { topic, partition, error: messageOf(error) });
      }
    }
  }

  /** Keeps every partition's producer state, so that the next start has nothing to read. */
  async writeProducerSnapshots(): Promise<void> {
    const { logger } = this.#options;
    for (const replica of this.all()) {
      const { topic, partition } = replica;
      await writeProducerSnapshot(replica).catch((error: unknown) => {
        // The next start reads the batches instead.
        logger.warn('producer state could not be kept', { topic, partition, error: messageOf(error) });
      });
    }
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    for (const cancel of this.#retries) cancel();
    await Promise.allSettled(this.#deletions);
  }

  /** A directory failed: the replicas in it take no part any more. */
  goOffline(path: string, cause: unknown): void {
    const failed = this.#options.directories.all.find((directory) => directory.path === path);
    for (const replica of this.all()) {
      if (failed?.log(replica.topicId, replica.partition) === undefined) continue;
      this.carryOut(replica, replica.machine.goOffline(messageOf(cause)));
    }
  }

  #follow(topic: TopicImage, partitions: Iterable<PartitionImage>, image: MetadataImage): void {
    const self = this.#options.nodeId;
    for (const partition of partitions) {
      if (!partition.replicas.includes(self)) continue;
      const replica =
        this.find(topic.topicId, partition.partition) ?? this.#create(topic, partition.partition, image);
      const { machine } = replica;
      if (!this.#hasRoles) continue;
      // What is being read back is told its role afterwards, from the metadata as they are then.
      if (replica.isLoading || machine.role.kind === 'offline') continue;
      if (partition.leaderEpoch <= machine.leaderEpoch && machine.role.kind !== 'recovering') continue;
      const effects =
        partition.leader === self
          ? machine.becomeLeader({
              leaderEpoch: partition.leaderEpoch,
              self,
              replicas: partition.replicas,
              inSyncReplicas: partition.isr,
              partitionEpoch: partition.partitionEpoch,
              leaderRecoveryState: partition.leaderRecoveryState === 1 ? 1 : 0,
            })
          : machine.becomeFollower({ leaderEpoch: partition.leaderEpoch, leader: partition.leader });
      this.carryOut(replica, effects);
    }
  }

  #create(topic: TopicImage, partition: PartitionIndex, image: MetadataImage): Replica {
    const config = this.#options.configurationOf(topic.name, image);
    const known = this.#options.directories.log(topic.topicId, partition);
    return this.#adopt(
      topic,
      known ?? this.#options.directories.createLog(topic.topicId, partition, logConfig(config)),
      image,
    );
  }

  #adopt(topic: TopicImage, log: Log, image: MetadataImage): Replica {
    const config = this.#options.configurationOf(topic.name, image);
    log.updateConfig(logConfig(config));
    const machine = new Partition(
      topic.topicId,
      log.partition,
      partitionConfig(config, this.#options.producerIdExpirationMs(image)),
      recovered(log),
    );
    const replica: Replica = {
      topicId: topic.topicId,
      topic: topic.name,
      partition: log.partition,
      machine,
      log,
      traffic: this.#options.traffic.of(topic.topicId, topic.name),
      config,
      isLoading: false,
      isDamaged: log.recovery.kind === 'corrupt',
      snapshotSegments: log.segmentCount,
    };
    this.#tellDamage(topic, log);
    log.listen({
      durable: (endOffset, leaderEpoch) => {
        this.carryOut(replica, machine.durable(endOffset, leaderEpoch));
      },
      failed: (cause) => {
        this.#options.logger.error('an append failed', {
          topic: replica.topic,
          partition: replica.partition,
          error: messageOf(cause),
        });
        this.carryOut(
          replica,
          this.#options.directories.hasFailed(replica.topicId, replica.partition)
            ? machine.goOffline(messageOf(cause))
            : machine.failed(),
        );
      },
    });
    const replicas = this.#byTopic.get(topic.topicId) ?? [];
    replicas[log.partition] = replica;
    this.#byTopic.set(topic.topicId, replicas);
    return replica;
  }

  #tellDamage({ name }: TopicImage, { partition, recovery, suspect, endOffset }: Log): void {
    const { logger } = this.#options;
    if (recovery.kind === 'corrupt') {
      logger.error('a partition is damaged: it can be read up to there, and takes no records', {
        topic: name,
        partition,
        reason: recovery.reason,
      });
    } else if (suspect !== undefined) {
      const { reason } = suspect;
      logger.error('a partition may have lost records behind its end', {
        topic: name,
        partition,
        endOffset,
        reason,
      });
    }
  }

  async #load(replica: Replica): Promise<void> {
    replica.isLoading = true;
    try {
      await readProducers(replica, this.#options.clock.monotonicMs());
    } catch (error) {
      if (!hasCode(error, 'LOG_CORRUPT')) throw error;
      // Whose batches lie behind the damage nobody knows, so no other may be told from a duplicate of one.
      replica.isDamaged = true;
      const { topic, partition } = replica;
      const reason = messageOf(error);
      this.#options.logger.error('a partition is damaged: it takes no records', { topic, partition, reason });
    } finally {
      replica.isLoading = false;
    }
  }

  #remove(topic: TopicImage): void {
    const replicas = this.#byTopic.get(topic.topicId);
    if (replicas === undefined) return;
    this.#byTopic.delete(topic.topicId);
    this.#options.traffic.forget(topic.topicId);
    for (const replica of replicas) {
      if (replica === undefined) continue;
      this.carryOut(replica, replica.machine.goOffline('the topic was deleted'));
      this.#options.waitingRoom.failed(replica.topicId, replica.partition);
      this.#delete(replica);
    }
  }

  /** Nobody orders a deletion twice: what a full disk refuses is tried until it is done. */
  #delete(replica: Replica): void {
    const { clock, directories, logger } = this.#options;
    const { topicId, topic, partition } = replica;
    const deletion = directories.deleteLog(topicId, partition).catch((error: unknown) => {
      const isOver = this.#isClosed || directories.hasFailed(topicId, partition);
      logger.error('a deleted partition could not be removed', {
        ...{ topic, partition, retryMs: isOver ? undefined : DELETION_RETRY_MS },
        error: messageOf(error),
      });
      if (isOver) return;
      const cancel = clock.wakeAt(clock.monotonicMs() + DELETION_RETRY_MS, () => {
        this.#retries.delete(cancel);
        this.#delete(replica);
      });
      this.#retries.add(cancel);
    });
    this.#deletions.add(deletion);
    void deletion.finally(() => this.#deletions.delete(deletion));
  }

  /**
   * After a failed append: cut what the failed round left, start the rules over, then ask for a new epoch. A disk that is
   * still full is asked again later.
   */
  #repair(replica: Replica, leaderEpoch: LeaderEpoch | undefined, failures = 0): void {
    const { clock, logger } = this.#options;
    const { topicId, topic, partition, machine, log } = replica;
    const repaired = async (): Promise<void> => {
      await log.repair();
      if (!this.#isWaitingForRepair(replica)) return;
      machine.recover(recovered(log));
      await this.#load(replica);
      if (leaderEpoch !== undefined) this.#options.renewLeadership([{ topicId, partition, leaderEpoch }]);
    };
    repaired().catch((error: unknown) => {
      if (!this.#isWaitingForRepair(replica)) return;
      const retryMs = Math.min(FIRST_REPAIR_RETRY_MS * 2 ** failures, LONGEST_REPAIR_RETRY_MS);
      logger.error('a log could not be repaired; trying again', {
        topic,
        partition,
        retryMs,
        error: messageOf(error),
      });
      const cancel = clock.wakeAt(clock.monotonicMs() + retryMs, () => {
        this.#retries.delete(cancel);
        this.#repair(replica, leaderEpoch, failures + 1);
      });
      this.#retries.add(cancel);
    });
  }

  /** Meanwhile its topic may have been deleted, its directory may have failed, or the broker may be closing. */
  #isWaitingForRepair(replica: Replica): boolean {
    const { kind } = replica.machine.role;
    return (
      !this.#isClosed &&
      (kind === 'resigned' || kind === 'recovering') &&
      this.find(replica.topicId, replica.partition) === replica
    );
  }

  #updateConfigs(delta: MetadataDelta): void {
    const isForAll = delta.configsChanged.some(({ resource }) => resource.type === BROKER_RESOURCE);
    const topics = new Set(
      delta.configsChanged
        .filter(({ resource }) => resource.type === TOPIC_RESOURCE)
        .map(({ resource }) => resource.name),
    );
    const expirationMs = this.#options.producerIdExpirationMs(delta.after);
    const renewed: LedPartition[] = [];
    for (const replica of this.all()) {
      if (!isForAll && !topics.has(replica.topic)) continue;
      const { flushPolicy } = replica.config;
      replica.config = this.#options.configurationOf(replica.topic, delta.after);
      replica.log.updateConfig(logConfig(replica.config));
      const config = partitionConfig(replica.config, expirationMs);
      this.carryOut(replica, replica.machine.updateConfig(config));
      // An epoch has one flush policy: by it the controller judges what a replica must have after a crash (section 7).
      const { topicId, partition, machine } = replica;
      if (replica.config.flushPolicy !== flushPolicy && machine.role.kind === 'leader')
        renewed.push({ topicId, partition, leaderEpoch: machine.leaderEpoch });
    }
    if (renewed.length > 0) this.#options.renewLeadership(renewed);
  }
}

const FIRST_REPAIR_RETRY_MS = 100;
const DELETION_RETRY_MS = 1000;
const LONGEST_REPAIR_RETRY_MS = 10_000;

const recovered = (log: Log): ConstructorParameters<typeof Partition>[3] => ({
  logStartOffset: log.logStartOffset,
  endOffset: log.endOffset,
  epochs: log.epochs,
});
