import { LeaderEpoch, Offset } from '@kafkaesque/kernel';
import { ErrorCode } from '@kafkaesque/protocol';
import type { BrokerId } from '@kafkaesque/kernel';
import { brokerError } from '../broker-error';
import { byTopic } from '../cluster/leader-questions';
import { ClientError, isClientError } from '../errors';
import type { TopicPartition } from '../records';
import type { DraftFor } from '../wire/wire';
import type { Outcome } from './admin';
import { failed, incomplete } from './admin-calls';
import type { AdminCalls, CallBounds } from './admin-calls';
import type { CommittedOffset, GroupOffsetsQuestion, OffsetToCommit } from './group-admin';
import { verdictOf } from './group-coordinators';
import type { AskCoordinator, GroupVerdict } from './group-coordinators';

/** OffsetFetch: many groups in one request (KIP-709). */
const FIRST_VERSION_WITH_GROUPS = 8;
/** Null for all partitions. */
const FIRST_VERSION_WITH_ALL = 2;
/** Only stable offsets (KIP-447). */
const FIRST_VERSION_WITH_STABLE = 7;
/** From the next version on, topics are named by their ids (KIP-848), which an admin is not given. */
const LAST_VERSION_BY_NAME = 9;

type OffsetOutcomes = readonly Outcome<TopicPartition, CommittedOffset | undefined>[];

/** One group's part of an OffsetFetch answer, in the newest form. */
interface FetchedGroup {
  readonly groupId: string;
  readonly errorCode: number;
  readonly topics: readonly {
    readonly name: string;
    readonly partitions: readonly {
      readonly partitionIndex: number;
      readonly committedOffset: Offset;
      readonly committedLeaderEpoch: LeaderEpoch;
      readonly metadata: string | null;
      readonly errorCode: number;
    }[];
  }[];
}

/** OffsetFetch of the groups of one coordinator; group by group where it is older than KIP-709. */
export const fetchingOffsets = (
  calls: AdminCalls,
  questions: readonly GroupOffsetsQuestion[],
  requireStable: boolean,
): AskCoordinator<OffsetOutcomes> => {
  const asked = new Map(questions.map((one) => [one.groupId, one]));
  const topicsOf = (groupId: string) => {
    const partitions = asked.get(groupId)?.partitions;
    if (partitions === undefined) return null;
    return byTopic(partitions).map(({ name, questions: some }) => ({
      name,
      partitionIndexes: some.map(({ partition }) => partition),
    }));
  };
  return async ({ id }, groupIds, bounds) => {
    let groups: readonly FetchedGroup[];
    try {
      const draft: DraftFor<'OffsetFetch'> = {
        groups: groupIds.map((groupId) => ({ groupId, topics: topicsOf(groupId) })),
        requireStable,
      };
      const versions = { minVersion: FIRST_VERSION_WITH_GROUPS, maxVersion: LAST_VERSION_BY_NAME };
      groups = (await calls.askBroker(id, 'OffsetFetch', draft, { ...bounds, ...versions })).groups;
    } catch (error) {
      if (!isClientError(error, 'unsupported')) throw error;
      groups = await Promise.all(
        groupIds.map((groupId) =>
          fetchAlone(calls, id, { groupId, topics: topicsOf(groupId), requireStable }, bounds),
        ),
      );
    }
    return new Map(
      groups.map((group): [string, GroupVerdict<OffsetOutcomes>] => [
        group.groupId,
        group.errorCode === 0 ? { kind: 'done', value: committedOf(group) } : verdictOf(group.errorCode),
      ]),
    );
  };
};

const fetchAlone = async (
  calls: AdminCalls,
  coordinator: BrokerId,
  question: {
    readonly groupId: string;
    readonly topics:
      readonly { readonly name: string; readonly partitionIndexes: readonly number[] }[] | null;
    readonly requireStable: boolean;
  },
  bounds: CallBounds,
): Promise<FetchedGroup> => {
  const { groupId, topics, requireStable } = question;
  const least = topics === null ? FIRST_VERSION_WITH_ALL : 1;
  const draft: DraftFor<'OffsetFetch'> = { groupId, topics, requireStable };
  const { errorCode, topics: found } = await calls.askBroker(coordinator, 'OffsetFetch', draft, {
    ...bounds,
    minVersion: requireStable ? FIRST_VERSION_WITH_STABLE : least,
    maxVersion: FIRST_VERSION_WITH_GROUPS - 1,
  });
  return { groupId, errorCode, topics: found };
};

/** A partition without a committed offset is told with a negative one. */
const committedOf = ({ topics }: FetchedGroup): OffsetOutcomes =>
  topics.flatMap(({ name, partitions }) =>
    partitions.map(
      ({
        partitionIndex,
        committedOffset,
        committedLeaderEpoch,
        metadata,
        errorCode,
      }): OffsetOutcomes[number] => {
        const key = { topic: name, partition: partitionIndex };
        if (errorCode !== 0) return failed(key, brokerError(errorCode));
        if (committedOffset < 0) return { kind: 'done', key, value: undefined };
        const leaderEpoch = committedLeaderEpoch < 0 ? undefined : committedLeaderEpoch;
        return {
          kind: 'done',
          key,
          value: { offset: committedOffset, leaderEpoch, metadata: metadata ?? '' },
        };
      },
    ),
  );

/** Errors of single partitions that concern the whole commit, and pass. */
const PASSING: ReadonlySet<number> = new Set([
  ErrorCode.COORDINATOR_LOAD_IN_PROGRESS,
  ErrorCode.COORDINATOR_NOT_AVAILABLE,
  ErrorCode.NOT_COORDINATOR,
  ErrorCode.REBALANCE_IN_PROGRESS,
]);

/** REBALANCE_IN_PROGRESS is an end for members, but not for whoever waits until there are none. */
const againWith = (errorCode: number): GroupVerdict<never> => {
  const { kind, code, message } = brokerError(errorCode);
  return { kind: 'again', error: new ClientError(kind, code, message, { errorCode, retriable: true }) };
};

type PartitionOutcomes = readonly Outcome<TopicPartition, undefined>[];

/** OffsetCommit of somebody who is no member; the same one twice does no harm. */
export const committing =
  (calls: AdminCalls, offsets: readonly OffsetToCommit[]): AskCoordinator<PartitionOutcomes> =>
  async ({ id }, [groupId = ''], bounds) => {
    const draft = {
      groupId,
      topics: byTopic(offsets).map(({ name, questions }) => ({
        name,
        partitions: questions.map(({ partition, offset, leaderEpoch = -1, metadata = '' }) => ({
          partitionIndex: partition,
          committedOffset: Offset(offset),
          committedLeaderEpoch: LeaderEpoch(leaderEpoch),
          committedMetadata: metadata,
        })),
      })),
    };
    const answer = await calls.askBroker(id, 'OffsetCommit', draft, {
      ...bounds,
      maxVersion: LAST_VERSION_BY_NAME,
    });
    const verdicts = verdictsOf(answer.topics);
    const passing = [...verdicts.values()].find((errorCode) => PASSING.has(errorCode));
    if (passing !== undefined) return new Map([[groupId, againWith(passing)]]);
    return new Map([[groupId, { kind: 'done', value: outcomesOf(offsets, verdicts) }]]);
  };

/** OffsetDelete; the same one twice does no harm. */
export const deletingOffsets =
  (calls: AdminCalls, partitions: readonly TopicPartition[]): AskCoordinator<PartitionOutcomes> =>
  async ({ id }, [groupId = ''], bounds) => {
    const topics = byTopic(partitions).map(({ name, questions }) => ({
      name,
      partitions: questions.map(({ partition }) => ({ partitionIndex: partition })),
    }));
    const answer = await calls.askBroker(id, 'OffsetDelete', { groupId, topics }, bounds);
    if (answer.errorCode !== 0) return new Map([[groupId, verdictOf(answer.errorCode)]]);
    return new Map([[groupId, { kind: 'done', value: outcomesOf(partitions, verdictsOf(answer.topics)) }]]);
  };

const nameOf = ({ topic, partition }: TopicPartition): string => `${topic}-${partition}`;

const verdictsOf = (
  topics: readonly {
    readonly name: string;
    readonly partitions: readonly { readonly partitionIndex: number; readonly errorCode: number }[];
  }[],
): ReadonlyMap<string, number> =>
  new Map(
    topics.flatMap(({ name, partitions }) =>
      partitions.map(({ partitionIndex, errorCode }) => [
        nameOf({ topic: name, partition: partitionIndex }),
        errorCode,
      ]),
    ),
  );

const outcomesOf = (
  asked: readonly TopicPartition[],
  verdicts: ReadonlyMap<string, number>,
): PartitionOutcomes =>
  asked.map(({ topic, partition }) => {
    const key = { topic, partition };
    const errorCode = verdicts.get(nameOf(key));
    if (errorCode === undefined) return failed(key, incomplete(nameOf(key)));
    if (errorCode !== 0) return failed(key, brokerError(errorCode));
    return { kind: 'done', key, value: undefined };
  });
