import { BrokerId, Failure, LeaderEpoch, Offset } from '@kafkaesque/kernel';
import { ErrorCode } from '@kafkaesque/protocol';
import { Scheduler, VirtualClock } from '@kafkaesque/sim';
import { FOLLOWER, FedFollower, LEADER, lead, replicaOf } from './replication-scenario';

const MIB = 1 << 20;

const fed = (partitions: number, creditBytes?: number): FedFollower => {
  const scheduler = new Scheduler();
  return new FedFollower({ scheduler, clock: new VirtualClock({ scheduler }) }, partitions, creditBytes);
};

/** Every partition is subscribed, empty, and has nothing more to say. */
const subscribed = async (partitions: number, creditBytes?: number): Promise<FedFollower> => {
  const feed = fed(partitions, creditBytes);
  feed.subscribe(feed.replicas.map((_, i) => i));
  await feed.pass();
  feed.sent = [];
  return feed;
};

/** The follower, or another one, subscribes on another channel, while the first one is still up. */
const subscribedAgain = (
  feed: FedFollower,
  nodeId = FOLLOWER,
  leaderEpoch = LeaderEpoch(1),
): {
  readonly again: readonly string[];
  readonly link: { readonly send: (message: { readonly kind: string }) => boolean };
} => {
  const again: string[] = [];
  const link = { send: ({ kind }: { readonly kind: string }) => again.push(kind) > 0 };
  const from = { nodeId };
  const brokerEpoch = 7 as never;
  feed.feeds.message(from, { kind: 'ReplicationOpen', value: { brokerEpoch, creditBytes: MIB } }, link);
  const { topicId, partition } = feed.replicas[0]!;
  const wish = {
    ...{ handle: 9, topicId, partition, leaderEpoch, fetchOffset: Offset(0) },
    ...{ lastFetchedEpoch: LeaderEpoch(-1), logStartOffset: Offset(0), creditBytes: MIB },
  };
  feed.feeds.message(from, { kind: 'ReplicaSubscribe', value: { partitions: [wish] } }, link);
  return { again, link };
};

describe('what a leader sends', () => {
  test('small batches of many partitions leave in one frame', async () => {
    const feed = await subscribed(5);
    for (const i of [3, 1, 4]) feed.append(i, 10);
    await feed.pass();
    expect(feed.takeFrames().map((frame) => frame.map(([handle]) => handle))).toEqual([[3, 1, 4]]);
  });

  test('a frame holds at most a megabyte, unless one batch is larger', async () => {
    const feed = await subscribed(4);
    feed.append(0, 600_000);
    feed.append(1, 600_000);
    feed.append(2, 3 * MIB);
    feed.append(3, 10);
    await feed.pass();
    expect(feed.takeFrames().map((frame) => frame.map(([handle]) => handle))).toEqual([[0], [1], [2], [3]]);
  });

  test('a partition has a megabyte under way and no more, while others go on', async () => {
    const feed = await subscribed(2);
    for (let i = 0; i < 30; i++) feed.append(0, 100_000);
    await feed.pass();
    const first = feed.takeBytes().get(0) ?? 0;
    expect(first).toBeLessThanOrEqual(MIB);
    feed.append(1, 10);
    await feed.pass();
    expect([...feed.takeBytes().keys()]).toEqual([1]);
    feed.acknowledge(0, 5, 500_000);
    await feed.pass();
    expect(feed.takeBytes().get(0)).toBeGreaterThan(400_000);
  });

  test('a batch that is larger than its credit goes when nothing else is under way', async () => {
    const feed = await subscribed(1);
    feed.append(0, 10);
    await feed.pass();
    feed.takeFrames();
    feed.append(0, 2 * MIB);
    await feed.pass();
    expect(feed.takeFrames()).toEqual([]);
    feed.acknowledge(0, 1, MIB);
    await feed.pass();
    expect(feed.takeFrames()).toHaveLength(1);
  });

  test('nothing is read beyond the credit of the channel', async () => {
    const feed = await subscribed(20, 2 * MIB);
    for (let i = 0; i < 20; i++) feed.append(i, 500_000);
    await feed.pass();
    const sentBytes = [...feed.takeBytes().values()].reduce((a, b) => a + b, 0);
    expect(sentBytes).toBeLessThan(2 * MIB + 500_100);
    feed.says({ kind: 'ReplicaAck', value: { creditBytes: 2 * MIB, acks: [] } });
    await feed.pass();
    expect(feed.takeBytes().size).toBeGreaterThan(2);
    expect(feed.replicas.every(({ log }) => log.borrowed.count === 0)).toBe(true);
  });

  test('those that are read from the disk wait for one another, and nobody waits for them', async () => {
    const feed = fed(8);
    for (let i = 0; i < 7; i++) {
      for (let j = 0; j < 3; j++) feed.append(i, 300_000);
      feed.replicas[i]!.log.coldBelow = 3;
    }
    feed.subscribe([0, 1, 2, 3, 4, 5, 6, 7]);
    await feed.pass();
    const reads = (): number => feed.replicas.reduce((sum, { log }) => sum + log.pendingReads, 0);
    expect(reads()).toBe(2);
    feed.append(7, 10);
    await feed.pass();
    expect([...feed.takeBytes().keys()]).toEqual([7]);
    for (let i = 0; i < 5; i++) {
      for (const { log } of feed.replicas) log.thaw();
      await feed.pass();
    }
    expect([...feed.takeBytes().keys()].sort()).toEqual([0, 1, 2, 3, 4]);
    // Half of the credit is kept for those who have caught up.
    feed.acknowledge(0, 3, 900_200);
    feed.acknowledge(1, 3, 900_200);
    await feed.pass();
    for (const { log } of feed.replicas) log.thaw();
    await feed.pass();
    expect([...feed.takeBytes().keys()]).toEqual([5, 6]);
  });

  test('what was read for a subscription that is over is not sent', async () => {
    const feed = fed(1);
    feed.append(0, 100);
    feed.replicas[0]!.log.coldBelow = 1;
    feed.subscribe([0]);
    await feed.pass();
    feed.says({ kind: 'ReplicaUnsubscribe', value: { handles: [0] } });
    feed.replicas[0]!.log.thaw();
    await feed.pass();
    expect(feed.takeFrames()).toEqual([]);
    expect(feed.replicas[0]!.log.borrowed.count).toBe(0);
  });

  test('a high watermark that no records carry is told by itself, once for all that moved', async () => {
    const feed = await subscribed(2);
    for (const partition of [0, 1]) {
      feed.append(partition, 10);
      feed.append(partition, 10);
    }
    await feed.pass(5);
    feed.sent = [];
    for (const partition of [0, 1]) {
      feed.acknowledge(partition, 2, 20);
      feed.feeds.moved(feed.replicas[partition]!);
    }
    const marks = feed.replicas.map(({ machine }) => machine.highWatermark);
    expect(marks).toEqual([2, 2]);
    feed.append(0, 10);
    await feed.pass();
    const [records] = feed.sent.flatMap((message) =>
      message.kind === 'ReplicaBatches' ? [message.value] : [],
    );
    expect(records?.partitions[0]?.highWatermark).toBe(2);
  });
});

describe('a subscription', () => {
  test('tells at once where the leader stands', async () => {
    const feed = fed(1);
    feed.append(0, 10);
    feed.subscribe([0]);
    await feed.pass();
    expect(feed.sent.map(({ kind }) => kind)).toEqual(['ReplicaBatches']);
    const empty = fed(1);
    empty.subscribe([0]);
    await empty.pass();
    expect(empty.sent).toEqual([
      {
        kind: 'ReplicaWatermarks',
        value: {
          partitions: [{ handle: 0, highWatermark: 0, logStartOffset: 0, fullyReplicatedOffset: 0 }],
        },
      },
    ]);
  });

  test('of a later epoch waits until the leader leads in it', async () => {
    const feed = fed(1);
    feed.append(0, 10);
    feed.subscribe([0], 2);
    feed.acknowledge(0, 0, 0);
    await feed.pass();
    expect(feed.sent).toEqual([]);
    lead(feed.replicas[0]!, 2);
    feed.feeds.roleChanged(feed.replicas[0]!);
    await feed.pass();
    expect(feed.takeFrames()).toHaveLength(1);
  });

  test('of a partition that the leader does not know yet waits for it', async () => {
    const feed = fed(1);
    feed.subscribe([1], 1);
    await feed.pass();
    expect(feed.sent).toEqual([]);
    const created = replicaOf(1);
    lead(created, 1);
    feed.replicas.push(created);
    feed.feeds.roleChanged(created);
    await feed.pass();
    expect(feed.sent).toMatchObject([{ kind: 'ReplicaWatermarks' }]);
  });

  test('ends when the leader has another epoch, and is not sent what came in that', async () => {
    const feed = await subscribed(1);
    lead(feed.replicas[0]!, 2);
    feed.feeds.roleChanged(feed.replicas[0]!);
    feed.append(0, 10);
    await feed.pass();
    expect(feed.sent).toEqual([
      {
        kind: 'ReplicaReset',
        value: { handle: 0, errorCode: ErrorCode.FENCED_LEADER_EPOCH, logStartOffset: 0 },
      },
    ]);
  });

  test('ends where the leader’s log is damaged, which its host is told', async () => {
    const feed = fed(2);
    feed.append(0, 10);
    feed.append(1, 10);
    feed.replicas[0]!.log.read = () => {
      throw new Failure('LOG_CORRUPT', 'a bit was flipped');
    };
    feed.subscribe([0, 1]);
    await feed.pass();
    expect(feed.damaged).toEqual([feed.replicas[0]]);
    expect([...feed.takeBytes().keys()]).toEqual([1]);
    expect(feed.sent).toMatchObject([
      { kind: 'ReplicaReset', value: { handle: 0, errorCode: ErrorCode.KAFKA_STORAGE_ERROR } },
    ]);
  });

  test('ends when the leader follows another', async () => {
    const feed = await subscribed(1);
    const [replica] = feed.replicas;
    replica!.machine.becomeFollower({ leaderEpoch: LeaderEpoch(2), leader: BrokerId(3) });
    feed.feeds.roleChanged(replica!);
    expect(feed.sent).toMatchObject([
      { kind: 'ReplicaReset', value: { errorCode: ErrorCode.NOT_LEADER_OR_FOLLOWER } },
    ]);
  });

  test('takes the place of the one that the same follower had on a channel that has not ended yet', async () => {
    const feed = await subscribed(1);
    const { again } = subscribedAgain(feed);
    feed.append(0, 10);
    await feed.pass();
    feed.feeds.down(feed.link);
    feed.append(0, 10);
    await feed.pass();
    expect(feed.takeFrames()).toEqual([]);
    expect(again).toEqual(['ReplicaBatches', 'ReplicaBatches']);
  });

  test('lets the other channel ask again: what was said on one that was given up may come last', async () => {
    const feed = await subscribed(1);
    const { link } = subscribedAgain(feed);
    expect(feed.sent).toMatchObject([
      { kind: 'ReplicaReset', value: { errorCode: ErrorCode.NOT_LEADER_OR_FOLLOWER } },
    ]);
    feed.subscribe([0]);
    feed.feeds.down(link);
    feed.append(0, 10);
    await feed.pass();
    expect(feed.takeFrames()).toHaveLength(1);
  });

  test('counts for the high watermark by what it acknowledges', async () => {
    const feed = fed(1);
    lead(feed.replicas[0]!, 2, [LEADER, FOLLOWER]);
    feed.subscribe([0], 2);
    feed.append(0, 10);
    await feed.pass();
    expect(feed.replicas[0]!.machine.highWatermark).toBe(0);
    feed.acknowledge(0, 1, 80);
    expect(feed.replicas[0]!.machine.highWatermark).toBe(1);
    expect(feed.effects).toMatchObject([{ kind: 'advanced', highWatermark: 1 }]);
  });

  test('tells everybody how far all replicas of a compacted log are, although the high watermark stands', async () => {
    const other = BrokerId(3);
    const feed = fed(1);
    const [replica] = feed.replicas;
    lead(replica!, 2, [LEADER], [LEADER, FOLLOWER, other]);
    feed.subscribe([0], 2);
    const { link } = subscribedAgain(feed, other, LeaderEpoch(2));
    for (let records = 0; records < 2; records++) feed.append(0, 10);
    replica!.machine.updateConfig({ ...replica!.machine.config, compacted: true });
    const told = async (): Promise<readonly number[]> => {
      await feed.pass();
      const words = feed.sent.splice(0).flatMap((message) => {
        const tells = message.kind === 'ReplicaBatches' || message.kind === 'ReplicaWatermarks';
        return tells ? message.value.partitions : [];
      });
      return words.map(({ fullyReplicatedOffset }) => fullyReplicatedOffset);
    };
    expect(await told()).toEqual([0]);
    feed.acknowledge(0, 2, 100);
    expect(await told()).toEqual([]);
    const acks = [{ handle: 9, durableEnd: Offset(1), logStartOffset: Offset(0), takenBytes: 0 }];
    feed.feeds.message({ nodeId: other }, { kind: 'ReplicaAck', value: { creditBytes: 0, acks } }, link);
    expect(await told()).toEqual([1]);
    feed.feeds.down(link);
    expect(await told()).toEqual([0]);
  });
});
