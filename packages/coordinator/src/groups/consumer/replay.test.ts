import type { TopicId } from '@kafkaesque/kernel';
import { errors, type GroupRecord } from '@kafkaesque/protocol';
import { Coordinator, settle, TestConsumer } from './scenario';

type Of<Kind extends GroupRecord['kind']> = Extract<GroupRecord, { readonly kind: Kind }>;

const key = { groupId: 'g', memberId: 'a' };

const memberMetadata = (value: Partial<Of<'ConsumerGroupMemberMetadata'>['value']> = {}): GroupRecord => ({
  kind: 'ConsumerGroupMemberMetadata',
  key,
  value: {
    instanceId: null,
    rackId: null,
    clientId: 'client',
    clientHost: '/127.0.0.1',
    subscribedTopicNames: ['orders'],
    subscribedTopicRegex: '',
    rebalanceTimeoutMs: 60_000,
    serverAssignor: null,
    classicMemberMetadata: null,
    ...value,
  },
});

const current = (
  topicId: TopicId,
  value: Partial<NonNullable<Of<'ConsumerGroupCurrentMemberAssignment'>['value']>> = {},
): GroupRecord => ({
  kind: 'ConsumerGroupCurrentMemberAssignment',
  key,
  value: {
    memberEpoch: 5,
    previousMemberEpoch: 4,
    state: 0,
    assignedPartitions: [{ topicId, partitions: [1, 0], assignmentEpochs: null }],
    partitionsPendingRevocation: [],
    ...value,
  },
});

const tombstone = (kind: GroupRecord['kind'], ofMember: boolean): GroupRecord =>
  ({ kind, key: ofMember ? key : { groupId: 'g' }, value: null }) as GroupRecord;

describe('what a log may say', () => {
  test('a group comes back as it was, with all timers anew', () => {
    const coordinator = new Coordinator();
    const topicId = coordinator.world.putTopic('orders', 4);
    const consumers = ['a', 'b'].map((id) => new TestConsumer(coordinator, id, ['orders']));
    for (const consumer of consumers) consumer.join();
    consumers[0]?.beat(false);
    const described = coordinator.asked({ kind: 'describe-consumer', groupId: 'g' });
    coordinator.reload();
    expect(coordinator.asked({ kind: 'describe-consumer', groupId: 'g' })).toEqual(described);
    expect([...coordinator.timers.keys()].filter((timer) => timer.startsWith('consumer/')).sort()).toEqual([
      'consumer/rebalance/1/g/a',
      'consumer/session/1/g/a',
      'consumer/session/1/g/b',
    ]);
    settle(coordinator, consumers);
    expect(consumers.map((consumer) => consumer.partitions(topicId).length)).toEqual([2, 2]);
  });

  test('tombstones of what is not there are passed over, whatever kind of group there is', () => {
    const coordinator = new Coordinator();
    const tombstones = [
      tombstone('ConsumerGroupCurrentMemberAssignment', true),
      tombstone('ConsumerGroupTargetAssignmentMember', true),
      tombstone('ConsumerGroupTargetAssignmentMetadata', false),
      tombstone('ConsumerGroupMemberMetadata', true),
      tombstone('ConsumerGroupPartitionMetadata', false),
      tombstone('ConsumerGroupMetadata', false),
    ];
    coordinator.write(...tombstones);
    expect(coordinator.machine.groups.size).toBe(0);
    coordinator.write({
      kind: 'GroupMetadata',
      key: { group: 'g' },
      value: {
        ...{ protocolType: 'consumer', generation: 1, protocol: null, leader: null },
        ...{ currentStateTimestamp: -1, members: [] },
      },
    });
    coordinator.write(...tombstones);
    expect(coordinator.machine.groups.get('g')?.kind).toBe('classic');
  });

  test('a group of Kafka before 4.3 has no epochs of partitions, and gets them from its members', () => {
    const coordinator = new Coordinator();
    const topicId = coordinator.world.putTopic('orders', 2);
    coordinator.write(
      memberMetadata(),
      { kind: 'ConsumerGroupMetadata', key: { groupId: 'g' }, value: { epoch: 5, metadataHash: 1 } },
      current(topicId),
      {
        kind: 'ConsumerGroupTargetAssignmentMetadata',
        key: { groupId: 'g' },
        value: { assignmentEpoch: 5, assignmentTimestamp: 0 },
      },
    );
    expect(coordinator.group().members.get('a')?.assigned).toEqual(
      new Map([[topicId, { partitions: [0, 1], epochs: [5, 5] }]]),
    );
    expect(coordinator.group().commitPartitionRefusal('a', 4, topicId, 0)).toBe(
      errors.STALE_MEMBER_EPOCH.code,
    );
    const answer = coordinator.heartbeat({ memberId: 'a', memberEpoch: 5 });
    expect(answer).toMatchObject({ errorCode: 0, memberEpoch: 6 });
  });

  test('what Kafka before 4.1 kept of the topics is deleted with the next epoch', () => {
    const coordinator = new Coordinator();
    coordinator.world.putTopic('orders', 2);
    coordinator.write({
      kind: 'ConsumerGroupPartitionMetadata',
      key: { groupId: 'g' },
      value: { topics: [] },
    });
    new TestConsumer(coordinator, 'a', ['orders']).join();
    expect(
      coordinator.log.filter(
        ({ kind, value }) => kind === 'ConsumerGroupPartitionMetadata' && value === null,
      ),
    ).toHaveLength(1);
    expect(coordinator.group().hasPartitionMetadata).toBe(false);
  });

  test('a member in a state that only a newer Kafka knows has to begin anew', () => {
    const coordinator = new Coordinator();
    const topicId = coordinator.world.putTopic('orders', 2);
    coordinator.write(memberMetadata(), current(topicId, { state: 9 }));
    expect(coordinator.heartbeat({ memberId: 'a', memberEpoch: 5 }).errorCode).toBe(
      errors.FENCED_MEMBER_EPOCH.code,
    );
    const member = new TestConsumer(coordinator, 'a', ['orders']);
    expect(member.join().errorCode).toBe(0);
    expect(member.partitions(topicId)).toEqual([0, 1]);
  });

  test('a partition that two records give away is nobody else’s while its last owner has it', () => {
    const coordinator = new Coordinator();
    const topicId = coordinator.world.putTopic('orders', 2);
    const ofOther = { ...current(topicId), key: { groupId: 'g', memberId: 'b' } } as GroupRecord;
    coordinator.write(current(topicId), ofOther);
    expect(coordinator.group().ownerOf(topicId, 0)).toBe('b');
    coordinator.write(tombstone('ConsumerGroupMemberMetadata', true));
    expect(coordinator.group().ownerOf(topicId, 0)).toBe('b');
  });

  test('a group that is gone leaves nothing, and its name can be had again', () => {
    const coordinator = new Coordinator();
    coordinator.world.putTopic('orders', 2);
    const member = new TestConsumer(coordinator, 'a', ['orders']);
    member.join();
    member.leave();
    coordinator.write(...coordinator.group().tombstones());
    expect(coordinator.machine.groups.size).toBe(0);
    expect(coordinator.timers.size).toBe(0);
    expect(new TestConsumer(coordinator, 'b', ['orders']).join()).toMatchObject({
      errorCode: 0,
      memberEpoch: 1,
    });
  });
});
