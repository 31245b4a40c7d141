import type { TopicId } from '@kafkaesque/kernel';
import { ErrorCode } from '@kafkaesque/protocol';
import type { Effect, Ticket } from '../../runtime/machine';
import type { GroupDecision, GroupFacts } from '../group';
import { groupRefusal } from '../refusal';
import type { GroupAnswer, GroupAnswers, GroupRequest } from '../requests';
import type { ClassicProtocol, Groups, RecordOf } from '../rules';

/** A group without members; what it answers may be set. */
export class SimpleGroup implements GroupFacts {
  readonly kind = 'classic';
  readonly groupId: string;
  state = 'Empty';
  protocolType = '';
  refusesCommit: number = ErrorCode.NONE;
  refusesFetch: number = ErrorCode.NONE;
  refusesDeletion: number = ErrorCode.NONE;
  refusesDeletionOfOffsets: number = ErrorCode.NONE;
  expires: ReturnType<GroupFacts['expiry']> = { kind: 'by-commit' };
  readonly subscribed = new Set<string>();

  constructor(groupId: string) {
    this.groupId = groupId;
  }

  commitRefusal(): number {
    return this.refusesCommit;
  }

  /** As a group of consumers: partitions that may be committed in any epoch. */
  readonly keeps = new Set<number>();
  commitPartitionRefusal(_memberId: string, _epoch: number, _topicId: TopicId, partition: number): number {
    return this.keeps.has(partition) ? ErrorCode.NONE : this.refusesCommit;
  }

  fetchRefusal(): number {
    return this.refusesFetch;
  }

  deleteRefusal(): number {
    return this.refusesDeletion;
  }

  deleteOffsetsRefusal(): number {
    return this.refusesDeletionOfOffsets;
  }

  isSubscribedTo(topic: string): boolean {
    return this.subscribed.has(topic);
  }

  expiry(): ReturnType<GroupFacts['expiry']> {
    return this.expires;
  }

  tombstones(): readonly RecordOf<'GroupMetadata'>[] {
    return [{ kind: 'GroupMetadata', key: { group: this.groupId }, value: null }];
  }

  describe(): GroupAnswers['describe-classic'] {
    return {
      errorCode: ErrorCode.NONE,
      groupId: this.groupId,
      groupState: this.state,
      protocolType: this.protocolType,
      protocolData: '',
      members: [],
    };
  }
}

/** Knows simple groups only: whoever joins is refused. */
export class SimpleGroups implements ClassicProtocol {
  readonly #groups: Groups;

  constructor(groups: Groups) {
    this.#groups = groups;
  }

  join = refused;
  sync = refused;
  heartbeat = refused;
  leave = refused;
  timer = (): GroupDecision => ({ records: [] });
  loaded = (): readonly GroupDecision[] => [];
  committed = none;
  forgotten = none;
  upgraded = none;
  downgraded = none;
  downgradedByJoin = none;

  replay({ key, value }: RecordOf<'GroupMetadata'>): void {
    if (value === null) this.#groups.delete(key.group);
    else this.#groups.set(key.group, new SimpleGroup(key.group));
  }

  createSimpleGroup(groupId: string): GroupFacts {
    const group = new SimpleGroup(groupId);
    this.#groups.set(groupId, group);
    return group;
  }
}

const none = (): readonly Effect<GroupAnswer>[] => [];

const refused = (request: GroupRequest, ticket: Ticket): GroupDecision => ({
  records: [],
  then: () => [{ kind: 'reply', ticket, answer: groupRefusal(request, ErrorCode.COORDINATOR_NOT_AVAILABLE) }],
});
