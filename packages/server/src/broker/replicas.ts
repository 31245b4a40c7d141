import type { BrokerId, Clock, LeaderEpoch, Logger, PartitionIndex, TopicId } from '@kafkaesque/kernel';
import { Offset, hasCode, messageOf } from '@kafkaesque/kernel';
import type { MetadataDelta, MetadataImage, PartitionImage, TopicImage } from '@kafkaesque/metadata';
import { isRemovedTopic, topicById } from '@kafkaesque/metadata';
import type { Effect, Leadership } from '@kafkaesque/partition';
import { Partition } from '@kafkaesque/partition';
import type { Log } from '@kafkaesque/storage';
import { isThrottled } from '../configuration';
import type { TopicConfiguration } from '../configuration';
import type { IsrAnswer, IsrChange } from '../replication/replicated';
import type { Throttle } from '../replication/throttle';
import { AwayReplicas } from './away-replicas';
import { eligibleEpoch } from './brokers-view';
import { LogDeletions } from './log-deletions';
import type { LogDirectories } from './log-directories';
import { BROKER_RESOURCE, TOPIC_RESOURCE } from '../handlers/resource-types';
import { writeProducerSnapshot } from './producer-snapshots';
import type { BrokerTimes, Replica } from './replica';
import type { DurableEnd } from './replica-move';
import { raiseLogStart } from './raised-log-start';
import { ReplicaMoves } from './replica-moves';
import { ReplicaRepairs, recovered } from './replica-repairs';
import type { FollowerSide, ReplicationSide } from './replication-side';
import { logConfig, partitionConfig } from './replica';
import { leaveStrays } from './stray-logs';
import { tellDamage, tellForgotten, tellUnknown } from './told-damage';
import type { Traffic } from './traffic';
import type { WaitingRoom } from './waiting-room';

export interface ReplicasOptions {
  readonly nodeId: BrokerId;
  readonly directories: LogDirectories;
  readonly waitingRoom: WaitingRoom;
  readonly traffic: Traffic;
  readonly clock: Clock;
  readonly logger: Logger;
  /** What the rules read of the broker's configuration, as of an image. */
  readonly timesOf: (image: MetadataImage) => BrokerTimes;
  /** A topic's effective configuration as of an image. */
  readonly configurationOf: (topic: string, image: MetadataImage) => TopicConfiguration;
  /**
   * These partitions, led here, need a new leader epoch: their log refused an append and was repaired, or what an
   * acknowledgement promises has changed. Those that are damaged need another leader, or, where they are followed, are in
   * sync no more.
   */
  readonly renewLeadership: (partitions: readonly LedPartition[]) => void;
  /** Of moves between log directories. */
  readonly moveThrottle: Throttle;
  /** A replica lies in another log directory now. */
  readonly moved: (replica: Replica) => void;
  /** A replica leads, or leads no more. */
  readonly roleChanged: (replica: Replica) => void;
}

/** A partition as it is led now, here or elsewhere. */
export interface LedPartition {
  readonly topicId: TopicId;
  readonly partition: PartitionIndex;
  readonly leaderEpoch: LeaderEpoch;
  /** Its log is damaged here: others that have everything are to lead it. */
  readonly isDamaged: boolean;
}

/** Every partition that this broker holds, kept as the committed metadata says, with the effects of their rules. */
export class Replicas {
  readonly #options: ReplicasOptions;
  /** By partition; a hole where another broker holds it. */
  readonly #byTopic = new Map<TopicId, (Replica | undefined)[]>();
  #isLoading = true;
  #hasRoles = false;
  readonly #deletions: LogDeletions;
  readonly #repairs: ReplicaRepairs;
  /** Those that may be in a log directory that could not be opened. */
  readonly away: AwayReplicas;
  /** Replicas that move between log directories. */
  readonly moves: ReplicaMoves;
  readonly #followerSide: FollowerSide;
  /** The streams from and to other brokers; undefined where there are none. */
  #replication: ReplicationSide | undefined;
  /** The newest metadata. */
  #image: MetadataImage | undefined;
  #isClosed = false;

  constructor(options: ReplicasOptions) {
    this.#options = options;
    const { directories, clock, logger, moveThrottle: throttle } = options;
    this.away = new AwayReplicas(directories, options.nodeId);
    this.#deletions = new LogDeletions(directories, clock, logger);
    this.#repairs = new ReplicaRepairs(clock, logger, {
      isHere: (replica) => this.#isHere(replica),
      takeRole: (replica) => this.#takeNewestRole(replica),
      repaired: (replica, leaderEpoch) => this.#repaired(replica, leaderEpoch),
      moveSettled: (replica) => this.moves.settled(replica),
    });
    this.moves = new ReplicaMoves({
      directories,
      clock,
      logger,
      throttle,
      host: {
        isHere: (replica) => this.#isHere(replica),
        switched: (replica, durable) => this.#switched(replica, durable),
        failed: (replica, cause) => this.#failed(replica, cause),
        damaged: (replica) => this.damaged(replica),
      },
    });
    this.#followerSide = {
      carryOut: (replica, effects) => this.carryOut(replica, effects),
      failed: (replica, cause) => this.#failed(replica, cause),
      truncate: (replica, offset) => this.#repairs.truncate(replica, offset),
      reset: (replica, offset, then) => this.#repairs.reset(replica, offset, then),
      raiseLogStart: (replica, offset) =>
        raiseLogStart(replica, offset, { logger, isHere: () => this.#isHere(replica) }),
      isThrottled: (replica) => this.#isThrottledHere(replica),
    };
  }

  /** Replicates from now on. To be called before roles are taken. */
  attach(replication: ReplicationSide): void {
    this.#replication = replication;
  }

  find(topicId: TopicId, partition: number): Replica | undefined {
    return this.#byTopic.get(topicId)?.[partition];
  }

  *all(): IterableIterator<Replica> {
    for (const replicas of this.#byTopic.values())
      for (const replica of replicas) if (replica !== undefined) yield replica;
  }

  /** Acts on a committed change; until `open` logs are not looked at yet. */
  apply(delta: MetadataDelta): void {
    this.#image = delta.after;
    if (this.#isLoading) return;
    this.away.changed(delta);
    for (const topic of delta.topicsRemoved) this.#remove(topic, delta.after);
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
    this.#image = image;
    leaveStrays(this.#options, image);
    this.away.find(image);
    for (const log of [...this.#options.directories.logs()]) {
      const topic = topicById(image, log.topicId);
      const known = topic?.partitions.get(log.partition);
      if (topic !== undefined && known?.replicas.includes(this.#options.nodeId) === true)
        await this.#repairs.load(this.#adopt(topic, log, image));
      else if (known !== undefined || isRemovedTopic(image, log.topicId))
        this.#deleteUnheld(log, topic?.name);
      else tellUnknown(log, this.#options.logger);
    }
    for (const topic of image.topicsById.values()) {
      for (const partition of topic.partitions) {
        const isOurs = partition.replicas.includes(this.#options.nodeId);
        if (isOurs && this.find(topic.topicId, partition.partition) === undefined)
          this.#create(topic, partition, image);
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
    for (const replica of this.all()) this.moves.resume(replica);
  }

  /** Carries out what a partition's rules decided, in order. */
  carryOut(replica: Replica, effects: readonly Effect[]): void {
    for (const effect of effects) {
      switch (effect.kind) {
        case 'advanced':
          this.#options.waitingRoom.advanced(effect);
          this.#replication?.moved(replica);
          replica.watcher?.advanced();
          break;
        case 'assign-epoch':
          replica.log.assignLeaderEpoch(effect.leaderEpoch, effect.startOffset);
          break;
        case 'resigned':
          this.#options.waitingRoom.failed(effect.topicId, effect.partition);
          this.#replication?.roleChanged(replica);
          this.#options.roleChanged(replica);
          break;
        case 'ask-for-leader':
          this.#repairs.repairLeader(replica, effect.leaderEpoch);
          break;
        case 'alter-partition':
          this.#replication?.alterPartition(replica, effect);
          break;
        case 'repair':
          this.#replication?.roleChanged(replica);
          this.#repairs.repairFollower(replica);
          break;
      }
    }
  }

  /** Records by which a replica here is behind what consumers may read; a leader never is. */
  lagOf(replica: Replica): number {
    return this.#replication?.lagOf(replica) ?? 0;
  }

  /** Records were appended to a log that is led here: its followers get them at once. */
  appended(replica: Replica): void {
    this.#replication?.appended(replica);
  }

  /** A log that is led here starts later now. */
  logStartRaised(replica: Replica): void {
    replica.machine.logStartRaised(replica.log.logStartOffset);
    this.#replication?.moved(replica);
  }

  /**
   * Damage was found amid what a log holds: nobody is to rely on it where others have the same. Where nobody has, it goes on,
   * for all else that it holds is whole. Gives whether others have it.
   */
  damaged(replica: Replica): boolean {
    const { role } = replica.machine;
    const isKnown = replica.isDamaged || replica.hasFlaw;
    if (!isKnown) replica.hasFlaw = true;
    if (role.kind === 'leader') return isKnown ? role.inSyncReplicas.length > 1 : this.#handOver(replica);
    if (role.kind === 'follower' && !isKnown) {
      this.#distrust(replica);
      // It may be out of sync already.
      this.#takeNewestRole(replica);
    }
    return role.kind === 'follower';
  }

  /** The controller has answered what a leader wanted of its in-sync set. */
  alterPartitionAnswered(change: IsrChange, answer: IsrAnswer): void {
    const replica = this.find(change.topicId, change.partition);
    if (replica === undefined) return;
    const nowMs = this.#options.clock.monotonicMs();
    this.carryOut(replica, replica.machine.alterPartitionAnswered(answer, nowMs));
  }

  /** Looks for replicas of others that lag behind what is led here. */
  tick(): void {
    const nowMs = this.#options.clock.monotonicMs();
    for (const replica of this.all())
      if (replica.machine.role.kind === 'leader') this.carryOut(replica, replica.machine.tick(nowMs));
  }

  /** What the stream from a leader does to replicas beyond their rules. */
  get asFollower(): FollowerSide {
    return this.#followerSide;
  }

  /**
   * Deletes what retention no longer keeps, one log after the other, and forgets idle producers. A log that has rolled
   * gets a new snapshot of its producers first: what they are read from otherwise may be deleted. A log that fails does
   * not keep the others.
   */
  async applyRetention(): Promise<void> {
    const { clock, logger } = this.#options;
    for (const replica of [...this.all()]) {
      const { topic, partition, machine } = replica;
      try {
        machine.expireProducers(clock.monotonicMs());
        if (replica.log.segmentCount !== replica.snapshotSegments) await writeProducerSnapshot(replica);
        const deleted = await replica.log.applyRetention(clock.wallMs(), machine.highWatermark);
        // Fewer segments are no reason for another snapshot.
        replica.snapshotSegments -= Math.min(deleted, replica.snapshotSegments);
        if (deleted > 0) this.logStartRaised(replica);
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
    this.#repairs.close();
    await this.moves.close();
    await this.#deletions.close();
  }

  /** A directory failed: the replicas in it take no part any more. */
  goOffline(path: string, cause: unknown): void {
    const failed = this.#options.directories.all.find((directory) => directory.path === path);
    for (const replica of this.all()) {
      if (this.#options.directories.holderOf(replica.topicId, replica.partition) !== failed) continue;
      this.carryOut(replica, replica.machine.goOffline(messageOf(cause)));
    }
    this.moves.directoryFailed();
  }

  #follow(topic: TopicImage, partitions: Iterable<PartitionImage>, image: MetadataImage): void {
    this.#image = image;
    for (const partition of partitions) {
      const known = this.find(topic.topicId, partition.partition);
      if (partition.replicas.includes(this.#options.nodeId)) {
        const replica = known ?? this.#create(topic, partition, image);
        if (replica !== undefined) this.#takeRole(replica, partition);
      } else if (known !== undefined) {
        this.#byTopic.get(topic.topicId)?.splice(partition.partition, 1, undefined);
        this.#drop(known, 'the partition was assigned to others');
      }
    }
  }

  /** Tells the rules what the metadata say of their partition; what is being cut or read back is told it afterwards. */
  #takeRole(replica: Replica, partition: PartitionImage): void {
    const { machine } = replica;
    if (!this.#hasRoles || replica.isLoading || machine.role.kind === 'offline') return;
    const { leaderEpoch, partitionEpoch } = partition;
    const self = this.#options.nodeId;
    const isNew = leaderEpoch > machine.leaderEpoch || machine.role.kind === 'recovering';
    if (partition.leader !== self) {
      const { leader } = partition;
      if (isNew) this.carryOut(replica, machine.becomeFollower({ leaderEpoch, leader, partitionEpoch }));
    } else if (isNew || machine.role.kind === 'leader') {
      const { replicas, isr: inSyncReplicas } = partition;
      const leadership: Leadership = {
        leaderEpoch,
        self,
        replicas,
        inSyncReplicas,
        partitionEpoch,
        leaderRecoveryState: partition.leaderRecoveryState === 1 ? 1 : 0,
      };
      this.carryOut(replica, machine.becomeLeader(leadership));
      // Whoever comes into sync may take over.
      if (replica.isDamaged || replica.hasFlaw) this.#handOver(replica);
    }
    this.#replication?.roleChanged(replica);
    this.#options.roleChanged(replica);
    this.#rejoin(replica, partition);
  }

  /**
   * A follower whose log is not to be believed. What is damaged goes, once nobody counts on it any more; what may be
   * incomplete is believed again when its leader has taken it back into the in-sync set.
   */
  #rejoin(replica: Replica, partition: PartitionImage): void {
    const { machine, log } = replica;
    if (this.#replication === undefined || machine.role.kind !== 'follower') return;
    const isDamaged = replica.isDamaged || replica.hasFlaw;
    if (!isDamaged && log.suspect === undefined) return;
    const isInSync = partition.isr.includes(this.#options.nodeId);
    if (!isInSync) {
      replica.hasLeftInSync = true;
      if (!isDamaged) return;
      // Until it is empty it follows nobody: nothing may be appended meanwhile.
      replica.isDamaged = true;
      replica.hasFlaw = false;
      this.#replication.roleChanged(replica);
      this.#repairs.reset(replica, Offset(0));
    } else if (replica.hasLeftInSync && !isDamaged) {
      replica.hasLeftInSync = false;
      log.trust().catch((error: unknown) => {
        // It stays suspect, and the next start begins with that.
        const { topic, partition: index } = replica;
        this.#options.logger.warn('a log could not be marked as complete', {
          topic,
          partition: index,
          error: messageOf(error),
        });
      });
    }
  }

  #isThrottledHere({ config, topicId, partition }: Replica): boolean {
    const { nodeId } = this.#options;
    if (!isThrottled(config.followerThrottledReplicas, partition, nodeId)) return false;
    const image = this.#image;
    const known = image === undefined ? undefined : topicById(image, topicId)?.partitions.get(partition);
    return known?.isr.includes(nodeId) !== true;
  }

  /** Its topic may be gone, or the partition assigned to others, since something was begun for it. */
  #takeNewestRole(replica: Replica): void {
    const { topicId, partition } = replica;
    const image = this.#image;
    const newest = image === undefined ? undefined : topicById(image, topicId)?.partitions.get(partition);
    if (newest !== undefined) this.#takeRole(replica, newest);
  }

  /** Undefined: what was there before is still being deleted, or it is away. */
  #create(topic: TopicImage, placed: PartitionImage, image: MetadataImage): Replica | undefined {
    const { partition } = placed;
    if (this.#deletions.isUnderWay(topic.topicId, partition) || this.away.includes(topic, placed))
      return undefined;
    const config = this.#options.configurationOf(topic.name, image);
    const { directories } = this.#options;
    const known = directories.log(topic.topicId, partition);
    const log = known ?? directories.createLog(topic.topicId, partition, logConfig(config));
    return this.#adopt(topic, log, image);
  }

  #adopt(topic: TopicImage, log: Log, image: MetadataImage): Replica {
    const config = this.#options.configurationOf(topic.name, image);
    log.updateConfig(logConfig(config));
    const machine = new Partition(
      topic.topicId,
      log.partition,
      partitionConfig(config, this.#options.timesOf(image)),
      recovered(log),
      { eligibleEpoch: (brokerId) => eligibleEpoch(this.#image ?? image, brokerId) },
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
      hasFlaw: false,
      hasLeftInSync: false,
      raisingTo: undefined,
      watcher: undefined,
      snapshotSegments: log.segmentCount,
    };
    tellDamage(topic.name, log, this.#options.logger);
    this.#listen(replica);
    const replicas = this.#byTopic.get(topic.topicId) ?? [];
    replicas[log.partition] = replica;
    this.#byTopic.set(topic.topicId, replicas);
    return replica;
  }

  #listen(replica: Replica): void {
    replica.log.listen({
      durable: (endOffset, leaderEpoch) => this.#durable(replica, { endOffset, leaderEpoch }),
      failed: (cause) => {
        const { topic, partition } = replica;
        this.#options.logger.error('an append failed', { topic, partition, error: messageOf(cause) });
        this.#failed(replica, cause);
      },
    });
  }

  #durable(replica: Replica, { endOffset, leaderEpoch }: DurableEnd): void {
    const { machine } = replica;
    this.carryOut(replica, machine.durable(endOffset, leaderEpoch));
    if (machine.role.kind === 'follower') this.#replication?.durable(replica);
  }

  /** Its log lies in another directory from now on. */
  #switched(replica: Replica, durable: DurableEnd | undefined): void {
    this.#listen(replica);
    // The next look at retention keeps its producers in the new directory.
    replica.snapshotSegments = -1;
    if (replica.log.failure !== undefined) this.#failed(replica, replica.log.failure);
    else if (durable !== undefined) this.#durable(replica, durable);
    if (this.#isHere(replica)) this.#options.moved(replica);
  }

  #failed(replica: Replica, cause: unknown): void {
    const { machine } = replica;
    const isGone = this.#options.directories.hasFailed(replica.topicId, replica.partition);
    if (hasCode(cause, 'LOG_CORRUPT')) replica.isDamaged = true;
    this.carryOut(replica, isGone ? machine.goOffline(messageOf(cause)) : machine.failed());
  }

  /** A snapshot may lack a topic without saying that it was removed: then its logs stay, and take no part. */
  #remove(topic: TopicImage, image: MetadataImage): void {
    const replicas = this.#byTopic.get(topic.topicId);
    if (replicas === undefined) return;
    this.#byTopic.delete(topic.topicId);
    this.#options.traffic.forget(topic.topicId);
    const isRemoved = isRemovedTopic(image, topic.topicId);
    if (!isRemoved) tellForgotten(topic, this.#options.logger);
    for (const replica of replicas) {
      if (replica === undefined) continue;
      if (isRemoved) this.#drop(replica, 'the topic was deleted');
      else this.#leave(replica, 'the metadata do not know the topic');
    }
  }

  /** A log that was found at the start, and that committed records gave up while this broker was away. */
  #deleteUnheld({ topicId, partition }: Log, topic = 'of a deleted topic'): void {
    this.#deletions.begin({ topicId, topic, partition }, () => this.#createAgain({ topicId, partition }));
  }

  /** A committed record says that this broker does not hold it any more. */
  #drop(replica: Replica, why: string): void {
    this.#leave(replica, why);
    this.#deletions.begin(replica, () => this.#createAgain(replica), this.moves.cancel(replica));
  }

  /** It takes no part any more. */
  #leave(replica: Replica, why: string): void {
    this.carryOut(replica, replica.machine.goOffline(why));
    this.#options.waitingRoom.failed(replica.topicId, replica.partition);
    this.#replication?.roleChanged(replica);
  }

  /** A partition may come back to a broker that still deletes what it had of it. */
  #createAgain({ topicId, partition }: Pick<Replica, 'topicId' | 'partition'>): void {
    const image = this.#image;
    const topic = image === undefined ? undefined : topicById(image, topicId);
    const newest = topic?.partitions.get(partition);
    if (this.#isClosed || image === undefined || topic === undefined || newest === undefined) return;
    this.#follow(topic, [newest], image);
  }

  /** The metadata may have another leader by now; otherwise this one asks to lead in a new epoch. */
  #repaired(replica: Replica, leaderEpoch: LeaderEpoch): void {
    const { topicId, partition } = replica;
    const newest =
      this.#image === undefined ? undefined : topicById(this.#image, topicId)?.partitions.get(partition);
    if (newest !== undefined && newest.leaderEpoch > leaderEpoch) this.#takeRole(replica, newest);
    else this.#options.renewLeadership([{ topicId, partition, leaderEpoch, isDamaged: false }]);
  }

  /** Another replica that is in sync leads from now on; then this one begins anew. False: there is none. */
  #handOver(replica: Replica): boolean {
    const { role } = replica.machine;
    if (this.#replication === undefined || role.kind !== 'leader' || role.inSyncReplicas.length < 2)
      return false;
    this.#distrust(replica);
    return true;
  }

  /** Tells the controller that nobody is to rely on what is here. */
  #distrust({ topicId, partition, machine: { leaderEpoch } }: Replica): void {
    this.#options.renewLeadership([{ topicId, partition, leaderEpoch, isDamaged: true }]);
  }

  #isHere(replica: Replica): boolean {
    return !this.#isClosed && this.find(replica.topicId, replica.partition) === replica;
  }

  #updateConfigs(delta: MetadataDelta): void {
    const isForAll = delta.configsChanged.some(({ resource }) => resource.type === BROKER_RESOURCE);
    const topics = new Set(
      delta.configsChanged
        .filter(({ resource }) => resource.type === TOPIC_RESOURCE)
        .map(({ resource }) => resource.name),
    );
    const times = this.#options.timesOf(delta.after);
    const renewed: LedPartition[] = [];
    for (const replica of this.all()) {
      if (!isForAll && !topics.has(replica.topic)) continue;
      const { flushPolicy } = replica.config;
      replica.config = this.#options.configurationOf(replica.topic, delta.after);
      replica.log.updateConfig(logConfig(replica.config));
      this.moves.configChanged(replica);
      const config = partitionConfig(replica.config, times);
      this.carryOut(replica, replica.machine.updateConfig(config));
      // An epoch has one flush policy: by it the controller judges what a replica must have after a crash (section 7).
      const { topicId, partition, machine } = replica;
      if (replica.config.flushPolicy !== flushPolicy && machine.role.kind === 'leader')
        renewed.push({ topicId, partition, leaderEpoch: machine.leaderEpoch, isDamaged: false });
    }
    if (renewed.length > 0) this.#options.renewLeadership(renewed);
  }
}
