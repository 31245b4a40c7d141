import { SeededRandom } from '@kafkaesque/kernel';
import { ErrorCode } from '@kafkaesque/protocol';
import type { ToyAnswer, ToyRequest } from './testing/toy-machine';
import { ToyPartition } from './testing/toy-partition';

/** A write whose success was told, and where the log ended then: nothing may forget it. */
interface Acknowledged {
  readonly register: string;
  readonly value: number;
}

const REGISTERS = ['a', 'b', 'c', 'd'];
/** Registers that only grow, each write by one: a lost, doubled or misread write shows. */
const COUNTER = 'counter';

/** Two brokers, one log: what is committed survives a change of leaders, what is not may go. */
class World {
  readonly random: SeededRandom;
  brokers: readonly [ToyPartition, ToyPartition];
  leader = 0;
  asked = 0;
  answered = 0;
  readonly acknowledged: Acknowledged[] = [];
  /** What the counter has been told to be, by acknowledged additions and reads. */
  toldCounter = 0;
  /** How far the high watermark of any of them ever came, at the last change of leaders. */
  committed = 0;
  nextValue = 1;
  #counted = { upTo: -1, value: 0 };

  constructor(seed: number) {
    this.random = new SeededRandom(seed, 'coordinator runtime');
    const options = {
      maxBatchBytes: 300 + this.random.below(700),
      appendLingerMs: [-1, 0, 30][this.random.below(3)] ?? -1,
      commitTimeoutMs: 200,
    };
    this.brokers = [new ToyPartition(options), new ToyPartition(options)];
    this.current.load();
  }

  get current(): ToyPartition {
    return this.brokers[this.leader === 0 ? 0 : 1];
  }

  step(): void {
    const partition = this.current;
    const { random } = this;
    partition.nowMs += random.below(20);
    switch (random.below(12)) {
      case 0:
      case 1:
      case 2:
        return this.ask({ kind: 'add', register: COUNTER, by: 1 });
      case 3:
        return this.write();
      case 4:
        if (random.below(2) === 0) return this.readCommitted();
        return this.ask({ kind: 'read', register: random.below(2) === 0 ? COUNTER : this.register() });
      case 5:
        return this.ask({ kind: 'await', register: this.register() });
      case 6:
        return partition.endTurn();
      case 7:
        return partition.durable(this.endOfABatch(partition.durableEndOffset));
      case 8:
        return partition.commit(this.endOfABatch(partition.highWatermark));
      case 9:
        return partition.sleepUntil(partition.nowMs);
      case 10:
        partition.refusedWith = random.below(4) === 0 ? ErrorCode.NOT_ENOUGH_REPLICAS : 0;
        return;
      default:
        return random.below(4) === 0 ? this.failOver() : this.mayFailToAppend();
    }
  }

  ask(request: ToyRequest, told?: (answer: ToyAnswer) => void): void {
    const partition = this.current;
    const { runtime } = partition;
    this.asked += 1;
    let answers = 0;
    runtime.ask(request, partition.now, (answer) => {
      answers += 1;
      expect(answers).toBe(1);
      this.answered += 1;
      if (answer.kind !== 'value') return;
      // Whatever is told is in the committed part of the log: replaying just that shows it.

      if (request.kind === 'add' || (request.kind === 'read' && request.register === COUNTER)) {
        expect(answer.value ?? 0).toBeLessThanOrEqual(this.committedCounter());
        this.toldCounter = Math.max(this.toldCounter, answer.value ?? 0);
      }
      told?.(answer);
    });
  }

  /** What it tells is committed, and never less than what anybody was told before. */
  readCommitted(): void {
    const known = this.toldCounter;
    this.ask({ kind: 'read-committed', register: COUNTER }, (answer) => {
      if (answer.kind !== 'value') return;
      expect(answer.value ?? 0).toBeLessThanOrEqual(this.committedCounter());
      expect(answer.value ?? 0).toBeGreaterThanOrEqual(known);
      this.toldCounter = Math.max(this.toldCounter, answer.value ?? 0);
    });
  }

  write(): void {
    const register = `${this.register()}-${this.nextValue}`;
    const value = this.nextValue;
    this.nextValue += 1;
    this.ask({ kind: 'write', register, value, padding: this.random.below(60) * this.random.below(2) }, () =>
      this.acknowledged.push({ register, value }),
    );
  }

  /** What a new leader would find in the committed part of the log. */
  committedCounter(): number {
    const { highWatermark: upTo } = this.current;
    if (this.#counted.upTo !== upTo) this.#counted = { upTo, value: this.#countCommitted() };
    return this.#counted.value;
  }

  #countCommitted(): number {
    const fresh = new ToyPartition();
    const { highWatermark, batches } = this.current;
    const life = fresh.runtime.startLoading(fresh.now);
    for (const { bytes, endOffset } of batches)
      if (endOffset <= highWatermark) fresh.runtime.replay(life, bytes, 0);
    return fresh.toy.registers.get(COUNTER) ?? 0;
  }

  /** The other broker has everything committed, and maybe some more; it leads now. */
  failOver(): void {
    const old = this.current;
    old.runtime.drop();
    expect(old.runtime.openRequests).toBe(0);
    this.committed = Math.max(this.committed, old.highWatermark);
    const keep = this.endOfABatch(this.committed);
    this.leader = 1 - this.leader;
    const next = this.current;
    next.batches.splice(0, Infinity, ...old.batches.filter(({ endOffset }) => endOffset <= keep));
    next.endOffset = next.batches.at(-1)?.endOffset ?? 0;
    next.durableEndOffset = next.endOffset;
    // It may hear late how far the high watermark came.
    next.highWatermark = Math.min(this.endOfABatchUpTo(old.highWatermark), next.endOffset);
    next.inheritedEndOffset = next.endOffset;
    next.refusedWith = 0;
    next.nowMs = old.nowMs;
    next.load();
    this.nothingIsLost();
  }

  /** An append is refused after it was prechecked: the machine goes, and the same broker loads again. */
  mayFailToAppend(): void {
    const partition = this.current;
    const before = partition.discards.length;
    partition.appendFailsWith = ErrorCode.NOT_ENOUGH_REPLICAS;
    partition.endTurn();
    partition.appendFailsWith = 0;
    if (partition.discards.length > before) partition.load();
    this.nothingIsLost();
  }

  nothingIsLost(): void {
    const { registers } = this.current.toy;
    const found = new Map([...registers].map(([name, value]) => [name.replace(/\.+$/, ''), value]));
    for (const { register, value } of this.acknowledged) expect(found.get(register)).toBe(value);
    expect(registers.get(COUNTER) ?? 0).toBeGreaterThanOrEqual(this.toldCounter);
  }

  /** Logs are durable, and replicated, batch by batch. */
  endOfABatch(from: number): number {
    const ends = this.current.batches.map(({ endOffset }) => endOffset).filter((end) => end > from);
    return [from, ...ends][this.random.below(ends.length + 1)] ?? from;
  }

  endOfABatchUpTo(upTo: number): number {
    const ends = this.current.batches.map(({ endOffset }) => endOffset).filter((end) => end <= upTo);
    return [0, ...ends].at(-1 - this.random.below(Math.min(3, ends.length + 1))) ?? 0;
  }

  register(): string {
    return REGISTERS[this.random.below(REGISTERS.length)] ?? 'a';
  }
}

const SEEDS = 30;
const STEPS = 250;

test('nothing acknowledged is lost, no answer precedes its commit, and everybody is answered once', () => {
  const base = Number(process.env['SEED'] ?? Math.floor(Math.random() * 1e9));
  for (let seed = base; seed < base + SEEDS; seed += 1) {
    try {
      const world = new World(seed);
      for (let step = 0; step < STEPS; step += 1) world.step();
      world.failOver();
      world.current.runtime.drop();
      expect(world.answered).toBe(world.asked);
    } catch (error) {
      process.stdout.write(`failed with SEED=${seed}\n`);
      throw error;
    }
  }
});
