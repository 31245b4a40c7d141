import { Offset, PartitionIndex, SeededRandom, TopicId } from '@kafkaesque/kernel';
import { casesOf } from '@kafkaesque/kernel/conformance';
import type { Positions } from './effects';
import { Purgatory } from './purgatory';
import type { FetchWait, Operation, ProduceWait } from './purgatory';
import { TOPIC } from './scenario';

const at = (partition: number, end: number, exposedBytes = 100, durableEnd = end): Positions => ({
  topicId: TOPIC,
  partition: PartitionIndex(partition),
  durableEndOffset: Offset(durableEnd),
  highWatermark: Offset(end),
  lastStableOffset: Offset(end),
  exposedBytes,
});
const produced = (
  partition: number,
  awaitedOffset: number,
  awaits: ProduceWait['awaits'] = 'high-watermark',
): ProduceWait => ({
  topicId: TOPIC,
  partition: PartitionIndex(partition),
  awaits,
  awaitedOffset: Offset(awaitedOffset),
});
const fetched = (
  partition: number,
  fetchOffset: number,
  isolation: FetchWait['isolation'] = 'read-uncommitted',
): FetchWait => ({
  topicId: TOPIC,
  partition: PartitionIndex(partition),
  fetchOffset: Offset(fetchOffset),
  isolation,
});
const by = (
  context: string,
  deadlineMs = 1000,
  ownerId = 1,
): { context: string; deadlineMs: number; ownerId: number } => ({
  context,
  deadlineMs,
  ownerId,
});
const contexts = (operations: readonly Operation<string>[]): readonly string[] =>
  operations.map((one) => one.context);
const open = (maxOperations = 100): Purgatory<string> => new Purgatory<string>({ maxOperations });

describe('a produce operation', () => {
  test('is over when its last partition has come far enough', () => {
    const purgatory = open();
    const operation = purgatory.watchProduce([produced(0, 5), produced(1, 3, 'durable')], by('a'));
    expect(contexts(purgatory.advanced(at(0, 4)))).toEqual([]);
    expect(contexts(purgatory.advanced(at(0, 5)))).toEqual([]);
    expect(operation?.waits.map((wait) => wait.state)).toEqual(['reached', 'open']);
    expect(contexts(purgatory.advanced(at(1, 0, 0, 3)))).toEqual(['a']);
    expect(purgatory.sizes()).toEqual({ produceOperations: 0, fetchOperations: 0 });
  });

  test('of acks=1 does not wait for the high watermark, one of acks=all does', () => {
    const purgatory = open();
    purgatory.watchProduce([produced(0, 5, 'durable')], by('one'));
    purgatory.watchProduce([produced(0, 5)], by('all'));
    expect(contexts(purgatory.advanced(at(0, 0, 0, 5)))).toEqual(['one']);
    expect(contexts(purgatory.advanced(at(0, 5)))).toEqual(['all']);
  });

  test('that came later for an earlier offset, as a duplicate does, goes first', () => {
    const purgatory = open();
    for (const end of [3, 6, 9]) purgatory.watchProduce([produced(0, end)], by(`to ${end}`));
    purgatory.watchProduce([produced(0, 6)], by('again to 6'));
    expect(contexts(purgatory.advanced(at(0, 6)))).toEqual(['to 3', 'to 6', 'again to 6']);
  });

  test('learns which partitions were open at the deadline', () => {
    const purgatory = open();
    const operation = purgatory.watchProduce([produced(0, 5), produced(1, 5)], by('a', 50));
    purgatory.advanced(at(1, 9));
    expect(purgatory.nextDeadlineMs()).toBe(50);
    expect(contexts(purgatory.expire(49))).toEqual([]);
    expect(contexts(purgatory.expire(50))).toEqual(['a']);
    expect(operation?.waits.map((wait) => wait.state)).toEqual(['open', 'reached']);
    expect(contexts(purgatory.advanced(at(0, 5)))).toEqual([]);
  });

  test('does not keep waiting for a partition that is led elsewhere', () => {
    const purgatory = open();
    const operation = purgatory.watchProduce([produced(0, 5), produced(1, 5, 'durable')], by('a'));
    expect(contexts(purgatory.failed(TOPIC, PartitionIndex(0)))).toEqual([]);
    expect(contexts(purgatory.failed(TOPIC, PartitionIndex(1)))).toEqual(['a']);
    expect(operation?.waits.map((wait) => wait.state)).toEqual(['failed', 'failed']);
  });
});

describe('a fetch operation', () => {
  test('is over at the first byte when one byte is enough', () => {
    const purgatory = open();
    purgatory.watchFetch([fetched(0, 5), fetched(1, 5)], 1, by('a'));
    expect(contexts(purgatory.advanced(at(1, 6, 70)))).toEqual(['a']);
  });

  test('collects its minimum over all its partitions', () => {
    const purgatory = open();
    purgatory.watchFetch([fetched(0, 5), fetched(1, 5)], 250, by('a'));
    expect(contexts(purgatory.advanced(at(0, 6, 100)))).toEqual([]);
    expect(contexts(purgatory.advanced(at(1, 6, 100)))).toEqual([]);
    expect(contexts(purgatory.advanced(at(0, 7, 50)))).toEqual(['a']);
  });

  test('does not count what its client has already', () => {
    const purgatory = open();
    purgatory.watchFetch([fetched(0, 50)], 1, by('a'));
    expect(contexts(purgatory.advanced(at(0, 50)))).toEqual([]);
    expect(contexts(purgatory.advanced(at(0, 51)))).toEqual(['a']);
  });

  test('of read_committed waits for the last stable offset', () => {
    const purgatory = open();
    purgatory.watchFetch([fetched(0, 5, 'read-committed')], 1, by('committed'));
    purgatory.watchFetch([fetched(0, 5)], 1, by('any'));
    expect(contexts(purgatory.advanced({ ...at(0, 9), lastStableOffset: Offset(5) }))).toEqual(['any']);
    expect(contexts(purgatory.advanced(at(0, 10)))).toEqual(['committed']);
  });

  test('does not look up when nothing became readable', () => {
    const purgatory = open();
    purgatory.watchFetch([fetched(0, 5)], 1, by('a'));
    expect(contexts(purgatory.advanced(at(0, 9, 0)))).toEqual([]);
  });

  test('is planned again when a partition is led elsewhere', () => {
    const purgatory = open();
    purgatory.watchFetch([fetched(0, 5), fetched(1, 5)], 1000, by('a'));
    expect(contexts(purgatory.failed(TOPIC, PartitionIndex(1)))).toEqual(['a']);
    expect(contexts(purgatory.expire(1e9))).toEqual([]);
  });

  test('that names a partition twice is over once', () => {
    const purgatory = open();
    purgatory.watchFetch([fetched(0, 5), fetched(0, 5)], 1, by('a'));
    purgatory.watchFetch([fetched(0, 5)], 1, by('b'));
    expect(contexts(purgatory.advanced(at(0, 6)))).toEqual(['a', 'b']);
  });
});

describe('the purgatory', () => {
  test('drops everything of a connection that went away', () => {
    const purgatory = open();
    purgatory.watchProduce([produced(0, 5)], by('gone', 10, 1));
    purgatory.watchFetch([fetched(0, 5)], 1, by('gone too', 10, 1));
    purgatory.watchFetch([fetched(0, 5)], 1, by('stays', 10, 2));
    purgatory.cancelOwner(1);
    purgatory.cancelOwner(3);
    expect(purgatory.sizes()).toEqual({ produceOperations: 0, fetchOperations: 1 });
    expect(contexts(purgatory.advanced(at(0, 9)))).toEqual(['stays']);
    expect(purgatory.nextDeadlineMs()).toBe(Infinity);
  });

  test('takes no more than its limit, and says so', () => {
    const purgatory = open(2);
    expect(purgatory.watchFetch([fetched(0, 5)], 1, by('a'))).toBeDefined();
    expect(purgatory.watchProduce([produced(0, 5)], by('b'))).toBeDefined();
    expect(purgatory.watchFetch([fetched(0, 5)], 1, by('c'))).toBeUndefined();
    expect(purgatory.watchProduce([produced(0, 5)], by('d'))).toBeUndefined();
    expect(contexts(purgatory.advanced(at(0, 9)))).toEqual(['b', 'a']);
  });

  test('tells deadlines in their order', () => {
    const purgatory = open();
    for (const ms of [30, 10, 20, 40]) purgatory.watchFetch([fetched(0, 5)], 1, by(`at ${ms}`, ms));
    expect(contexts(purgatory.expire(30))).toEqual(['at 10', 'at 20', 'at 30']);
    expect(purgatory.nextDeadlineMs()).toBe(40);
  });

  test('keeps topics apart that share a partition number', () => {
    const purgatory = open();
    purgatory.watchFetch([{ ...fetched(0, 5), topicId: TopicId('BBBBBBBBBBBBBBBBBBBBBA') }], 1, by('a'));
    expect(contexts(purgatory.advanced(at(0, 9)))).toEqual([]);
  });
});

/** The same rules over plain lists, looking at everything each time. */
interface Naive {
  readonly name: string;
  readonly owner: number;
  readonly deadlineMs: number;
  readonly waits: {
    readonly partition: number;
    readonly offset: number;
    readonly awaits: ProduceWait['awaits'];
    open: boolean;
  }[];
  readonly places: { readonly partition: number; readonly offset: number }[];
  missing: number;
}

test('whatever happens in whatever order, the same operations are over as in a list that is searched', () => {
  for (let seed = 0; seed < casesOf(15, 60); seed++) {
    const random = new SeededRandom(seed, 'purgatory');
    const purgatory = open(25);
    let naive: Naive[] = [];
    let nowMs = 0;
    const ends = [0, 0, 0];
    const durables = [0, 0, 0];
    const over = (done: (one: Naive) => boolean): readonly string[] => {
      const names = naive.filter(done).map((one) => one.name);
      naive = naive.filter((one) => !names.includes(one.name));
      return names.sort();
    };
    for (let step = 0; step < 120; step++) {
      const partition = random.below(3);
      const options = by(`${step}`, nowMs + random.below(60), random.below(4));
      const some = Array.from({ length: 1 + random.below(3) }, () => ({
        partition: random.below(3),
        offset: random.below(60),
      }));
      let got: readonly string[] = [];
      let expected: readonly string[] = [];
      switch (random.below(7)) {
        case 0: {
          const waits = some.map((wait) => ({
            ...wait,
            awaits: random.below(2) === 0 ? ('durable' as const) : ('high-watermark' as const),
            open: true,
          }));
          const watched = purgatory.watchProduce(
            waits.map((wait) => produced(wait.partition, wait.offset, wait.awaits)),
            options,
          );
          expect(watched === undefined).toBe(naive.length >= 25);
          if (watched !== undefined)
            naive.push({
              name: `${step}`,
              owner: options.ownerId,
              deadlineMs: options.deadlineMs,
              waits,
              places: [],
              missing: 0,
            });
          break;
        }
        case 1: {
          const missing = 1 + random.below(300);
          const watched = purgatory.watchFetch(
            some.map((place) => fetched(place.partition, place.offset)),
            missing,
            options,
          );
          if (watched !== undefined)
            naive.push({
              name: `${step}`,
              owner: options.ownerId,
              deadlineMs: options.deadlineMs,
              waits: [],
              places: some,
              missing,
            });
          break;
        }
        case 2:
        case 3:
        case 4: {
          durables[partition] = (durables[partition] ?? 0) + random.below(6);
          const before = ends[partition] ?? 0;
          const end = before + random.below((durables[partition] ?? 0) - before + 1);
          ends[partition] = end;
          const bytes = end > before ? random.below(120) : 0;
          got = contexts(purgatory.advanced(at(partition, end, bytes, durables[partition])));
          for (const one of naive) {
            for (const wait of one.waits)
              if (
                wait.partition === partition &&
                wait.offset <= (wait.awaits === 'durable' ? (durables[partition] ?? 0) : end)
              )
                wait.open = false;
            for (const place of one.places)
              if (one.missing > 0 && place.partition === partition && place.offset < end)
                one.missing -= bytes;
          }
          expected = over((one) =>
            one.places.length > 0 ? one.missing <= 0 : one.waits.every((wait) => !wait.open),
          );
          break;
        }
        case 5:
          nowMs += random.below(30);
          got = contexts(purgatory.expire(nowMs));
          expected = over((one) => one.deadlineMs <= nowMs);
          break;
        case 6:
          if (random.below(2) === 0) {
            purgatory.cancelOwner(options.ownerId);
            over((one) => one.owner === options.ownerId);
          } else {
            got = contexts(purgatory.failed(TOPIC, PartitionIndex(partition)));
            for (const one of naive)
              for (const wait of one.waits) if (wait.partition === partition) wait.open = false;
            expected = over(
              (one) =>
                one.places.some((place) => place.partition === partition) ||
                (one.waits.length > 0 && one.waits.every((wait) => !wait.open)),
            );
          }
          break;
      }
      const sizes = purgatory.sizes();
      expect({
        seed,
        step,
        over: [...got].sort(),
        left: sizes.produceOperations + sizes.fetchOperations,
      }).toEqual({ seed, step, over: expected, left: naive.length });
      expect({ seed, step, next: purgatory.nextDeadlineMs() }).toEqual({
        seed,
        step,
        next: Math.min(Infinity, ...naive.map((one) => one.deadlineMs)),
      });
    }
  }
});
