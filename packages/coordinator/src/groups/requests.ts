import type { Offset, LeaderEpoch, TopicId } from '@kafkaesque/kernel';
import type {
  ConsumerGroupDescribeResponse,
  ConsumerGroupHeartbeatRequest,
  ConsumerGroupHeartbeatResponse,
  DescribeGroupsResponse,
  Draft,
  HeartbeatRequest,
  HeartbeatResponse,
  JoinGroupRequest,
  JoinGroupResponse,
  LeaveGroupRequest,
  LeaveGroupResponse,
  ListGroupsResponse,
  SyncGroupRequest,
  SyncGroupResponse,
} from '@kafkaesque/protocol';
import type { Asker } from './world';

/** A partition of a topic that the handler has resolved. */
export interface OffsetPartition {
  readonly topicId: TopicId;
  readonly topic: string;
  readonly partition: number;
}

/** One offset of a commit. */
export interface OffsetToCommit extends OffsetPartition {
  readonly offset: Offset;
  readonly leaderEpoch: LeaderEpoch;
  /** Null counts as empty. */
  readonly metadata: string | null;
}

/** What was committed for one partition; offset −1, epoch −1 and '' where nothing was (Kafka's INVALID_OFFSET). */
export interface FetchedOffset extends OffsetPartition {
  readonly offset: Offset;
  readonly leaderEpoch: LeaderEpoch;
  readonly metadata: string;
  readonly errorCode: number;
}

/**
 * What is asked of the coordinator of one group. Handlers have authorized it, have checked that the group id is fit for the API, have split
 * requests about many groups, and have copied bytes that may be kept: none are views of the frame. Versions matter only where the answer's meaning hangs on them.
 */
export type GroupRequest =
  | {
      readonly kind: 'join';
      readonly apiVersion: number;
      readonly asker: Asker;
      readonly request: JoinGroupRequest;
    }
  | {
      readonly kind: 'sync';
      readonly apiVersion: number;
      readonly asker: Asker;
      readonly request: SyncGroupRequest;
    }
  | {
      readonly kind: 'heartbeat';
      readonly apiVersion: number;
      readonly asker: Asker;
      readonly request: HeartbeatRequest;
    }
  | {
      readonly kind: 'leave';
      readonly apiVersion: number;
      readonly asker: Asker;
      readonly request: LeaveGroupRequest;
    }
  | {
      readonly kind: 'consumer-heartbeat';
      readonly apiVersion: number;
      readonly asker: Asker;
      readonly request: ConsumerGroupHeartbeatRequest;
    }
  | {
      readonly kind: 'commit-offsets';
      readonly apiVersion: number;
      readonly groupId: string;
      /** '' and −1/−1: an administrator, or a simple consumer. */
      readonly memberId: string;
      readonly groupInstanceId: string | null;
      readonly generationIdOrMemberEpoch: number;
      /** −1: as long as the broker keeps offsets. Otherwise from v2–4. */
      readonly retentionTimeMs: number;
      readonly offsets: readonly OffsetToCommit[];
    }
  | {
      readonly kind: 'fetch-offsets';
      readonly groupId: string;
      /** Null: no member asks. */
      readonly memberId: string | null;
      readonly memberEpoch: number;
      /** Null: all that the group has committed. */
      readonly partitions: readonly OffsetPartition[] | null;
      readonly requireStable: boolean;
    }
  | {
      readonly kind: 'delete-offsets';
      readonly groupId: string;
      readonly partitions: readonly OffsetPartition[];
    }
  | { readonly kind: 'delete-group'; readonly groupId: string }
  | { readonly kind: 'describe-classic'; readonly groupId: string; readonly apiVersion: number }
  | { readonly kind: 'describe-consumer'; readonly groupId: string }
  | {
      readonly kind: 'list-groups';
      /** As asked, any case; empty: all. */
      readonly states: readonly string[];
      readonly types: readonly string[];
    };

/** The name of what is asked. */
export type GroupRequestKind = GroupRequest['kind'];

/** What is answered, by kind of request. Handlers put `throttleTimeMs`, authorized operations and lists of many groups around it. */
export interface GroupAnswers {
  readonly join: Draft<typeof JoinGroupResponse>;
  readonly sync: Draft<typeof SyncGroupResponse>;
  readonly heartbeat: Draft<typeof HeartbeatResponse>;
  readonly leave: Draft<typeof LeaveGroupResponse>;
  readonly 'consumer-heartbeat': Draft<typeof ConsumerGroupHeartbeatResponse>;
  /** One code for each offset, in order. */
  readonly 'commit-offsets': { readonly errorCodes: readonly number[] };
  readonly 'fetch-offsets': { readonly errorCode: number; readonly offsets: readonly FetchedOffset[] };
  /** `errorCode` for the whole; otherwise one code for each partition, in order. */
  readonly 'delete-offsets': { readonly errorCode: number; readonly errorCodes: readonly number[] };
  readonly 'delete-group': { readonly errorCode: number; readonly errorMessage: string | null };
  readonly 'describe-classic': Draft<typeof DescribeGroupsResponse>['groups'][number];
  readonly 'describe-consumer': Draft<typeof ConsumerGroupDescribeResponse>['groups'][number];
  readonly 'list-groups': {
    readonly errorCode: number;
    readonly groups: Draft<typeof ListGroupsResponse>['groups'];
  };
}

/** Tagged, so that one runtime carries them all. */
export type GroupAnswer = {
  readonly [Kind in GroupRequestKind]: { readonly kind: Kind; readonly answer: GroupAnswers[Kind] };
}[GroupRequestKind];
