import { BrokerEpoch, LeaderEpoch, Offset, silentLogger } from '@kafkaesque/kernel';
import type { MemberMessageDraft } from '@kafkaesque/protocol';
import { ErrorCode, decodeMemberMessage, encodeMemberMessage } from '@kafkaesque/protocol';
import { Scheduler, VirtualClock } from '@kafkaesque/sim';
import { ReplicaFetcher } from './replica-fetcher';
import { LEADER, batchOf, replicaOf } from './replication-scenario';
import { Throttle } from './throttle';

/** A follower of one partition, and when it has subscribed. */
class Follower {
  readonly scheduler = new Scheduler();
  readonly clock = new VirtualClock({ scheduler: this.scheduler });
  readonly replica = replicaOf(0);
  readonly subscribedAtMs: number[] = [];
  readonly fetcher: ReplicaFetcher;
  readonly link = { send: (message: MemberMessageDraft): boolean => this.#heard(message) };
  /** What the leader says to each subscription. */
  answer: (handle: number) => MemberMessageDraft | undefined = () => undefined;

  constructor() {
    const never = (): never => {
      throw new Error('the log is not touched');
    };
    this.fetcher = new ReplicaFetcher({
      ...{ clock: this.clock, logger: silentLogger, throttle: new Throttle(this.clock) },
      brokerEpoch: () => BrokerEpoch(7),
      host: {
        ...{ carryOut: () => undefined, failed: never, truncate: never, reset: never, raiseLogStart: never },
        isThrottled: () => false,
      },
    });
    this.replica.machine.becomeFollower({ leaderEpoch: LeaderEpoch(1), leader: LEADER });
    this.fetcher.follow(this.replica, LeaderEpoch(1));
    this.fetcher.up(this.link);
  }

  async pass(ms: number): Promise<void> {
    await this.scheduler.run({ untilMs: this.scheduler.nowMs + ms });
  }

  /** Times between subscriptions. */
  get pausesMs(): readonly number[] {
    return this.subscribedAtMs.slice(1).map((atMs, i) => Math.round(atMs - this.subscribedAtMs[i]!));
  }

  #heard(message: MemberMessageDraft): boolean {
    if (message.kind !== 'ReplicaSubscribe') return true;
    this.subscribedAtMs.push(this.scheduler.nowMs);
    for (const { handle } of message.value.partitions) {
      const answer = this.answer(handle);
      if (answer === undefined) continue;
      this.scheduler.after(0, 'answer', () => this.fetcher.message(this.link, answer as never));
    }
    return true;
  }
}

const refusal =
  (errorCode: number) =>
  (handle: number): MemberMessageDraft => ({
    kind: 'ReplicaReset',
    value: { handle, errorCode, logStartOffset: Offset(0) },
  });

const records =
  (bytes: Buffer) =>
  (handle: number): MemberMessageDraft => ({
    kind: 'ReplicaBatches',
    value: {
      partitions: [
        {
          ...{ handle, leaderEpoch: LeaderEpoch(1), highWatermark: Offset(0), logStartOffset: Offset(0) },
          fullyReplicatedOffset: Offset(0),
          records: [bytes],
        },
      ],
    },
  });

const whole = batchOf(100);
whole.writeInt32BE(1, 12);
const flipped = Buffer.from(whole);
flipped[flipped.length - 5]! ^= 1;

describe('a follower', () => {
  test.each([
    ['cannot read what comes next', refusal(ErrorCode.KAFKA_STORAGE_ERROR)],
    ['sends what cannot be right', (handle: number) => received(records(flipped)(handle))],
  ])('whose leader %s asks it less and less often', async (_, answer) => {
    const follower = new Follower();
    follower.answer = answer;
    await follower.pass(120_000);
    expect(follower.pausesMs).toEqual([250, 500, 1000, 2000, 4000, 8000, 16_000, ...last(follower)]);
    expect(last(follower).every((pauseMs) => pauseMs === 16_000)).toBe(true);
    expect(follower.replica.machine.endOffset).toBe(0);
  });

  test('that is served again has all its patience back', async () => {
    const follower = new Follower();
    follower.answer = refusal(ErrorCode.KAFKA_STORAGE_ERROR);
    await follower.pass(1000);
    expect(follower.pausesMs).toEqual([250, 500]);
    follower.answer = (handle) => received(records(whole)(handle));
    await follower.pass(1000);
    expect(follower.replica.machine.endOffset).toBe(1);
    follower.answer = refusal(ErrorCode.KAFKA_STORAGE_ERROR);
    follower.subscribedAtMs.splice(0);
    follower.fetcher.down(follower.link);
    follower.fetcher.up(follower.link);
    await follower.pass(1000);
    expect(follower.pausesMs).toEqual([250, 500]);
  });

  test('whose leader does not lead yet asks it again soon', async () => {
    const follower = new Follower();
    follower.answer = refusal(ErrorCode.NOT_LEADER_OR_FOLLOWER);
    await follower.pass(1100);
    expect(follower.pausesMs).toEqual([250, 250, 250, 250]);
  });
});

const last = (follower: Follower): readonly number[] => follower.pausesMs.slice(7);

/** As it arrives: records are one piece. */
const received = (message: MemberMessageDraft): MemberMessageDraft =>
  decodeMemberMessage(encodeMemberMessage(message));
