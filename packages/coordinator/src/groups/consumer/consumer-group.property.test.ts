import { SeededRandom, type TopicId } from '@kafkaesque/kernel';
import { casesOf } from '@kafkaesque/kernel/conformance';
import type { GroupRecord } from '@kafkaesque/protocol';
import { TestClassicConsumer } from './classic-scenario';
import { ConsumerGroup } from './consumer-group';
import { countPartitions, partitionsOf } from './partitions';
import { Coordinator, TestConsumer } from './scenario';

const SEEDS = casesOf(6, 12);
const FIRST_SEED = Number(process.env['SEED'] ?? 1);
const STEPS = 150;
const TOPICS = ['t0', 't1', 't2'];

/** Follows the log: what must hold whatever happens, by what is written alone. */
class LogOracle {
  #read = 0;
  #epoch = 0;
  #generation = 0;
  #assignmentEpoch = 0;
  readonly #assigned = new Map<string, { readonly memberId: string; readonly epoch: number }>();

  follow(log: readonly GroupRecord[]): void {
    for (; this.#read < log.length; this.#read++) this.#check(log[this.#read] as GroupRecord);
  }

  #check(record: GroupRecord): void {
    switch (record.kind) {
      case 'ConsumerGroupMetadata':
        if (record.value === null) return;
        if (record.value.epoch <= this.#epoch && record.value.epoch !== this.#generation)
          throw new Error(`the group's epoch ${record.value.epoch} follows ${this.#epoch}`);
        this.#epoch = record.value.epoch;
        return;
      case 'GroupMetadata':
        if (record.value === null) return;
        if (record.value.members.length > 0 && record.value.generation < this.#epoch)
          throw new Error(`generation ${record.value.generation} follows epoch ${this.#epoch}`);
        this.#generation = record.value.generation;
        // Whoever has it by the classic protocol has it by another count.
        this.#assigned.clear();
        if (record.value.members.length === 0) this.#restart();
        return;
      case 'ConsumerGroupTargetAssignmentMetadata':
        if (record.value === null) return;
        if (record.value.assignmentEpoch < this.#assignmentEpoch)
          throw new Error(`target ${record.value.assignmentEpoch} follows ${this.#assignmentEpoch}`);
        this.#assignmentEpoch = record.value.assignmentEpoch;
        return;
      case 'ConsumerGroupCurrentMemberAssignment':
        if (record.value !== null) this.#checkOwner(record.key.memberId, record.value.assignedPartitions);
        return;
      default:
        return;
    }
  }

  /** A new group under the old name counts from the beginning. */
  #restart(): void {
    this.#epoch = 0;
    this.#assignmentEpoch = 0;
  }

  /** A partition that changes hands does so in a later epoch; a static member's comes back with epoch 0. */
  #checkOwner(
    memberId: string,
    topics: readonly {
      readonly topicId: TopicId;
      readonly partitions: readonly number[];
      readonly assignmentEpochs: readonly number[] | null;
    }[],
  ): void {
    for (const { topicId, partitions, assignmentEpochs } of topics) {
      for (const [at, partition] of partitions.entries()) {
        const key = `${topicId}/${partition}`;
        const epoch = assignmentEpochs?.[at] ?? 0;
        const before = this.#assigned.get(key);
        if (before !== undefined && before.memberId !== memberId && epoch !== 0 && epoch <= before.epoch) {
          if (memberId.split('#')[0] !== before.memberId.split('#')[0])
            throw new Error(`${key} goes from ${before.memberId}@${before.epoch} to ${memberId}@${epoch}`);
        }
        this.#assigned.set(key, { memberId, epoch });
      }
    }
  }
}

/** One group with everything that may happen to it. */
class Life {
  readonly coordinator = new Coordinator();
  readonly consumers: TestConsumer[] = [];
  readonly classics: TestClassicConsumer[] = [];
  readonly paused = new Set<object>();
  readonly random: SeededRandom;
  readonly oracle = new LogOracle();
  readonly #hasClassics: boolean;
  /** Where few speak the consumer protocol, the group passes to and fro between both. */
  readonly #mostConsumers: number;
  #made = 0;

  constructor(random: SeededRandom) {
    this.random = random;
    const { world } = this.coordinator;
    world.groupSettings = {
      ...world.groupSettings,
      consumerAssignmentIntervalMs: random.below(2) === 0 ? 0 : 1000,
      isAssignmentIntervalSet: random.below(2) === 0,
    };
    world.settings = {
      ...world.settings,
      migrationPolicy: (['bidirectional', 'bidirectional', 'upgrade'] as const)[random.below(3)] ?? 'upgrade',
    };
    this.#hasClassics = random.below(2) === 0;
    this.#mostConsumers = this.#hasClassics ? 1 + random.below(3) : 5;
    for (const topic of TOPICS) if (random.below(3) > 0) world.putTopic(topic, 1 + random.below(6));
  }

  get group(): ConsumerGroup | undefined {
    const group = this.coordinator.machine.groups.get('g');
    return group instanceof ConsumerGroup ? group : undefined;
  }

  #any<Item>(items: readonly Item[]): Item | undefined {
    return items[this.random.below(items.length)];
  }

  #subscription(): string[] | string {
    if (this.random.below(5) === 0) return this.random.below(2) === 0 ? 't.*' : 't[01]';
    const topics = TOPICS.filter(() => this.random.below(3) > 0);
    return topics.length === 0 ? TOPICS : topics;
  }

  step(): void {
    const { random, coordinator } = this;
    switch (random.below(24)) {
      case 0:
        this.#start();
        break;
      case 1:
        if (this.#hasClassics) this.#startClassic();
        break;
      case 2:
        this.#stop();
        break;
      case 3:
        this.#stopClassic();
        break;
      case 4: {
        const member = this.#any([...this.consumers, ...this.classics]);
        if (member !== undefined && !this.paused.delete(member)) this.paused.add(member);
        break;
      }
      case 5: {
        const consumer = this.#any(this.consumers);
        if (consumer === undefined || this.paused.has(consumer)) break;
        const subscription = this.#subscription();
        consumer.topics = typeof subscription === 'string' ? [] : subscription;
        consumer.regex = typeof subscription === 'string' ? subscription : '';
        this.#heard(consumer, consumer.full().errorCode);
        break;
      }
      case 6:
        this.#changeTopics();
        break;
      case 7:
        coordinator.pass(random.below(2) === 0 ? 20_000 : 1000);
        break;
      case 8:
        coordinator.reload();
        for (const classic of this.classics) classic.interrupted();
        break;
      case 9:
        this.#restartStatic();
        break;
      case 10:
        this.#loseAnswer();
        break;
      case 11:
        this.#stop();
        this.#start();
        break;
      default:
        coordinator.pass(random.below(3000));
        this.#beatSome();
    }
    this.check();
  }

  #start(): void {
    if (this.consumers.length >= this.#mostConsumers) return;
    const instanceId = this.random.below(3) === 0 ? `i${this.random.below(3)}` : null;
    if (instanceId !== null && this.consumers.some((each) => each.instanceId === instanceId)) return;
    this.#join(instanceId);
  }

  #join(instanceId: string | null): void {
    this.#made += 1;
    const memberId = instanceId === null ? `m${this.#made}` : `${instanceId}#${this.#made}`;
    const consumer = new TestConsumer(this.coordinator, memberId, this.#subscription(), {
      instanceId,
      serverAssignor: (['uniform', 'range', null] as const)[this.random.below(3)] ?? null,
    });
    const { errorCode } = consumer.join();
    if (errorCode === 0) this.consumers.push(consumer);
  }

  #restartStatic(): void {
    const consumer = this.#any(this.consumers.filter(({ instanceId }) => instanceId !== null));
    if (consumer === undefined || this.paused.has(consumer)) return;
    consumer.leave(-2);
    this.consumers.splice(this.consumers.indexOf(consumer), 1);
    if (this.random.below(3) > 0) this.#join(consumer.instanceId);
  }

  #stop(): void {
    const consumer = this.#any(this.consumers);
    if (consumer === undefined) return;
    this.consumers.splice(this.consumers.indexOf(consumer), 1);
    if (!this.paused.delete(consumer)) consumer.leave();
  }

  #startClassic(): void {
    if (this.classics.length >= 3) return;
    const classic = new TestClassicConsumer(this.coordinator, TOPICS, { isEager: false });
    classic.join();
    this.classics.push(classic);
  }

  #stopClassic(): void {
    const classic = this.#any(this.classics);
    if (classic === undefined) return;
    this.classics.splice(this.classics.indexOf(classic), 1);
    if (!this.paused.delete(classic)) classic.leave();
  }

  #changeTopics(): void {
    const { world } = this.coordinator;
    const topic = this.#any(TOPICS) as string;
    const count = world.topicByName(topic)?.partitionCount ?? 0;
    // Classic members know topics by name: to the oracle, one that is made anew would be the old one.
    if (count > 0 && !this.#hasClassics && this.random.below(3) === 0) world.deleteTopic(topic);
    else world.putTopic(topic, Math.min(12, count + 1 + this.random.below(3)));
    for (const decision of this.coordinator.machine.metadataChanged(this.coordinator.now))
      this.coordinator.carryOut(decision);
  }

  /** The coordinator hears a heartbeat whose answer does not arrive; the client then tells all, or goes on as if nothing had been. */
  #loseAnswer(): void {
    const consumer = this.#any(this.consumers);
    if (consumer === undefined || this.paused.has(consumer)) return;
    this.coordinator.heartbeat({
      memberId: consumer.memberId,
      memberEpoch: consumer.epoch,
      instanceId: consumer.instanceId,
      topicPartitions: Array.from(consumer.owned, ([topicId, partitions]) => ({ topicId, partitions })),
    });
    this.check();
    if (this.random.below(2) === 0) this.#heard(consumer, consumer.full().errorCode);
  }

  /** A member that is refused begins anew, as clients do. */
  #heard(consumer: TestConsumer, errorCode: number): void {
    if (errorCode === 0) return;
    const { errorCode: again } = consumer.join();
    // A static one whose place another has now is out.
    if (again !== 0) this.consumers.splice(this.consumers.indexOf(consumer), 1);
  }

  #beatSome(): void {
    for (const consumer of [...this.consumers])
      if (!this.paused.has(consumer) && this.random.below(4) > 0) this.beat(consumer);
    for (const classic of this.classics)
      if (!this.paused.has(classic) && this.random.below(4) > 0) classic.step();
  }

  beat(consumer: TestConsumer): void {
    if (consumer.isSlow && this.random.below(3) === 0) consumer.giveUp();
    else if (this.random.below(4) === 0) consumer.isSlow = true;
    this.#heard(consumer, consumer.beat(this.random.below(3) > 0).errorCode);
    this.check();
  }

  check(): void {
    this.oracle.follow(this.coordinator.log);
    const { group } = this;
    if (group === undefined) return;
    const owners = new Map<string, string>();
    for (const { memberId, assigned, pendingRevocation } of group.members.values()) {
      for (const [topicId, { partitions }] of [...assigned, ...pendingRevocation]) {
        for (const partition of partitions) {
          const key = `${topicId}/${partition}`;
          const other = owners.get(key);
          if (other !== undefined) throw new Error(`${key} is owned by ${other} and ${memberId}`);
          owners.set(key, memberId);
        }
      }
    }
    // What a member believes to own, nobody else has: as long as it is a member and not yet to begin anew.
    const believes = (memberId: string, owned: ReadonlyMap<TopicId, readonly number[]>): void => {
      if (!group.members.has(memberId)) return;
      for (const [topicId, partitions] of owned) {
        for (const partition of partitions) {
          const owner = owners.get(`${topicId}/${partition}`);
          if (owner !== undefined && owner !== memberId)
            throw new Error(`${memberId} believes to own ${topicId}/${partition}, which ${owner} has`);
        }
      }
    };
    for (const { memberId, owned } of this.consumers) believes(memberId, owned);
    for (const { memberId, ownedById } of this.classics) believes(memberId, ownedById);
    for (const [instanceId, memberId] of group.staticMembers)
      if (group.members.get(memberId)?.instanceId !== instanceId)
        throw new Error(`instance ${instanceId} is not ${memberId}`);
    const timers = [...this.coordinator.timers.keys()].filter((key) => key.startsWith('consumer/session/'));
    if (timers.length > group.members.size)
      throw new Error(`timers of members that are gone: ${timers.join()}`);
  }

  /** With nothing more happening, everything is assigned to those that are there, and they are stable. */
  calmDown(): void {
    const { coordinator } = this;
    for (const member of this.paused) {
      const at = this.consumers.indexOf(member as TestConsumer);
      if (at >= 0) this.consumers.splice(at, 1);
      const classicAt = this.classics.indexOf(member as TestClassicConsumer);
      if (classicAt >= 0) this.classics.splice(classicAt, 1);
    }
    for (const consumer of this.consumers) consumer.giveUp();
    // A classic leader that sees other topics joins anew.
    for (let second = 0; second < 200; second++) {
      if (second === 100 && this.group === undefined)
        for (const classic of this.classics) if (classic.phase.kind === 'stable') classic.join();
      coordinator.pass(1000);
      for (const consumer of [...this.consumers]) this.#heard(consumer, consumer.beat().errorCode);
      for (const classic of this.classics) classic.step();
      if (second % 10 === 0) this.check();
    }
    this.#checkCalm();
  }

  #checkCalm(): void {
    const state = this.coordinator.machine.groups.get('g')?.state;
    const count = this.consumers.length + this.classics.length;
    if (count === 0) return;
    if (state !== 'Stable') throw new Error(`the group is ${state ?? 'gone'} with ${count} members`);
    const owned = [
      ...this.consumers.flatMap((each) => [...each.owned]),
      ...this.classics.flatMap((each) => [...each.ownedById]),
    ].flatMap(([topicId, partitions]) => partitions.map((partition) => `${topicId}/${partition}`));
    if (new Set(owned).size !== owned.length) throw new Error(`owned twice: ${owned.sort().join()}`);
    const { world } = this.coordinator;
    const reads = (name: string): boolean =>
      this.classics.length > 0 ||
      this.consumers.some(
        ({ topics, regex }) =>
          (topics ?? []).includes(name) ||
          (regex !== null && regex !== '' && new RegExp(`^(?:${regex})$`).test(name)),
      );
    const wanted = [...world.topicNames()]
      .filter(reads)
      .map((name) => world.topicByName(name))
      .flatMap((topic) =>
        Array.from(
          { length: topic?.partitionCount ?? 0 },
          (_, partition) => `${topic?.topicId}/${partition}`,
        ),
      );
    if (owned.sort().join() !== wanted.sort().join())
      throw new Error(`owned ${owned.join()} instead of ${wanted.join()}`);
    const { group } = this;
    if (group === undefined || this.group?.subscriptions.size !== 1) return;
    const loads = [...group.members.values()].map(({ assigned }) => countPartitions(partitionsOf(assigned)));
    const assignor = this.coordinator.asked({ kind: 'describe-consumer', groupId: 'g' });
    if (assignor?.kind !== 'describe-consumer' || assignor.answer.assignorName !== 'uniform') return;
    if (Math.max(...loads) - Math.min(...loads) > 1) throw new Error(`loads are ${loads.join()}`);
  }
}

test(`whatever happens to a group, a partition has one owner, epochs only grow, and in the end all is assigned (${SEEDS} seeds)`, () => {
  for (let seed = FIRST_SEED; seed < FIRST_SEED + SEEDS; seed++) {
    const life = new Life(new SeededRandom(seed, 'consumer groups'));
    let step = 0;
    try {
      for (; step < STEPS; step++) life.step();
      life.calmDown();
    } catch (cause) {
      throw new Error(`SEED=${seed}, step ${step}`, { cause });
    }
  }
});
