import { errors } from '@kafkaesque/protocol';
import type { ClassicGroup } from '../classic/classic-group';
import { TestClassicConsumer } from './classic-scenario';
import { live, ofClassic, ofConsumer, sorted, startClassics, withTopic } from './migration-scenario';
import type { Coordinator } from './scenario';
import { TestConsumer } from './scenario';

const ofOrders = (classics: readonly TestClassicConsumer[]): number[] => classics.flatMap(ofClassic);

const ofConsumers = (consumers: readonly TestConsumer[]): number[] => consumers.flatMap(ofConsumer);

const kindOf = (coordinator: Coordinator): string | undefined => coordinator.machine.groups.get('g')?.kind;

describe.each([
  { name: 'eager', isEager: true },
  { name: 'cooperative', isEager: false },
])('a group of $name classic members', ({ isEager }) => {
  test('becomes one of the consumer protocol with the first member that speaks it, and they share', () => {
    const coordinator = withTopic();
    const classics = startClassics(coordinator, 2, isEager);
    expect(sorted(ofOrders(classics))).toEqual([0, 1, 2, 3]);
    const consumer = new TestConsumer(coordinator, 'new', ['orders']);
    expect(consumer.join().errorCode).toBe(0);
    expect(kindOf(coordinator)).toBe('consumer');
    live(coordinator, classics, [consumer]);
    expect(coordinator.group().state).toBe('Stable');
    expect(sorted([...ofOrders(classics), ...ofConsumers([consumer])])).toEqual([0, 1, 2, 3]);
    expect(ofConsumers([consumer]).length).toBeGreaterThan(0);
    expect(classics.every(({ phase }) => phase.kind === 'stable')).toBe(true);
  });

  test('goes back when that member leaves, and loses no partition', () => {
    const coordinator = withTopic();
    const classics = startClassics(coordinator, 2, isEager);
    const consumer = new TestConsumer(coordinator, 'new', ['orders']);
    consumer.join();
    live(coordinator, classics, [consumer]);
    consumer.leave();
    expect(kindOf(coordinator)).toBe('classic');
    expect([...coordinator.timers.keys()].filter((key) => key.startsWith('consumer/'))).toEqual([]);
    live(coordinator, classics, []);
    expect(coordinator.machine.groups.get('g')?.state).toBe('Stable');
    expect(sorted(ofOrders(classics))).toEqual([0, 1, 2, 3]);
  });

  test('goes back when that member is silent, also if the coordinator dies in between', () => {
    const coordinator = withTopic();
    const classics = startClassics(coordinator, 2, isEager);
    const consumer = new TestConsumer(coordinator, 'new', ['orders']);
    consumer.join();
    live(coordinator, classics, [consumer]);
    for (let second = 0; second < 60 && kindOf(coordinator) === 'consumer'; second++)
      live(coordinator, classics, [], 1);
    expect(kindOf(coordinator)).toBe('classic');
    coordinator.reload();
    live(coordinator, classics, []);
    expect(coordinator.machine.groups.get('g')?.state).toBe('Stable');
    expect(sorted(ofOrders(classics))).toEqual([0, 1, 2, 3]);
  });

  test('lets in more classic members while it is one of the consumer protocol', () => {
    const coordinator = withTopic(6);
    const classics = startClassics(coordinator, 1, isEager);
    const consumer = new TestConsumer(coordinator, 'new', ['orders']);
    consumer.join();
    const more = new TestClassicConsumer(coordinator, ['orders'], { isEager });
    more.join();
    const all = [...classics, more];
    live(coordinator, all, [consumer]);
    expect(coordinator.group().members.size).toBe(3);
    expect(all.map((classic) => ofOrders([classic]).length)).toEqual([2, 2]);
    expect(sorted([...ofOrders(all), ...ofConsumers([consumer])])).toEqual([0, 1, 2, 3, 4, 5]);
    more.leave();
    live(coordinator, classics, [consumer]);
    expect(sorted([...ofOrders(classics), ...ofConsumers([consumer])])).toEqual([0, 1, 2, 3, 4, 5]);
  });
});

describe('a group with members of both protocols', () => {
  test('describes who speaks which', () => {
    const coordinator = withTopic();
    const [classic] = startClassics(coordinator, 1);
    const consumer = new TestConsumer(coordinator, 'new', ['orders']);
    consumer.join();
    const answer = coordinator.asked({ kind: 'describe-consumer', groupId: 'g' });
    expect(answer).toMatchObject({
      answer: {
        errorCode: 0,
        groupId: 'g',
        assignorName: 'uniform',
        members: [
          { memberId: classic?.memberId, memberType: 0, subscribedTopicNames: ['orders'] },
          { memberId: 'new', memberType: 1, subscribedTopicRegex: null },
        ],
      },
    });
  });

  test('a classic member that is told to join and does not is thrown out after its rebalance timeout', () => {
    const coordinator = withTopic();
    const [first, second] = startClassics(coordinator, 2) as [TestClassicConsumer, TestClassicConsumer];
    const consumer = new TestConsumer(coordinator, 'new', ['orders']);
    consumer.join();
    const heartbeatOnly = (): number | undefined => {
      const answer = coordinator.asked({
        kind: 'heartbeat',
        apiVersion: 4,
        asker: { clientId: 'classic', clientHost: '/127.0.0.1', principal: '' },
        request: {
          groupId: 'g',
          generationId: first.generation,
          memberId: first.memberId,
          groupInstanceId: null,
        },
      });
      return answer?.kind === 'heartbeat' ? answer.answer.errorCode : undefined;
    };
    expect(heartbeatOnly()).toBe(errors.REBALANCE_IN_PROGRESS.code);
    for (let second10 = 0; second10 < 5; second10++) {
      live(coordinator, [second], [consumer], 10);
      heartbeatOnly();
    }
    expect(coordinator.group().members.size).toBe(3);
    live(coordinator, [second], [consumer], 20);
    expect(coordinator.group().members.has(first.memberId)).toBe(false);
    expect(sorted([...ofOrders([second]), ...ofConsumers([consumer])])).toEqual([0, 1, 2, 3]);
  });

  test('a classic member commits with its epoch as generation', () => {
    const coordinator = withTopic();
    const [classic] = startClassics(coordinator, 1) as [TestClassicConsumer];
    const consumer = new TestConsumer(coordinator, 'new', ['orders']);
    consumer.join();
    live(coordinator, [classic], [consumer]);
    const refusal = (generation: number): number =>
      coordinator.group().commitRefusal(classic.memberId, null, generation, 8);
    expect(refusal(classic.generation)).toBe(0);
    expect(refusal(classic.generation + 1)).toBe(errors.ILLEGAL_GENERATION.code);
    const { group } = { group: coordinator.group() };
    expect(group.commitRefusal('new', null, consumer.epoch, 9)).toBe(0);
    expect(group.commitRefusal('new', null, consumer.epoch, 8)).toBe(errors.UNSUPPORTED_VERSION.code);
    expect(group.commitRefusal('new', null, consumer.epoch + 1, 9)).toBe(errors.STALE_MEMBER_EPOCH.code);
    expect(group.commitRefusal('who', null, consumer.epoch, 9)).toBe(errors.UNKNOWN_MEMBER_ID.code);
  });

  test('a static classic member in the place of the last one of the consumer protocol makes it classic', () => {
    const coordinator = withTopic();
    const classics = startClassics(coordinator, 1);
    const consumer = new TestConsumer(coordinator, 'new', ['orders'], { instanceId: 'one' });
    consumer.join();
    live(coordinator, classics, [consumer]);
    const back = new TestClassicConsumer(coordinator, ['orders'], { instanceId: 'one' });
    back.join();
    expect(kindOf(coordinator)).toBe('classic');
    const all = [...classics, back];
    live(coordinator, all, []);
    expect(sorted(ofOrders(all))).toEqual([0, 1, 2, 3]);
    expect(consumer.beat().errorCode).toBe(errors.GROUP_ID_NOT_FOUND.code);
  });

  test('a static consumer takes the place of a classic one, its partitions included', () => {
    const coordinator = withTopic();
    const classic = new TestClassicConsumer(coordinator, ['orders'], { instanceId: 'one' });
    classic.join();
    live(coordinator, [classic], []);
    const consumer = new TestConsumer(coordinator, 'new', ['orders'], { instanceId: 'one' });
    expect(consumer.join().errorCode).toBe(0);
    expect(sorted(ofConsumers([consumer]))).toEqual([0, 1, 2, 3]);
    expect([...coordinator.group().members.keys()]).toEqual(['new']);
    classic.step();
    expect(classic.errors.at(-1)).toBe(errors.FENCED_INSTANCE_ID.code);
  });

  test('a static consumer that takes a place amid a rebalance gets what a member that left had, too', () => {
    const coordinator = withTopic();
    const classics = ['one', 'two'].map(
      (instanceId) => new TestClassicConsumer(coordinator, ['orders'], { instanceId }),
    ) as [TestClassicConsumer, TestClassicConsumer];
    for (const classic of classics) classic.join();
    live(coordinator, classics, []);
    expect(ofClassic(classics[0])).toHaveLength(2);
    classics[1].leave();
    expect(coordinator.machine.groups.get('g')?.state).toBe('PreparingRebalance');
    const consumer = new TestConsumer(coordinator, 'new', ['orders'], { instanceId: 'one' });
    expect(consumer.join().errorCode).toBe(0);
    expect([...coordinator.group().members.keys()]).toEqual(['new']);
    live(coordinator, [], [consumer]);
    expect(sorted(ofConsumer(consumer))).toEqual([0, 1, 2, 3]);
  });

  test('without a consumer member, where the way back is closed, classic members still get what is free', () => {
    const coordinator = withTopic();
    coordinator.world.settings = { ...coordinator.world.settings, migrationPolicy: 'upgrade' };
    const classics = startClassics(coordinator, 2);
    const consumer = new TestConsumer(coordinator, 'new', ['orders']);
    consumer.join();
    live(coordinator, classics, [consumer]);
    consumer.leave();
    expect(kindOf(coordinator)).toBe('consumer');
    live(coordinator, classics, []);
    expect(sorted(ofOrders(classics))).toEqual([0, 1, 2, 3]);
    coordinator.world.putTopic('orders', 6);
    live(coordinator, classics, []);
    expect(sorted(ofOrders(classics))).toEqual([0, 1, 2, 3, 4, 5]);
  });
});

describe('a migration', () => {
  test('that is not allowed is refused, and changes nothing', () => {
    const coordinator = withTopic();
    startClassics(coordinator, 1);
    coordinator.world.settings = { ...coordinator.world.settings, migrationPolicy: 'disabled' };
    const written = coordinator.log.length;
    expect(new TestConsumer(coordinator, 'new', ['orders']).join()).toMatchObject({
      errorCode: errors.GROUP_ID_NOT_FOUND.code,
      errorMessage: 'Cannot upgrade classic group g to consumer group because online upgrade is disabled.',
    });
    expect(coordinator.log).toHaveLength(written);
    expect(kindOf(coordinator)).toBe('classic');
  });

  test('an empty classic group is simply taken over, and its generations go on as epochs', () => {
    const coordinator = withTopic();
    coordinator.world.settings = { ...coordinator.world.settings, migrationPolicy: 'disabled' };
    const [classic] = startClassics(coordinator, 1) as [TestClassicConsumer];
    classic.leave();
    const { generationId } = coordinator.machine.groups.get('g') as ClassicGroup;
    expect(generationId).toBeGreaterThan(1);
    const consumer = new TestConsumer(coordinator, 'new', ['orders']);
    expect(consumer.join()).toMatchObject({ errorCode: 0, memberEpoch: generationId + 1 });
    consumer.leave();
    const again = startClassics(coordinator, 1);
    expect(kindOf(coordinator)).toBe('classic');
    expect(sorted(ofOrders(again))).toEqual([0, 1, 2, 3]);
  });

  test('a classic member is not let in while migration is disabled', () => {
    const coordinator = withTopic();
    new TestConsumer(coordinator, 'new', ['orders']).join();
    coordinator.world.settings = { ...coordinator.world.settings, migrationPolicy: 'disabled' };
    const classic = new TestClassicConsumer(coordinator, ['orders']);
    classic.join();
    expect(coordinator.answers.get((classic.phase as { ticket: number }).ticket)).toMatchObject({
      answer: { errorCode: errors.INCONSISTENT_GROUP_PROTOCOL.code },
    });
  });
});
