import { BrokerEpoch, BrokerId, LeaderEpoch, Offset, silentLogger } from '@kafkaesque/kernel';
import type { MemberMessageDraft } from '@kafkaesque/protocol';
import { decodeMemberMessage, encodeMemberMessage } from '@kafkaesque/protocol';
import { Scheduler, VirtualClock } from '@kafkaesque/sim';
import { ReplicaFetchers } from './replica-fetchers';
import type { ScenarioReplica } from './replication-scenario';
import { FOLLOWER, FedFollower, LEADER, lead, replicaOf } from './replication-scenario';
import { Throttle } from './throttle';

const KB = 1000;

const fed = (partitions: number): FedFollower => {
  const scheduler = new Scheduler();
  return new FedFollower({ scheduler, clock: new VirtualClock({ scheduler }) }, partitions);
};

/** A follower with a disk that takes no time, a millisecond away from the leader of `feed`. */
class Following {
  readonly feed: FedFollower;
  readonly replicas: ScenarioReplica[];
  readonly throttle: Throttle;
  readonly throttled = new Set<number>();
  readonly fetchers: ReplicaFetchers<ScenarioReplica>;

  constructor(feed: FedFollower) {
    this.feed = feed;
    this.throttle = new Throttle(feed.clock);
    this.replicas = feed.replicas.map((_, i) => replicaOf(i));
    const { clock } = feed;
    const fails = (): never => {
      throw new Error('nothing fails here');
    };
    this.fetchers = new ReplicaFetchers<ScenarioReplica>({
      ...{ clock, logger: silentLogger, throttle: this.throttle, brokerEpoch: () => BrokerEpoch(7) },
      host: {
        ...{ carryOut: () => undefined, failed: fails, truncate: fails, reset: fails, raiseLogStart: fails },
        isThrottled: ({ partition }) => this.throttled.has(partition),
      },
      addressOf: () => undefined,
      keepTo: () => undefined,
    });
    for (const replica of this.replicas) {
      const { machine, log } = replica;
      log.appended = () => {
        feed.scheduler.after(0, 'flushed', () => {
          machine.durable(machine.endOffset, LeaderEpoch(1));
          this.fetchers.durable(replica);
        });
      };
      machine.becomeFollower({ leaderEpoch: LeaderEpoch(1), leader: LEADER });
    }
  }

  begin(): void {
    const { feeds, scheduler } = this.feed;
    const carry = (message: MemberMessageDraft, deliver: (bytes: Buffer) => void): boolean => {
      const bytes = encodeMemberMessage(message);
      scheduler.after(1, 'message', () => deliver(bytes));
      return true;
    };
    const down = {
      send: (message: MemberMessageDraft) =>
        carry(message, (bytes) => this.fetchers.message(LEADER, up, decodeMemberMessage(bytes))),
    };
    const up = {
      send: (message: MemberMessageDraft) =>
        carry(message, (bytes) => feeds.message({ nodeId: FOLLOWER }, decodeMemberMessage(bytes), down)),
    };
    for (const replica of this.replicas) this.fetchers.follow(replica, BrokerId(LEADER), LeaderEpoch(1));
    this.fetchers.up(LEADER, up);
  }

  /** Records that each partition has. */
  get ends(): readonly number[] {
    return this.replicas.map(({ machine }) => machine.endOffset);
  }
}

/** Two partitions with 3 MB each, and one with nothing yet. */
const behind = (batchBytes = 50 * KB): Following => {
  const feed = fed(3);
  for (let sizeBytes = 0; sizeBytes < 3000 * KB; sizeBytes += batchBytes)
    for (const partition of [0, 1]) feed.append(partition, batchBytes);
  return new Following(feed);
};

/** Megabytes of the first two in so many seconds. */
const caughtUp = async (following: Following, seconds: number, batchBytes = 50 * KB): Promise<number> => {
  following.begin();
  await following.feed.pass(seconds * 1000);
  const [first = 0, second = 0] = following.ends;
  expect(Math.abs(first - second)).toBeLessThanOrEqual(Math.ceil((300 * KB) / batchBytes));
  return ((first + second) * batchBytes) / 1e6;
};

describe.each([
  { side: 'leader', throttle: ({ feed }: Following) => feed },
  { side: 'follower', throttle: (following: Following) => following },
])('a throttle of the $side', ({ throttle }) => {
  test.each([
    { rate: 50 * KB, seconds: 40, batchBytes: 50 * KB },
    { rate: 400 * KB, seconds: 10, batchBytes: 50 * KB },
    { rate: 400 * KB, seconds: 10, batchBytes: 1 * KB },
    { rate: 400 * KB, seconds: 12, batchBytes: 300 * KB },
  ])('holds catching up to $rate bytes a second, by batches of $batchBytes', async (one) => {
    const following = behind(one.batchBytes);
    const { throttle: bucket, throttled } = throttle(following);
    bucket.limitTo(one.rate);
    for (const partition of [0, 1]) throttled.add(partition);
    const megabytes = await caughtUp(following, one.seconds, one.batchBytes);
    const due = (one.rate * one.seconds) / 1e6;
    expect(megabytes).toBeLessThan(due * 1.1 + one.batchBytes / 1e6);
    expect(megabytes).toBeGreaterThan(due * 0.9 - one.batchBytes / 1e6);
  });

  test('leaves the others alone', async () => {
    const following = behind();
    const { throttle: bucket, throttled } = throttle(following);
    bucket.limitTo(10 * KB);
    throttled.add(0);
    following.begin();
    await following.feed.pass(100);
    expect(following.ends[1]).toBe(60);
    following.feed.append(2, 10);
    await following.feed.pass(5);
    expect(following.ends[2]).toBe(1);
    expect(following.ends[0]).toBeLessThan(3);
    const lags = following.replicas.map((replica) => following.fetchers.lagOf(replica));
    expect(lags).toEqual([60 - (following.ends[0] ?? 0), 0, 0]);
  });

  test('lets go as soon as there is another rate, or the partition is not named any more', async () => {
    const following = behind();
    const { throttle: bucket, throttled } = throttle(following);
    bucket.limitTo(0);
    for (const partition of [0, 1]) throttled.add(partition);
    following.begin();
    await following.feed.pass(60_000);
    expect(Math.max(...following.ends)).toBe(0);
    throttled.delete(0);
    following.fetchers.throttlesChanged();
    following.feed.feeds.throttlesChanged();
    await following.feed.pass(100);
    expect(following.ends).toEqual([60, 0, 0]);
    bucket.limitTo(Number.MAX_SAFE_INTEGER);
    following.fetchers.throttlesChanged();
    await following.feed.pass(100);
    expect(following.ends).toEqual([60, 60, 0]);
  });

  test('that comes while a replica catches up holds it from then on', async () => {
    const following = behind();
    const { throttle: bucket, throttled } = throttle(following);
    following.begin();
    await following.feed.pass(4);
    const before = following.ends[0] ?? 0;
    expect(before).toBeLessThan(60);
    bucket.limitTo(10 * KB);
    throttled.add(0);
    following.fetchers.throttlesChanged();
    await following.feed.pass(1000);
    expect((following.ends[0] ?? 0) - before).toBeLessThan(30);
    expect(following.ends[1]).toBe(60);
  });
});

test('a replica in sync is not held back by its leader', async () => {
  const following = behind();
  const { feed } = following;
  feed.throttle.limitTo(0);
  feed.throttled.add(0);
  following.begin();
  await feed.pass(100);
  expect(following.ends[0]).toBe(0);
  feed.replicas[0]?.machine.becomeLeader({
    ...{ leaderEpoch: LeaderEpoch(1), self: LEADER, replicas: [LEADER, FOLLOWER] },
    ...{ inSyncReplicas: [LEADER, FOLLOWER], partitionEpoch: 2, leaderRecoveryState: 0 },
  });
  feed.feeds.roleChanged(feed.replicas[0]!);
  await feed.pass(100);
  expect(following.ends[0]).toBe(60);
});

test('a throttle of a follower holds until its leader has put it in sync', async () => {
  const following = behind();
  following.throttle.limitTo(10 * KB);
  following.throttled.add(0);
  following.begin();
  await following.feed.pass(5000);
  expect(following.ends[0]).toBeLessThan(4);
  following.throttled.delete(0);
  following.fetchers.follow(following.replicas[0]!, LEADER, LeaderEpoch(1));
  await following.feed.pass(100);
  expect(following.ends[0]).toBe(60);
});

test('the words of a leader of a later epoch are of a new subscription, and measured from its beginning', async () => {
  const following = behind();
  following.throttle.limitTo(10 * KB);
  following.throttled.add(0);
  following.begin();
  await following.feed.pass(500);
  const [replica] = following.feed.replicas;
  lead(replica!, 2);
  following.feed.feeds.roleChanged(replica!);
  following.replicas[0]!.machine.becomeFollower({ leaderEpoch: LeaderEpoch(2), leader: LEADER });
  following.fetchers.follow(following.replicas[0]!, LEADER, LeaderEpoch(2));
  await following.feed.pass(10_000);
  expect(following.ends[0]).toBeLessThan(5);
  expect(following.ends[0]).toBeGreaterThan(0);
  expect(following.replicas[0]!.machine.logStartOffset).toBe(Offset(0));
});
