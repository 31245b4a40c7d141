import type { BrokerId, Clock, Disk, LeaderEpoch, Logger, Random, TopicId } from '@kafkaesque/kernel';
import { PartitionIndex } from '@kafkaesque/kernel';
import type { MetadataImage, QuorumView, TopicImage } from '@kafkaesque/metadata';
import { topicById, topicByName } from '@kafkaesque/metadata';
import { ErrorCode } from '@kafkaesque/protocol';
import type { Loggers } from '@kafkaesque/telemetry';
import type { BrokerConfiguration, BrokerLayers, TopicConfiguration } from '../configuration';
import type { GroupCoordinators } from '../coordinator/group-coordinators';
import type { AskOutcome } from '../controller/controller-client';
import type { ControllerDoor, SubmitOptions } from '../controller/controller-host';
import type { Authorizer, Operation, RequestContext, ResourceType } from '../handlers/handler';
import type { AnswerMemory } from './answer-memory';
import type { FetchSessions } from './fetch-sessions';
import type { LogDirectories } from './log-directories';
import type { ProducerIds } from './producer-ids';
import type { Replica } from './replica';
import type { Replicas } from './replicas';
import { RACK_AWARE_SELECTOR } from './replica-selection';
import type { WaitingRoom } from './waiting-room';

/** The way to the active controller, wherever it is. */
export interface ControllerAccess extends ControllerDoor {
  /** What is no command: how the quorum stands, changes of its voters. */
  ask(
    request: { readonly apiKey: number; readonly apiVersion: number; readonly body: Buffer },
    options: SubmitOptions & { readonly isRepeatable: boolean },
  ): Promise<AskOutcome>;
}

/** What handlers share that need no partitions: those of administration, on brokers and controllers alike. */
export interface AdministratorParts {
  readonly nodeId: BrokerId;
  readonly clusterId: string;
  readonly configuration: BrokerConfiguration;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  /** Absent: levels cannot be changed while running. */
  readonly loggers?: Loggers;
  readonly controller: ControllerAccess;
  readonly authorizer: Authorizer;
  /** The committed metadata as this node has them. */
  readonly image: () => MetadataImage;
  /** Configuration layers below a topic's overrides, as of now. */
  readonly layers: () => BrokerLayers;
  /** Who leads the metadata quorum; undefined: nobody is known to. */
  readonly quorumLeader: () => BrokerId | undefined;
  /** Levels of `kraft.version`: what this node can do, and what the quorum is at. */
  readonly quorumFeatures: Pick<QuorumView, 'kraftVersion' | 'supportedKraftVersions'>;
}

/** A node as the handlers of administration see it. */
export interface Administrator extends AdministratorParts {
  topicById(topicId: TopicId): TopicImage | undefined;
  topicByName(name: string): TopicImage | undefined;
  isAllowed(context: RequestContext, operation: Operation, resource: ResourceType, name: string): boolean;
}

/** What the handlers of a broker share. */
export interface BrokerParts extends AdministratorParts {
  readonly directories: LogDirectories;
  /** Bytes free and in all on the file system of a path. */
  readonly spaceOf: Disk['space'];
  readonly replicas: Replicas;
  readonly waitingRoom: WaitingRoom;
  readonly fetchSessions: FetchSessions;
  readonly answerMemory: AnswerMemory;
  readonly producerIds: ProducerIds;
  readonly groups: GroupCoordinators;
  /** Spans are made: requests say which traces their records belong to. */
  readonly isTracing: boolean;
  readonly topicConfiguration: (topic: string) => TopicConfiguration;
}

/** A broker as its handlers see it. */
export interface Broker extends BrokerParts, Administrator {
  readonly fetchMaxBytes: number;
  /** Consumers that say where they are read from the nearest replica. */
  readonly selectsByRack: boolean;
  /** Why a partition that metadata may know is not here: no such partition, or led elsewhere. */
  missingReplicaError(topicId: TopicId, partition: number): number;
  /** Who leads instead, for answers that carry it (KIP-951). */
  leaderHint(replica: Replica): { readonly leaderId: BrokerId; readonly leaderEpoch: LeaderEpoch };
}

const lookups = (
  parts: AdministratorParts,
): Pick<Administrator, 'topicById' | 'topicByName' | 'isAllowed'> => ({
  topicById: (topicId) => topicById(parts.image(), topicId),
  topicByName: (name) => topicByName(parts.image(), name),
  isAllowed: (context, operation, resource, name) =>
    parts.authorizer.isAllowed(context, operation, resource, name),
});

export const openAdministrator = (parts: AdministratorParts): Administrator => ({
  ...parts,
  ...lookups(parts),
});

export const openBroker = (parts: BrokerParts): Broker => ({
  ...parts,
  ...lookups(parts),
  fetchMaxBytes: parts.configuration.fetchMaxBytes,
  selectsByRack: parts.configuration.get('replica.selector.class') === RACK_AWARE_SELECTOR,
  missingReplicaError(topicId, partition) {
    const topic = topicById(parts.image(), topicId);
    // As Kafka answers for a replica in a directory that failed.
    if (parts.replicas.away.has(topicId, partition)) return ErrorCode.KAFKA_STORAGE_ERROR;
    return topic?.partitions.get(PartitionIndex(partition)) === undefined
      ? ErrorCode.UNKNOWN_TOPIC_OR_PARTITION
      : ErrorCode.NOT_LEADER_OR_FOLLOWER;
  },
  leaderHint(replica) {
    const partition = topicById(parts.image(), replica.topicId)?.partitions.get(replica.partition);
    return {
      leaderId: partition?.leader ?? (-1 as BrokerId),
      leaderEpoch: partition?.leaderEpoch ?? replica.machine.leaderEpoch,
    };
  },
});
