import { errors } from '@kafkaesque/protocol';
import { TestClassicConsumer } from './classic-scenario';
import { live, ofClassic, ofConsumer, sorted, startClassics, withTopic } from './migration-scenario';
import { partitionsOf } from './partitions';
import type { Coordinator } from './scenario';
import { TestConsumer } from './scenario';

/* Who owns what while a group passes from one protocol to the other (decision 0026). */

/** By the answer to its join, which it has not taken yet. */
const leads = (coordinator: Coordinator, { memberId, phase }: TestClassicConsumer): boolean => {
  const answer = phase.kind === 'joining' ? coordinator.answers.get(phase.ticket) : undefined;
  return answer?.kind === 'join' && answer.answer.leader === memberId;
};

/**
 * Two members with two partitions each, and a third one, have joined the next generation, and none knows its assignment. `isDivided`:
 * the leader has told who is to have what: two partitions go to nobody until their owners give them up.
 */
const amidRebalance = (
  coordinator: Coordinator,
  isDivided: boolean,
): readonly [TestClassicConsumer, TestClassicConsumer, TestClassicConsumer] => {
  const [first, second] = startClassics(coordinator, 2) as [TestClassicConsumer, TestClassicConsumer];
  const third = new TestClassicConsumer(coordinator, ['orders']);
  third.join();
  third.step();
  // They hear of the rebalance, and join with what they have.
  first.step();
  second.step();
  expect(coordinator.machine.groups.get('g')?.state).toBe('CompletingRebalance');
  if (isDivided) {
    for (const classic of [first, second, third]) if (leads(coordinator, classic)) classic.step();
    expect(coordinator.machine.groups.get('g')?.state).toBe('Stable');
  }
  return [first, second, third];
};

const ownedFor = (coordinator: Coordinator, memberId: string): readonly number[] => {
  const member = coordinator.group().members.get(memberId);
  if (member === undefined) return [];
  return sorted(
    [...partitionsOf(member.assigned), ...partitionsOf(member.pendingRevocation)].flatMap(
      ([, partitions]) => partitions,
    ),
  );
};

describe.each([
  { when: 'before the leader has divided the partitions', isDivided: false },
  { when: 'before members have heard what the leader has given them', isDivided: true },
])('a group that is converted in the middle of a classic rebalance, $when,', ({ isDivided }) => {
  test('leaves its members what they said at their join that they own, until they join again', () => {
    const coordinator = withTopic();
    const classics = amidRebalance(coordinator, isDivided);
    const had = classics.map((classic) => sorted(ofClassic(classic)));
    expect(had).toEqual([expect.any(Array), expect.any(Array), []]);
    expect(sorted(had.flat())).toEqual([0, 1, 2, 3]);
    const consumer = new TestConsumer(coordinator, 'new', ['orders']);
    expect(consumer.join().errorCode).toBe(0);
    expect(classics.map(({ memberId }) => ownedFor(coordinator, memberId))).toEqual(had);
    expect(ofConsumer(consumer)).toEqual([]);
    // However often it asks, and in whatever life of the coordinator.
    consumer.beat();
    coordinator.reload();
    consumer.beat();
    expect(classics.map(({ memberId }) => ownedFor(coordinator, memberId))).toEqual(had);
    expect(ofConsumer(consumer)).toEqual([]);
    live(coordinator, classics, [consumer], 60);
    expect(sorted([...classics.flatMap(ofClassic), ...ofConsumer(consumer)])).toEqual([0, 1, 2, 3]);
    expect(ofConsumer(consumer)).toHaveLength(1);
  });

  test('gives what such a member has to others once it is thrown out', () => {
    const coordinator = withTopic();
    const [first, second, third] = amidRebalance(coordinator, isDivided);
    const consumer = new TestConsumer(coordinator, 'new', ['orders']);
    consumer.join();
    const had = sorted(ofClassic(first));
    live(coordinator, [second, third], [consumer], 10);
    expect(ownedFor(coordinator, first.memberId)).toEqual(had);
    live(coordinator, [second, third], [consumer], 110);
    expect(coordinator.group().members.has(first.memberId)).toBe(false);
    expect(sorted([...ofClassic(second), ...ofClassic(third), ...ofConsumer(consumer)])).toEqual([
      0, 1, 2, 3,
    ]);
  });
});

describe('a group that goes back while a classic member has something to give up', () => {
  /** The classic member has been told to give up two of its four partitions, and has not done so yet. */
  const amidRevocation = (coordinator: Coordinator): readonly [TestClassicConsumer, TestConsumer] => {
    const [classic] = startClassics(coordinator, 1) as [TestClassicConsumer];
    expect(sorted(ofClassic(classic))).toEqual([0, 1, 2, 3]);
    const consumer = new TestConsumer(coordinator, 'new', ['orders']);
    consumer.join();
    classic.step();
    const { state } = coordinator.group().members.get(classic.memberId) ?? {};
    expect(state).toBe('unrevoked');
    return [classic, consumer];
  };

  test('knows that it has them all, also when a member of the consumer protocol comes at once', () => {
    const coordinator = withTopic();
    const [classic, consumer] = amidRevocation(coordinator);
    consumer.leave();
    expect(coordinator.machine.groups.get('g')?.kind).toBe('classic');
    const next = new TestConsumer(coordinator, 'next', ['orders']);
    expect(next.join().errorCode).toBe(0);
    expect(ownedFor(coordinator, classic.memberId)).toEqual([0, 1, 2, 3]);
    expect(ofConsumer(next)).toEqual([]);
    live(coordinator, [classic], [next], 60);
    expect(ofConsumer(next)).toHaveLength(2);
    expect(ofClassic(classic)).toHaveLength(2);
  });

  test('knows it after a failover, too', () => {
    const coordinator = withTopic();
    const [classic, consumer] = amidRevocation(coordinator);
    consumer.leave();
    coordinator.reload();
    classic.interrupted();
    const next = new TestConsumer(coordinator, 'next', ['orders']);
    next.join();
    expect(ofConsumer(next)).toEqual([]);
    live(coordinator, [classic], [next], 60);
    expect(sorted([...ofClassic(classic), ...ofConsumer(next)])).toEqual([0, 1, 2, 3]);
  });
});

describe('a classic member that was thrown out of a group of the consumer protocol without noticing', () => {
  /** It was silent for longer than its session, and the other has everything. */
  const thrownOut = (coordinator: Coordinator): readonly [TestClassicConsumer, TestConsumer] => {
    const [classic] = startClassics(coordinator, 1) as [TestClassicConsumer];
    const consumer = new TestConsumer(coordinator, 'new', ['orders']);
    consumer.join();
    live(coordinator, [classic], [consumer], 60);
    expect(ofClassic(classic)).toHaveLength(2);
    for (let second = 0; second < 60; second++) {
      coordinator.pass(1000);
      consumer.beat();
    }
    expect(coordinator.group().members.has(classic.memberId)).toBe(false);
    expect(sorted(ofConsumer(consumer))).toEqual([0, 1, 2, 3]);
    return [classic, consumer];
  };

  test('is told UNKNOWN_MEMBER_ID when it joins with partitions in its hands, and drops them', () => {
    const coordinator = withTopic();
    const [classic, consumer] = thrownOut(coordinator);
    const written = coordinator.log.length;
    const { memberId } = classic;
    expect(ofClassic(classic)).toHaveLength(2);
    classic.join();
    expect(coordinator.answers.get((classic.phase as { ticket: number }).ticket)).toMatchObject({
      answer: { errorCode: errors.UNKNOWN_MEMBER_ID.code, memberId },
    });
    expect(coordinator.log).toHaveLength(written);
    expect(coordinator.group().members.has(memberId)).toBe(false);
    classic.step();
    expect(ofClassic(classic)).toEqual([]);
    live(coordinator, [classic], [consumer], 60);
    expect(classic.memberId).not.toBe(memberId);
    expect(ofClassic(classic)).toHaveLength(2);
    expect(ofConsumer(consumer)).toHaveLength(2);
  });

  test('is taken in under its old id when it has nothing, as with Kafka', () => {
    const coordinator = withTopic();
    const [classic, consumer] = thrownOut(coordinator);
    const { memberId } = classic;
    classic.owned.clear();
    classic.ownedById.clear();
    classic.join();
    live(coordinator, [classic], [consumer], 60);
    expect(classic.memberId).toBe(memberId);
    expect(classic.errors).not.toContain(errors.UNKNOWN_MEMBER_ID.code);
    expect(sorted([...ofClassic(classic), ...ofConsumer(consumer)])).toEqual([0, 1, 2, 3]);
  });
});
