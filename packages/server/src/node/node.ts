import { BrokerId, BufferPool, PartitionIndex, messageOf } from '@kafkaesque/kernel';
import type { MetadataDelta, MetadataImage, Policies, QuorumView } from '@kafkaesque/metadata';
import { createController, stateHash, topicByName } from '@kafkaesque/metadata';
import type { VoterSet } from '@kafkaesque/protocol';
import { initialiseCodecs } from '@kafkaesque/protocol';
import type { LogDirectory } from '@kafkaesque/storage';
import { lockDirectory } from '@kafkaesque/storage';
import type { ConnectionLimitValues, MemberDialer } from '@kafkaesque/transport';
import { ConnectionLimits, RequestMemory, ServingState } from '@kafkaesque/transport';
import { openAdministrator } from '../broker/broker';
import { LogDirectories } from '../broker/log-directories';
import { DynamicConfigurations } from '../broker/dynamic-configuration';
import type { BrokerConfiguration, Endpoint } from '../configuration';
import { nodeValue } from '../configuration';
import { configView } from '../controller/config-view';
import { kraftView } from '../controller/kraft-view';
import { ControllerHost } from '../controller/controller-host';
import { brokerHandlers, controllerHandlers } from '../handlers';
import { allowEverything } from '../handlers/handler';
import { BROKER_RESOURCE } from '../handlers/resource-types';
import type { BrokerState } from '../metrics/broker-metrics';
import type { QuorumStanding } from '../metrics/controller-metrics';
import { ElectionMeters, watchController } from '../metrics/controller-metrics';
import { watchNetwork } from '../metrics/network-metrics';
import { QuorumMeters } from '../metrics/quorum-meters';
import { RequestLog } from '../metrics/request-log';
import { loadPolicies } from '../policies/policies';
import type { MemberIdentity } from '../members/member-link';
import { randomUuid } from '@kafkaesque/storage';
import type { Replication } from '../replication/open-replication';
import type { BrokerPart } from './broker-part';
import { openBrokerPart } from './broker-part';
import { connectionLimits, requestMemoryBytes } from './connection-settings';
import type { Doors } from './doors';
import { openDoors } from './doors';
import type { Members } from './members';
import { configuredVoters, openBrokerMember, openController } from './members';
import { NO_DIRECTORY, isAlone, metadataDirectoryId, nodeClusterId, refuseForeigners } from './node-identity';
import type { NodeLoggers } from './node-loggers';
import { nodeLoggers } from './node-loggers';
import { refuseWhatIsNotThereYet } from './not-there-yet';
import type { OpenFilesShares } from './open-files';
import { shareOpenFiles } from './open-files';
import { lookForEphemeralStorage } from './persistent-storage';
import type { Replica } from '../broker/replica';
import { replicationOnDemand } from './replication-on-demand';
import { roomForMetadata } from './room-for-metadata';
import type { World } from './world';

/** What a node is started with. */
export interface NodeOptions {
  readonly configuration: BrokerConfiguration;
  readonly world: World;
  /** Gives up a start that waits for others. */
  readonly signal?: AbortSignal;
  /** Shown this broker's replicas, and the metadata, before either begins: for oracles, which look and never touch. */
  readonly watch?: (view: NodeView) => void;
}

/** What an oracle looks at. */
export interface NodeView {
  readonly replicas: () => Iterable<Pick<Replica, 'topicId' | 'partition' | 'machine' | 'log'>>;
  readonly image: () => MetadataImage;
}

/** Where a node can be reached. */
export interface OpenListener {
  readonly name: string;
  readonly host: string;
  readonly port: number;
}

/** How the metadata stand on a node. */
export interface MetadataStanding {
  readonly offset: number;
  /** Equal on all nodes at the same offset. */
  readonly stateHash: string;
  /** Node id of the controller that leads, as this node knows it; undefined: none. */
  readonly leader: BrokerId | undefined;
}

/** Who leads a partition and who follows, as a node knows it. */
export interface PartitionStanding {
  /** Undefined: nobody. */
  readonly leader: BrokerId | undefined;
  readonly leaderEpoch: number;
  readonly replicas: readonly BrokerId[];
  readonly inSyncReplicas: readonly BrokerId[];
}

/** A running node. */
export interface Node extends AsyncDisposable {
  readonly nodeId: BrokerId;
  readonly clusterId: string;
  readonly listeners: readonly OpenListener[];
  /** What is missing until it serves; empty when it does. */
  readonly unreadyReasons: () => readonly string[];
  /** What each log directory's recovery found. */
  readonly recoveries: readonly LogDirectory['report'][];
  readonly metadata: () => MetadataStanding;
  /** A partition, as this node knows it; undefined: it knows of none. */
  readonly partition: (topic: string, index: number) => PartitionStanding | undefined;
  /** Settles everything, and leaves the marker of a clean shutdown. */
  close(): Promise<void>;
  /** Ends as a crash would: nothing is settled, no marker is left. */
  crash(): Promise<void>;
}

const KEPT_BUFFER_BYTES = 128 << 20;

const PROTOCOL_IDS = { PLAINTEXT: 0, SSL: 1, SASL_PLAINTEXT: 2, SASL_SSL: 3 } as const;

/** Starts a node: recovers its directories and the metadata, joins the others, registers, and opens its listeners. */
export const startNode = async (options: NodeOptions): Promise<Node> => {
  const assembly = new Assembly(options);
  const giveUp = (): void => void assembly.stop('crash');
  options.signal?.addEventListener('abort', giveUp);
  try {
    options.signal?.throwIfAborted();
    await assembly.start();
    options.signal?.throwIfAborted();
    return assembly.node();
  } catch (error) {
    await assembly.stop('crash');
    throw error;
  } finally {
    options.signal?.removeEventListener('abort', giveUp);
  }
};

/** How the quorum stands, as a controller or a broker knows it. */
const quorumStanding = (members: Members, host: ControllerHost): QuorumStanding => {
  const { quorum, follower } = members;
  const leaderId = members.leader() ?? -1;
  if (quorum === undefined)
    return {
      state: 'observer',
      leaderId,
      votedId: -1,
      epoch: host.image.epoch,
      committedOffset: follower?.committedOffset ?? -1,
      endOffset: host.image.offset + 1,
    };
  const { role, votedFor, term, commitIndex, lastIndex } = quorum.status;
  return {
    state: role,
    leaderId,
    votedId: votedFor?.nodeId ?? -1,
    epoch: term,
    committedOffset: commitIndex,
    endOffset: lastIndex + 1,
  };
};

const partitionStanding = (
  image: MetadataImage | undefined,
  topic: string,
  index: number,
): PartitionStanding | undefined => {
  const known =
    image === undefined ? undefined : topicByName(image, topic)?.partitions.get(PartitionIndex(index));
  if (known === undefined) return undefined;
  const { leader, leaderEpoch, replicas, isr } = known;
  return { leader: leader < 0 ? undefined : leader, leaderEpoch, replicas, inSyncReplicas: isr };
};

/** The parts of one node, in the order in which they are opened. */
class Assembly {
  readonly #configuration: BrokerConfiguration;
  readonly #world: World;
  readonly #loggers: NodeLoggers;
  readonly #nodeId: BrokerId;
  readonly #pool = new BufferPool({ keptBytes: KEPT_BUFFER_BYTES });
  readonly #serving = new ServingState();
  readonly #dynamic: DynamicConfigurations;
  readonly #openFiles: OpenFilesShares;
  readonly #kraft: QuorumView;
  readonly #watch: NodeOptions['watch'];
  #clusterId = '';
  #broker: BrokerPart | undefined;
  #host: ControllerHost | undefined;
  #members: Members | undefined;
  #dialer: MemberDialer | undefined;
  #doors: Doors | undefined;
  #requestLog: RequestLog | undefined;
  #limits: ConnectionLimits | undefined;
  #limitsChanged: Promise<void> = Promise.resolve();
  #stopped: Promise<void> | undefined;
  #unlockMetadata: (() => Promise<void>) | undefined;

  constructor({ configuration, world, watch }: NodeOptions) {
    this.#configuration = configuration;
    this.#watch = watch;
    this.#world = world;
    this.#loggers = nodeLoggers(world);
    this.#nodeId = BrokerId(configuration.nodeId);
    this.#kraft = kraftView(this.#nodeId, () => this.#voters());
    this.#dynamic = new DynamicConfigurations(configuration);
    this.#openFiles = shareOpenFiles(world.openFilesLimit, configuration.logDirs.length);
  }

  async start(): Promise<void> {
    const { configuration, world } = { configuration: this.#configuration, world: this.#world };
    refuseWhatIsNotThereYet(configuration);
    const policies = loadPolicies({ configuration, ...world });
    await lookForEphemeralStorage(configuration, world);
    const codecs = initialiseCodecs();
    // Awaited at the end; a start that fails before must not leave its failure to nobody.
    codecs.catch(() => undefined);
    this.#clusterId = await nodeClusterId(configuration, this.#nodeId, world);
    if (configuration.roles.includes('broker')) this.#broker = await this.#openBroker();
    const identity = await this.#identify();
    const host = this.#openHost(policies);
    this.#host = host;
    this.#watch?.({ replicas: () => this.#broker?.replicas.all() ?? [], image: () => host.image });
    const members = await this.#openMembers(host, identity);
    this.#members = members;
    const replication = this.#openReplication(host, members, identity);
    watchController(world.metrics, {
      nodeId: this.#nodeId,
      controller: host,
      quorum: () => quorumStanding(members, host),
    });
    this.#doors = await this.#openDoors(host, members, replication);
    members.begin();
    if (!isAlone(configuration))
      await refuseForeigners(members.links.acquaintance, configuration.metadataLogDir, this.#clusterId);
    await this.#broker?.start(() => host.image, {
      clusterId: this.#clusterId,
      incarnationId: identity.incarnationId,
      listeners: this.#endpoints(false),
    });
    await codecs;
    this.#doors.open();
    this.#serving.set(true);
  }

  node(): Node {
    const directories = this.#broker?.directories.all ?? [];
    return {
      nodeId: this.#nodeId,
      clusterId: this.#clusterId,
      listeners: (this.#doors?.endpoints ?? []).map(({ endpoint, listener }) => ({
        name: endpoint.name,
        host: endpoint.host,
        port: listener.port,
      })),
      unreadyReasons: () => [
        ...(this.#serving.isServing ? [] : ['the node does not serve']),
        ...(this.#broker?.lifecycle?.standing === 'fenced' ? ['the broker is fenced'] : []),
        ...directories
          .filter(({ offlineReason }) => offlineReason !== undefined)
          .map(({ path }) => `log directory ${path} is offline`),
      ],
      recoveries: (this.#broker?.directories.opened ?? []).map(({ report }) => report),
      metadata: () => ({
        offset: this.#host?.image.offset ?? -1,
        stateHash: this.#host === undefined ? '' : stateHash(this.#host.image),
        leader: this.#members?.leader(),
      }),
      partition: (topic, index) => partitionStanding(this.#host?.image, topic, index),
      close: () => this.stop('clean'),
      crash: () => this.stop('crash'),
      [Symbol.asyncDispose]: () => this.stop('clean'),
    };
  }

  /** Closes what is open, in the reverse order. Calling it again waits for the first call. */
  stop(how: 'clean' | 'crash'): Promise<void> {
    this.#stopped ??= this.#stop(how);
    return this.#stopped;
  }

  async #stop(how: 'clean' | 'crash'): Promise<void> {
    const broker = this.#broker;
    const failures: unknown[] = [];
    // Whatever fails, the rest is closed all the same: above all the locks are given back.
    const step = async (work: () => Promise<unknown> | undefined): Promise<void> => {
      try {
        await work();
      } catch (error) {
        failures.push(error);
      }
    };
    // Clients are served until others lead what this broker led.
    const host = this.#host;
    if (how === 'clean' && this.#serving.isServing && host !== undefined)
      await step(() => broker?.leave(host.image));
    this.#serving.set(false);
    broker?.quiesce();
    this.#limits?.close();
    await step(() => this.#doors?.close());
    if (how === 'clean') await step(() => broker?.settled());
    // Behind this nothing is committed any more, so no log is created and no deletion begun.
    await step(() => this.#members?.close(how));
    this.#dialer?.close();
    await step(() => broker?.replicas.close());
    if (how === 'clean') await step(() => broker?.replicas.writeProducerSnapshots());
    await step(() =>
      broker?.directories.close(
        how === 'clean' && broker.epoch >= 0 ? { brokerEpoch: broker.epoch } : undefined,
      ),
    );
    await step(() => this.#unlockMetadata?.());
    if (failures.length > 0) throw failures[0];
  }

  #openBroker(): Promise<BrokerPart> {
    return openBrokerPart({
      configuration: this.#configuration,
      world: this.#world,
      loggers: this.#loggers,
      nodeId: this.#nodeId,
      clusterId: this.#clusterId,
      pool: this.#pool,
      openFiles: this.#openFiles,
      dynamic: this.#dynamic,
      isStopping: () => this.#stopped !== undefined,
      state: () => this.#state(),
    });
  }

  /** Who this node is to the others. The log directories are locked; that of the metadata may be another one. */
  async #identify(): Promise<MemberIdentity> {
    const { metadataLogDir, roles } = this.#configuration;
    const { disk, random, lock } = this.#world;
    const isController = roles.includes('controller');
    const isBroker = roles.includes('broker');
    const beside = this.#broker?.directories.all.find(({ path }) => path === metadataLogDir);
    const owner = { clusterId: this.#clusterId, nodeId: this.#nodeId };
    if (isController && beside === undefined)
      this.#unlockMetadata = await (lock ?? lockDirectory)(metadataLogDir);
    const directoryId = !isController
      ? NO_DIRECTORY
      : (beside?.directoryId ?? (await metadataDirectoryId(disk, random, metadataLogDir, owner)));
    return { ...owner, directoryId, incarnationId: randomUuid(random), isController, isBroker };
  }

  #openHost(policies: Policies): ControllerHost {
    const { random, faults, metrics } = this.#world;
    const elections = new ElectionMeters(metrics);
    const host: ControllerHost = new ControllerHost({
      controller: createController({
        clusterId: this.#clusterId,
        defaultPartitions: this.#configuration.numPartitions,
        defaultReplicationFactor: this.#configuration.defaultReplicationFactor,
        maxPartitionsPerRequest: MAX_PARTITIONS_PER_REQUEST,
        configs: configView(() => this.#dynamic.layers(host.image)),
        quorum: this.#kraft,
        policies,
      }),
      random: random.fork('controller'),
      logger: this.#loggers.controller,
      faults,
      publish: (delta) => {
        this.#broker?.changed(delta);
        if (host.isActive) elections.changed(delta);
        this.#configsChanged(delta);
      },
    });
    return host;
  }

  async #openMembers(host: ControllerHost, identity: MemberIdentity): Promise<Members> {
    const { world, loggers } = { world: this.#world, loggers: this.#loggers };
    const { configuration } = { configuration: this.#configuration };
    const meters = new QuorumMeters(world.metrics, world.clock);
    const directories = this.#broker?.directories;
    const dialer = world.dialMembers();
    this.#dialer = dialer;
    const options = {
      configuration,
      world,
      loggers,
      identity,
      host,
      dialer,
      isAlone: isAlone(configuration),
      // Each start registers anew, and the directories know at which offset.
      knownOffset: Math.max(0, ...(directories?.opened ?? []).map(({ recorded }) => recorded.brokerEpoch)),
      outOfSpace: roomForMetadata({
        directories: directories ?? new LogDirectories([]),
        metadataLogDir: configuration.metadataLogDir,
        clock: world.clock,
        logger: world.logger,
        isPatient: () => this.#serving.isServing && this.#stopped === undefined,
      }),
      committed: (latencyMs: number, recordCount: number) => meters.committed(latencyMs, recordCount),
      controllerEndpoints: () => this.#endpoints(true),
    };
    return identity.isController ? openController(options) : openBrokerMember(options);
  }

  /** Nothing of it is loaded where there are no others. */
  #openReplication(
    host: ControllerHost,
    members: Members,
    identity: MemberIdentity,
  ): Replication | undefined {
    const broker = this.#broker;
    const dialer = this.#dialer;
    if (broker === undefined || dialer === undefined || isAlone(this.#configuration)) return undefined;
    const { clock, random, faults } = this.#world;
    const replication = replicationOnDemand().openReplication({
      identity,
      clock,
      faults,
      dialer,
      meters: broker.replicationMeters,
      random: random.fork('replication'),
      logger: this.#loggers.replicas,
      brokerEpoch: () => broker.epoch,
      controller: members.client,
      replicas: broker.replicas,
      image: () => host.image,
      listenerName: this.#configuration.interBrokerListenerName,
      lagTimeMaxMs: this.#configuration.replicaLagTimeMaxMs,
      throttledRates: (image) => broker.throttledRates(image),
    });
    broker.replicate(replication);
    return replication;
  }

  async #openDoors(
    host: ControllerHost,
    members: Members,
    replication: Replication | undefined,
  ): Promise<Doors> {
    const { clock, random, metrics } = this.#world;
    const parts = {
      nodeId: this.#nodeId,
      clusterId: this.#clusterId,
      configuration: this.#configuration,
      clock,
      random: random.fork('broker'),
      logger: this.#loggers.apis,
      ...(this.#world.loggers === undefined ? {} : { loggers: this.#world.loggers }),
      controller: members.client,
      authorizer: allowEverything,
      image: () => host.image,
      layers: () => this.#dynamic.layers(host.image),
      quorumLeader: members.leader,
      quorumFeatures: this.#kraft,
    };
    this.#requestLog = new RequestLog({
      logger: this.#loggers.requests,
      slowThresholdMs: this.#slowThresholdMs(host.image),
      protocolOf: (listenerName) =>
        this.#configuration.listeners.find(({ name }) => name === listenerName)?.protocol ?? 'PLAINTEXT',
    });
    const memory = new RequestMemory({ limitBytes: requestMemoryBytes(this.#configuration) });
    const limits = new ConnectionLimits(clock, await this.#connectionLimits(host.image));
    this.#limits = limits;
    watchNetwork(metrics, {
      memory,
      listeners: () =>
        (this.#doors?.endpoints ?? []).map(({ endpoint: { name }, listener }) => ({ name, listener })),
    });
    const broker = this.#broker?.broker(parts, members.client);
    const ofBroker = broker === undefined ? undefined : brokerHandlers(broker);
    return openDoors({
      configuration: this.#configuration,
      world: this.#world,
      loggers: this.#loggers,
      pool: this.#pool,
      memory,
      limits,
      serving: this.#serving,
      requestLog: this.#requestLog,
      broker: ofBroker,
      controller:
        members.quorum === undefined ? undefined : controllerHandlers(openAdministrator(parts), ofBroker),
      accept: isAlone(this.#configuration) ? undefined : members.accept,
      acceptFollower: replication?.accept,
      disconnected: (connectionId) => this.#broker?.waitingRoom.cancelOwner(connectionId),
    });
  }

  /** The voters in force; a broker knows only those that its configuration names. */
  #voters(): VoterSet {
    return this.#members?.quorum?.voters ?? configuredVoters(this.#configuration);
  }

  /** Where others reach this node, as it tells them. */
  #endpoints(ofController: boolean): readonly {
    readonly name: string;
    readonly host: string;
    readonly port: number;
    readonly securityProtocol: number;
  }[] {
    const { advertisedListeners } = this.#configuration;
    return (this.#doors?.endpoints ?? [])
      .filter(({ isController }) => isController === ofController)
      .map(({ endpoint, listener }) => {
        const told = advertisedListeners.find(({ name }) => name === endpoint.name) ?? endpoint;
        return {
          name: endpoint.name,
          host: this.#toldHost(told),
          // Port 0 asks the system for one; what it gave is what others must be told.
          port: told.port === 0 ? listener.port : told.port,
          securityProtocol: PROTOCOL_IDS[endpoint.protocol],
        };
      });
  }

  /** What a listener on every address is called: as Kafka does, by the host's name; a start without settings is local. */
  #toldHost({ host }: Endpoint): string {
    if (host !== '') return host;
    return this.#configuration.given.has('listeners') ? this.#world.hostName : 'localhost';
  }

  #configsChanged(delta: MetadataDelta): void {
    const isOfBrokers = delta.configsChanged.some(({ resource }) => resource.type === BROKER_RESOURCE);
    if (!isOfBrokers) return;
    this.#changeLimits(delta.after);
    this.#requestLog?.changeThreshold(this.#slowThresholdMs(delta.after));
  }

  #connectionLimits(image: MetadataImage): Promise<ConnectionLimitValues> {
    return connectionLimits(this.#dynamic.layers(image), this.#openFiles.connections);
  }

  /** One change after the other: the last one stays. */
  #changeLimits(image: MetadataImage): void {
    const change = async (): Promise<void> => {
      this.#limits?.change(await this.#connectionLimits(image));
    };
    this.#limitsChanged = this.#limitsChanged.then(change).catch((error: unknown) => {
      this.#loggers.network.error('connection limits could not be changed', { error: messageOf(error) });
    });
  }

  #slowThresholdMs(image: MetadataImage): number {
    return Number(nodeValue('request.log.slow.threshold.ms', this.#dynamic.layers(image)));
  }

  #state(): BrokerState {
    if (this.#stopped !== undefined) return 'shutting down';
    return this.#serving.isServing ? 'running' : 'starting';
  }
}

/** Partitions that one CreateTopics or CreatePartitions may ask for. */
const MAX_PARTITIONS_PER_REQUEST = 10_000;
