import { errors, type GroupRecord } from '@kafkaesque/protocol';
import { Coordinator, settle, TestConsumer } from './scenario';

const instance = (coordinator: Coordinator, memberId: string, instanceId: string): TestConsumer =>
  new TestConsumer(coordinator, memberId, ['orders'], { instanceId });

const told = (records: readonly GroupRecord[]): string[] =>
  records.map((record) => {
    const id = 'memberId' in record.key ? ` ${record.key.memberId}` : '';
    return `${record.kind.replace('ConsumerGroup', '')}${id}${record.value === null ? ' -' : ''}`;
  });

describe('a static member of the consumer protocol', () => {
  test('that goes away keeps its partitions, and whoever comes in its name takes them over in one step', () => {
    const coordinator = new Coordinator();
    const topicId = coordinator.world.putTopic('orders', 4);
    const first = instance(coordinator, 'a', 'one');
    const second = instance(coordinator, 'b', 'two');
    first.join();
    second.join();
    settle(coordinator, [first, second]);
    const had = first.partitions(topicId);
    expect(first.leave(-2)).toMatchObject({ errorCode: 0, memberId: 'a', memberEpoch: -2 });
    coordinator.pass(30_000);
    second.beat();
    expect(second.partitions(topicId)).toHaveLength(2);
    const written = coordinator.log.length;
    const again = instance(coordinator, 'c', 'one');
    expect(again.join()).toMatchObject({ errorCode: 0, memberEpoch: 2 });
    expect(again.partitions(topicId)).toEqual(had);
    expect(told(coordinator.log.slice(written))).toEqual([
      'CurrentMemberAssignment a -',
      'TargetAssignmentMember a -',
      'MemberMetadata a -',
      'MemberMetadata c',
      'TargetAssignmentMember c',
      'CurrentMemberAssignment c',
      'CurrentMemberAssignment c',
    ]);
    expect(coordinator.group().groupEpoch).toBe(2);
    expect(coordinator.group().state).toBe('Stable');
    expect([...coordinator.timers.keys()].filter((key) => key.endsWith('/a'))).toEqual([]);
  });

  test('that does not come back within its session loses its place', () => {
    const coordinator = new Coordinator();
    const topicId = coordinator.world.putTopic('orders', 4);
    const first = instance(coordinator, 'a', 'one');
    const second = instance(coordinator, 'b', 'two');
    first.join();
    second.join();
    settle(coordinator, [first, second]);
    first.leave(-2);
    coordinator.pass(30_000);
    second.beat();
    coordinator.pass(20_000);
    second.beat();
    expect(second.partitions(topicId)).toEqual([0, 1, 2, 3]);
    expect(coordinator.group().staticMembers.size).toBe(1);
  });

  test('cannot take the name of one that is there', () => {
    const coordinator = new Coordinator();
    coordinator.world.putTopic('orders', 4);
    instance(coordinator, 'a', 'one').join();
    expect(instance(coordinator, 'b', 'one').join()).toMatchObject({
      errorCode: errors.UNRELEASED_INSTANCE_ID.code,
      errorMessage:
        'Static member b with instance id one cannot join the group because the instance id is owned by a member.',
    });
  });

  test('that was fenced may begin anew under its own id', () => {
    const coordinator = new Coordinator();
    coordinator.world.putTopic('orders', 4);
    const member = instance(coordinator, 'a', 'one');
    member.join();
    expect(member.join()).toMatchObject({ errorCode: 0, memberEpoch: 1 });
  });

  test('whose place was taken is fenced, also when it leaves', () => {
    const coordinator = new Coordinator();
    coordinator.world.putTopic('orders', 4);
    const old = instance(coordinator, 'a', 'one');
    old.join();
    old.leave(-2);
    instance(coordinator, 'b', 'one').join();
    expect(old.beat()).toMatchObject({
      errorCode: errors.FENCED_INSTANCE_ID.code,
      errorMessage: 'Static member a with instance id one was fenced by member b.',
    });
    expect(old.leave(-1).errorCode).toBe(errors.FENCED_INSTANCE_ID.code);
    expect(old.leave(-2).errorCode).toBe(errors.FENCED_INSTANCE_ID.code);
  });

  test('that leaves for good is gone at once', () => {
    const coordinator = new Coordinator();
    coordinator.world.putTopic('orders', 4);
    const member = instance(coordinator, 'a', 'one');
    member.join();
    expect(member.leave(-1)).toMatchObject({ errorCode: 0, memberEpoch: -1 });
    expect(coordinator.group().members.size).toBe(0);
    expect(member.leave(-1)).toMatchObject({
      errorCode: errors.UNKNOWN_MEMBER_ID.code,
      errorMessage: 'Instance id one is unknown.',
    });
  });

  test('that is away is not heard with its old epoch', () => {
    const coordinator = new Coordinator();
    coordinator.world.putTopic('orders', 4);
    const member = instance(coordinator, 'a', 'one');
    member.join();
    member.leave(-2);
    expect(member.beat().errorCode).toBe(errors.FENCED_MEMBER_EPOCH.code);
    expect(member.join()).toMatchObject({ errorCode: 0, memberEpoch: 1 });
  });

  test('that comes back with another subscription gives the group a new epoch', () => {
    const coordinator = new Coordinator();
    coordinator.world.putTopic('orders', 4);
    const bills = coordinator.world.putTopic('bills', 1);
    const member = instance(coordinator, 'a', 'one');
    member.join();
    member.leave(-2);
    const again = new TestConsumer(coordinator, 'b', ['bills'], { instanceId: 'one' });
    again.join();
    expect(again.epoch).toBe(2);
    expect([...again.owned]).toEqual([[bills, [0]]]);
    expect(coordinator.group().isSubscribedTo('orders')).toBe(false);
  });

  test('takes its place in a full group', () => {
    const coordinator = new Coordinator();
    coordinator.world.settings = { ...coordinator.world.settings, consumerMaxSize: 1 };
    const member = instance(coordinator, 'a', 'one');
    member.join();
    member.leave(-2);
    expect(instance(coordinator, 'b', 'one').join().errorCode).toBe(0);
  });
});
