import { BrokerId, silentLogger } from '@kafkaesque/kernel';
import type { Logger } from '@kafkaesque/kernel';
import { createController } from '@kafkaesque/metadata';
import type { Command, CommandResponses, ControllerSettings, MetadataImage } from '@kafkaesque/metadata';
import type { ReplicaKey, Voter } from '@kafkaesque/protocol';
import {
  ControllerHost,
  nodeLoggers,
  openBrokerMember,
  openController,
  readConfiguration,
} from '@kafkaesque/server';
import type { BrokerConfiguration, CommandOutcome, MembersOptions, RaftQuorum } from '@kafkaesque/server';
import type { ProcessWorld } from '@kafkaesque/sim';
import type { QuorumShape } from './shape';

export const CLUSTER = 'simulated';
export const PORT = 9093;
export const DATA = '/data';
export const METADATA = `${DATA}/metadata`;

export const hostOf = (nodeId: number): string => `n${nodeId}`;

/** A voter as formatting names it; its endpoint is the machine of its node. */
export const voterOn = ({ nodeId, directoryId }: ReplicaKey): Voter => ({
  nodeId,
  directoryId,
  endpoints: [{ name: 'CONTROLLER', host: hostOf(nodeId), port: PORT }],
  kraftVersion: { min: 0, max: 1 },
});

/** What the rules of the metadata are told in every world. */
export const controllerSettings: ControllerSettings = {
  clusterId: CLUSTER,
  defaultPartitions: 1,
  defaultReplicationFactor: 1,
  maxPartitionsPerRequest: 10_000,
  quorum: {
    nodeId: BrokerId(-1),
    voterIds: [],
    kraftVersion: 1,
    supportedKraftVersions: { min: 0, max: 1 },
    refusesKraftVersion: () => undefined,
  },
  configs: {
    validate: () => undefined,
    isList: () => false,
    defaultValue: () => undefined,
    effectiveTopicConfigs: () => [],
    replication: () => ({ minInsyncReplicas: 1, allowsUncleanElection: false, flushPolicy: 'ack' }),
  },
};

/** A node that runs: the product's own assembly of it. */
export interface RunningNode {
  readonly replica: ReplicaKey;
  /** Of a controller. */
  readonly quorum: RaftQuorum | undefined;
  readonly image: MetadataImage;
  /** Over the network where another controller is active. */
  submit<C extends Command>(command: C): Promise<CommandOutcome<CommandResponses[C['kind']]>>;
}

export interface NodeOptions {
  readonly process: ProcessWorld;
  readonly replica: ReplicaKey;
  readonly shape: QuorumShape;
  readonly role: 'controller' | 'broker';
  /** Of all controllers. */
  readonly controllerIds: readonly number[];
  /** The process cannot go on. */
  readonly fault: (what: string, cause: unknown) => void;
  readonly logger?: Logger;
}

/** What an operator would write into `server.properties`. */
const configurationOf = ({ replica, shape, role, controllerIds }: NodeOptions): BrokerConfiguration => {
  const at = (nodeId: number): string => `${hostOf(nodeId)}:${PORT}`;
  const voters = controllerIds.filter((nodeId) => nodeId <= shape.voterCount);
  const quorum =
    shape.identity === 'static'
      ? `controller.quorum.voters=${voters.map((nodeId) => `${nodeId}@${at(nodeId)}`).join(',')}`
      : `controller.quorum.bootstrap.servers=${controllerIds.map(at).join(',')}`;
  const listener = role === 'controller' ? 'CONTROLLER' : 'PLAINTEXT';
  const outcome = readConfiguration({
    file: [
      `process.roles=${role}`,
      `node.id=${replica.nodeId}`,
      quorum,
      `listeners=${listener}://${at(replica.nodeId)}`,
      'controller.listener.names=CONTROLLER',
      `log.dirs=${DATA}`,
      `controller.quorum.fetch.timeout.ms=${shape.settings.fetchTimeoutMs}`,
      `controller.quorum.election.timeout.ms=${shape.settings.electionTimeoutMs}`,
      `metadata.log.max.record.bytes.between.snapshots=${shape.snapshotAfterBytes}`,
      `metadata.log.max.snapshot.interval.ms=${shape.snapshotIntervalMs}`,
    ].join('\n'),
  });
  if (outcome.kind === 'invalid') throw new Error(outcome.errors.map(({ message }) => message).join('\n'));
  return outcome.configuration;
};

/** Starts a node's part in the cluster as the server does: opens its directory, listens, and takes part. */
export const startNode = async (options: NodeOptions): Promise<RunningNode> => {
  const { process, replica, shape, role, fault, logger = silentLogger } = options;
  const { disk, clock, random } = process;
  const faults = { fault };
  const host = new ControllerHost({
    controller: createController(controllerSettings),
    random: random.fork('controller'),
    logger,
    faults,
    publish: () => undefined,
  });
  const parts: MembersOptions = {
    configuration: configurationOf(options),
    world: { disk, clock, random, faults },
    loggers: nodeLoggers({ logger }),
    identity: {
      clusterId: CLUSTER,
      nodeId: replica.nodeId,
      directoryId: replica.directoryId,
      incarnationId: random.bytes(16).toString('base64url'),
      isController: role === 'controller',
      isBroker: role === 'broker',
    },
    dialer: process.network,
    host,
    isAlone: false,
    knownOffset: 0,
    quorumSettings: shape.settings,
    outOfSpace: () =>
      new Promise((resolve) => {
        clock.wakeAt(clock.monotonicMs() + 20, () => resolve(true));
      }),
    committed: () => undefined,
    controllerEndpoints: () => [
      { name: 'CONTROLLER', host: hostOf(replica.nodeId), port: PORT, securityProtocol: 0 },
    ],
  };
  const members = role === 'controller' ? await openController(parts) : openBrokerMember(parts);
  process.network.listen(PORT, members.accept);
  members.begin();
  return {
    replica,
    quorum: members.quorum,
    get image() {
      return host.image;
    },
    submit: (command) => members.client.submit(command),
  };
};
