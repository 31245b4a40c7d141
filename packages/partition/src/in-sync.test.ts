import { BrokerEpoch, BrokerId, LeaderEpoch, Offset } from '@kafkaesque/kernel';
import { ErrorCode } from '@kafkaesque/protocol';
import type { Effect } from './effects';
import type { Partition } from './partition';
import type { PartitionConfig } from './partition-config';
import type { BrokersView } from './replica-progress';
import {
  SELF,
  batchOf,
  emptyLog,
  everyBroker,
  lead,
  openPartition,
  produce,
  settle,
  subscribe,
} from './scenario';

const [SECOND, THIRD] = [BrokerId(2), BrokerId(3)];
const ALL = [SELF, SECOND, THIRD];
const LAG_MS = 100;

/** Leads three replicas, ten records of its own durable. */
const leading = (
  inSync: readonly BrokerId[],
  config: Partial<PartitionConfig> = {},
  brokers: BrokersView = everyBroker,
): Partition => {
  const partition = openPartition({ replicaLagTimeMaxMs: LAG_MS, ...config }, emptyLog, brokers);
  lead(partition, 1, inSync, ALL);
  produce(partition, batchOf(10), { acks: 1 });
  settle(partition);
  return partition;
};
const ack = (partition: Partition, replica: BrokerId, end: number, nowMs = 0): readonly Effect[] =>
  partition.replicaDurable(replica, Offset(end), nowMs);
const proposed = (effects: readonly Effect[]): unknown =>
  effects.flatMap((effect) =>
    effect.kind === 'alter-partition' ? [effect.isr.map((member) => member.brokerId)] : [],
  );
const committed = (
  partition: Partition,
  isr: readonly BrokerId[],
  partitionEpoch = 2,
  nowMs = 0,
): readonly Effect[] =>
  partition.alterPartitionAnswered(
    { kind: 'committed', leaderEpoch: LeaderEpoch(1), partitionEpoch, isr, leaderRecoveryState: 0 },
    nowMs,
  );
const refused = (partition: Partition, error: number, partitionEpoch = 1): readonly Effect[] =>
  partition.alterPartitionAnswered(
    { kind: 'refused', leaderEpoch: LeaderEpoch(1), partitionEpoch, error },
    0,
  );

describe('a follower gets in sync', () => {
  test('once it has durably what is exposed, as the incarnation that said so', () => {
    const partition = leading([SELF]);
    subscribe(partition, SECOND, 0);
    expect(proposed(ack(partition, SECOND, 9))).toEqual([]);
    expect(ack(partition, SECOND, 10)).toEqual([
      {
        ...{
          kind: 'alter-partition',
          topicId: partition.topicId,
          partition: 0,
          leaderEpoch: 1,
          partitionEpoch: 1,
        },
        isr: [
          { brokerId: 1, brokerEpoch: 101 },
          { brokerId: 2, brokerEpoch: 102 },
        ],
        leaderRecoveryState: 0,
      },
    ]);
  });

  test('not as an incarnation that is over, nor while it is fenced (KIP-903)', () => {
    let epoch: BrokerEpoch | undefined = BrokerEpoch(500);
    const partition = leading([SELF], {}, { eligibleEpoch: () => epoch });
    expect(subscribe(partition, SECOND, 10)).toMatchObject({ error: ErrorCode.STALE_BROKER_EPOCH });
    epoch = BrokerEpoch(102);
    subscribe(partition, SECOND, 10);
    epoch = BrokerEpoch(103);
    expect(proposed(ack(partition, SECOND, 10))).toEqual([]);
    epoch = undefined;
    expect(proposed(partition.tick(10))).toEqual([]);
    epoch = BrokerEpoch(102);
    expect(proposed(partition.tick(20))).toEqual([[1, 2]]);
  });

  test('not before it has reached the start of the epoch', () => {
    const partition = leading([SELF], { minInsyncReplicas: 2 });
    lead(partition, 2, [SELF], ALL);
    subscribe(partition, SECOND, 10, 1);
    expect(partition.highWatermark).toBe(0);
    expect(proposed(ack(partition, SECOND, 9))).toEqual([]);
    expect(proposed(ack(partition, SECOND, 10))).toEqual([[1, 2]]);
  });

  test('and holds the high watermark from the moment it is proposed', () => {
    const partition = leading([SELF]);
    subscribe(partition, SECOND, 10);
    ack(partition, SECOND, 10);
    produce(partition, batchOf(1));
    settle(partition);
    expect(partition.highWatermark).toBe(10);
    committed(partition, [SELF, SECOND]);
    expect(partition.highWatermark).toBe(10);
    ack(partition, SECOND, 11);
    expect(partition.highWatermark).toBe(11);
  });

  test('because the high watermark waits for who keeps up, until it does not', () => {
    const partition = leading([SELF]);
    subscribe(partition, SECOND, 0, -1, 0);
    produce(partition, batchOf(5), { acks: 1 });
    ack(partition, SECOND, 9, 5);
    ack(partition, SECOND, 10, 10);
    expect(refused(partition, ErrorCode.INELIGIBLE_REPLICA)).toEqual([]);
    settle(partition);
    expect(partition.highWatermark).toBe(10);
    expect(partition.tick(10 + 2 * LAG_MS)).toEqual([expect.objectContaining({ highWatermark: 15 })]);
  });

  test('one question at a time', () => {
    const partition = leading([SELF]);
    subscribe(partition, SECOND, 10);
    subscribe(partition, THIRD, 10);
    expect(proposed(ack(partition, SECOND, 10))).toEqual([[1, 2]]);
    expect(proposed(ack(partition, THIRD, 10))).toEqual([]);
    expect(proposed(committed(partition, [SELF, SECOND]))).toEqual([[1, 2, 3]]);
  });
});

describe('a follower falls out of sync', () => {
  test('when it was last caught up too long ago', () => {
    const partition = leading([SELF, SECOND]);
    expect(proposed(partition.tick(1000))).toEqual([]);
    subscribe(partition, SECOND, 0, -1, 1010);
    ack(partition, SECOND, 10, 1020);
    produce(partition, batchOf(1), { acks: 1 }, 5000);
    expect(proposed(partition.tick(5000 + LAG_MS))).toEqual([]);
    expect(proposed(partition.tick(5001 + LAG_MS))).toEqual([[1]]);
  });

  test('never while it has everything, and soon after its stream has ended', () => {
    const partition = leading([SELF, SECOND]);
    subscribe(partition, SECOND, 10);
    ack(partition, SECOND, 10, 0);
    expect(proposed(partition.tick(100_000))).toEqual([]);
    partition.unsubscribe(SECOND, 100_000);
    expect(proposed(partition.tick(100_000 + LAG_MS))).toEqual([]);
    expect(proposed(partition.tick(100_001 + LAG_MS))).toEqual([[1]]);
  });

  test('not when it is only ever a little behind a busy leader', () => {
    const partition = leading([SELF, SECOND]);
    subscribe(partition, SECOND, 0);
    for (let ms = 0; ms < 1000; ms += 10) {
      const before = partition.endOffset;
      produce(partition, batchOf(1), { acks: 1 }, ms);
      ack(partition, SECOND, before, ms + 5);
      expect(proposed(partition.tick(ms + 6))).toEqual([]);
    }
  });

  test('and counts until that is committed', () => {
    const partition = leading([SELF, SECOND]);
    partition.tick(0);
    expect(proposed(partition.tick(LAG_MS + 1))).toEqual([[1]]);
    expect(partition.highWatermark).toBe(0);
    expect(committed(partition, [SELF])).toEqual([expect.objectContaining({ highWatermark: 10 })]);
  });
});

describe('an answer of the controller', () => {
  const asking = (): Partition => {
    const partition = leading([SELF]);
    subscribe(partition, SECOND, 10);
    ack(partition, SECOND, 10);
    produce(partition, batchOf(1), { acks: 1 });
    settle(partition);
    return partition;
  };

  test('that settles nothing leaves the added counted, and the same is asked again', () => {
    const partition = asking();
    for (const error of [ErrorCode.REQUEST_TIMED_OUT, ErrorCode.INVALID_UPDATE_VERSION]) {
      expect(refused(partition, error)).toEqual([]);
      partition.unsubscribe(SECOND, 0);
      expect(partition.highWatermark).toBe(10);
      expect(partition.tick(1)).toEqual([
        expect.objectContaining({ kind: 'alter-partition', partitionEpoch: 1 }),
      ]);
    }
  });

  test('is overtaken by the image, and does not touch what was asked since', () => {
    const partition = asking();
    expect(proposed(lead(partition, 1, [SELF], ALL, 2))).toEqual([[1, 2]]);
    expect(refused(partition, ErrorCode.INELIGIBLE_REPLICA, 1)).toEqual([]);
    partition.unsubscribe(SECOND, 0);
    expect(partition.highWatermark).toBe(10);
    expect(refused(partition, ErrorCode.INELIGIBLE_REPLICA, 2)).toEqual([
      expect.objectContaining({ highWatermark: 11 }),
    ]);
  });

  test('comes before the image, whose old news changes nothing but the replicas', () => {
    const partition = asking();
    committed(partition, [SELF, SECOND], 3);
    expect(lead(partition, 1, [SELF], ALL, 2)).toEqual([]);
    expect(lead(partition, 1, [SELF, SECOND], ALL, 3)).toEqual([]);
    lead(partition, 1, [SELF, SECOND], [SELF, SECOND], 3);
    expect(partition.role).toMatchObject({ replicas: [1, 2], inSyncReplicas: [1, 2], partitionEpoch: 3 });
    expect(subscribe(partition, THIRD, 10)).toEqual({ kind: 'wait' });
  });

  test('comes after the image, and removes nobody who got in by it and is a little behind', () => {
    const partition = leading([SELF]);
    subscribe(partition, SECOND, 10);
    produce(partition, batchOf(1), { acks: 1 });
    expect(proposed(ack(partition, SECOND, 10, 1))).toEqual([[SELF, SECOND]]);
    lead(partition, 1, [SELF, SECOND], ALL, 2);
    expect(proposed(committed(partition, [SELF, SECOND], 2, 1))).toEqual([]);
    expect(proposed(partition.tick(2))).toEqual([]);
    expect(proposed(partition.tick(2 + LAG_MS))).toEqual([]);
    expect(proposed(partition.tick(3 + LAG_MS))).toEqual([[SELF]]);
  });

  test('comes after the image, and leaves open what has been asked since: whom that adds still counts', () => {
    const partition = leading([SELF]);
    for (const replica of [SECOND, THIRD]) subscribe(partition, replica, 0);
    expect(proposed(ack(partition, SECOND, 10))).toEqual([[SELF, SECOND]]);
    expect(ack(partition, THIRD, 10)).toEqual([]);
    expect(proposed(lead(partition, 1, [SELF, SECOND], ALL, 2))).toEqual([[SELF, SECOND, THIRD]]);
    partition.unsubscribe(THIRD, 0);
    expect(committed(partition, [SELF, SECOND], 2)).toEqual([]);
    produce(partition, batchOf(1), { acks: 1 });
    settle(partition);
    ack(partition, SECOND, 11);
    expect(partition.highWatermark).toBe(10);
    committed(partition, [SELF, SECOND, THIRD], 3);
    expect(partition.highWatermark).toBe(10);
  });

  test('comes before the image, whose other replicas leave open what has been asked since', () => {
    const partition = leading([SELF]);
    lead(partition, 1, [SELF], [...ALL, BrokerId(4)], 1);
    for (const replica of [SECOND, THIRD]) subscribe(partition, replica, 0);
    expect(proposed(ack(partition, SECOND, 10))).toEqual([[SELF, SECOND]]);
    expect(ack(partition, THIRD, 10)).toEqual([]);
    expect(proposed(committed(partition, [SELF, SECOND], 2))).toEqual([[SELF, SECOND, THIRD]]);
    partition.unsubscribe(THIRD, 0);
    lead(partition, 1, [SELF, SECOND], ALL, 2);
    produce(partition, batchOf(1), { acks: 1 });
    settle(partition);
    ack(partition, SECOND, 11);
    expect(partition.highWatermark).toBe(10);
    expect(partition.role).toMatchObject({ replicas: [1, 2, 3], proposal: { added: [3] } });
  });
});

describe('a subscription', () => {
  test('is of the leader’s own epoch, or waits for it', () => {
    const partition = leading(ALL);
    const ask = (leaderEpoch: number): unknown =>
      partition.subscribe(
        {
          ...{ replica: SECOND, brokerEpoch: BrokerEpoch(102), leaderEpoch: LeaderEpoch(leaderEpoch) },
          ...{ fetchOffset: Offset(0), lastFetchedEpoch: LeaderEpoch(-1), logStartOffset: Offset(0) },
        },
        0,
      );
    expect(ask(0)).toMatchObject({ error: ErrorCode.FENCED_LEADER_EPOCH });
    expect(ask(1)).toEqual({ kind: 'from', offset: 0 });
    expect(ask(2)).toEqual({ kind: 'wait' });
    partition.becomeFollower({ leaderEpoch: LeaderEpoch(2), leader: SECOND });
    expect(ask(2)).toMatchObject({ error: ErrorCode.NOT_LEADER_OR_FOLLOWER });
  });

  test('begins with nothing known: what was durable before may have been another disk’s', () => {
    const partition = leading([SELF, SECOND]);
    subscribe(partition, SECOND, 10);
    ack(partition, SECOND, 8);
    expect(partition.highWatermark).toBe(8);
    subscribe(partition, SECOND, 0);
    expect(ack(partition, SECOND, 3)).toEqual([]);
    partition.unsubscribe(SECOND, 0);
    expect(ack(partition, SECOND, 10)).toEqual([]);
    expect(partition.highWatermark).toBe(8);
  });

  test('tells the log start: the oldest one is the low watermark', () => {
    const partition = leading(ALL);
    expect(partition.lowWatermark).toBe(-1);
    for (const replica of [SECOND, THIRD]) subscribe(partition, replica, 10);
    partition.logStartRaised(Offset(0));
    expect(partition.lowWatermark).toBe(0);
  });
});

test('acks=all is refused while too few are in sync, and an append from before waits until enough are', () => {
  const partition = leading([SELF, SECOND], { minInsyncReplicas: 2 });
  subscribe(partition, SECOND, 10);
  produce(partition, batchOf(1));
  settle(partition);
  lead(partition, 1, [SELF], ALL, 2);
  expect(produce(partition, batchOf(1))).toMatchObject({ error: ErrorCode.NOT_ENOUGH_REPLICAS });
  expect(partition.isUnderMinInsyncReplicas).toBe(true);
  ack(partition, SECOND, 11);
  expect(partition.highWatermark).toBe(0);
  expect(committed(partition, [SELF, SECOND], 3)).toEqual([expect.objectContaining({ highWatermark: 11 })]);
});

test('a leader elected uncleanly says at once that it has recovered (KIP-704)', () => {
  const partition = openPartition({}, emptyLog, everyBroker);
  const effects = partition.becomeLeader({
    ...{ leaderEpoch: LeaderEpoch(1), self: SELF, replicas: ALL, inSyncReplicas: [SELF] },
    ...{ partitionEpoch: 1, leaderRecoveryState: 1 },
  });
  expect(effects.at(-1)).toMatchObject({ kind: 'alter-partition', leaderRecoveryState: 0 });
});
