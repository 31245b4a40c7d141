import { BrokerId, Offset } from '@kafkaesque/kernel';
import { ClientError } from '@kafkaesque/client';
import type {
  ConsumerGroupDescription,
  GroupAdmin,
  GroupMember,
  Outcome,
  TopicPartition,
} from '@kafkaesque/client';

/** A group as the test describes it. */
export interface FakeGroup extends Partial<Omit<ConsumerGroupDescription, 'groupId' | 'members'>> {
  readonly members?: readonly Partial<GroupMember>[];
  /** Committed offsets by `topic-partition`. */
  readonly committed?: Readonly<Record<string, number>>;
  readonly protocolType?: string;
  /** How a deletion or a commit fails. */
  readonly failure?: ClientError;
}

const done = <Key, Value>(key: Key, value: Value): Outcome<Key, Value> => ({ kind: 'done', key, value });

/** A broker's refusal with the sentence that the protocol's table has for it. */
export const refused = (code: string, errorCode: number, message: string): ClientError =>
  new ClientError('broker', code, message, { errorCode });

const notFound = (groupId: string): ClientError =>
  refused('GROUP_ID_NOT_FOUND', 69, `Group ${groupId} not found.`);

const placeOf = (name: string): TopicPartition => {
  const at = name.lastIndexOf('-');
  return { topic: name.slice(0, at), partition: Number(name.slice(at + 1)) };
};

const described = (groupId: string, { members = [], ...group }: FakeGroup): ConsumerGroupDescription => ({
  groupId,
  type: 'Classic',
  state: members.length === 0 ? 'Empty' : 'Stable',
  simple: false,
  partitionAssignor: members.length === 0 ? '' : 'range',
  coordinator: { id: BrokerId(1), host: 'h', port: 9092, rack: null },
  members: members.map((member) => ({
    ...{ memberId: 'm', instanceId: undefined, rackId: undefined, clientId: 'c', host: '/127.0.0.1' },
    ...{ assignment: [], targetAssignment: undefined, memberEpoch: undefined, upgraded: undefined },
    ...member,
  })),
  groupEpoch: undefined,
  targetAssignmentEpoch: undefined,
  authorizedOperations: undefined,
  ...group,
});

/** The part of an Admin that is about groups, over facts given by the test; `record` is told of changes. */
export const fakeGroups = (
  groups: Readonly<Record<string, FakeGroup>>,
  record: (name: string, argument: unknown) => void,
): GroupAdmin => {
  const each = <Value>(
    groupIds: readonly string[],
    valueOf: (groupId: string, group: FakeGroup) => Value,
  ): Promise<readonly Outcome<string, Value>[]> =>
    Promise.resolve(
      groupIds.map((groupId) => {
        const group = groups[groupId];
        if (group === undefined) return { kind: 'failed', key: groupId, error: notFound(groupId) };
        return done(groupId, valueOf(groupId, group));
      }),
    );
  return {
    listGroups: ({ states = [], types = [], protocolTypes = [] } = {}) =>
      Promise.resolve(
        Object.entries(groups)
          .map(([groupId, group]) => {
            const { state, type } = described(groupId, group);
            return { groupId, protocolType: group.protocolType ?? 'consumer', state, type };
          })
          .filter(
            ({ state, type, protocolType }) =>
              (states.length === 0 || states.includes(state)) &&
              (types.length === 0 || types.includes(type)) &&
              (protocolTypes.length === 0 || protocolTypes.includes(protocolType)),
          ),
      ),
    describeConsumerGroups: (groupIds) => each(groupIds, described),
    describeClassicGroups: () => Promise.reject(new Error('not asked in these tests')),
    deleteGroups: (groupIds) => {
      record('deleteGroups', groupIds);
      return Promise.resolve(
        groupIds.map((key) => {
          const error =
            groups[key] === undefined
              ? refused('GROUP_ID_NOT_FOUND', 69, 'no such group')
              : groups[key].failure;
          return error === undefined ? done(key, undefined) : { kind: 'failed' as const, key, error };
        }),
      );
    },
    listGroupOffsets: (questions) =>
      Promise.resolve(
        questions.map(({ groupId }) =>
          done(
            groupId,
            Object.entries(groups[groupId]?.committed ?? {}).map(([name, offset]) =>
              done(placeOf(name), { offset: Offset(offset), leaderEpoch: undefined, metadata: '' }),
            ),
          ),
        ),
      ),
    alterGroupOffsets: (groupId, offsets) => {
      record('alterGroupOffsets', { groupId, offsets });
      return Promise.resolve(offsets.map(({ topic, partition }) => done({ topic, partition }, undefined)));
    },
    deleteGroupOffsets: (groupId, partitions) => {
      record('deleteGroupOffsets', { groupId, partitions });
      const group = groups[groupId];
      if (group === undefined) return Promise.reject(notFound(groupId));
      const { failure: error } = group;
      return Promise.resolve(
        partitions.map((key) =>
          error === undefined ? done(key, undefined) : { kind: 'failed' as const, key, error },
        ),
      );
    },
    removeMembersFromGroup: () => Promise.reject(new Error('not asked in these tests')),
  };
};
