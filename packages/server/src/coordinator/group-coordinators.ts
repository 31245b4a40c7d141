import { GroupMachine, groupRefusal } from '@kafkaesque/coordinator';
import type { GroupAnswer, GroupAnswers, GroupRequest } from '@kafkaesque/coordinator';
import type { Clock, Logger } from '@kafkaesque/kernel';
import type { MetadataDelta, MetadataImage } from '@kafkaesque/metadata';
import { topicByName } from '@kafkaesque/metadata';
import type { GroupRecord } from '@kafkaesque/protocol';
import { codecOfId } from '@kafkaesque/protocol';
import type { Replica } from '../broker/replica';
import type { Replicas } from '../broker/replicas';
import { OFFSETS_TOPIC } from '../broker/topic-names';
import type { BrokerConfiguration } from '../configuration';
import type { GroupMeters, GroupsView } from '../metrics/group-metrics';
import { CoordinatorHost } from './coordinator-host';
import { groupCodec } from './group-codec';
import { groupsView } from './groups-view';
import { groupWorld } from './group-world';
import type { GroupWorldParts } from './group-world';
import { LoadingSlots } from './loading-slots';
import { partitionOfKey } from './partition-of-key';

export type ListGroupsQuestion = Extract<GroupRequest, { readonly kind: 'list-groups' }>;

/** The coordinators of groups on this broker, as handlers see them. */
export interface GroupCoordinators {
  /**
   * Asks the coordinator of a group. What cannot be asked here is answered as the rules refuse it: NOT_COORDINATOR,
   * COORDINATOR_LOAD_IN_PROGRESS, COORDINATOR_NOT_AVAILABLE. Never rejects. The answer comes when all that it could
   * have seen is committed.
   */
  ask<Request extends GroupRequest>(
    groupId: string,
    request: Request,
  ): Promise<GroupAnswers[Request['kind']]>;
  /**
   * Asks every coordinator that is led here, those that still load included (COORDINATOR_LOAD_IN_PROGRESS); one answer for each.
   */
  askAll(request: ListGroupsQuestion): Promise<readonly GroupAnswers['list-groups'][]>;
  /** The partition of `__consumer_offsets` that has this group, as Kafka chooses it. */
  partitionOf(groupId: string): number;
}

export interface GroupCoordinatorParts extends GroupWorldParts {
  readonly configuration: BrokerConfiguration;
  readonly image: () => MetadataImage;
  readonly replicas: Pick<Replicas, 'carryOut' | 'appended' | 'find'>;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly meters: GroupMeters;
}

/** Partitions that load at once. */
const LOADING_SLOTS = 2;

/** The group coordinators of one broker, for each partition of `__consumer_offsets` that it leads. */
export class LocalGroupCoordinators implements GroupCoordinators {
  readonly #host: CoordinatorHost<GroupRecord, GroupRequest, GroupAnswer>;
  readonly #image: () => MetadataImage;
  readonly #configuredPartitions: number;
  readonly #meters: GroupMeters;
  /** For metrics. */
  readonly view: GroupsView;
  /** Somebody asked for what is being decided: no timer did. */
  #isAsked = false;

  constructor(parts: GroupCoordinatorParts) {
    const { configuration, replicas, clock, logger, meters } = parts;
    const world = groupWorld(parts);
    this.#image = parts.image;
    this.#meters = meters;
    this.#configuredPartitions = Number(configuration.get('offsets.topic.num.partitions'));
    this.#host = new CoordinatorHost({
      topic: OFFSETS_TOPIC,
      machine: () => new GroupMachine(world),
      codec: groupCodec((record) => this.#count(record)),
      refusal: groupRefusal,
      replicas,
      clock,
      logger,
      loaded: (tookMs) => meters.loaded(tookMs),
      options: {
        appendLingerMs: Number(configuration.get('group.coordinator.append.linger.ms')),
        commitTimeoutMs: Number(configuration.get('offsets.commit.timeout.ms')),
        codec: codecOfId(Number(configuration.get('offsets.topic.compression.codec'))) ?? 'none',
      },
      loadBufferBytes: Number(configuration.get('offsets.load.buffer.size')),
      slots: new LoadingSlots(LOADING_SLOTS),
    });
    this.view = groupsView(this.#host, replicas, parts.image);
  }

  async ask<Request extends GroupRequest>(
    groupId: string,
    request: Request,
  ): Promise<GroupAnswers[Request['kind']]> {
    this.#isAsked = true;
    const asked = this.#host.ask(this.partitionOf(groupId), request);
    this.#isAsked = false;
    const answer = await asked;
    return answer.answer as GroupAnswers[Request['kind']];
  }

  async askAll(request: ListGroupsQuestion): Promise<readonly GroupAnswers['list-groups'][]> {
    const partitions = [...this.#host.all].map(({ replica }) => replica.partition);
    const answers = await Promise.all(partitions.map((partition) => this.#host.ask(partition, request)));
    return answers.map(({ answer }) => answer as GroupAnswers['list-groups']);
  }

  partitionOf(groupId: string): number {
    const known = topicByName(this.#image(), OFFSETS_TOPIC)?.partitions.size;
    return partitionOfKey(groupId, known ?? this.#configuredPartitions);
  }

  /** A replica has another role. */
  roleChanged(replica: Replica): void {
    this.#host.roleChanged(replica);
  }

  /** The committed metadata have changed, and everybody sees the new ones. */
  changed(delta: MetadataDelta): void {
    if (!concernsGroups(delta)) return;
    this.#isAsked = true;
    this.#host.metadataChanged();
    this.#isAsked = false;
  }

  close(): void {
    this.#host.close();
  }

  /** A record is about to be written. */
  #count({ kind, value }: GroupRecord): void {
    const meters = this.#meters;
    if (kind === 'OffsetCommit') {
      if (value !== null) meters.offsetsCommitted(1);
      else if (this.#isAsked) meters.offsetsDeleted(1);
      else meters.offsetsExpired(1);
    } else if (value === null) return;
    else if (kind === 'ConsumerGroupMetadata') meters.consumerRebalanced(1);
    else if (kind === 'GroupMetadata' && value.members.length > 0) meters.classicRebalanced(1);
  }
}

/** In-sync sets and leaders change often, and are nothing to groups. */
const concernsGroups = (delta: MetadataDelta): boolean =>
  delta.topicsCreated.length > 0 ||
  delta.topicsRemoved.length > 0 ||
  delta.configsChanged.length > 0 ||
  delta.brokersChanged.some(({ before, after }) => before?.rack !== after?.rack) ||
  delta.topicsChanged.some(({ partitions }) =>
    partitions.some(({ before, after }) => before === undefined || before.replicas !== after.replicas),
  );
