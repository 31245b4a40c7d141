import { BrokerEpoch, BrokerId, LeaderEpoch, Offset } from '@kafkaesque/kernel';
import type { Partition } from './partition';
import { batchOf, everyBroker, openPartition, produce } from './scenario';
import { ToyLog } from './testing/toy-log';

/** A replica with a log, and a host that carries things out at once. */
class Replica {
  readonly log = new ToyLog();
  readonly id: BrokerId;
  machine: Partition;

  constructor(id: number) {
    this.id = BrokerId(id);
    this.machine = openPartition({}, this.log.recovered(), everyBroker);
  }

  lead(epoch: number, inSync: readonly number[] = [this.id]): void {
    const effects = this.machine.becomeLeader({
      ...{ leaderEpoch: LeaderEpoch(epoch), self: this.id, replicas: [1, 2, 3].map(BrokerId) },
      ...{ inSyncReplicas: inSync.map(BrokerId), partitionEpoch: epoch, leaderRecoveryState: 0 },
    });
    for (const effect of effects)
      if (effect.kind === 'assign-epoch') this.log.assignLeaderEpoch(effect.leaderEpoch, effect.startOffset);
  }

  write(count: number): void {
    for (let i = 0; i < count; i++) {
      const outcome = produce(this.machine, batchOf(1), { acks: 1 });
      if (outcome.kind === 'accepted') this.log.append(outcome.batches);
    }
  }

  sync(): void {
    const synced = this.log.sync(Infinity);
    if (synced !== undefined) this.machine.durable(synced.endOffset, synced.leaderEpoch);
  }

  crash(): void {
    this.log.crash(0);
    this.machine = openPartition({}, this.log.recovered(), everyBroker);
  }

  /** Subscribes until it is served, taking everything; says what was cut on the way. */
  follow(leader: Replica, epoch: number): readonly number[] {
    const cuts: number[] = [];
    for (;;) {
      this.machine.becomeFollower({ leaderEpoch: LeaderEpoch(epoch), leader: leader.id });
      const question = { replica: this.id, brokerEpoch: BrokerEpoch(100 + this.id) };
      const plan = leader.machine.subscribe({ ...question, ...this.machine.fetchPosition() }, 0);
      if (plan.kind === 'from') break;
      if (plan.kind !== 'diverging') throw new Error(JSON.stringify(plan));
      const cut = this.machine.divergedAt(plan.epoch, plan.endOffset)?.truncateTo ?? Offset(-1);
      cuts.push(cut);
      this.log.truncateTo(cut);
      this.machine.recover(this.log.recovered());
    }
    const missing = leader.log.batches.filter(({ baseOffset }) => baseOffset >= this.log.endOffset);
    const records = Buffer.concat(missing.map(({ bytes }) => bytes));
    const outcome = this.machine.appendAsFollower(records, LeaderEpoch(epoch), 0);
    if (outcome.kind === 'accepted') this.log.append(outcome.batches);
    return cuts;
  }

  get content(): readonly string[] {
    return this.log.batches.map(({ identity }) => identity);
  }
}

const three = (): readonly [Replica, Replica, Replica] => [new Replica(1), new Replica(2), new Replica(3)];

test('a restarted follower keeps what is above its high watermark (KIP-101, scenario 1)', () => {
  const [a, b] = three();
  a.lead(1, [1, 2]);
  a.write(2);
  a.sync();
  b.follow(a, 1);
  b.sync();
  a.machine.replicaDurable(b.id, Offset(2), 0);
  expect([a.machine.highWatermark, b.machine.highWatermark]).toEqual([2, 0]);
  b.crash();
  expect(b.follow(a, 1)).toEqual([]);
  // The leader dies before the follower has heard of its high watermark: nothing acknowledged is lost.
  b.lead(2);
  expect(b.machine.highWatermark).toBe(2);
  expect(b.content).toEqual(a.content);
});

test('a tail that another epoch has overtaken goes, though it is below an old high watermark (KIP-101, scenario 2)', () => {
  const [a, b] = three();
  a.lead(1, [1, 2]);
  a.write(1);
  b.follow(a, 1);
  a.write(1);
  for (const replica of [a, b]) replica.sync();
  a.crash();
  b.crash();
  b.lead(2);
  b.write(1);
  expect(a.follow(b, 2)).toEqual([1]);
  expect(a.content).toEqual(b.content);
});

test('epochs that only one of both knows are cut at the end of the largest common one (KIP-279)', () => {
  const [a, b, c] = three();
  a.lead(1, [1, 2, 3]);
  a.write(10);
  b.follow(a, 1);
  c.follow(a, 1);
  for (const replica of [a, b, c]) replica.sync();
  a.lead(2, [1, 2, 3]);
  a.write(10);
  b.lead(3, [2, 3]);
  b.write(5);
  a.lead(4, [1, 2, 3]);
  // The leader's largest epoch up to 3 is 2, which ends at 20; the follower has no 2, its 1 ends at 10.
  expect(b.follow(a, 4)).toEqual([10]);
  expect(b.content).toEqual(a.content);
});

test('several failovers that nobody heard of take several rounds (KIP-279)', () => {
  const [a, b] = three();
  a.lead(1, [1, 2]);
  a.write(5);
  b.follow(a, 1);
  b.lead(2);
  b.write(5);
  a.lead(3);
  a.write(20);
  b.lead(4);
  b.write(2);
  a.lead(5);
  expect(b.follow(a, 5)).toEqual([10, 5]);
  expect(b.content).toEqual(a.content);
});

test('a follower whose log is longer in the same epoch is cut to the leader’s end', () => {
  const [a, b] = three();
  a.lead(1, [1, 2]);
  a.write(3);
  a.sync();
  a.write(4);
  b.follow(a, 1);
  b.sync();
  // The leader pushed before its own disk had it, and lost it: what follows is of a new epoch.
  a.crash();
  a.lead(2, [1, 2]);
  expect(b.follow(a, 2)).toEqual([3]);
  a.write(1);
  expect(b.follow(a, 2)).toEqual([]);
  expect(b.content).toEqual(a.content);
});

test('records from before the leader’s log start are no divergence', () => {
  const [a, b] = three();
  a.lead(1, [1, 2]);
  a.write(5);
  b.follow(a, 1);
  a.lead(2, [1, 2]);
  a.write(5);
  a.sync();
  a.machine.logStartRaised(Offset(7));
  const question = { replica: b.id, brokerEpoch: BrokerEpoch(102), leaderEpoch: LeaderEpoch(2) };
  const ask = (end: number): unknown =>
    a.machine.subscribe(
      {
        ...{ ...question, fetchOffset: Offset(end), lastFetchedEpoch: LeaderEpoch(1) },
        logStartOffset: Offset(0),
      },
      0,
    );
  expect(ask(5)).toEqual({ kind: 'error', error: 1, logStartOffset: 7 });
  expect(ask(7)).toEqual({ kind: 'from', offset: 7 });
  expect(ask(9)).toEqual({ kind: 'diverging', epoch: 1, endOffset: 7 });
});
