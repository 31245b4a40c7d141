import { SeededRandom, assert } from '@kafkaesque/kernel';
import type { Random } from '@kafkaesque/kernel';
import type { ApiName } from '@kafkaesque/protocol';
import { Scheduler, VirtualClock } from '@kafkaesque/sim';
import { openClient } from '../client';
import type { Consumer } from '../consumer/consumer';
import type { ConsumerOptions } from '../consumer/consumer-options';
import { isClientError } from '../errors';
import type { ConsumerRecord, TopicPartition } from '../records';
import { MortalWire } from '../testing/mortal-wire';
import { SimulatedCluster } from '../testing/simulated-cluster';
import { keyOf } from './partition-sets';

const TOPICS = { a: 3, b: 4 };
const RECORDS = 160;
const TROUBLE_MS = 60_000;
const QUIET_MS = 60_000;
const MAX_MEMBERS = 5;

const kinds: Readonly<Record<string, ConsumerOptions>> = {
  range: { partitionAssignmentStrategy: ['range'], sessionTimeoutMs: 6000 },
  sticky: { partitionAssignmentStrategy: ['sticky'], sessionTimeoutMs: 6000 },
  'cooperative-sticky': { partitionAssignmentStrategy: ['cooperative-sticky'], sessionTimeoutMs: 6000 },
  consumer: { groupProtocol: 'consumer' },
};
const firstSeed = Number(process.env['SEED'] ?? Math.floor(Math.random() * 1e9));
const seeds = Array.from({ length: Number(process.env['SEEDS'] ?? 1) }, (_, index) => firstSeed + index);

const styles = ['polls', 'iterates', 'runs', 'commits by hand'] as const;
type Style = (typeof styles)[number];

interface Member {
  readonly name: string;
  readonly consumer: Consumer;
  readonly wire: MortalWire;
  readonly isConsumerProtocol: boolean;
  state: 'alive' | 'stopped' | 'closed' | 'dead';
  /** By what its listener was told, with the offset from which it reads on; -1: not begun. */
  readonly told: Map<string, number>;
}

/** A group in trouble: members come, leave, die and stall, its coordinator moves, requests are lost. */
class GroupInTrouble {
  readonly scheduler = new Scheduler();
  readonly #clock = new VirtualClock({ scheduler: this.scheduler });
  readonly #random: Random;
  readonly #options: ConsumerOptions;
  readonly cluster: SimulatedCluster;
  readonly members: Member[] = [];
  readonly handled = new Set<string>();
  readonly #sent = new Set<string>();
  readonly #failures: string[] = [];
  #loses = false;
  #nextMember = 1;

  constructor(kind: string, seed: number) {
    this.#options = kinds[kind] ?? {};
    this.#random = new SeededRandom(seed, 'trouble');
    const mishaps = this.#random.fork('mishaps');
    this.cluster = new SimulatedCluster({
      clock: this.#clock,
      random: this.#random.fork('cluster'),
      topics: TOPICS,
      brokers: 3,
      mishap: (api) => {
        if (!this.#loses || !isOfGroups(api) || mishaps.fraction() > 0.08) return 'none';
        return mishaps.fraction() < 0.5 ? 'request-lost' : 'answer-lost';
      },
    });
  }

  async run(): Promise<void> {
    this.#join();
    this.#join();
    this.#produce();
    this.#loses = this.#random.fraction() < 0.5;
    for (let atMs = 3000; atMs < TROUBLE_MS; atMs += 1500 + this.#random.below(3000)) {
      this.scheduler.after(atMs, 'trouble', () => this.#trouble());
    }
    await this.scheduler.run({ untilMs: TROUBLE_MS });
    this.#loses = false;
    for (const member of this.members) this.#resume(member);
    if (this.#alive.length === 0) this.#join();
    await this.scheduler.run({ untilMs: TROUBLE_MS + QUIET_MS });
  }

  get #alive(): readonly Member[] {
    return this.members.filter(({ state }) => state === 'alive');
  }

  /** What must hold once nothing has gone wrong for a while. */
  async checkQuiet(): Promise<void> {
    expect(this.#failures).toEqual([]);
    const all = Object.entries(TOPICS).flatMap(([topic, count]) =>
      Array.from({ length: count }, (_, partition) => `${topic}-${partition}`),
    );
    const owned = this.#alive.flatMap(({ consumer }) => consumer.assignment.map(keyOf));
    expect([...owned].sort()).toEqual(all);
    expect([...this.#sent].filter((one) => !this.handled.has(one))).toEqual([]);
    await this.scheduler.settle(Promise.all(this.#alive.map(({ consumer }) => consumer.close())));
    for (const [topic, partitions] of this.cluster.topics) {
      partitions.forEach((one, partition) => {
        const committed = this.cluster.coordinator.offsets.committed('g', topic, partition) ?? 0;
        expect({ topic, partition, committed }).toEqual({ topic, partition, committed: one.endOffset });
      });
    }
    this.#checkCommits();
  }

  /** Nobody takes the group back. */
  #checkCommits(): void {
    const last = new Map<string, number>();
    for (const { partition, offset } of this.cluster.coordinator.offsets.commits) {
      expect(offset).toBeGreaterThanOrEqual(last.get(partition) ?? 0);
      last.set(partition, offset);
    }
  }

  #produce(): void {
    const random = this.#random.fork('producer');
    const client = openClient({ wire: this.cluster, clock: this.#clock, random });
    const producer = client.producer({ lingerMs: 0 });
    const topics = Object.entries(TOPICS);
    for (let index = 0; index < RECORDS; index += 1) {
      const [topic, count] = topics[random.below(topics.length)] ?? ['a', 1];
      const record = { topic, partition: random.below(count), value: String(index) };
      const send = async (): Promise<void> => {
        const { partition, offset } = await producer.send(record);
        this.#sent.add(`${topic}-${partition}@${offset}`);
      };
      this.scheduler.after(random.below(TROUBLE_MS), 'produce', () => void send());
    }
  }

  #trouble(): void {
    const alive = this.#alive;
    const victim = alive[this.#random.below(Math.max(1, alive.length))];
    switch (this.#random.below(7)) {
      case 0:
      case 1:
        if (alive.length < MAX_MEMBERS) this.#join();
        break;
      case 2:
        if (alive.length > 1 && victim !== undefined) void this.#close(victim);
        break;
      case 3:
        if (alive.length > 1 && victim !== undefined) {
          victim.wire.kill();
          victim.state = 'dead';
        }
        break;
      case 4:
        if (victim !== undefined) this.#stop(victim);
        break;
      case 5:
        this.cluster.coordinator.move(1 + this.#random.below(3), this.#random.below(2000));
        break;
      default:
        this.cluster.disconnect(1 + this.#random.below(3));
    }
    this.#checkOwners();
  }

  async #close(member: Member): Promise<void> {
    member.state = 'closed';
    await member.consumer.close();
  }

  #stop(member: Member): void {
    member.state = 'stopped';
    member.wire.stop();
    this.scheduler.after(1000 + this.#random.below(12_000), 'resume', () => this.#resume(member));
  }

  #resume(member: Member): void {
    if (member.state !== 'stopped') return;
    member.state = 'alive';
    member.wire.resume();
  }

  #join(): void {
    const name = `m${this.#nextMember++}`;
    const random = this.#random.fork(name);
    const style = random.below(styles.length);
    const wire = new MortalWire(this.cluster);
    const consumer = openClient({ wire, clock: this.#clock, random }).consumer({
      groupId: 'g',
      autoOffsetReset: 'earliest',
      enableAutoCommit: styles[style] !== 'commits by hand',
      autoCommitIntervalMs: 700,
      maxPollIntervalMs: 15_000,
      maxPollRecords: 20,
      requestTimeoutMs: 2000,
      ...this.#options,
    });
    const isConsumerProtocol = this.#options.groupProtocol === 'consumer';
    const told = new Map<string, number>();
    const member: Member = { name, consumer, wire, isConsumerProtocol, state: 'alive', told };
    this.members.push(member);
    consumer.subscribe(['a', 'b'], {
      onAssigned: (partitions) => {
        for (const key of partitions.map(keyOf)) {
          assert(!told.has(key), () => `${name} was told twice that it has ${key}`);
          told.set(key, -1);
        }
      },
      onRevoked: (partitions) => this.#goes(member, partitions),
      onLost: (partitions) => this.#goes(member, partitions),
    });
    void this.#consume(member, styles[style] ?? 'polls', random);
  }

  #goes({ name, told }: Member, partitions: readonly TopicPartition[]): void {
    for (const key of partitions.map(keyOf)) {
      assert(told.delete(key), () => `${name} was told that ${key} goes, which it had not`);
    }
  }

  /** What one member handles of a partition while it has it goes up by one, record by record. */
  #checkOrder({ name, told, state }: Member, record: ConsumerRecord): void {
    // Whoever closes in the middle of a poll has said that it is done with it, and nobody hears of the dead.
    if (state === 'closed' || state === 'dead') return;
    const key = keyOf(record);
    const expected = told.get(key);
    assert(
      expected !== undefined,
      () => `${name} was given ${key}@${record.offset} without being told of it`,
    );
    assert(
      expected === -1 || expected === record.offset,
      () => `${name} was given ${key}@${record.offset} instead of ${expected}`,
    );
    told.set(key, record.offset + 1);
  }

  async #consume(member: Member, style: Style, random: Random): Promise<void> {
    const { consumer } = member;
    const handle = async (record: ConsumerRecord): Promise<void> => {
      this.#checkOwner(member, record);
      this.#checkOrder(member, record);
      if (random.fraction() < 0.05) this.#pause(consumer, record);
      await this.#sleep(random.below(200));
      if (member.state !== 'dead') this.handled.add(`${keyOf(record)}@${record.offset}`);
    };
    try {
      if (style === 'runs') await consumer.run(handle, { concurrency: 1 + random.below(3) });
      else if (style === 'iterates') for await (const record of consumer) await handle(record);
      else
        for (;;) {
          for (const record of await consumer.poll()) await handle(record);
          if (style === 'commits by hand') await this.#commit(consumer);
        }
    } catch (error) {
      if (!isClientError(error, 'closed')) this.#failures.push(`${member.name}: ${String(error)}`);
    }
  }

  /** Who is thrown out before it committed leaves that to whoever handles the same again. */
  async #commit(consumer: Consumer): Promise<void> {
    try {
      await consumer.commit();
    } catch (error) {
      const isOver = isClientError(error, 'broker') || isClientError(error, 'timeout');
      if (!isOver) throw error;
    }
  }

  /** For a while, or until it is assigned anew. */
  #pause(consumer: Consumer, partition: TopicPartition): void {
    consumer.pause([partition]);
    this.scheduler.after(700, 'resume', () => {
      if (consumer.assignment.some((one) => keyOf(one) === keyOf(partition))) consumer.resume([partition]);
    });
  }

  #sleep(ms: number): Promise<void> {
    return new Promise((resolve) => this.scheduler.after(ms, 'work', resolve));
  }

  #checkOwners(): void {
    for (const member of this.members)
      for (const one of member.consumer.assignment) this.#checkOwner(member, one);
  }

  /** Nobody else of the same generation, or known to the coordinator, has the partition. */
  #checkOwner(member: Member, partition: TopicPartition): void {
    const key = keyOf(partition);
    for (const other of this.members) {
      if (other === member || !other.consumer.assignment.some((one) => keyOf(one) === key)) continue;
      assert(
        !this.#areBothOwners(member, other),
        () => `${key} is owned by ${member.name} and ${other.name}`,
      );
    }
  }

  #areBothOwners(one: Member, other: Member): boolean {
    const [a, b] = [one.consumer.groupMetadata(), other.consumer.groupMetadata()];
    if (a.generationId < 0 || b.generationId < 0) return false;
    if (!one.isConsumerProtocol) return a.generationId === b.generationId;
    const known = this.cluster.coordinator.consumerGroup('g').memberIds;
    return (
      [one, other].every(({ state }) => state === 'alive') &&
      known.includes(a.memberId) &&
      known.includes(b.memberId)
    );
  }
}

const isOfGroups = (api: ApiName): boolean =>
  ['JoinGroup', 'SyncGroup', 'Heartbeat', 'OffsetCommit', 'OffsetFetch', 'ConsumerGroupHeartbeat'].includes(
    api,
  );

describe.each(Object.keys(kinds))('a group in trouble, by %s', (kind) => {
  test.each(seeds)('handles every record, and owns no partition twice (SEED=%i)', async (seed) => {
    const group = new GroupInTrouble(kind, seed);
    await group.run();
    await group.checkQuiet();
  });
});
