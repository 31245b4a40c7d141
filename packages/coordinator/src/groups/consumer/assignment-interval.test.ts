import { kafkaGroupSettings } from '../testing/kafka-settings';
import { Coordinator, settle, TestConsumer } from './scenario';

const withInterval = (consumerAssignmentIntervalMs: number): Coordinator => {
  const coordinator = new Coordinator();
  coordinator.world.groupSettings = {
    ...coordinator.world.groupSettings,
    ...{ consumerAssignmentIntervalMs, isAssignmentIntervalSet: true },
  };
  coordinator.world.putTopic('orders', 8);
  return coordinator;
};

const targets = (coordinator: Coordinator): number =>
  coordinator.log.filter(({ kind }) => kind === 'ConsumerGroupTargetAssignmentMetadata').length;

describe('the interval between assignments of a group (KIP-1263)', () => {
  test('the first member is assigned at once; all that join within the interval share one assignment, at its end', () => {
    const coordinator = withInterval(1000);
    const consumers = ['a', 'b', 'c', 'd'].map((id) => new TestConsumer(coordinator, id, ['orders']));
    for (const consumer of consumers) consumer.join();
    expect(targets(coordinator)).toBe(1);
    expect(coordinator.group().state).toBe('Assigning');
    coordinator.pass(999);
    expect(targets(coordinator)).toBe(1);
    coordinator.pass(1);
    expect(targets(coordinator)).toBe(2);
    expect(coordinator.group().assignmentEpoch).toBe(coordinator.group().groupEpoch);
    settle(coordinator, consumers);
    expect(coordinator.group().state).toBe('Stable');
    expect(consumers.map(({ owned }) => [...owned.values()].flat().length)).toEqual([2, 2, 2, 2]);
  });

  test('where nobody has set the interval, a small group waits only until those that start with it are there', () => {
    const coordinator = new Coordinator();
    coordinator.world.groupSettings = kafkaGroupSettings;
    coordinator.world.putTopic('orders', 8);
    const consumers = ['a', 'b', 'c', 'd'].map((id) => new TestConsumer(coordinator, id, ['orders']));
    for (const consumer of consumers) consumer.join();
    expect(targets(coordinator)).toBe(1);
    coordinator.pass(60);
    expect(targets(coordinator)).toBe(2);
    settle(coordinator, consumers);
    expect(consumers.map(({ owned }) => [...owned.values()].flat().length)).toEqual([2, 2, 2, 2]);
  });

  test('a large group waits for the default interval, and no longer', () => {
    const coordinator = new Coordinator();
    coordinator.world.groupSettings = kafkaGroupSettings;
    coordinator.world.putTopic('orders', 8);
    const join = (count: number, of: string): void => {
      for (let member = 0; member < count; member += 1)
        new TestConsumer(coordinator, `${of}-${member}`, ['orders']).join();
    };
    join(990, 'first');
    coordinator.pass(1000);
    const before = targets(coordinator);
    join(1, 'late');
    coordinator.pass(990);
    expect(targets(coordinator)).toBe(before);
    coordinator.pass(10);
    expect(targets(coordinator)).toBe(before + 1);
  });

  test('a heartbeat after the interval assigns without waiting for the timer, which then ends', () => {
    const coordinator = withInterval(1000);
    const consumers = ['a', 'b'].map((id) => new TestConsumer(coordinator, id, ['orders']));
    for (const consumer of consumers) consumer.join();
    expect([...coordinator.timers.keys()].some((key) => key.startsWith('consumer/assignment/'))).toBe(true);
    coordinator.nowMs += 1500;
    consumers[0]?.beat();
    expect(targets(coordinator)).toBe(2);
    expect([...coordinator.timers.keys()].some((key) => key.startsWith('consumer/assignment/'))).toBe(false);
  });

  test('a group that was empty waits for nothing', () => {
    const coordinator = withInterval(60_000);
    const first = new TestConsumer(coordinator, 'a', ['orders']);
    first.join();
    new TestConsumer(coordinator, 'b', ['orders']).join();
    first.leave();
    coordinator.heartbeat({ memberId: 'b', memberEpoch: -1 });
    expect(coordinator.timers.size).toBe(0);
    const again = new TestConsumer(coordinator, 'c', ['orders']);
    again.join();
    expect([...again.owned.values()].flat()).toHaveLength(8);
  });

  test('an interval of zero assigns with every change', () => {
    const coordinator = withInterval(0);
    for (const id of ['a', 'b', 'c']) new TestConsumer(coordinator, id, ['orders']).join();
    expect(targets(coordinator)).toBe(3);
  });

  test('a clock that was set back does not hold a group up', () => {
    const coordinator = withInterval(1000);
    coordinator.nowMs = 10_000_000;
    new TestConsumer(coordinator, 'a', ['orders']).join();
    coordinator.nowMs = 1000;
    new TestConsumer(coordinator, 'b', ['orders']).join();
    expect(coordinator.group().state).toBe('Reconciling');
  });

  test('after a reload the next heartbeat assigns, when it is time', () => {
    const coordinator = withInterval(1000);
    const consumers = ['a', 'b'].map((id) => new TestConsumer(coordinator, id, ['orders']));
    for (const consumer of consumers) consumer.join();
    coordinator.reload();
    coordinator.pass(2000);
    settle(coordinator, consumers);
    expect(coordinator.group().state).toBe('Stable');
    expect(consumers.map(({ owned }) => [...owned.values()].flat().length)).toEqual([4, 4]);
  });
});
