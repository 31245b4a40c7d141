import { errors } from '@kafkaesque/protocol';
import { Coordinator, settle, TestConsumer } from './scenario';

const kinds = (coordinator: Coordinator, from: number): string[] =>
  coordinator.log.slice(from).map(({ kind, value }) => (value === null ? `${kind} -` : kind));

describe('a heartbeat of the consumer protocol', () => {
  test('the first member makes the group, and has all partitions at once', () => {
    const coordinator = new Coordinator();
    const topicId = coordinator.world.putTopic('orders', 3);
    const member = new TestConsumer(coordinator, 'a', ['orders']);
    expect(member.join()).toEqual({
      errorCode: 0,
      memberId: 'a',
      memberEpoch: 1,
      heartbeatIntervalMs: 5000,
      assignment: { topicPartitions: [{ topicId, partitions: [0, 1, 2] }] },
    });
    expect(kinds(coordinator, 0)).toEqual([
      'ConsumerGroupMemberMetadata',
      'ConsumerGroupMetadata',
      'ConsumerGroupTargetAssignmentMember',
      'ConsumerGroupTargetAssignmentMetadata',
      'ConsumerGroupCurrentMemberAssignment',
    ]);
    expect(coordinator.group().state).toBe('Stable');
  });

  test('a heartbeat that brings nothing new writes nothing and tells no assignment', () => {
    const coordinator = new Coordinator();
    coordinator.world.putTopic('orders', 3);
    const member = new TestConsumer(coordinator, 'a', ['orders']);
    member.join();
    const written = coordinator.log.length;
    expect(member.beat(false)).toEqual({
      errorCode: 0,
      memberId: 'a',
      memberEpoch: 1,
      heartbeatIntervalMs: 5000,
      assignment: null,
    });
    expect(coordinator.log).toHaveLength(written);
    expect(member.full().assignment).not.toBeNull();
    expect(coordinator.log).toHaveLength(written);
  });

  test('a second member gets its share only once the first has let go of it', () => {
    const coordinator = new Coordinator();
    const topicId = coordinator.world.putTopic('orders', 4);
    const first = new TestConsumer(coordinator, 'a', ['orders']);
    const second = new TestConsumer(coordinator, 'b', ['orders']);
    first.join();
    second.join();
    expect(second.partitions(topicId)).toEqual([]);
    expect(second.epoch).toBe(2);
    expect(coordinator.group().members.get('b')?.state).toBe('unreleased');
    first.beat(false);
    expect(first.epoch).toBe(1);
    expect(first.partitions(topicId)).toEqual([0, 1]);
    expect(coordinator.group().members.get('a')?.state).toBe('unrevoked');
    second.beat();
    expect(second.partitions(topicId)).toEqual([]);
    first.beat();
    expect(first.epoch).toBe(2);
    second.beat();
    expect(second.partitions(topicId)).toEqual([2, 3]);
    expect(coordinator.group().state).toBe('Stable');
  });

  test('a member that waits for partitions, or for a target, is told to come back soon', () => {
    const coordinator = new Coordinator();
    const { world } = coordinator;
    world.putTopic('orders', 4);
    const first = new TestConsumer(coordinator, 'a', ['orders']);
    const second = new TestConsumer(coordinator, 'b', ['orders']);
    expect(first.join().heartbeatIntervalMs).toBe(5000);
    expect(second.join().heartbeatIntervalMs).toBe(500);
    first.beat();
    first.beat();
    expect(second.beat().heartbeatIntervalMs).toBe(5000);
    world.groupSettings = {
      ...world.groupSettings,
      consumerAssignmentIntervalMs: 2000,
      isAssignmentIntervalSet: true,
    };
    const third = new TestConsumer(coordinator, 'c', ['orders']);
    expect(third.join().heartbeatIntervalMs).toBe(2000);
    world.groupSettings = { ...world.groupSettings, consumerHeartbeatIntervalMs: 300 };
    expect(third.beat().heartbeatIntervalMs).toBe(300);
  });

  test('the partitions of a member that leaves go to those that stay', () => {
    const coordinator = new Coordinator();
    const topicId = coordinator.world.putTopic('orders', 4);
    const consumers = ['a', 'b'].map((id) => new TestConsumer(coordinator, id, ['orders']));
    for (const consumer of consumers) consumer.join();
    settle(coordinator, consumers);
    const [first, second] = consumers as [TestConsumer, TestConsumer];
    const written = coordinator.log.length;
    expect(first.leave()).toMatchObject({ errorCode: 0, memberId: 'a', memberEpoch: -1 });
    expect(kinds(coordinator, written)).toEqual([
      'ConsumerGroupCurrentMemberAssignment -',
      'ConsumerGroupTargetAssignmentMember -',
      'ConsumerGroupMemberMetadata -',
      'ConsumerGroupMetadata',
    ]);
    second.beat();
    expect(second.partitions(topicId)).toEqual([0, 1, 2, 3]);
    second.leave();
    expect(coordinator.group().state).toBe('Empty');
    expect(coordinator.timers.size).toBe(0);
  });

  test('more partitions, a topic that comes, and one that goes each give the group a new epoch', () => {
    const coordinator = new Coordinator();
    const { world } = coordinator;
    const orders = world.putTopic('orders', 1);
    const member = new TestConsumer(coordinator, 'a', ['orders', 'later']);
    member.join();
    world.putTopic('unrelated', 1);
    member.beat();
    expect(member.epoch).toBe(1);
    world.putTopic('orders', 2);
    member.beat();
    expect([member.epoch, member.partitions(orders)]).toEqual([2, [0, 1]]);
    const later = world.putTopic('later', 1);
    member.beat();
    expect([member.epoch, member.partitions(later)]).toEqual([3, [0]]);
    world.deleteTopic('orders');
    settle(coordinator, [member]);
    expect([member.epoch, [...member.owned.keys()]]).toEqual([4, [later]]);
  });

  test('a member that changes its subscription gives up what it no longer reads', () => {
    const coordinator = new Coordinator();
    coordinator.world.putTopic('orders', 2);
    const bills = coordinator.world.putTopic('bills', 2);
    const member = new TestConsumer(coordinator, 'a', ['orders']);
    member.join();
    member.topics = ['bills'];
    member.full();
    settle(coordinator, [member]);
    expect([...member.owned]).toEqual([[bills, [0, 1]]]);
    expect(member.epoch).toBe(2);
  });

  test('a silent member loses its place after its session, and what it had', () => {
    const coordinator = new Coordinator();
    const topicId = coordinator.world.putTopic('orders', 4);
    const consumers = ['a', 'b'].map((id) => new TestConsumer(coordinator, id, ['orders']));
    for (const consumer of consumers) consumer.join();
    settle(coordinator, consumers);
    const [first, second] = consumers as [TestConsumer, TestConsumer];
    coordinator.pass(44_999);
    first.beat();
    coordinator.pass(1);
    expect([...coordinator.group().members.keys()]).toEqual(['a']);
    expect(second.beat().errorCode).toBe(errors.UNKNOWN_MEMBER_ID.code);
    first.beat();
    expect(first.partitions(topicId)).toEqual([0, 1, 2, 3]);
  });

  test('a member that does not let go within its rebalance timeout is thrown out, heartbeats or not', () => {
    const coordinator = new Coordinator();
    coordinator.world.putTopic('orders', 4);
    const first = new TestConsumer(coordinator, 'a', ['orders']);
    const second = new TestConsumer(coordinator, 'b', ['orders']);
    first.join();
    second.join();
    first.beat(false);
    for (let second5 = 0; second5 < 12; second5++) {
      coordinator.pass(5000);
      first.beat(false);
      second.beat();
    }
    expect([...coordinator.group().members.keys()]).toEqual(['b']);
    second.beat();
    expect(coordinator.group().state).toBe('Stable');
  });

  test('an epoch that is ahead is fenced, one behind too, but for the last one after a lost answer', () => {
    const coordinator = new Coordinator();
    const topicId = coordinator.world.putTopic('orders', 2);
    const member = new TestConsumer(coordinator, 'a', ['orders']);
    member.join();
    coordinator.world.putTopic('orders', 3);
    member.beat();
    const beat = (memberEpoch: number, partitions: number[] | null): number =>
      coordinator.heartbeat({
        memberId: 'a',
        memberEpoch,
        topicPartitions: partitions === null ? null : [{ topicId, partitions }],
      }).errorCode;
    expect(beat(3, null)).toBe(errors.FENCED_MEMBER_EPOCH.code);
    expect(beat(1, null)).toBe(errors.FENCED_MEMBER_EPOCH.code);
    expect(beat(1, [0, 1])).toBe(0);
    expect(beat(1, [0, 1, 7])).toBe(errors.FENCED_MEMBER_EPOCH.code);
    expect(beat(2, null)).toBe(0);
  });

  test('a member that lost an answer hears its assignment again', () => {
    const coordinator = new Coordinator();
    const topicId = coordinator.world.putTopic('orders', 2);
    const member = new TestConsumer(coordinator, 'a', ['orders']);
    member.join();
    coordinator.world.putTopic('orders', 3);
    coordinator.heartbeat({ memberId: 'a', memberEpoch: 1 });
    member.beat();
    expect(member.partitions(topicId)).toEqual([0, 1, 2]);
  });

  test('a member that lost the answer about what to give up hears it again, though it asks for nothing', () => {
    const coordinator = new Coordinator();
    const topicId = coordinator.world.putTopic('orders', 4);
    const first = new TestConsumer(coordinator, 'a', ['orders']);
    const second = new TestConsumer(coordinator, 'b', ['orders']);
    first.join();
    first.beat();
    second.join();
    const lost = coordinator.heartbeat({ memberId: 'a', memberEpoch: 1 });
    expect(lost.assignment).toEqual({ topicPartitions: [{ topicId, partitions: [0, 1] }] });
    const soon = coordinator.heartbeat({ memberId: 'a', memberEpoch: 1 });
    expect(soon.assignment).toBeNull();
    coordinator.pass(500);
    first.beat(false);
    expect(first.partitions(topicId)).toEqual([0, 1]);
    first.beat();
    second.beat();
    expect(second.partitions(topicId)).toEqual([2, 3]);
    second.beat();
    coordinator.pass(500);
    for (const member of [first, second]) expect(member.beat(false).assignment).toBeNull();
  });

  test('also what it gained within an epoch, and what another broker told it to give up', () => {
    const coordinator = new Coordinator();
    const topicId = coordinator.world.putTopic('orders', 4);
    const first = new TestConsumer(coordinator, 'a', ['orders']);
    const second = new TestConsumer(coordinator, 'b', ['orders']);
    first.join();
    second.join();
    coordinator.heartbeat({ memberId: 'a', memberEpoch: 1 });
    coordinator.reload();
    first.beat(false);
    expect(first.partitions(topicId)).toEqual([0, 1]);
    first.beat();
    // What becomes free in the epoch that it has already: the second member does not hear of it.
    coordinator.heartbeat({ memberId: 'b', memberEpoch: 2 });
    expect(coordinator.group().state).toBe('Stable');
    coordinator.pass(500);
    second.beat(false);
    expect(second.partitions(topicId)).toEqual([2, 3]);
  });

  test('a fenced member that begins anew keeps nothing but gets its part of the target', () => {
    const coordinator = new Coordinator();
    const topicId = coordinator.world.putTopic('orders', 2);
    const member = new TestConsumer(coordinator, 'a', ['orders']);
    member.join();
    expect(member.join()).toMatchObject({
      errorCode: 0,
      memberEpoch: 1,
      assignment: { topicPartitions: [{ topicId, partitions: [0, 1] }] },
    });
  });

  test('a group that is full takes no one more, but who is in it stays', () => {
    const coordinator = new Coordinator();
    coordinator.world.settings = { ...coordinator.world.settings, consumerMaxSize: 1 };
    const member = new TestConsumer(coordinator, 'a', ['orders']);
    member.join();
    expect(new TestConsumer(coordinator, 'b', ['orders']).join()).toMatchObject({
      errorCode: errors.GROUP_MAX_SIZE_REACHED.code,
      errorMessage: 'The consumer group has reached its maximum capacity of 1 members.',
    });
    expect(member.beat().errorCode).toBe(0);
  });

  test('the server makes the id of a member that has none, in version 0', () => {
    const coordinator = new Coordinator();
    const join = {
      rebalanceTimeoutMs: 1000,
      subscribedTopicNames: [],
      topicPartitions: [],
      memberId: '',
    };
    const answer = coordinator.heartbeat(join, 0);
    expect(answer).toMatchObject({ errorCode: 0, memberEpoch: 1 });
    expect(coordinator.group().members.has(answer.memberId ?? '')).toBe(true);
    expect(coordinator.heartbeat(join, 1)).toMatchObject({
      errorCode: errors.INVALID_REQUEST.code,
      errorMessage: "MemberId can't be empty.",
    });
  });

  test.each([
    { name: 'no rebalance timeout', request: {}, error: 'INVALID_REQUEST' },
    {
      name: 'partitions at the join',
      request: { rebalanceTimeoutMs: 1, topicPartitions: null },
      error: 'INVALID_REQUEST',
    },
    {
      name: 'no subscription',
      request: { rebalanceTimeoutMs: 1, topicPartitions: [] },
      error: 'INVALID_REQUEST',
    },
    { name: 'an empty instance id', request: { instanceId: ' ' }, error: 'INVALID_REQUEST' },
    { name: 'an empty rack', request: { rackId: '' }, error: 'INVALID_REQUEST' },
    { name: 'an epoch below −2', request: { memberEpoch: -3 }, error: 'INVALID_REQUEST' },
    { name: 'going away without an instance', request: { memberEpoch: -2 }, error: 'INVALID_REQUEST' },
    {
      name: 'an assignor that the server lacks',
      request: {
        rebalanceTimeoutMs: 1,
        topicPartitions: [],
        subscribedTopicNames: [],
        serverAssignor: 'sticky',
      },
      error: 'UNSUPPORTED_ASSIGNOR',
    },
    { name: 'a group that is not there', request: { memberEpoch: 5 }, error: 'GROUP_ID_NOT_FOUND' },
    { name: 'leaving a group that is not there', request: { memberEpoch: -1 }, error: 'GROUP_ID_NOT_FOUND' },
  ] as const)('refuses $name', ({ request, error }) => {
    const coordinator = new Coordinator();
    expect(coordinator.heartbeat({ memberId: 'a', ...request }).errorCode).toBe(errors[error].code);
    expect(coordinator.log).toEqual([]);
  });
});
