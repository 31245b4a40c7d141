import type {
  BrokerEpoch,
  BrokerId,
  BufferPool,
  CancelWake,
  PartitionIndex,
  TopicId,
} from '@kafkaesque/kernel';
import { inlineCompute, messageOf } from '@kafkaesque/kernel';
import type { MetadataDelta, MetadataImage, RegisterBrokerCommand } from '@kafkaesque/metadata';
import { LOST_DIRECTORY, aliveBrokers, registeredBrokers, registeredFeatures } from '@kafkaesque/metadata';
import type { LogDirectory } from '@kafkaesque/storage';
import { openLogDirectory } from '@kafkaesque/storage';
import { AnswerMemory } from '../broker/answer-memory';
import type { AdministratorParts, Broker } from '../broker/broker';
import { openBroker } from '../broker/broker';
import { BrokerLifecycle } from '../broker/broker-lifecycle';
import { awayDirectory, isOfTheDisk } from '../broker/away-directory';
import { DirectoryAssignments } from '../broker/directory-assignments';
import type { DynamicConfigurations } from '../broker/dynamic-configuration';
import { FetchSessions } from '../broker/fetch-sessions';
import { LogCleaner } from '../broker/log-cleaner';
import type { CleanerSettings } from '../broker/log-cleaner';
import { LogDirectories } from '../broker/log-directories';
import { ProducerIds } from '../broker/producer-ids';
import type { LedPartition } from '../broker/replicas';
import { Replicas } from '../broker/replicas';
import { settleMoves } from '../broker/settle-moves';
import { Traffic } from '../broker/traffic';
import { WaitingRoom } from '../broker/waiting-room';
import type { BrokerConfiguration } from '../configuration';
import { nodeValue } from '../configuration';
import { LocalGroupCoordinators } from '../coordinator/group-coordinators';
import type { ControllerClient } from '../controller/controller-client';
import type { BrokerState } from '../metrics/broker-metrics';
import { watchBroker } from '../metrics/broker-metrics';
import { GroupMeters, watchGroups } from '../metrics/group-metrics';
import { ReplicationMeters } from '../metrics/replication-metrics';
import type { Replication } from '../replication/open-replication';
import { Throttle } from '../replication/throttle';
import type { NodeLoggers } from './node-loggers';
import type { OpenFilesShares } from './open-files';
import { tellFindings } from './recovery-findings';
import type { World } from './world';

export interface BrokerPartOptions {
  readonly configuration: BrokerConfiguration;
  readonly world: World;
  readonly loggers: NodeLoggers;
  readonly nodeId: BrokerId;
  readonly clusterId: string;
  readonly pool: BufferPool;
  readonly openFiles: OpenFilesShares;
  readonly dynamic: DynamicConfigurations;
  readonly isStopping: () => boolean;
  readonly state: () => BrokerState;
}

/** Memory by default for one process (ARCHITECTURE section 5). */
const ANSWER_MEMORY_BYTES = 64 << 20;

/** What makes a node a broker: its directories, the replicas in them, and its life in the cluster. */
export class BrokerPart {
  readonly directories: LogDirectories;
  readonly replicas: Replicas;
  readonly waitingRoom: WaitingRoom;
  readonly replicationMeters: ReplicationMeters;
  readonly #options: BrokerPartOptions;
  readonly #moveThrottle: Throttle;
  #lifecycle: BrokerLifecycle | undefined;
  #client: ControllerClient | undefined;
  #assignments: DirectoryAssignments | undefined;
  #groups: LocalGroupCoordinators | undefined;
  /** Undefined: the node is alone. */
  #replication: Replication | undefined;
  /** Changes that come while logs are opened, applied behind that. */
  #deferred: MetadataDelta[] | undefined;
  #cancelRetention: CancelWake | undefined;
  #retention: Promise<void> = Promise.resolve();
  #cleaner: LogCleaner | undefined;
  #cleaned: Promise<void> | undefined;

  constructor(options: BrokerPartOptions, directories: LogDirectories) {
    const { world, dynamic, nodeId, loggers, configuration } = options;
    this.#options = options;
    this.directories = directories;
    this.waitingRoom = new WaitingRoom(world.clock);
    this.#moveThrottle = new Throttle(world.clock);
    this.replicationMeters = new ReplicationMeters(
      world.metrics,
      () => this.#replication?.maxLag ?? 0,
      () => this.replicas.moves.maxLag,
    );
    this.replicas = new Replicas({
      nodeId,
      directories,
      waitingRoom: this.waitingRoom,
      traffic: new Traffic(world.metrics),
      clock: world.clock,
      logger: loggers.replicas,
      timesOf: (image) => ({
        producerIdExpirationMs: Number(nodeValue('producer.id.expiration.ms', dynamic.layers(image))),
        replicaLagTimeMaxMs: configuration.replicaLagTimeMaxMs,
      }),
      configurationOf: (topic, image) => dynamic.topic(topic, image),
      renewLeadership: (partitions) => {
        void this.#renewLeadership(partitions);
      },
      moveThrottle: this.#moveThrottle,
      moved: ({ topicId, partition }) => this.#assignments?.moved(topicId, partition),
      roleChanged: (replica) => this.#groups?.roleChanged(replica),
    });
  }

  get epoch(): BrokerEpoch {
    return this.#lifecycle?.epoch ?? (-1 as BrokerEpoch);
  }

  get lifecycle(): BrokerLifecycle | undefined {
    return this.#lifecycle;
  }

  /** The committed metadata have changed. */
  changed(delta: MetadataDelta): void {
    if (this.#deferred === undefined) this.replicas.apply(delta);
    else this.#deferred.push(delta);
    this.#replication?.changed(delta);
    this.#assignments?.changed(delta);
    this.#groups?.changed(delta);
    if (delta.configsChanged.length > 0) this.#limitMoves(delta.after);
  }

  /** Replicates with others from now on. To be called before `start`. */
  replicate(replication: Replication): void {
    this.#replication = replication;
    this.replicas.attach(replication.side);
  }

  /** Bytes a second that replicas under reassignment keep to. */
  throttledRates(image: MetadataImage): { readonly leader: number; readonly follower: number } {
    const layers = this.#options.dynamic.layers(image);
    const rate = (side: 'leader' | 'follower'): number =>
      Number(nodeValue(`${side}.replication.throttled.rate`, layers));
    return { leader: rate('leader'), follower: rate('follower') };
  }

  #cleanerSettings(image: MetadataImage): CleanerSettings {
    const { configuration, dynamic } = this.#options;
    const layers = dynamic.layers(image);
    const number = (name: string): number => Number(nodeValue(`log.cleaner.${name}`, layers));
    return {
      isEnabled: configuration.get('log.cleaner.enable') === true,
      backoffMs: number('backoff.ms'),
      dedupeBufferBytes: number('dedupe.buffer.size'),
      loadFactor: number('io.buffer.load.factor'),
      ioBufferBytes: number('io.buffer.size'),
      bytesPerSecond: number('io.max.bytes.per.second'),
    };
  }

  #limitMoves(image: MetadataImage): void {
    const layers = this.#options.dynamic.layers(image);
    const rate = nodeValue('replica.alter.log.dirs.io.max.bytes.per.second', layers);
    this.#moveThrottle.limitTo(Number(rate));
  }

  /** The broker as its handlers see it. */
  broker(parts: AdministratorParts, client: ControllerClient): Broker {
    const { world, configuration, dynamic, nodeId } = this.#options;
    const { random, metrics, disk, traces } = world;
    const sessionIds = random.fork('fetch sessions');
    const fetchSessions = new FetchSessions(
      Number(configuration.get('max.incremental.fetch.session.cache.slots')),
      () => sessionIds.below(0x7fffffff) + 1,
    );
    const answerMemory = new AnswerMemory(ANSWER_MEMORY_BYTES);
    const { directories, replicas, waitingRoom } = this;
    watchBroker(metrics, {
      replicas,
      directories,
      waitingRoom,
      fetchSessions,
      answerMemory,
      state: this.#options.state,
    });
    this.#client = client;
    const groups = new LocalGroupCoordinators({
      configuration,
      replicas,
      clock: world.clock,
      logger: this.#options.loggers.groups,
      image: parts.image,
      layers: parts.layers,
      authorizer: parts.authorizer,
      random: random.fork('groups'),
      meters: new GroupMeters(metrics, world.clock),
    });
    this.#groups = groups;
    watchGroups(metrics, groups.view);
    return openBroker({
      ...parts,
      directories,
      replicas,
      waitingRoom,
      fetchSessions,
      answerMemory,
      spaceOf: (path) => disk.space(path),
      producerIds: new ProducerIds({ brokerId: nodeId, brokerEpoch: () => this.epoch, controller: client }),
      groups,
      isTracing: traces !== undefined,
      topicConfiguration: (topic) => dynamic.topic(topic, parts.image()),
    });
  }

  /** Registers, opens what the metadata say is here, and enters service. */
  async start(
    image: () => MetadataImage,
    registration: Pick<RegisterBrokerCommand, 'clusterId' | 'incarnationId' | 'listeners'>,
  ): Promise<void> {
    const { configuration, nodeId, world, loggers } = this.#options;
    const client = this.#client;
    if (client === undefined) return;
    const lifecycle = new BrokerLifecycle({
      nodeId,
      clock: world.clock,
      logger: loggers.controller,
      controller: client,
      heartbeatIntervalMs: configuration.brokerHeartbeatIntervalMs,
      sessionTimeoutMs: configuration.brokerSessionTimeoutMs,
      registrationTimeoutMs: Number(configuration.get('initial.broker.registration.timeout.ms')),
      metadataOffset: () => image().offset,
      offlineDirectories: () =>
        this.directories.opened
          .filter(({ offlineReason }) => offlineReason !== undefined)
          .map(({ directoryId }) => directoryId),
    });
    this.#lifecycle = lifecycle;
    const brokerEpoch = await lifecycle.register({
      kind: 'register-broker',
      ...registration,
      brokerId: nodeId,
      features: registeredFeatures({ supportedKraftVersions: { min: 0, max: 1 } }),
      rack: configuration.rack ?? null,
      logDirs: this.directories.opened.map(({ directoryId }) => directoryId),
      previousBrokerEpoch: this.#previousEpoch(),
      isUnclean: this.#wasUnclean(),
      distrustedDirs: this.directories.trust.distrusted,
      hasDirsAway: this.directories.areSomeAway,
    });
    await this.directories.recordBrokerEpoch(brokerEpoch);
    await this.#openReplicas(image());
    this.#limitMoves(image());
    this.replicas.takeRoles(image());
    this.#assignments = new DirectoryAssignments({
      nodeId,
      image,
      controller: client,
      clock: world.clock,
      logger: loggers.replicas,
      brokerEpoch: () => this.epoch,
      directoryOf: (topicId, partition) => this.#directoryOf(topicId, partition),
    });
    this.#assignments.registered();
    this.#scheduleRetention(Number(configuration.get('log.initial.task.delay.ms')));
    this.#cleaner = new LogCleaner({
      replicas: this.replicas,
      clock: world.clock,
      logger: loggers.logs,
      compute: world.compute ?? inlineCompute,
      settings: () => this.#cleanerSettings(image()),
    });
    this.#cleaner.start();
    await lifecycle.enterService();
  }

  /**
   * The epoch this broker served in last. What may have lost records must not be believed when a leader is looked for:
   * among others it names none, and comes back into the in-sync sets once it has caught up.
   */
  #previousEpoch(): BrokerEpoch {
    const isWhole = [...this.directories.logs()].every(
      ({ suspect, recovery }) => suspect === undefined && recovery.kind !== 'corrupt',
    );
    return isWhole || this.#replication === undefined
      ? this.directories.trust.brokerEpoch
      : (-1 as BrokerEpoch);
  }

  /** A node alone has nobody else to believe. A directory that was never served from cannot have been left. */
  #wasUnclean(): boolean {
    return (
      this.#replication !== undefined &&
      this.directories.opened.some(
        ({ previousBrokerEpoch, recorded }) => previousBrokerEpoch < 0 && recorded.brokerEpoch >= 0,
      )
    );
  }

  /** What may be in a directory that is away, though the metadata know of none or of another one, is to lead nowhere. */
  #directoryOf(topicId: TopicId, partition: PartitionIndex): string | undefined {
    const held = this.directories.directoryIdOf(topicId, partition);
    return held === undefined && this.replicas.away.has(topicId, partition) ? LOST_DIRECTORY : held;
  }

  /** Logs are opened as one image has them; what changes meanwhile is applied behind. */
  async #openReplicas(image: MetadataImage): Promise<void> {
    this.#deferred = [];
    try {
      await this.replicas.open(image);
    } finally {
      const deferred = this.#deferred;
      this.#deferred = undefined;
      for (const delta of deferred) this.replicas.apply(delta);
    }
  }

  /** Leaderships go to others first, where there are any. */
  async leave(image: MetadataImage): Promise<void> {
    const { nodeId, configuration } = this.#options;
    const others = aliveBrokers(image, configuration.interBrokerListenerName).filter(
      ({ brokerId }) => brokerId !== nodeId,
    );
    if (others.length > 0 && registeredBrokers(image).length > 1) await this.#lifecycle?.leave();
  }

  /** Nothing is asked of it any more. */
  quiesce(): void {
    this.#cancelRetention?.();
    this.#cleaned = this.#cleaner?.stop();
    this.#assignments?.close();
    this.#lifecycle?.stop();
    this.#moveThrottle.close();
    this.#groups?.close();
    this.#replication?.close();
    this.waitingRoom.close();
  }

  async settled(): Promise<void> {
    await this.#retention;
    await this.#cleaned;
  }

  /** A directory failed: its replicas take no part any more; without any directory the process cannot go on. */
  directoryFailed(path: string, cause: unknown): void {
    const { loggers, world } = this.#options;
    loggers.logs.error('a log directory failed and is offline', { path, error: messageOf(cause) });
    this.replicas.goOffline(path, cause);
    if (this.directories.all.every(({ offlineReason }) => offlineReason !== undefined))
      world.faults.fault(`the last log directory failed: ${path}`, cause);
  }

  async #renewLeadership(partitions: readonly LedPartition[]): Promise<void> {
    // Not within the call that applies a change to the metadata.
    await Promise.resolve();
    const { nodeId, isStopping, loggers } = this.#options;
    const outcome = await this.#client?.submit({
      kind: 'renew-leadership',
      brokerId: nodeId,
      brokerEpoch: this.epoch,
      partitions,
    });
    if (outcome?.kind === 'done' || isStopping()) return;
    loggers.replicas.error('partitions got no new leader epoch', { partitions });
  }

  #scheduleRetention(inMs: number): void {
    const { world, loggers, configuration, isStopping } = this.#options;
    const { clock } = world;
    this.#cancelRetention = clock.wakeAt(clock.monotonicMs() + inMs, () => {
      this.#retention = this.replicas.applyRetention().catch((error: unknown) => {
        loggers.replicas.error('retention failed', { error: messageOf(error) });
      });
      void this.#retention.then(() => {
        if (!isStopping())
          this.#scheduleRetention(Number(configuration.get('log.retention.check.interval.ms')));
      });
    });
  }
}

/** Recovers the log directories, and says what was found. */
export const openBrokerPart = async (options: BrokerPartOptions): Promise<BrokerPart> => {
  const { configuration, world, loggers, nodeId, clusterId, pool, openFiles } = options;
  const { disk, clock, random, metrics, lock } = world;
  const all: LogDirectory[] = [];
  const away: LogDirectory[] = [];
  const late: { part?: BrokerPart; failed: { readonly path: string; readonly cause: unknown }[] } = {
    failed: [],
  };
  const open = (path: string): Promise<LogDirectory> =>
    openLogDirectory({
      disk,
      path,
      clock,
      random,
      logger: loggers.logs,
      metrics,
      pool,
      clusterId,
      nodeId,
      limits: {
        reserveBytes: Number(configuration.get('storage.reserve.bytes')),
        openFiles: openFiles.segmentFiles,
      },
      ...(lock === undefined ? {} : { lock }),
      offline: (cause) => {
        if (late.part === undefined) late.failed.push({ path, cause });
        else late.part.directoryFailed(path, cause);
      },
    });
  try {
    for (const path of configuration.logDirs) {
      try {
        all.push(await open(path));
      } catch (error) {
        // Without the metadata there is nothing to go on with.
        if (path === configuration.metadataLogDir || !isOfTheDisk(error)) throw error;
        loggers.logs.error('a log directory cannot be opened and is offline', {
          path,
          error: messageOf(error),
        });
        const directory = awayDirectory(path, error);
        away.push(directory);
        all.push(directory);
      }
    }
    const [first] = away;
    if (first !== undefined && away.length === all.length) throw first.offlineReason;
    const opened = all.filter((directory) => !away.includes(directory));
    for (const directory of opened) tellFindings(directory, loggers.logs);
    await settleMoves(opened, away.length > 0, loggers.logs);
  } catch (error) {
    await Promise.allSettled(all.map((directory) => directory.close()));
    throw error;
  }
  const part = new BrokerPart(options, new LogDirectories(all, away));
  late.part = part;
  for (const { path, cause } of late.failed)
    if (away.every((directory) => directory.path !== path)) part.directoryFailed(path, cause);
  return part;
};
