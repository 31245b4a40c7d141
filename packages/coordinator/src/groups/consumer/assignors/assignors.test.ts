import { SeededRandom, TopicId } from '@kafkaesque/kernel';
import { casesOf } from '@kafkaesque/kernel/conformance';
import type { TopicView } from '../../world';
import { countPartitions, NO_PARTITIONS, type Assignment } from '../partitions';
import type { Assignor, AssignorMember } from './assignor';
import { assignRange } from './range-assignor';
import { assignUniform } from './uniform-assignor';

const topic = (
  name: string,
  partitionCount: number,
  racksOf: (partition: number) => readonly string[] = () => [],
): TopicView => ({ topicId: TopicId(name), name, partitionCount, racksOf });

const member = (
  memberId: string,
  topics: readonly TopicView[],
  rest: Partial<AssignorMember> = {},
): AssignorMember => ({
  memberId,
  instanceId: null,
  rackId: null,
  topics,
  current: NO_PARTITIONS,
  ...rest,
});

/** `a: orders 0 1, bills 0` */
const told = (assignments: ReadonlyMap<string, Assignment>): string[] =>
  Array.from(
    assignments,
    ([memberId, assignment]) =>
      `${memberId}: ${Array.from(assignment, ([name, list]) => `${name} ${list.join(' ')}`).join(', ')}`,
  ).sort();

const withCurrent = (
  members: readonly AssignorMember[],
  assignments: ReadonlyMap<string, Assignment>,
): AssignorMember[] =>
  members.map((each) => ({ ...each, current: assignments.get(each.memberId) ?? NO_PARTITIONS }));

/** What is wrong with an assignment: everything is assigned once, in order, and to subscribers. */
const incompleteness = (
  members: readonly AssignorMember[],
  assignments: ReadonlyMap<string, Assignment>,
): string[] => {
  const wrong: string[] = [];
  const owners = new Map<string, string>();
  for (const { memberId, topics } of members) {
    for (const [topicId, partitions] of assignments.get(memberId) ?? []) {
      if (!topics.some((each) => each.topicId === topicId))
        wrong.push(`${memberId} does not read ${topicId}`);
      if (partitions.length === 0) wrong.push(`${memberId} has nothing of ${topicId}`);
      for (const [at, partition] of partitions.entries()) {
        const key = `${topicId}/${partition}`;
        if (at > 0 && (partitions[at - 1] as number) >= partition) wrong.push(`${key} is out of order`);
        if (owners.has(key)) wrong.push(`${key} is assigned twice`);
        owners.set(key, memberId);
      }
    }
  }
  for (const { topics } of members)
    for (const { topicId, partitionCount } of topics)
      for (let partition = 0; partition < partitionCount; partition++)
        if (!owners.has(`${topicId}/${partition}`)) wrong.push(`${topicId}/${partition} is not assigned`);
  return wrong;
};

const expectComplete = (
  members: readonly AssignorMember[],
  assignments: ReadonlyMap<string, Assignment>,
): void => {
  expect(incompleteness(members, assignments)).toEqual([]);
};

/** Nobody could give one partition to a subscriber that has two fewer. */
const expectBalanced = (
  members: readonly AssignorMember[],
  assignments: ReadonlyMap<string, Assignment>,
): void => {
  const wrong: string[] = [];
  const loadOf = (memberId: string): number => countPartitions(assignments.get(memberId) ?? NO_PARTITIONS);
  for (const richer of members) {
    for (const topicId of assignments.get(richer.memberId)?.keys() ?? []) {
      for (const poorer of members) {
        if (!poorer.topics.some((each) => each.topicId === topicId)) continue;
        if (loadOf(richer.memberId) - loadOf(poorer.memberId) > 1)
          wrong.push(`${richer.memberId} could give ${topicId} to ${poorer.memberId}`);
      }
    }
  }
  expect(wrong).toEqual([]);
};

const movedBetween = (
  before: ReadonlyMap<string, Assignment>,
  after: ReadonlyMap<string, Assignment>,
): number => {
  let moved = 0;
  for (const [memberId, assignment] of before) {
    for (const [topicId, partitions] of assignment) {
      const kept = after.get(memberId)?.get(topicId) ?? [];
      if (after.has(memberId)) moved += partitions.filter((partition) => !kept.includes(partition)).length;
    }
  }
  return moved;
};

describe('the uniform assignor', () => {
  test('spreads every topic over all members', () => {
    const topics = [topic('bills', 2), topic('orders', 4)];
    expect(told(assignUniform([member('a', topics), member('b', topics)]))).toEqual([
      'a: bills 0, orders 0 2',
      'b: bills 1, orders 1 3',
    ]);
  });

  test('moves only what a new member needs', () => {
    const topics = [topic('orders', 6)];
    const members = ['a', 'b'].map((id) => member(id, topics));
    const before = assignUniform(members);
    const after = assignUniform([...withCurrent(members, before), member('c', topics)]);
    expect(movedBetween(before, after)).toBe(2);
    expectBalanced([...members, member('c', topics)], after);
  });

  test('gives the extra partition to those that have it', () => {
    const topics = [topic('orders', 5)];
    const members = ['a', 'b', 'c'].map((id) => member(id, topics));
    const before = assignUniform(members);
    for (const order of [members, members.toReversed()]) {
      const after = assignUniform(withCurrent(order, before));
      expect(movedBetween(before, after)).toBe(0);
    }
  });

  test('an assignment that stays is the same object', () => {
    const topics = [topic('orders', 5)];
    const members = ['a', 'b'].map((id) => member(id, topics));
    const before = assignUniform(members);
    const after = assignUniform(withCurrent(members, before));
    for (const [memberId, assignment] of after) expect(assignment).toBe(before.get(memberId));
  });

  test('gives up partitions of topics that are gone, and partitions that never were', () => {
    const topics = [topic('orders', 2)];
    const current: Assignment = new Map([
      [TopicId('gone'), [0, 1, 2]],
      [TopicId('orders'), [0, 7]],
    ]);
    expect(told(assignUniform([member('a', topics, { current })]))).toEqual(['a: orders 0 1']);
  });

  test('a partition that two were to have goes to one', () => {
    const topics = [topic('orders', 2)];
    const current: Assignment = new Map([[TopicId('orders'), [0, 1]]]);
    const members = ['a', 'b'].map((id) => member(id, topics, { current }));
    expectComplete(members, assignUniform(members));
  });

  test('what moves goes to a rack of its replicas', () => {
    const racked = [topic('orders', 9, (partition) => [`r${partition % 3}`])];
    const members = ['r2', 'r0', 'r1'].map((rackId) => member(`in-${rackId}`, racked, { rackId }));
    expect(told(assignUniform(members))).toEqual([
      'in-r0: orders 0 3 6',
      'in-r1: orders 1 4 7',
      'in-r2: orders 2 5 8',
    ]);
  });

  test('a member gives up first what has no replica in its rack', () => {
    const racked = [topic('orders', 4, (partition) => [`r${partition % 2}`])];
    const all: Assignment = new Map([[TopicId('orders'), [0, 1, 2, 3]]]);
    expect(
      told(
        assignUniform([
          member('in-r1', racked, { rackId: 'r1', current: all }),
          member('in-r0', racked, { rackId: 'r0' }),
        ]),
      ),
    ).toEqual(['in-r0: orders 0 2', 'in-r1: orders 1 3']);
  });

  test('members with different subscriptions are balanced as far as these allow', () => {
    const [orders, bills] = [topic('orders', 4), topic('bills', 4)];
    const members = [member('a', [orders]), member('b', [bills, orders]), member('c', [bills])];
    const assignments = assignUniform(members);
    expectComplete(members, assignments);
    expectBalanced(members, assignments);
  });

  test('nobody is no trouble', () => {
    expect(assignUniform([]).size).toBe(0);
    expect(told(assignUniform([member('a', [])]))).toEqual(['a: ']);
  });
});

describe('the range assignor', () => {
  test('gives runs of each topic, the longer ones first', () => {
    const topics = [topic('bills', 3), topic('orders', 5)];
    expect(told(assignRange([member('b', topics), member('a', topics)]))).toEqual([
      'a: bills 0 1, orders 0 1 2',
      'b: bills 2, orders 3 4',
    ]);
  });

  test('static members come first, in the order of their instances, whatever their ids', () => {
    const topics = [topic('orders', 3)];
    expect(
      told(
        assignRange([
          member('a', topics),
          member('z', topics, { instanceId: 'one' }),
          member('y', topics, { instanceId: 'two' }),
        ]),
      ),
    ).toEqual(['a: orders 2', 'y: orders 1', 'z: orders 0']);
  });

  test('each topic is divided among its own subscribers', () => {
    const [orders, bills] = [topic('orders', 4), topic('bills', 4)];
    const members = [member('a', [orders]), member('b', [bills, orders]), member('c', [bills])];
    expect(told(assignRange(members))).toEqual(['a: orders 0 1', 'b: bills 0 1, orders 2 3', 'c: bills 2 3']);
  });
});

const SEEDS = casesOf(40, 150);
const firstSeed = Number(process.env['SEED'] ?? 1);

let drawn = 0;
const drawMembers = (random: SeededRandom, topics: readonly TopicView[], count: number): AssignorMember[] => {
  const isHomogeneous = random.below(2) === 0;
  return Array.from({ length: count }, () =>
    member(
      `m${random.below(1000)}-${++drawn}`,
      isHomogeneous ? topics : topics.filter(() => random.below(3) > 0),
      { rackId: random.below(2) === 0 ? null : `r${random.below(3)}` },
    ),
  );
};

test.each<{ name: string; assign: Assignor; balances: boolean }>([
  { name: 'uniform', assign: assignUniform, balances: true },
  { name: 'range', assign: assignRange, balances: false },
])(
  `$name: complete, balanced and stable through any changes of members (${SEEDS} seeds)`,
  ({ assign, balances }) => {
    for (let seed = firstSeed; seed < firstSeed + SEEDS; seed++) {
      const random = new SeededRandom(seed, 'assignors');
      try {
        const topics = Array.from({ length: 1 + random.below(5) }, (_, index) =>
          topic(`t${index}`, random.below(12), (partition) => [`r${(partition + index) % 3}`]),
        );
        let members = drawMembers(random, topics, 1 + random.below(7));
        for (let step = 0; step < 5; step++) {
          const assignments = assign(members);
          expectComplete(members, assignments);
          if (balances) expectBalanced(members, assignments);
          members = withCurrent(members, assignments);
          const again = assign(members);
          for (const [memberId, assignment] of again) expect(assignment).toBe(assignments.get(memberId));
          if (random.below(2) === 0 && members.length > 1) members.splice(random.below(members.length), 1);
          else members.push(...drawMembers(random, topics, 1 + random.below(2)));
        }
      } catch (cause) {
        throw new Error(`SEED=${seed}`, { cause });
      }
    }
  },
);
