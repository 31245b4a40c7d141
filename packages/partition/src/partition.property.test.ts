import { LeaderEpoch, Offset, SeededRandom } from '@kafkaesque/kernel';
import { casesOf } from '@kafkaesque/kernel/conformance';
import {
  baseOffsetOf,
  baseSequenceOf,
  computeCrc,
  crcOf,
  lastOffsetOf,
  leaderEpochOf,
  producerEpochOf,
  producerIdOf,
  recordCountOf,
} from '@kafkaesque/protocol';
import type { EpochEntry } from './epochs';
import { Partition } from './partition';
import type { ProducerSnapshot } from './partition';
import { batchOf, lead, openPartition, produce } from './scenario';

/** One client: what it sent last, so that it can go on, repeat itself, or go wrong. */
interface Client {
  readonly producerId: number;
  epoch: number;
  nextSequence: number;
  readonly sent: { readonly epoch: number; readonly sequence: number; readonly count: number }[];
}

/** A replica and its log as plain values: what a host and a disk would do, and nothing else. */
class World {
  readonly random: SeededRandom;
  partition = openPartition({ maxProducerIds: 5 });
  /** Every batch in the log, also those before the log start. */
  log: Buffer[] = [];
  durableCount = 0;
  logStart = 0;
  epochs: EpochEntry[] = [];
  epoch = 0;
  snapshots: ProducerSnapshot[] = [];
  /** Highest offset whose acks=all answer left. */
  acknowledged = 0;
  readonly clients: Client[] = Array.from({ length: 7 }, (_, i) => ({
    producerId: 100 + i,
    epoch: 0,
    nextSequence: 0,
    sent: [],
  }));

  constructor(seed: number) {
    this.random = new SeededRandom(seed, 'partition');
    this.appoint();
  }

  appoint(): void {
    this.epoch += 1;
    for (const effect of lead(this.partition, this.epoch)) {
      if (effect.kind === 'assign-epoch')
        this.epochs.push({ leaderEpoch: effect.leaderEpoch, startOffset: effect.startOffset });
      if (effect.kind === 'ask-for-leader') throw new Error('a later epoch was refused');
    }
    // An epoch that wrote nothing is not in any log.
    this.epochs = this.epochs.filter((entry, i) => this.epochs[i + 1]?.startOffset !== entry.startOffset);
  }

  endOf(count: number): number {
    const last = this.log[count - 1];
    return last === undefined ? 0 : lastOffsetOf(last) + 1;
  }

  send(): void {
    const client = this.clients[this.random.below(this.clients.length)];
    if (client === undefined) return;
    const choice = this.random.below(12);
    const again = client.sent.at(-1 - this.random.below(6));
    if (choice === 0) {
      client.epoch += 1;
      client.nextSequence = 0;
    }
    const attempt =
      choice < 4 && again !== undefined
        ? again
        : {
            epoch: client.epoch,
            sequence: client.nextSequence + (choice === 11 ? 1 : 0),
            count: 1 + this.random.below(3),
          };
    const records = batchOf(attempt.count, [client.producerId, attempt.epoch, attempt.sequence]);
    const outcome = produce(this.partition, records, { acks: -1 });
    if (outcome.kind === 'accepted') {
      this.log.push(...outcome.batches.map((batch) => batch.bytes));
      if (attempt.epoch === client.epoch) client.nextSequence = attempt.sequence + attempt.count;
      client.sent.push(attempt);
    } else if (outcome.kind === 'duplicate') {
      const original = this.log.find((batch) => baseOffsetOf(batch) === outcome.baseOffset);
      expect(
        original === undefined
          ? []
          : [
              producerIdOf(original),
              producerEpochOf(original),
              baseSequenceOf(original),
              recordCountOf(original),
            ],
      ).toEqual([client.producerId, attempt.epoch, attempt.sequence, attempt.count]);
    }
  }

  sync(): void {
    this.durableCount += this.random.below(this.log.length - this.durableCount + 1);
    const last = this.log[this.durableCount - 1];
    if (last === undefined) return;
    for (const effect of this.partition.durable(Offset(lastOffsetOf(last) + 1), leaderEpochOf(last)))
      if (effect.kind === 'advanced') this.acknowledged = effect.highWatermark;
  }

  snapshot(): void {
    if (this.durableCount === this.log.length) this.snapshots.push(this.partition.producerSnapshot());
  }

  deleteRecords(): void {
    // A host keeps a snapshot of what it is about to delete; without one the deleted producers are strangers again.
    if (this.durableCount === this.log.length) this.snapshot();
    else return;
    const offset = this.random.below(this.partition.endOffset + 3);
    const plan = this.partition.deleteRecords(offset);
    if (plan.kind === 'raise') {
      this.logStart = plan.offset;
      this.partition.logStartRaised(plan.offset);
    } else if (plan.kind === 'error') expect(offset).toBeGreaterThan(this.partition.highWatermark);
  }

  /** Any that still covers the deleted records; with nothing deleted perhaps none at all. */
  someSnapshot(): ProducerSnapshot | undefined {
    const covering = this.snapshots.filter((snapshot) => snapshot.offset >= this.logStart);
    return covering[this.random.below(covering.length + (this.logStart === 0 ? 1 : 0))];
  }

  /** What was not durable is gone; the rest comes back through a snapshot and the headers after it. */
  restart(inPlace: boolean): void {
    const highWatermark = this.partition.highWatermark;
    this.log = this.log.slice(0, this.durableCount);
    const endOffset = Offset(Math.max(this.endOf(this.log.length), this.logStart));
    this.epochs = this.epochs.filter((entry) => entry.startOffset < endOffset);
    const recovered = { logStartOffset: Offset(this.logStart), endOffset, epochs: this.epochs };
    if (inPlace) {
      this.partition.failed();
      this.partition.recover(recovered);
    } else
      this.partition = new Partition(
        this.partition.topicId,
        this.partition.partition,
        this.partition.config,
        recovered,
      );
    rebuild(this.partition, this.log, this.someSnapshot());
    this.appoint();
    expect(this.partition.highWatermark).toBeGreaterThanOrEqual(highWatermark);
  }
}

const rebuild = (
  partition: Partition,
  log: readonly Buffer[],
  snapshot: ProducerSnapshot | undefined,
): void => {
  if (snapshot !== undefined) expect(partition.loadProducers(snapshot, 0)).toBe('loaded');
  for (const batch of log) partition.replayHeader(batch, 0, 0);
};

/** Producer state as one replay of everything from the first batch gives it. */
const replayed = (world: World): Buffer => {
  const endOffset = Offset(Math.max(world.endOf(world.log.length), world.logStart));
  const fresh = openPartition({ maxProducerIds: 5 }, { logStartOffset: Offset(0), endOffset, epochs: [] });
  rebuild(fresh, world.log, undefined);
  return fresh.producerSnapshot().bytes;
};

const expectSound = (world: World): void => {
  const { partition, log } = world;
  const places = [
    partition.logStartOffset,
    partition.highWatermark,
    partition.durableEndOffset,
    partition.endOffset,
  ];
  expect([...places].sort((a, b) => a - b)).toEqual(places);
  expect(partition.endOffset).toBe(Math.max(world.endOf(log.length), world.logStart));
  expect(world.acknowledged).toBeLessThanOrEqual(partition.endOffset);
  const plan = partition.planFetch({
    fetchOffset: partition.logStartOffset,
    currentLeaderEpoch: world.epoch,
    lastFetchedEpoch: -1,
    isolation: 'read-uncommitted',
  });
  expect(plan.kind === 'read' && plan.upTo <= partition.durableEndOffset).toBe(true);
};

/** I1: of one producer and epoch the log holds sequences without gap and without repeat, as long as it is known. */
const expectSequences = (world: World): void => {
  const seen = new Map<string, { next: number; index: number }>();
  const alive = new Map<number, number>();
  world.log.forEach((batch, index) => {
    const key = `${producerIdOf(batch)}/${producerEpochOf(batch)}`;
    const before = seen.get(key);
    const forgotten =
      before !== undefined &&
      new Set([...alive].filter(([, last]) => last > before.index).map(([pid]) => pid)).size >= 5;
    if (before !== undefined && !forgotten) expect(baseSequenceOf(batch)).toBe(before.next);
    seen.set(key, { next: baseSequenceOf(batch) + recordCountOf(batch), index });
    alive.set(producerIdOf(batch), index);
  });
};

const run = (seed: number): void => {
  const world = new World(seed);
  for (let step = 0; step < 80; step++) {
    const choice = world.random.below(20);
    if (choice < 11) world.send();
    else if (choice < 15) world.sync();
    else if (choice < 16) world.snapshot();
    else if (choice < 17) world.deleteRecords();
    else if (choice < 18) world.appoint();
    else world.restart(choice === 18);
    expectSound(world);
  }
  expect(world.partition.producerSnapshot().bytes.equals(replayed(world))).toBe(true);
  expectSequences(world);
  for (const batch of world.log) {
    expect(crcOf(batch)).toBe(computeCrc(batch));
    const end = world.partition.endOffsetForEpoch(leaderEpochOf(batch), world.epoch);
    if (baseOffsetOf(batch) >= world.logStart)
      expect(
        end.kind === 'epoch-end' &&
          end.endOffset > baseOffsetOf(batch) &&
          end.leaderEpoch === LeaderEpoch(leaderEpochOf(batch)),
      ).toBe(true);
  }
};

test('through retries, crashes, failed appends, deletions and elections nothing acknowledged is lost or doubled', () => {
  for (let seed = 0; seed < casesOf(30, 120); seed++) {
    try {
      run(seed);
    } catch (failure) {
      throw new Error(`seed ${seed}`, { cause: failure });
    }
  }
});
