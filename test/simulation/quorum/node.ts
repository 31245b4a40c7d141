import { BrokerId, silentLogger } from '@kafkaesque/kernel';
import type { Logger, MemberAddress } from '@kafkaesque/kernel';
import { createController } from '@kafkaesque/metadata';
import type { Command, CommandResponses, ControllerSettings, MetadataImage } from '@kafkaesque/metadata';
import type { ReplicaKey, Voter, VoterSet } from '@kafkaesque/protocol';
import { ControllerHost, openControllerMember } from '@kafkaesque/server';
import type { CommandOutcome, RaftQuorum } from '@kafkaesque/server';
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
  },
};

/** A controller that runs: the product's own host and quorum. */
export interface RunningController {
  readonly replica: ReplicaKey;
  readonly quorum: RaftQuorum;
  readonly image: MetadataImage;
  submit<C extends Command>(command: C): Promise<CommandOutcome<CommandResponses[C['kind']]>>;
}

export interface ControllerOptions {
  readonly process: ProcessWorld;
  readonly replica: ReplicaKey;
  readonly shape: QuorumShape;
  /** Voters that configuration names; none where the disk was formatted with them. */
  readonly configuredVoters: VoterSet;
  readonly bootstrapServers: readonly MemberAddress[];
  /** The process cannot go on. */
  readonly fault: (what: string, cause: unknown) => void;
  readonly logger?: Logger;
}

/** Starts a controller as a node does: opens its directory, listens, and takes part. */
export const startController = async (options: ControllerOptions): Promise<RunningController> => {
  const {
    process,
    replica,
    shape,
    configuredVoters,
    bootstrapServers,
    fault,
    logger = silentLogger,
  } = options;
  const { disk, clock, random } = process;
  const faults = { fault };
  const host = new ControllerHost({
    controller: createController(controllerSettings),
    random: random.fork('controller'),
    logger,
    faults,
    publish: () => undefined,
  });
  const member = await openControllerMember({
    disk,
    directory: METADATA,
    clock,
    random,
    logger,
    faults,
    clusterId: CLUSTER,
    listener: host,
    identity: {
      clusterId: CLUSTER,
      nodeId: BrokerId(replica.nodeId),
      directoryId: replica.directoryId,
      incarnationId: random.bytes(16).toString('base64url'),
      isController: true,
      isBroker: false,
    },
    configuredVoters,
    dialer: process.network,
    listenerNames: ['CONTROLLER'],
    bootstrapServers,
    settings: shape.settings,
    snapshotAfterBytes: shape.snapshotAfterBytes,
    snapshotIntervalMs: shape.snapshotIntervalMs,
    outOfSpace: () =>
      new Promise((resolve) => {
        clock.wakeAt(clock.monotonicMs() + 20, () => resolve(true));
      }),
  });
  host.attach(member.quorum);
  process.network.listen(PORT, member.links.accept);
  member.quorum.begin();
  return {
    replica,
    quorum: member.quorum,
    get image() {
      return host.image;
    },
    submit: (command) => host.submit(command),
  };
};
