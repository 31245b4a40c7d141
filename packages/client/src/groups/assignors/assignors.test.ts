import { SeededRandom } from '@kafkaesque/kernel';
import type { TopicPartition } from '../../records';
import { keyOf } from '../partition-sets';
import type { AssignableTopic, Assignments, PartitionAssignor, SubscribedMember } from './assignor';
import { rangeAssignor } from './range-assignor';
import { roundRobinAssignor } from './round-robin-assignor';
import { cooperativeStickyAssignor, encodeStickyUserData, stickyAssignor } from './sticky-assignors';

const topicsOf = (
  counts: Readonly<Record<string, number>>,
  racksOf: (partition: number) => readonly string[] = () => [],
): ReadonlyMap<string, AssignableTopic> =>
  new Map(
    Object.entries(counts).map(([topic, count]) => [
      topic,
      {
        topic,
        partitions: Array.from({ length: count }, (_, partition) => ({
          partition,
          racks: racksOf(partition),
        })),
      },
    ]),
  );

const member = (
  memberId: string,
  topics: readonly string[],
  more: Partial<SubscribedMember> = {},
): SubscribedMember => ({
  memberId,
  groupInstanceId: undefined,
  topics,
  ownedPartitions: [],
  generationId: -1,
  rackId: undefined,
  userData: null,
  ...more,
});

const shown = (assignments: Assignments): Readonly<Record<string, string>> =>
  Object.fromEntries(
    [...assignments]
      .sort()
      .map(([id, partitions]) => [id, partitions.map((one) => keyOf(one).replace('-', '')).join(' ')]),
  );
const partitions = (text: string): readonly TopicPartition[] =>
  text.split(' ').map((one) => ({ topic: one.slice(0, 1), partition: Number(one.slice(1)) }));

describe('the range assignor', () => {
  test.each([
    { name: 'gives one member all', counts: { t: 3 }, ids: ['a'], expected: { a: 't0 t1 t2' } },
    {
      name: 'gives the first ones more',
      counts: { t: 5 },
      ids: ['b', 'a'],
      expected: { a: 't0 t1 t2', b: 't3 t4' },
    },
    {
      name: 'divides each topic alone',
      counts: { t: 3, u: 3 },
      ids: ['a', 'b'],
      expected: { a: 't0 t1 u0 u1', b: 't2 u2' },
    },
    {
      name: 'leaves members without where there are too many',
      counts: { t: 1 },
      ids: ['a', 'b'],
      expected: { a: 't0', b: '' },
    },
  ])('$name', ({ counts, ids, expected }) => {
    const members = ids.map((id) => member(id, Object.keys(counts)));
    expect(shown(rangeAssignor.assign(topicsOf(counts), members))).toEqual(expected);
  });

  test('orders static members by their instance ids, before the others', () => {
    const members = [
      member('a', ['t']),
      member('z', ['t'], { groupInstanceId: '1' }),
      member('y', ['t'], { groupInstanceId: '2' }),
    ];
    expect(shown(rangeAssignor.assign(topicsOf({ t: 3 }), members))).toEqual({ a: 't2', y: 't1', z: 't0' });
  });

  test('gives nobody what he does not subscribe', () => {
    const members = [member('a', ['t']), member('b', ['t', 'u']), member('c', [])];
    expect(shown(rangeAssignor.assign(topicsOf({ t: 2, u: 2 }), members))).toEqual({
      a: 't0',
      b: 't1 u0 u1',
      c: '',
    });
  });

  test('prefers replicas in the rack of the member, as far as shares allow', () => {
    const racks = topicsOf({ t: 4 }, (partition) => [['x', 'y'][partition % 2] ?? '']);
    const members = [member('a', ['t'], { rackId: 'y' }), member('b', ['t'], { rackId: 'x' })];
    expect(shown(rangeAssignor.assign(racks, members))).toEqual({ a: 't1 t3', b: 't0 t2' });
  });

  test('keeps topics together that are partitioned alike, also by rack', () => {
    const racks = topicsOf({ t: 4, u: 4 }, (partition) => [['x', 'y'][partition % 2] ?? '']);
    const members = [member('a', ['t', 'u'], { rackId: 'y' }), member('b', ['t', 'u'], { rackId: 'x' })];
    const { a, b } = shown(rangeAssignor.assign(racks, members));
    expect(a?.split(' ').sort()).toEqual(['t1', 't3', 'u1', 'u3']);
    expect(b?.split(' ').sort()).toEqual(['t0', 't2', 'u0', 'u2']);
  });
});

describe('the round-robin assignor', () => {
  test('goes through all topics, member by member', () => {
    const members = [member('a', ['t', 'u']), member('b', ['t', 'u'])];
    expect(shown(roundRobinAssignor.assign(topicsOf({ t: 3, u: 3 }), members))).toEqual({
      a: 't0 t2 u1',
      b: 't1 u0 u2',
    });
  });

  test('passes over members that do not subscribe the topic', () => {
    const members = [member('a', ['t']), member('b', ['t', 'u'])];
    expect(shown(roundRobinAssignor.assign(topicsOf({ t: 1, u: 2 }), members))).toEqual({
      a: 't0',
      b: 'u0 u1',
    });
  });
});

describe('the sticky assignors', () => {
  test('keep what members had, and move no more than balance needs', () => {
    const had = (text: string): Partial<SubscribedMember> => ({
      userData: encodeStickyUserData({ partitions: partitions(text), generationId: 1 }),
    });
    const members = [
      member('a', ['t'], had('t0 t1 t2')),
      member('b', ['t'], had('t3 t4 t5')),
      member('c', ['t']),
    ];
    const { a, b, c } = shown(stickyAssignor.assign(topicsOf({ t: 6 }), members));
    expect([a, b, c]).toEqual(['t0 t1', 't3 t4', 't2 t5']);
  });

  test('believe the newer generation, and neither of two that claim in the same', () => {
    const had = (text: string, generationId: number): Partial<SubscribedMember> => ({
      userData: encodeStickyUserData({ partitions: partitions(text), generationId }),
    });
    const members = [member('a', ['t'], had('t0 t1', 1)), member('b', ['t'], had('t0 t1', 2))];
    expect(shown(stickyAssignor.assign(topicsOf({ t: 2 }), members))).toEqual({ a: 't1', b: 't0' });
    const alike = [member('a', ['t'], had('t1', 2)), member('b', ['t'], had('t1', 2))];
    const { a, b } = shown(stickyAssignor.assign(topicsOf({ t: 2 }), alike));
    expect([a, b].sort()).toEqual(['t0', 't1']);
  });

  test('read user data of the version without generation, and do not stumble over any other', () => {
    const old = Buffer.from('0000000100017400000001 00000001'.replaceAll(' ', ''), 'hex');
    const members = [
      member('a', ['t'], { userData: Buffer.from('ff', 'hex') }),
      member('b', ['t'], { userData: old }),
    ];
    expect(shown(stickyAssignor.assign(topicsOf({ t: 2 }), members))).toEqual({ a: 't0', b: 't1' });
  });

  test('give what moves to nobody until its owner has given it up, where owners keep reading', () => {
    const owner = member('a', ['t'], { ownedPartitions: partitions('t0 t1'), generationId: 3 });
    const first = cooperativeStickyAssignor.assign(topicsOf({ t: 2 }), [owner, member('b', ['t'])]);
    expect(shown(first)).toEqual({ a: 't0', b: '' });
    const after = member('a', ['t'], { ownedPartitions: partitions('t0'), generationId: 4 });
    const second = cooperativeStickyAssignor.assign(topicsOf({ t: 2 }), [after, member('b', ['t'])]);
    expect(shown(second)).toEqual({ a: 't0', b: 't1' });
  });

  test('balance members that subscribe differently', () => {
    const members = [member('a', ['t']), member('b', ['t', 'u']), member('c', ['u'])];
    const sizes = [...stickyAssignor.assign(topicsOf({ t: 4, u: 2 }), members).values()].map(
      ({ length }) => length,
    );
    expect(sizes).toEqual([2, 2, 2]);
  });
});

const assignors: readonly PartitionAssignor[] = [
  rangeAssignor,
  roundRobinAssignor,
  stickyAssignor,
  cooperativeStickyAssignor,
];

describe.each(assignors)('$name, over random groups', (assignor) => {
  test('gives every subscribed partition to one subscriber, whatever the members say they owned', () => {
    for (let seed = 1; seed <= 60; seed += 1) {
      const random = new SeededRandom(seed, 'assignors');
      const topics = topicsOf({ t: random.below(9), u: 1 + random.below(4), v: random.below(3) });
      const all = [...topics.values()].flatMap(({ topic, partitions: some }) =>
        some.map(({ partition }) => ({ topic, partition })),
      );
      const names = ['t', 'u', 'v', 'gone'];
      let members = Array.from({ length: 1 + random.below(5) }, (_, index) =>
        member(
          `m${index}`,
          names.filter(() => random.below(3) > 0),
          {
            ownedPartitions: all.filter(() => random.below(4) === 0),
            generationId: random.below(3),
          },
        ),
      );
      // What nobody keeps comes in the second round at the latest.
      for (let round = 0; round < 2; round += 1) {
        const assignments = assignor.assign(topics, members);
        const given = [...assignments.values()].flat().map(keyOf);
        expect({ seed, given: new Set(given).size }).toEqual({ seed, given: given.length });
        members = members.map((one) => ({
          ...one,
          ownedPartitions: assignments.get(one.memberId) ?? [],
          generationId: 5,
          userData:
            assignor.userData?.({ partitions: assignments.get(one.memberId) ?? [], generationId: 5 }) ?? null,
        }));
        for (const { topics: mine, ownedPartitions } of members) {
          expect(ownedPartitions.every(({ topic }) => mine.includes(topic))).toBe(true);
        }
      }
      const owned = members.flatMap(({ ownedPartitions }) => ownedPartitions.map(keyOf)).sort();
      const wanted = all.filter(({ topic }) => members.some((one) => one.topics.includes(topic)));
      expect({ seed, owned }).toEqual({ seed, owned: wanted.map(keyOf).sort() });
    }
  });
});
