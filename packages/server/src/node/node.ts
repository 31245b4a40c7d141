import type { BrokerEpoch, CancelWake } from '@kafkaesque/kernel';
import { BrokerId, BufferPool, Failure, messageOf } from '@kafkaesque/kernel';
import type { MetadataImage, Policies, RegisterBrokerCommand } from '@kafkaesque/metadata';
import { createController, supportedFeatures } from '@kafkaesque/metadata';
import { initialiseCodecs } from '@kafkaesque/protocol';
import type { LogDirectory } from '@kafkaesque/storage';
import { lockDirectory, openLogDirectory } from '@kafkaesque/storage';
import type { ConnectionLimitValues, Listener } from '@kafkaesque/transport';
import { ConnectionLimits, RequestMemory, ServingState } from '@kafkaesque/transport';
import { AnswerMemory } from '../broker/answer-memory';
import { openBroker } from '../broker/broker';
import { DynamicConfigurations } from '../broker/dynamic-configuration';
import { FetchSessions } from '../broker/fetch-sessions';
import { LogDirectories } from '../broker/log-directories';
import { ProducerIds } from '../broker/producer-ids';
import type { LedPartition } from '../broker/replicas';
import { Replicas } from '../broker/replicas';
import { Traffic } from '../broker/traffic';
import { WaitingRoom } from '../broker/waiting-room';
import type { BrokerConfiguration, Endpoint } from '../configuration';
import { nodeValue } from '../configuration';
import { configView } from '../controller/config-view';
import { ControllerHost } from '../controller/controller-host';
import { KafkaDoor } from '../doors/kafka-door';
import { brokerHandlers } from '../handlers';
import { BROKER_RESOURCE } from '../handlers/resource-types';
import { watchBroker } from '../metrics/broker-metrics';
import type { BrokerState } from '../metrics/broker-metrics';
import { ElectionMeters, watchController } from '../metrics/controller-metrics';
import { watchNetwork } from '../metrics/network-metrics';
import { observers } from '../metrics/completed-request';
import { RequestLog } from '../metrics/request-log';
import { QuorumMeters } from '../metrics/quorum-meters';
import { RequestMeters } from '../metrics/request-meters';
import { RequestTracer } from '../metrics/request-tracer';
import { allowEverything } from '../handlers/handler';
import { loadPolicies } from '../policies/policies';
import { onlyVoter } from '../quorum/only-voter';
import type { SingleVoterQuorum } from '../quorum/single-voter-quorum';
import { openSingleVoterQuorum } from '../quorum/single-voter-quorum';
import { clusterIdentity } from './cluster-identity';
import { connectionLimits, requestMemoryBytes } from './connection-settings';
import { lookForEphemeralStorage } from './persistent-storage';
import type { NodeLoggers } from './node-loggers';
import { nodeLoggers } from './node-loggers';
import { refuseWhatIsNotThereYet } from './not-there-yet';
import type { OpenFilesShares } from './open-files';
import { shareOpenFiles } from './open-files';
import { roomForMetadata } from './room-for-metadata';
import { tellFindings } from './recovery-findings';
import type { World } from './world';

/** What a node is started with. */
export interface NodeOptions {
  readonly configuration: BrokerConfiguration;
  readonly world: World;
}

/** Where a node can be reached. */
export interface OpenListener {
  readonly name: string;
  readonly host: string;
  readonly port: number;
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
  /** Settles everything, and leaves the marker of a clean shutdown. */
  close(): Promise<void>;
  /** Ends as a crash would: nothing is settled, no marker is left. */
  crash(): Promise<void>;
}

/** Memory by default for one process (ARCHITECTURE section 5). */
const ANSWER_MEMORY_BYTES = 64 << 20;
const KEPT_BUFFER_BYTES = 128 << 20;

const PROTOCOL_IDS = { PLAINTEXT: 0, SSL: 1, SASL_PLAINTEXT: 2, SASL_SSL: 3 } as const;

/** Starts a node: recovers its directories and the metadata, registers, and opens its listeners. */
export const startNode = async (options: NodeOptions): Promise<Node> => {
  const assembly = new Assembly(options);
  try {
    await assembly.start();
    return assembly.node();
  } catch (error) {
    await assembly.stop('crash');
    throw error;
  }
};

/** The parts of one node, in the order in which they are opened. */
class Assembly {
  readonly #configuration: BrokerConfiguration;
  readonly #world: World;
  readonly #loggers: NodeLoggers;
  readonly #nodeId: BrokerId;
  readonly #pool = new BufferPool({ keptBytes: KEPT_BUFFER_BYTES });
  readonly #serving = new ServingState();
  readonly #waitingRoom: WaitingRoom;
  readonly #traffic: Traffic;
  readonly #dynamic: DynamicConfigurations;
  readonly #openFiles: OpenFilesShares;
  readonly #listeners: { readonly endpoint: Endpoint; readonly listener: Listener }[] = [];
  #clusterId = '';
  #directories: LogDirectories | undefined;
  #replicas: Replicas | undefined;
  #controller: ControllerHost | undefined;
  #quorum: SingleVoterQuorum | undefined;
  #door: KafkaDoor | undefined;
  #requestLog: RequestLog | undefined;
  #brokerEpoch: BrokerEpoch = -1 as BrokerEpoch;
  #limits: ConnectionLimits | undefined;
  #limitsChanged: Promise<void> = Promise.resolve();
  #cancelRetention: CancelWake | undefined;
  #retention: Promise<void> = Promise.resolve();
  #stopped: Promise<void> | undefined;
  #unlockMetadata: (() => Promise<void>) | undefined;

  constructor({ configuration, world }: NodeOptions) {
    this.#configuration = configuration;
    this.#world = world;
    this.#loggers = nodeLoggers(world);
    this.#nodeId = BrokerId(configuration.nodeId);
    this.#waitingRoom = new WaitingRoom(world.clock);
    this.#traffic = new Traffic(world.metrics);
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
    this.#clusterId = await clusterIdentity(
      world.disk,
      world.random,
      configuration.logDirs,
      configuration.clusterId,
    );
    const directories = await this.#openDirectories();
    this.#directories = directories;
    // The log directories are locked; that of the metadata may be another one.
    if (!configuration.logDirs.includes(configuration.metadataLogDir))
      this.#unlockMetadata = await (world.lock ?? lockDirectory)(configuration.metadataLogDir);
    const replicas = this.#openReplicas(directories);
    this.#replicas = replicas;
    const controller = this.#openController(replicas, policies);
    this.#controller = controller;
    const quorumMeters = new QuorumMeters(world.metrics, world.clock);
    this.#quorum = await openSingleVoterQuorum({
      disk: world.disk,
      directory: `${configuration.metadataLogDir}/metadata`,
      clock: world.clock,
      random: world.random.fork('quorum'),
      logger: this.#loggers.quorum,
      faults: world.faults,
      clusterId: this.#clusterId,
      nodeId: this.#nodeId,
      listener: controller,
      committed: (latencyMs, recordCount) => quorumMeters.committed(latencyMs, recordCount),
      // Each start registers anew, and the directories know at which offset.
      knownOffset: Math.max(...directories.all.map(({ recordedBrokerEpoch }) => recordedBrokerEpoch)),
      outOfSpace: roomForMetadata({
        ...{
          directories,
          metadataLogDir: configuration.metadataLogDir,
          clock: world.clock,
          logger: world.logger,
        },
        isPatient: () => this.#serving.isServing && this.#stopped === undefined,
      }),
    });
    controller.attach(this.#quorum);
    watchController(world.metrics, { nodeId: this.#nodeId, controller, quorum: this.#quorum });
    await replicas.open(controller.image);
    await this.#listen(directories, replicas, controller);
    await this.#register(controller, directories);
    replicas.takeRoles(controller.image);
    this.#scheduleRetention(Number(this.#configuration.get('log.initial.task.delay.ms')));
    await codecs;
    this.#door?.open();
    this.#serving.set(true);
  }

  node(): Node {
    const directories = this.#directories?.all ?? [];
    return {
      nodeId: this.#nodeId,
      clusterId: this.#clusterId,
      listeners: this.#listeners.map(({ endpoint, listener }) => ({
        name: endpoint.name,
        host: endpoint.host,
        port: listener.port,
      })),
      unreadyReasons: () => [
        ...(this.#serving.isServing ? [] : ['the node does not serve']),
        ...directories
          .filter(({ offlineReason }) => offlineReason !== undefined)
          .map(({ path }) => `log directory ${path} is offline`),
      ],
      recoveries: directories.map(({ report }) => report),
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
    this.#serving.set(false);
    this.#cancelRetention?.();
    const failures: unknown[] = [];
    // Whatever fails, the rest is closed all the same: above all the locks are given back.
    const step = async (work: () => Promise<unknown> | undefined): Promise<void> => {
      try {
        await work();
      } catch (error) {
        failures.push(error);
      }
    };
    this.#limits?.close();
    await step(() => Promise.all(this.#listeners.map(({ listener }) => listener.close())));
    this.#waitingRoom.close();
    if (how === 'clean') await step(() => this.#retention);
    // Behind this nothing is committed any more, so no log is created and no deletion begun.
    await step(() => this.#quorum?.close());
    await step(() => this.#replicas?.close());
    if (how === 'clean') await step(() => this.#replicas?.writeProducerSnapshots());
    await step(() =>
      this.#directories?.close(
        how === 'clean' && this.#brokerEpoch >= 0 ? { brokerEpoch: this.#brokerEpoch } : undefined,
      ),
    );
    await step(() => this.#unlockMetadata?.());
    if (failures.length > 0) throw failures[0];
  }

  async #openDirectories(): Promise<LogDirectories> {
    const { disk, clock, random, metrics, lock } = this.#world;
    const { logs: logger } = this.#loggers;
    const opened: LogDirectory[] = [];
    try {
      for (const path of this.#configuration.logDirs) {
        opened.push(
          await openLogDirectory({
            disk,
            path,
            clock,
            random,
            logger,
            metrics,
            pool: this.#pool,
            clusterId: this.#clusterId,
            nodeId: this.#nodeId,
            limits: {
              reserveBytes: Number(this.#configuration.get('storage.reserve.bytes')),
              openFiles: this.#openFiles.segmentFiles,
            },
            ...(lock === undefined ? {} : { lock }),
            offline: (cause) => {
              this.#directoryFailed(path, cause);
            },
          }),
        );
      }
    } catch (error) {
      await Promise.allSettled(opened.map((directory) => directory.close()));
      throw error;
    }
    for (const directory of opened) tellFindings(directory, logger);
    return new LogDirectories(opened);
  }

  #openReplicas(directories: LogDirectories): Replicas {
    const { clock } = this.#world;
    return new Replicas({
      nodeId: this.#nodeId,
      directories,
      waitingRoom: this.#waitingRoom,
      traffic: this.#traffic,
      clock,
      logger: this.#loggers.replicas,
      producerIdExpirationMs: (image) =>
        Number(nodeValue('producer.id.expiration.ms', this.#dynamic.layers(image))),
      configurationOf: (topic, image) => this.#dynamic.topic(topic, image),
      renewLeadership: (partitions) => {
        void this.#renewLeadership(partitions);
      },
    });
  }

  async #renewLeadership(partitions: readonly LedPartition[]): Promise<void> {
    // Not within the call that applies a change to the metadata.
    await Promise.resolve();
    const outcome = await this.#controller?.submit({
      kind: 'renew-leadership',
      brokerId: this.#nodeId,
      brokerEpoch: this.#brokerEpoch,
      partitions,
    });
    if (outcome?.kind === 'done' || this.#stopped !== undefined) return;
    this.#loggers.replicas.error('partitions got no new leader epoch', { partitions });
  }

  #openController(replicas: Replicas, policies: Policies): ControllerHost {
    const { random, faults } = this.#world;
    const elections = new ElectionMeters(this.#world.metrics);
    const host: ControllerHost = new ControllerHost({
      controller: createController({
        clusterId: this.#clusterId,
        defaultPartitions: this.#configuration.numPartitions,
        defaultReplicationFactor: this.#configuration.defaultReplicationFactor,
        maxPartitionsPerRequest: MAX_PARTITIONS_PER_REQUEST,
        configs: configView(() => this.#dynamic.layers(host.image)),
        quorum: onlyVoter(this.#nodeId),
        policies,
      }),
      random: random.fork('controller'),
      logger: this.#loggers.controller,
      faults,
      publish: (delta) => {
        replicas.apply(delta);
        if (host.isActive) elections.changed(delta);
        const isOfBrokers = delta.configsChanged.some(({ resource }) => resource.type === BROKER_RESOURCE);
        if (!isOfBrokers) return;
        this.#changeLimits(delta.after);
        this.#requestLog?.changeThreshold(this.#slowThresholdMs(delta.after));
      },
    });
    return host;
  }

  async #listen(directories: LogDirectories, replicas: Replicas, controller: ControllerHost): Promise<void> {
    const { clock, disk, random, metrics, faults, listen, traces } = this.#world;
    const { apis: logger, network } = this.#loggers;
    const sessionIds = random.fork('fetch sessions');
    const fetchSessions = new FetchSessions(
      Number(this.#configuration.get('max.incremental.fetch.session.cache.slots')),
      () => sessionIds.below(0x7fffffff) + 1,
    );
    const answerMemory = new AnswerMemory(ANSWER_MEMORY_BYTES);
    watchBroker(metrics, {
      replicas,
      directories,
      waitingRoom: this.#waitingRoom,
      fetchSessions,
      answerMemory,
      state: () => this.#state(),
    });
    const broker = openBroker({
      nodeId: this.#nodeId,
      clusterId: this.#clusterId,
      configuration: this.#configuration,
      clock,
      random: random.fork('broker'),
      logger,
      ...(this.#world.loggers === undefined ? {} : { loggers: this.#world.loggers }),
      directories,
      spaceOf: (path) => disk.space(path),
      replicas,
      waitingRoom: this.#waitingRoom,
      fetchSessions,
      answerMemory,
      producerIds: new ProducerIds({
        brokerId: this.#nodeId,
        brokerEpoch: () => this.#brokerEpoch,
        controller,
      }),
      controller,
      authorizer: allowEverything,
      isTracing: traces !== undefined,
      image: () => controller.image,
      layers: () => this.#dynamic.layers(controller.image),
      topicConfiguration: (topic) => this.#dynamic.topic(topic, controller.image),
    });
    const handlers = brokerHandlers(broker);
    this.#requestLog = new RequestLog({
      logger: this.#loggers.requests,
      slowThresholdMs: this.#slowThresholdMs(controller.image),
      protocolOf: (listenerName) =>
        this.#configuration.listeners.find(({ name }) => name === listenerName)?.protocol ?? 'PLAINTEXT',
    });
    const door = new KafkaDoor({
      handlers,
      clock,
      logger,
      faults,
      observer: observers(
        new RequestMeters(metrics, clock, handlers),
        this.#requestLog,
        ...(traces === undefined ? [] : [new RequestTracer(traces, clock)]),
      ),
      disconnected: (connectionId) => {
        this.#waitingRoom.cancelOwner(connectionId);
      },
    });
    this.#door = door;
    const memory = new RequestMemory({ limitBytes: requestMemoryBytes(this.#configuration) });
    const limits = new ConnectionLimits(clock, await this.#connectionLimits(controller.image));
    this.#limits = limits;
    watchNetwork(metrics, {
      memory,
      listeners: () => this.#listeners.map(({ endpoint: { name }, listener }) => ({ name, listener })),
    });
    for (const endpoint of this.#configuration.listeners) {
      if (this.#configuration.controllerListenerNames.includes(endpoint.name)) continue;
      const listener = await listen({
        name: endpoint.name,
        host: endpoint.host,
        port: endpoint.port,
        maxRequestBytes: this.#configuration.socketRequestMaxBytes,
        clock,
        logger: network,
        pool: this.#pool,
        memory,
        limits,
        maxIdleMs: Number(this.#configuration.get('connections.max.idle.ms')),
        onKafka: door.accept,
        grpc: { serving: this.#serving },
      }).catch((error: unknown) => {
        throw new Failure('CANNOT_LISTEN', cannotListen(endpoint, error), { cause: error });
      });
      this.#listeners.push({ endpoint, listener });
    }
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

  /** Tells the controller who this is. What it led before, it leads again in a new epoch. */
  async #register(controller: ControllerHost, directories: LogDirectories): Promise<void> {
    await submitOrFail(
      controller.submit({ kind: 'bootstrap', features: new Map() }),
      'begin the cluster’s metadata',
    );
    const advertised = this.#configuration.advertisedListeners;
    const registration: RegisterBrokerCommand = {
      kind: 'register-broker',
      brokerId: this.#nodeId,
      clusterId: this.#clusterId,
      incarnationId: this.#world.random.bytes(16).toString('base64url'),
      listeners: this.#listeners.map(({ endpoint, listener }) => {
        const told = advertised.find(({ name }) => name === endpoint.name) ?? endpoint;
        return {
          name: endpoint.name,
          host: told.host === '' ? this.#ownName() : told.host,
          // Port 0 asks the system for one; what it gave is what clients must be told.
          port: told.port === 0 ? listener.port : told.port,
          securityProtocol: PROTOCOL_IDS[endpoint.protocol],
        };
      }),
      features: supportedFeatures,
      rack: this.#configuration.rack ?? null,
      logDirs: directories.all.map(({ directoryId }) => directoryId),
      previousBrokerEpoch: directories.recordedBrokerEpoch,
    };
    const { brokerEpoch } = await submitOrFail(controller.submit(registration), 'register this broker');
    this.#brokerEpoch = brokerEpoch;
    await directories.recordBrokerEpoch(brokerEpoch);
    await submitOrFail(
      controller.submit({ kind: 'unfence-broker', brokerId: this.#nodeId, brokerEpoch }),
      'take this broker into service',
    );
  }

  /** What a listener on every address is called: as Kafka does, by the host's name; a start without settings is local. */
  #ownName(): string {
    return this.#configuration.given.has('listeners') ? this.#world.hostName : 'localhost';
  }

  #scheduleRetention(inMs: number): void {
    const { clock } = this.#world;
    const { replicas: logger } = this.#loggers;
    this.#cancelRetention = clock.wakeAt(clock.monotonicMs() + inMs, () => {
      this.#retention = (this.#replicas?.applyRetention() ?? Promise.resolve()).catch((error: unknown) => {
        logger.error('retention failed', { error: messageOf(error) });
      });
      void this.#retention.then(() => {
        if (this.#stopped !== undefined) return;
        this.#scheduleRetention(Number(this.#configuration.get('log.retention.check.interval.ms')));
      });
    });
  }

  #directoryFailed(path: string, cause: unknown): void {
    const directories = this.#directories;
    this.#loggers.logs.error('a log directory failed and is offline', { path, error: messageOf(cause) });
    this.#replicas?.goOffline(path, cause);
    if (
      directories === undefined ||
      directories.all.every(({ offlineReason }) => offlineReason !== undefined)
    ) {
      this.#world.faults.fault(`the last log directory failed: ${path}`, cause);
    }
  }
}

/** Partitions that one CreateTopics or CreatePartitions may ask for. */
const MAX_PARTITIONS_PER_REQUEST = 10_000;

const cannotListen = ({ name, host, port }: Endpoint, error: unknown): string =>
  `The listener ${name} cannot listen on ${host === '' ? '0.0.0.0' : host}:${port}: ${messageOf(error)}. ` +
  'Another process may have the port: stop it, or choose another one in `listeners`.';

const submitOrFail = async <Response>(
  submitted: Promise<
    | { readonly kind: 'done'; readonly response: Response }
    | { readonly kind: 'refused' | 'not-controller' | 'unknown' }
  >,
  what: string,
): Promise<Response> => {
  const outcome = await submitted;
  if (outcome.kind === 'done') return outcome.response;
  throw new Failure('CANNOT_START', `The controller did not ${what}: ${JSON.stringify(outcome)}`);
};
