import { SeededRandom } from '@kafkaesque/kernel';
import type { Change, EntityState, Operation, Told } from './metadata-history';
import { checkHistory } from './metadata-history';

let nowMs = 0;
beforeEach(() => {
  nowMs = 0;
});

/** One operation after the other, unless a time is given. */
const told = (change: Change, outcome: Told, times?: readonly [number, number]): Operation => {
  nowMs += 10;
  const [startedMs, endedMs] = times ?? [nowMs, outcome.kind === 'unknown' ? Infinity : nowMs + 5];
  return { entity: 'orders', change, told: outcome, startedMs, endedMs };
};
const create: Change = { kind: 'create', partitions: 1, configs: {} };
const remove: Change = { kind: 'delete' };
const grow = (partitions: number): Change => ({ kind: 'grow', partitions });
const alter = (value: string | null): Change => ({ kind: 'alter', configs: { 'retention.ms': value } });
const done: Told = { kind: 'done' };
const unknown: Told = { kind: 'unknown' };
const refused = (code: string): Told => ({ kind: 'refused', code });
const sees = (seen: EntityState): Operation => told({ kind: 'read' }, { kind: 'done', seen });
const topic = (topicId: string, configs = {}, partitions = 1): EntityState => ({
  topicId,
  partitions,
  configs,
});

test.each<{ readonly name: string; readonly history: () => readonly Operation[] }>([
  { name: 'nothing', history: () => [] },
  {
    name: 'all was done, one after the other',
    history: () => [
      told(create, { kind: 'done', topicId: 'A' }),
      told(alter('1'), done),
      told(grow(3), done),
      sees(topic('A', { 'retention.ms': '1' }, 3)),
      told(remove, done),
      sees('absent'),
    ],
  },
  {
    name: 'a creation of which nobody knows happened',
    history: () => [told(create, unknown), sees(topic('A'))],
  },
  {
    name: 'a creation of which nobody knows did not happen',
    history: () => [told(create, unknown), sees('absent')],
  },
  {
    name: 'a creation of which nobody knows happened after a later refusal',
    history: () => [
      told(create, unknown),
      told(remove, refused('UNKNOWN_TOPIC_OR_PARTITION')),
      told(create, refused('TOPIC_ALREADY_EXISTS')),
      sees(topic('A')),
    ],
  },
  {
    name: 'a change of which nobody knows happened after a later one',
    history: () => [
      told(create, done),
      told(alter('1'), unknown),
      told(alter('2'), done),
      sees(topic('A', { 'retention.ms': '1' })),
    ],
  },
  {
    name: 'two at once, either first',
    history: () => [
      told(create, done),
      told(alter('1'), done, [20, 30]),
      told(alter('2'), done, [20, 30]),
      sees(topic('A', { 'retention.ms': '1' })),
    ],
  },
  {
    name: 'a value is taken back to its default',
    history: () => [told(create, done), told(alter('1'), done), told(alter(null), done), sees(topic('A'))],
  },
  {
    name: 'a deletion found that somebody else was faster',
    history: () => [told(create, done), told(remove, done), told(remove, done), sees('absent')],
  },
  {
    name: 'a refusal for another reason',
    history: () => [told(create, refused('INVALID_REPLICATION_FACTOR')), sees('absent')],
  },
])('explains: $name', ({ history }) => {
  expect(checkHistory(history())).toEqual([]);
});

test.each<{ readonly name: string; readonly history: () => readonly Operation[] }>([
  {
    name: 'a creation was acknowledged and is not there',
    history: () => [told(create, done), sees('absent')],
  },
  {
    name: 'a creation was refused and is there',
    history: () => [told(create, refused('NOT_CONTROLLER')), sees(topic('A'))],
  },
  {
    name: 'a deletion was acknowledged and the topic is there',
    history: () => [told(create, done), told(remove, done), sees(topic('A'))],
  },
  {
    name: 'a deletion was refused and the topic is gone',
    history: () => [told(create, done), told(remove, refused('NOT_CONTROLLER')), sees('absent')],
  },
  {
    name: 'a value was acknowledged and an earlier one is there',
    history: () => [
      told(create, done),
      told(alter('1'), done),
      told(alter('2'), done),
      sees(topic('A', { 'retention.ms': '1' })),
    ],
  },
  {
    name: 'a value was refused and is there',
    history: () => [
      told(create, done),
      told(alter('-7'), refused('INVALID_CONFIG')),
      sees(topic('A', { 'retention.ms': '-7' })),
    ],
  },
  {
    name: 'half of a change was done',
    history: () => [
      told(create, done),
      told({ kind: 'alter', configs: { a: '1', b: '1' } }, unknown),
      sees(topic('A', { a: '1' })),
    ],
  },
  {
    name: 'another topic is there than the one that was created',
    history: () => [told(create, { kind: 'done', topicId: 'A' }), sees(topic('B'))],
  },
  {
    name: 'one topic was created twice',
    history: () => [told(create, done), told(create, done), sees(topic('A'))],
  },
  {
    name: 'partitions were acknowledged and are not there',
    history: () => [told(create, done), told(grow(4), done), sees(topic('A'))],
  },
  {
    name: 'it was said not to exist while it was there all the time',
    history: () => [
      told(create, done),
      told(alter('1'), refused('UNKNOWN_TOPIC_OR_PARTITION')),
      sees(topic('A')),
    ],
  },
  {
    name: 'it was said to exist before anybody began to create it',
    history: () => [told(create, refused('TOPIC_ALREADY_EXISTS')), told(create, done), sees(topic('A'))],
  },
  {
    name: 'two nodes show different things',
    history: () => [told(create, unknown), sees(topic('A')), sees('absent')],
  },
])('finds: $name', ({ history }) => {
  const operations = history();
  const [violation, ...others] = checkHistory(operations);
  expect(others).toEqual([]);
  expect(violation?.entity).toBe('orders');
  expect(violation?.what).toMatch(/^no order explains what was told of /);
});

test('an entity that was there before everything else is judged from there', () => {
  const operations = [
    { ...told(alter('1'), done), entity: 'brokers' },
    { ...sees({ topicId: undefined, partitions: 0, configs: { 'retention.ms': '1' } }), entity: 'brokers' },
  ];
  const initially = (): EntityState => ({ topicId: undefined, partitions: 0, configs: {} });
  expect(checkHistory(operations, { initially })).toEqual([]);
  expect(checkHistory(operations)).toHaveLength(1);
});

/** A server that keeps its promises, asked by clients at once: each operation takes effect at a drawn moment, or gets lost. */
const honest = (random: SeededRandom): Operation[] => {
  const asked = Array.from({ length: 20 }, (_, at) => {
    const startedMs = at * 10 + random.below(40);
    const endedMs = startedMs + 1 + random.below(40);
    const kinds: readonly Change[] = [create, remove, grow(2 + random.below(9)), alter(String(at))];
    const isLost = random.below(5) === 0;
    return {
      change: kinds[random.below(kinds.length)] ?? create,
      ...{ startedMs, endedMs, isLost },
      atMs: isLost ? startedMs + random.below(300) : startedMs + random.fraction() * (endedMs - startedMs),
    };
  }).sort((a, b) => a.atMs - b.atMs);
  let state: EntityState = 'absent';
  const operations = asked.map(({ change, startedMs, endedMs, isLost }, at): Operation => {
    const entity = 'orders';
    const isNever = isLost && random.below(2) === 0;
    const result = isNever ? { state, told: unknown } : served(change, state, `id-${at}`);
    state = result.state;
    return isLost
      ? { entity, change, told: unknown, startedMs, endedMs: Infinity }
      : { entity, change, told: result.told, startedMs, endedMs };
  });
  return [...operations, { ...sees(state), startedMs: 2000, endedMs: 2001 }];
};

const served = (
  change: Change,
  state: EntityState,
  topicId: string,
): { readonly state: EntityState; readonly told: Told } => {
  if (change.kind === 'create')
    return state === 'absent'
      ? { state: { topicId, partitions: change.partitions, configs: {} }, told: { kind: 'done', topicId } }
      : { state, told: refused('TOPIC_ALREADY_EXISTS') };
  if (state === 'absent') return { state, told: refused('UNKNOWN_TOPIC_OR_PARTITION') };
  if (change.kind === 'delete') return { state: 'absent', told: done };
  if (change.kind === 'grow')
    return change.partitions > state.partitions
      ? { state: { ...state, partitions: change.partitions }, told: done }
      : { state, told: refused('INVALID_PARTITIONS') };
  const configs = change.kind === 'alter' ? { ...state.configs, ...change.configs } : state.configs;
  return { state: { ...state, configs: configs as Record<string, string> }, told: done };
};

test('histories of a server that keeps its promises are explained, and what nobody asked for is found in them', () => {
  const seed = Math.floor(Math.random() * 2 ** 32);
  for (let run = 0; run < 20; run++) {
    const random = new SeededRandom(seed, `run ${run}`);
    const operations = honest(random);
    expect({ seed, run, violations: checkHistory(operations) }).toEqual({ seed, run, violations: [] });
    const last = { ...sees(topic('nobody’s', {}, 99)), startedMs: 3000, endedMs: 3001 };
    const violations = checkHistory([...operations, last]);
    expect({ seed, run, found: violations.length }).toEqual({ seed, run, found: 1 });
  }
});
