import { LeaderEpoch, Offset, SeededRandom } from '@kafkaesque/kernel';
import { Scheduler, SimulatedDisk, VirtualClock } from '@kafkaesque/sim';
import type { Log } from '@kafkaesque/storage';
import type { MovingOptions } from './moving-scenario';
import { MovingBroker, PARTITION, TOPIC, assignedTo, ledBy, valuesOf } from './moving-scenario';

/** A broker with records in one directory, and the path of the other. */
const begun = async ({ seed = 1, ...options }: MovingOptions & { readonly seed?: number } = {}) => {
  const scheduler = new Scheduler();
  const random = new SeededRandom(seed, 'moves');
  const disk = new SimulatedDisk({ random: random.fork('disk'), scheduler });
  const newClock = (): VirtualClock => new VirtualClock({ scheduler });
  const broker = new MovingBroker({ scheduler, disk, random, newClock }, options);
  await broker.settle(broker.start());
  const from = broker.home ?? '';
  const to = broker.paths.find((path) => path !== from) ?? '';
  for (let i = 0; i < 20; i++) broker.produce();
  await broker.run({ until: () => broker.acknowledged.length === 20 });
  await broker.settle(broker.replica.log.flush());
  return { broker, from, to };
};

const isOver = (broker: MovingBroker) => (): boolean =>
  broker.replicas?.moves.lagOf(broker.replica) === undefined;

/** One log, where it is to be, with everything that was acknowledged, and nothing left over. */
const expectMoved = async (broker: MovingBroker, to: string): Promise<void> => {
  expect(broker.home).toBe(to);
  await expectWhole(broker);
  for (const directory of broker.directories.all) {
    expect([...directory.moves]).toEqual([]);
    if (directory.path !== to) expect([...directory.logs()]).toEqual([]);
  }
};

const expectWhole = async (broker: MovingBroker): Promise<void> => {
  const { log } = broker.replica;
  expect(log).toBe(broker.directory(broker.home ?? '').log(TOPIC, PARTITION));
  const values = await broker.settle(valuesOf(log));
  expect(values.slice(log.logStartOffset, broker.acknowledged.length)).toEqual(
    broker.acknowledged.slice(log.logStartOffset),
  );
  expect([log.suspect, log.recovery.kind === 'corrupt']).toEqual([undefined, false]);
};

describe.each(['ack', 'replication'])(
  'a move between log directories with flush.policy=%s',
  (flushPolicy) => {
    const topic = { 'flush.policy': flushPolicy, 'segment.bytes': '1048576' };

    test('takes every record along, those that come meanwhile, too', async () => {
      const { broker, from, to } = await begun({ topic });
      broker.produceEvery(1, 100);
      await broker.settle(broker.replicas!.moves.move(broker.replica, broker.directory(to)));
      expect(broker.directories.futureHolderOf(TOPIC, PARTITION)?.path).toBe(to);
      expect(broker.home).toBe(from);
      await broker.run({ until: isOver(broker) });
      expect(broker.told).toEqual([broker.directory(to).directoryId]);
      await expectMoved(broker, to);
      broker.produce();
      await broker.run({ until: () => broker.acknowledged.length === 121 });
      await broker.settle(broker.stop());
      await broker.settle(broker.start());
      await expectMoved(broker, to);
    });

    test.each(['kill', 'power'] as const)('a %s at any point of it leaves one whole log', async (how) => {
      const { events, outcomes } = { events: await eventsOfMove(topic), outcomes: new Set<string>() };
      for (let crashAt = 0; crashAt < events; crashAt += 5) {
        const { broker, from, to } = await begun({ topic, seed: 1 + crashAt });
        broker.produceEvery(2, 20);
        void broker.replicas!.moves.move(broker.replica, broker.directory(to));
        await broker.run({ maximumEvents: crashAt });
        broker.crash(how);
        // The start that follows does not come to its end every time.
        if (crashAt % 2 === 1) {
          void broker.start();
          await broker.run({ maximumEvents: crashAt % 60 });
          broker.crash(how);
        }
        await broker.settle(broker.start());
        outcomes.add(broker.home === from ? 'from' : 'to');
        // What was not flushed yet a loss of power may take; then it goes for good.
        if (how === 'power' && flushPolicy === 'replication') {
          expect(broker.replica.log.endOffset).toBeGreaterThanOrEqual(20);
          broker.acknowledged.length = Math.min(broker.acknowledged.length, broker.replica.log.endOffset);
        }
        await expectWhole(broker);
        broker.produceEvery(2, 10);
        await broker.run({ until: isOver(broker) });
        await expectMoved(broker, broker.home === from ? from : to);
        await broker.settle(broker.stop());
      }
      expect([...outcomes].sort()).toEqual(['from', 'to']);
    });
  },
);

describe('while a replica moves', () => {
  /** Its copy has begun, and is held up. */
  const heldUp = async (options: Parameters<typeof begun>[0] = {}) => {
    const staged = await begun(options);
    const { broker, to } = staged;
    broker.throttle.limitTo(0);
    await broker.settle(broker.replicas!.moves.move(broker.replica, broker.directory(to)));
    const goOn = async (): Promise<void> => {
      broker.throttle.limitTo(Number.MAX_SAFE_INTEGER);
      await broker.run({ until: isOver(broker) });
    };
    return { ...staged, goOn };
  };

  test('its copy keeps to the throttle', async () => {
    const { broker, to, goOn } = await heldUp();
    for (let i = 0; i < 20; i++) broker.produce(10_000);
    await broker.run({ until: () => broker.acknowledged.length === 40 });
    expect(broker.replicas!.moves.lagOf(broker.replica)).toBe(40);
    const begunMs = broker.scheduler.nowMs;
    broker.throttle.limitTo(20_000);
    await broker.run({ until: () => broker.replicas?.moves.lagOf(broker.replica) === 0 });
    // 200,000 bytes, of which the last piece may be overdrawn.
    expect(broker.scheduler.nowMs - begunMs).toBeGreaterThan(8000);
    await goOn();
    await expectMoved(broker, to);
  });

  test('a later log start counts in the copy', async () => {
    const { broker, to, goOn } = await heldUp();
    await broker.settle(broker.replica.log.raiseLogStart(Offset(13)));
    broker.replicas!.logStartRaised(broker.replica);
    await goOn();
    expect(broker.replica.log.logStartOffset).toBe(13);
    await expectMoved(broker, to);
  });

  /** It follows, and has a part of what is there in its copy. */
  const following = async () => {
    const staged = await heldUp();
    const { broker, to } = staged;
    for (let i = 0; i < 10; i++) broker.produce(10_000);
    await broker.run({ until: () => broker.acknowledged.length === 30 });
    broker.change([ledBy(2)]);
    broker.throttle.limitTo(1);
    await broker.run({ until: () => copyOf(broker, to)?.durableEndOffset === 21 });
    broker.throttle.limitTo(0);
    return staged;
  };
  const lead = async (broker: MovingBroker): Promise<void> => {
    await broker.run({ until: () => !broker.replica.isLoading });
    broker.acknowledged.length = broker.replica.log.endOffset;
    broker.newEpoch();
    const end = broker.acknowledged.length;
    broker.produceEvery(1, 5);
    await broker.run({ until: () => broker.acknowledged.length === end + 5 });
  };

  test('what is cut from its log is cut from the copy', async () => {
    const { broker, to, goOn } = await following();
    const { leaderEpoch } = broker.replica.machine;
    const cut = broker.replica.machine.divergedAt(LeaderEpoch(leaderEpoch - 1), Offset(10));
    broker.replicas!.asFollower.truncate(broker.replica, cut!.truncateTo);
    await lead(broker);
    await goOn();
    expect(broker.replica.log.endOffset).toBe(15);
    await expectMoved(broker, to);
  });

  test('a log that begins anew is copied anew', async () => {
    const { broker, to, goOn } = await following();
    const reset = broker.replica.machine.outOfRange(Offset(100));
    broker.replicas!.asFollower.reset(broker.replica, reset!.resetTo);
    await lead(broker);
    await goOn();
    expect([broker.replica.log.logStartOffset, broker.replica.log.endOffset]).toEqual([100, 105]);
    await expectMoved(broker, to);
  });

  test.each([
    ['its topic is deleted', [{ kind: 'RemoveTopicRecord', value: { topicId: TOPIC } } as const]],
    ['its partition is assigned to others', [assignedTo(2)]],
  ])('nothing is left when %s', async (_, records) => {
    const { broker } = await heldUp();
    broker.change(records);
    await broker.run();
    for (const directory of broker.directories.all)
      expect([[...directory.moves], [...directory.logs()]]).toEqual([[], []]);
  });

  test('it stays when it is wanted back', async () => {
    const { broker, from } = await heldUp();
    await broker.settle(broker.replicas!.moves.move(broker.replica, broker.directory(from)));
    await expectMoved(broker, from);
  });

  test('it goes to a third directory when it is wanted there', async () => {
    const { broker, from, goOn } = await heldUp({ paths: ['/a', '/b', '/c'] });
    const third = broker.paths.find((path) => path !== from && path !== broker.home && path !== '/b') ?? '';
    await broker.settle(broker.replicas!.moves.move(broker.replica, broker.directory(third)));
    await goOn();
    await expectMoved(broker, third);
  });

  test('it stays where it is when the target fails, and moves on after a restart', async () => {
    const { broker, from, to } = await heldUp();
    broker.fail(to);
    broker.produceEvery(1, 5);
    await broker.run({ until: () => broker.acknowledged.length === 25 });
    expect([broker.home, broker.replica.machine.role.kind]).toEqual([from, 'leader']);
    const again = broker.replicas!.moves.move(broker.replica, broker.directory(from));
    await broker.settle(again);
    await broker.settle(broker.stop());
    await broker.settle(broker.start());
    await broker.run({ until: isOver(broker) });
    await expectMoved(broker, to);
  });

  describe('and changes over', () => {
    const changing = async () => {
      const staged = await begun();
      const { broker, from, to } = staged;
      broker.produceEvery(1, 50);
      void broker.replicas!.moves.move(broker.replica, broker.directory(to));
      await broker.run({ until: () => broker.replica.log === copyOf(broker, to) });
      expect(broker.home).toBe(from);
      // What is appended now is in the new log alone.
      broker.produce();
      return staged;
    };

    test('it goes back when the target fails, and is led in a new epoch', async () => {
      const { broker, from, to } = await changing();
      const { leaderEpoch } = broker.replica.machine;
      broker.fail(to);
      await broker.run({ until: () => broker.replica.machine.leaderEpoch > leaderEpoch });
      const end = broker.acknowledged.length;
      broker.produceEvery(1, 5);
      await broker.run({ until: () => broker.acknowledged.length >= end + 5 });
      expect(broker.home).toBe(from);
      await expectWhole(broker);
      await broker.settle(broker.stop());
      await broker.settle(broker.start());
      await broker.run({ until: isOver(broker) });
      await expectMoved(broker, to);
    });

    test('it is offline when the source fails, and whole after a restart', async () => {
      const { broker, from } = await changing();
      broker.fail(from);
      expect(broker.replica.machine.role.kind).toBe('offline');
      await broker.run();
      await broker.settle(broker.stop());
      await broker.settle(broker.start());
      await expectWhole(broker);
    });
  });

  test('it is offline when the source fails; without the source the copy is its log, and is not believed', async () => {
    const { broker, from, to } = await heldUp();
    broker.throttle.limitTo(Number.MAX_SAFE_INTEGER);
    await broker.run({ until: () => broker.replicas?.moves.lagOf(broker.replica) === 0 });
    await broker.run({ until: () => copyOf(broker, to)?.durableEndOffset === 20 });
    broker.fail(from);
    expect(broker.replica.machine.role.kind).toBe('offline');
    await broker.settle(broker.stop());
    broker.paths = [to];
    await broker.settle(broker.start());
    const { log } = broker.replica;
    expect(log.suspect?.reason).toContain('is not there');
    expect(await broker.settle(valuesOf(log))).toEqual(broker.acknowledged);
    await broker.settle(broker.stop());
    // The other one comes back: of the two the metadata know none, and neither is deleted.
    broker.paths = [from, to];
    await broker.settle(broker.start());
    expect(broker.directories.all.map((one) => [...one.logs()].length)).toEqual([1, 1]);
    expect([...broker.directories.logs()]).toHaveLength(1);
  });
});

describe('while one of its two directories cannot be opened', () => {
  /** The copy has everything, and is the replica only if that is decided; the broker has died. */
  const copied = async ({ isDecided = false } = {}) => {
    const staged = await begun();
    const { broker, from, to } = staged;
    const directoryId = broker.directory(to).directoryId;
    broker.throttle.limitTo(0);
    await broker.settle(broker.replicas!.moves.move(broker.replica, broker.directory(to)));
    broker.throttle.limitTo(Number.MAX_SAFE_INTEGER);
    await broker.run({ until: () => copyOf(broker, to)?.durableEndOffset === 20 });
    const mark = { topicId: TOPIC, partition: PARTITION, kind: 'moved', directoryId } as const;
    if (isDecided) await broker.settle(broker.directory(from).moves.set(mark));
    broker.crash('kill');
    return staged;
  };

  test('a replica is not what has been copied of it, and goes on moving when both are there', async () => {
    const { broker, from, to } = await copied();
    broker.awayPaths = [from];
    await broker.settle(broker.start());
    expect(broker.replicas?.find(TOPIC, PARTITION)).toBeUndefined();
    expect(broker.replicas?.away.has(TOPIC, PARTITION)).toBe(true);
    expect(copyOf(broker, to)?.suspect).toBeUndefined();
    await broker.settle(broker.stop());
    broker.awayPaths = [];
    await broker.settle(broker.start());
    await broker.run({ until: isOver(broker) });
    await expectMoved(broker, to);
  });

  test('a replica whose copy is away is served', async () => {
    const { broker, from, to } = await copied();
    broker.awayPaths = [to];
    await broker.settle(broker.start());
    expect(broker.home).toBe(from);
    await expectWhole(broker);
    await expect(broker.replicas?.moves.move(broker.replica, broker.directory(to))).rejects.toMatchObject({
      code: 'LOG_DIRS_OFFLINE',
    });
  });

  test('what is left over of a move is not taken for the replica that is away', async () => {
    const { broker, from, to } = await copied({ isDecided: true });
    broker.awayPaths = [to];
    await broker.settle(broker.start());
    expect(broker.replicas?.away.has(TOPIC, PARTITION)).toBe(true);
    expect(copyOf(broker, from)).toMatchObject({ endOffset: 20, suspect: undefined });
    await broker.settle(broker.stop());
    broker.awayPaths = [];
    await broker.settle(broker.start());
    await broker.run({ until: isOver(broker) });
    await expectMoved(broker, to);
  });
});

const copyOf = (broker: MovingBroker, path: string): Log | undefined =>
  broker.directory(path).log(TOPIC, PARTITION);

/** Events between the beginning of a move and its end. */
const eventsOfMove = async (topic: Readonly<Record<string, string>>): Promise<number> => {
  const { broker, to } = await begun({ topic });
  broker.produceEvery(2, 20);
  const before = broker.scheduler.eventCount;
  const moving = broker.replicas!.moves.move(broker.replica, broker.directory(to));
  await broker.settle(moving);
  await broker.run({ until: isOver(broker) });
  return broker.scheduler.eventCount - before;
};

describe('a partition that comes back to a broker', () => {
  it('begins anew behind the deletion of what was there, though that is still under way', async () => {
    const { broker } = await begun();
    const { log } = broker.replica;

    broker.change([assignedTo(2)]);
    broker.change([assignedTo(1)]);
    expect(broker.replicas?.find(TOPIC, PARTITION)).toBeUndefined();
    await broker.scheduler.run({ until: () => broker.replicas?.find(TOPIC, PARTITION) !== undefined });

    expect(broker.replica.log).not.toBe(log);
    expect([broker.replica.log.endOffset, broker.replica.machine.role.kind]).toEqual([0, 'leader']);
    broker.produce();
    expect(broker.replica.log.endOffset).toBe(1);
  });
});
