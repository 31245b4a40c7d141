import type { BrokerId, Clock, TopicId } from '@kafkaesque/kernel';
import { ErrorCode, apis } from '@kafkaesque/protocol';
import type { ApiName, RequestDraftOf } from '@kafkaesque/protocol';
import { SimulatedClassicGroup, refusedJoin } from './simulated-classic-group';
import { SimulatedConsumerGroup } from './simulated-consumer-group';
import { SimulatedGroupOffsets } from './simulated-group-offsets';

export interface SimulatedCoordinatorOptions {
  readonly clock: Clock;
  /** The broker that coordinates every group at first. */
  readonly node: number;
  readonly topics: () => readonly {
    readonly name: string;
    readonly topicId: TopicId;
    readonly count: number;
  }[];
}

const GROUP_APIS: ReadonlySet<ApiName> = new Set([
  'JoinGroup',
  'SyncGroup',
  'Heartbeat',
  'LeaveGroup',
  'ConsumerGroupHeartbeat',
  'OffsetCommit',
  'OffsetFetch',
]);

/** The group coordinator of a simulated cluster: on one broker, and after `move` on another. */
export class SimulatedCoordinator {
  readonly offsets: SimulatedGroupOffsets;
  readonly classic = new Map<string, SimulatedClassicGroup>();
  readonly consumer = new Map<string, SimulatedConsumerGroup>();
  readonly #options: SimulatedCoordinatorOptions;
  node: number;
  /** Nobody coordinates until then. */
  #awayUntilMs = 0;

  constructor(options: SimulatedCoordinatorOptions) {
    this.#options = options;
    this.node = options.node;
    this.offsets = new SimulatedGroupOffsets(
      (id) => options.topics().find(({ topicId }) => topicId === id)?.name,
    );
  }

  /** Another broker takes over, after a while in which nobody answers for the groups. */
  move(node: number, afterMs: number): void {
    this.node = node;
    this.#awayUntilMs = this.#options.clock.monotonicMs() + afterMs;
    for (const group of this.classic.values()) group.moved();
  }

  /** The answer, later for who waits for others; undefined for what is no business of groups. */
  answer(api: ApiName, draft: unknown, node: number): unknown {
    if (api === 'FindCoordinator') return this.#find(draft as RequestDraftOf<'FindCoordinator'>);
    if (!GROUP_APIS.has(api)) return undefined;
    if (node !== this.node) return this.#refuse(api, draft, ErrorCode.NOT_COORDINATOR);
    if (this.#isAway) return this.#refuse(api, draft, ErrorCode.COORDINATOR_LOAD_IN_PROGRESS);
    return this.#serve(api, draft);
  }

  get #isAway(): boolean {
    return this.#options.clock.monotonicMs() < this.#awayUntilMs;
  }

  #find({ coordinatorKeys = [] }: RequestDraftOf<'FindCoordinator'>): unknown {
    return apis.FindCoordinator.response.make({
      coordinators: coordinatorKeys.map((key) => ({
        key,
        nodeId: this.node as BrokerId,
        host: 'simulated',
        port: this.node,
        errorCode: this.#isAway ? ErrorCode.COORDINATOR_NOT_AVAILABLE : 0,
        errorMessage: null,
      })),
    });
  }

  #serve(api: ApiName, draft: unknown): unknown {
    const { groupId } = draft as { readonly groupId: string };
    switch (api) {
      case 'JoinGroup':
        return this.classicGroup(groupId).join(draft as RequestDraftOf<'JoinGroup'>);
      case 'SyncGroup':
        return this.classicGroup(groupId).sync(draft as RequestDraftOf<'SyncGroup'>);
      case 'Heartbeat':
        return this.classicGroup(groupId).heartbeat(draft as RequestDraftOf<'Heartbeat'>);
      case 'LeaveGroup':
        return this.classicGroup(groupId).leave(draft as RequestDraftOf<'LeaveGroup'>);
      case 'ConsumerGroupHeartbeat':
        return this.consumerGroup(groupId).heartbeat(draft as RequestDraftOf<'ConsumerGroupHeartbeat'>);
      case 'OffsetCommit':
        return this.#commit(draft as RequestDraftOf<'OffsetCommit'>);
      default:
        return this.offsets.fetch(draft as RequestDraftOf<'OffsetFetch'>, 0);
    }
  }

  classicGroup(groupId: string): SimulatedClassicGroup {
    const known = this.classic.get(groupId) ?? new SimulatedClassicGroup(this.#options.clock);
    this.classic.set(groupId, known);
    return known;
  }

  consumerGroup(groupId: string): SimulatedConsumerGroup {
    const known = this.consumer.get(groupId) ?? new SimulatedConsumerGroup(this.#options);
    this.consumer.set(groupId, known);
    return known;
  }

  #commit(draft: RequestDraftOf<'OffsetCommit'>): unknown {
    const { groupId, memberId = '', generationIdOrMemberEpoch = -1 } = draft;
    const group = this.consumer.get(groupId) ?? this.classicGroup(groupId);
    return this.offsets.commit(draft, group.judgeCommit(memberId, generationIdOrMemberEpoch));
  }

  #refuse(api: ApiName, draft: unknown, errorCode: number): unknown {
    switch (api) {
      case 'JoinGroup':
        return refusedJoin(errorCode);
      case 'SyncGroup':
        return apis.SyncGroup.response.make({ errorCode, assignment: Buffer.alloc(0) });
      case 'Heartbeat':
        return apis.Heartbeat.response.make({ errorCode });
      case 'LeaveGroup':
        return apis.LeaveGroup.response.make({ errorCode, members: [] });
      case 'ConsumerGroupHeartbeat':
        return apis.ConsumerGroupHeartbeat.response.make({
          errorCode,
          memberEpoch: 0,
          heartbeatIntervalMs: 0,
        });
      case 'OffsetCommit':
        return this.offsets.commit(draft as RequestDraftOf<'OffsetCommit'>, errorCode);
      default:
        return this.offsets.fetch(draft as RequestDraftOf<'OffsetFetch'>, errorCode);
    }
  }
}
