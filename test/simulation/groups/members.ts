import type { Random, TopicId } from '@kafkaesque/kernel';
import { ErrorCode } from '@kafkaesque/protocol';
import type { Attachment } from '@kafkaesque/sim';
import type { Cluster } from '../cluster/cluster';
import { KafkaLink } from '../cluster/kafka-link';
import { hostOf } from '../cluster/node';
import { Violation } from '../runner/suite';
import { liveClassic } from './classic-member';
import { liveConsumer } from './consumer-member';
import { CoordinatorLink } from './coordinator-link';
import { deleteAgainAndAgain } from './group-operator';
import type { GroupOracle } from './group-oracle';
import { Keeper } from './keeper';
import { TOPIC } from './member';
import type { MemberParts } from './member';
import type { GroupsShape, Protocol } from './shape';

const CREATE_VERSION = 5;
const GROW_VERSION = 3;
const METADATA_VERSION = 12;
/** A process that lives beside its successor ends after so long at most. */
const TWIN_LIVES_MS = 15_000;
const REST_MS = 1_000;
/** What is to be processed after healing, of each partition. */
const LAST_RECORDS = 20;

/** All members of all groups: processes that come and go, and the topic that they consume. */
export class Members {
  violation: Violation | undefined;
  isResting = false;
  isOver = false;
  readonly hosts = ['m1', 'm2'] as const;
  readonly groups: readonly string[];
  readonly counts = {
    ...{ lives: 0, classicLives: 0, consumerLives: 0, leavings: 0, twins: 0, deaths: 0 },
    /** Another broker coordinates a group than did. */
    failovers: 0,
    growths: 0,
  };
  /** Brokers that coordinate, as members last heard. */
  readonly coordinators = new Set<number>();
  readonly #cluster: Cluster;
  readonly #shape: GroupsShape;
  readonly #oracle: GroupOracle;
  readonly #networks: readonly Attachment[];
  readonly #keepers: Keeper[] = [];
  readonly #coordinatorOf = new Map<string, number>();
  #topicId: TopicId | undefined;
  #partitionCount: number;
  /** Nobody knows whether the topic has got more partitions. */
  #isGrowing = false;
  /** By group and partition. */
  readonly #limits = new Map<string, number>();
  #number = 0;

  constructor(cluster: Cluster, shape: GroupsShape, oracle: GroupOracle) {
    this.#cluster = cluster;
    this.#shape = shape;
    this.#oracle = oracle;
    this.#partitionCount = shape.cluster.partitionCount;
    this.groups = Array.from({ length: shape.groupCount }, (_, index) => `group-${index}`);
    this.#networks = this.hosts.map((host) => cluster.network.attach(host));
  }

  begin(): void {
    void this.#create().catch(this.#failed);
    const random = this.#cluster.random.fork('members');
    this.#beginKeepers();
    for (const group of this.groups) this.#beginDeletions(group);
    for (const group of this.groups)
      for (let index = 0; index < this.#shape.membersPerGroup; index++) {
        const isStatic = random.fraction() < this.#shape.staticShare;
        const own = random.fork(`${group} ${index}`);
        void this.#keepAlive(group, isStatic ? `static-${index}` : null, own).catch(this.#failed);
      }
  }

  /** From now on there is an end of what is to be processed. */
  rest(): void {
    this.isResting = true;
  }

  get partitionCount(): number {
    return this.#partitionCount;
  }

  /** Groups are whole, everything that there is was processed and committed, and keepers have found what they left. */
  get areDone(): boolean {
    if (this.#isGrowing || !this.#keepers.every(({ isDone }) => isDone)) return false;
    const partitions = Array.from({ length: this.#partitionCount }, (_, partition) => partition);
    const { membersPerGroup } = this.#shape;
    return this.groups.every(
      (group) =>
        this.#oracle.isWhole(group, membersPerGroup) &&
        partitions.every((partition) => {
          const limit = this.#limit(group, partition);
          const { accepted, processed, holders } = this.#oracle.partition(group, partition);
          return processed >= limit && accepted >= limit && holders.length === 1;
        }),
    );
  }

  /** What keepers did, all together. */
  get keeperCounts(): Readonly<Record<string, number>> {
    const sums = { keptCommits: 0, keptFetches: 0, expired: 0, deletedOffsets: 0, deletedGroups: 0 };
    for (const { counts } of this.#keepers)
      for (const name of Object.keys(sums) as (keyof typeof sums)[]) sums[name] += counts[name];
    return sums;
  }

  /** Records that there are: while groups rest, a little more than anybody had come to. */
  #limit(group: string, partition: number): number {
    if (!this.isResting) return Infinity;
    const key = `${group}/${partition}`;
    const known = this.#limits.get(key);
    if (known !== undefined) return known;
    const { processed, asked } = this.#oracle.partition(group, partition);
    const limit = Math.max(processed, asked) + LAST_RECORDS;
    this.#limits.set(key, limit);
    return limit;
  }

  #beginKeepers(): void {
    const { cluster, keepers, retentionMs } = this.#shape;
    const { scheduler, say } = this.#cluster;
    for (let index = 0; index < keepers; index++) {
      const name = `keeper-${index}`;
      const random = this.#cluster.random.fork(name);
      const keeper = new Keeper({
        ...{ name, random, retentionMs, oracle: this.#oracle, partitionCount: cluster.partitionCount },
        linkOf: (group) => this.#linkOf(group, index, random.fork(group)),
        isWallSteady: cluster.nemesis.wallJumpMs === Infinity,
        now: () => scheduler.nowMs,
        isOver: () => this.isOver,
        isResting: () => this.isResting,
        say: (what) => say?.(name, what),
      });
      this.#keepers.push(keeper);
      void this.#afterTopic(() => keeper.live()).catch(this.#failed);
    }
  }

  #beginDeletions(group: string): void {
    const { deletionMs: meanMs } = this.#shape;
    if (meanMs === Infinity) return;
    const random = this.#cluster.random.fork(`deletions of ${group}`);
    const link = this.#linkOf(group, 0, random.fork('link'));
    const { say } = this.#cluster;
    const parts = {
      ...{ group, link, random, meanMs, oracle: this.#oracle },
      partitionCount: () => this.#partitionCount,
      isResting: () => this.isResting,
      say: (what: string) => say?.('operator', what),
    };
    void this.#afterTopic(() => deleteAgainAndAgain(parts)).catch(this.#failed);
  }

  async #afterTopic(begin: () => Promise<void>): Promise<void> {
    while (this.#topicId === undefined && !this.isOver) await this.#pause(100);
    await begin();
  }

  #linkOf(group: string, at: number, random: Random): CoordinatorLink {
    const network = this.#networks[at % this.#networks.length] as Attachment;
    const { scheduler, shape } = this.#cluster;
    return new CoordinatorLink(group, {
      ...{ brokerCount: shape.brokerCount, network, scheduler, random },
      found: (nodeId) => this.#found(group, nodeId),
    });
  }

  #found(group: string, nodeId: number): void {
    this.coordinators.add(nodeId);
    const before = this.#coordinatorOf.get(group);
    this.#coordinatorOf.set(group, nodeId);
    if (before !== undefined && before !== nodeId) this.counts.failovers += 1;
  }

  readonly #failed = (cause: unknown): void => {
    const stack = cause instanceof Error ? `${cause.message}\n${cause.stack ?? ''}` : String(cause);
    this.violation ??= new Violation('a client goes on', stack);
  };

  #pause(ms: number): Promise<void> {
    return new Promise((resolve) => {
      this.#cluster.scheduler.after(ms, 'members.pause', resolve);
    });
  }

  async #create(): Promise<void> {
    const [network] = this.#networks;
    if (network === undefined) return;
    const random = this.#cluster.random.fork('topic');
    const { brokerCount } = this.#cluster.shape;
    const links = Array.from(
      { length: brokerCount },
      (_, index) => new KafkaLink(network, this.#cluster.scheduler, hostOf(index + 1)),
    );
    const topic = {
      ...{ name: TOPIC, numPartitions: this.#partitionCount, replicationFactor: Math.min(3, brokerCount) },
      ...{ assignments: [], configs: [] },
    };
    while (!this.isOver && this.#topicId === undefined) {
      const link = links[random.below(links.length)];
      await link?.ask('CreateTopics', CREATE_VERSION, { topics: [topic], timeoutMs: 2_000 }, 4_000);
      const wish = { topics: [{ name: TOPIC }], allowAutoTopicCreation: false };
      const answer = await link?.ask('Metadata', METADATA_VERSION, wish, 2_000);
      const told = answer?.kind === 'answered' ? answer.body.topics[0] : undefined;
      if (told?.errorCode === ErrorCode.NONE) this.#topicId = told.topicId;
      else await this.#pause(200);
    }
    await this.#grow(links, random);
  }

  /** Gives the topic more partitions, and sees whether it has them. */
  async #grow(links: readonly KafkaLink[], random: Random): Promise<void> {
    const { growth, cluster } = this.#shape;
    if (growth === undefined) return;
    await this.#pause(growth.afterMs);
    this.#isGrowing = true;
    const count = cluster.partitionCount + growth.partitions;
    const topics = [{ name: TOPIC, count, assignments: null }];
    const wish = { topics: [{ name: TOPIC }], allowAutoTopicCreation: false };
    while (!this.isOver && this.#partitionCount < count) {
      const link = links[random.below(links.length)];
      await link?.ask(
        'CreatePartitions',
        GROW_VERSION,
        { topics, timeoutMs: 2_000, validateOnly: false },
        4_000,
      );
      const answer = await link?.ask('Metadata', METADATA_VERSION, wish, 2_000);
      const told = answer?.kind === 'answered' ? answer.body.topics[0]?.partitions.length : undefined;
      if (told === count) this.#partitionCount = count;
      else await this.#pause(200);
    }
    this.counts.growths += 1;
    this.#isGrowing = false;
  }

  /** One process after the other, each for one life. */
  async #keepAlive(group: string, instanceId: string | null, random: Random): Promise<void> {
    while (!this.isOver) {
      if (this.#topicId === undefined) {
        await this.#pause(100);
        continue;
      }
      const replaced = { by: undefined as (() => void) | undefined };
      const succeeded = new Promise<void>((resolve) => (replaced.by = resolve));
      await Promise.race([this.#live(group, instanceId, random, () => replaced.by?.()), succeeded]);
      await this.#pause(1 + random.below(REST_MS));
    }
  }

  /** `succeed` begins another process in its place, while this one goes on for a while. */
  async #live(group: string, instanceId: string | null, random: Random, succeed: () => void): Promise<void> {
    const { scheduler, say } = this.#cluster;
    const number = ++this.#number;
    const own = random.fork(`life ${number}`);
    const { protocols } = this.#shape;
    const protocol: Protocol = protocols[own.below(protocols.length)] ?? 'classic';
    this.counts.lives += 1;
    this.counts[protocol === 'classic' ? 'classicLives' : 'consumerLives'] += 1;
    let untilMs = Infinity;
    const twin = (): void => {
      if (untilMs < Infinity) return;
      this.counts.twins += 1;
      untilMs = scheduler.nowMs + own.below(TWIN_LIVES_MS);
      succeed();
    };
    const link = this.#linkOf(group, number, own.fork('link'));
    const name = `member ${number}${instanceId === null ? '' : ` (${instanceId})`}`;
    const parts: MemberParts = {
      incarnation: { number, group, instanceId },
      ...{ link, oracle: this.#oracle, shape: this.#shape, random: own },
      now: () => scheduler.nowMs,
      isDead: () => this.isOver || scheduler.nowMs >= untilMs || (this.isResting && untilMs < Infinity),
      isResting: () => this.isResting,
      limit: (partition) => this.#limit(group, partition),
      say: (what) => say?.(name, what),
    };
    say?.(name, `begins by the ${protocol} protocol`);
    this.#oracle.joins(parts.incarnation);
    const end =
      protocol === 'classic'
        ? await liveClassic(parts, () => this.#partitionCount, twin)
        : await liveConsumer(parts, () => this.#topicId as TopicId, twin);
    this.#oracle.ends(parts.incarnation);
    say?.(name, end);
    if (end === 'left') this.counts.leavings += 1;
    if (end === 'died') this.counts.deaths += 1;
    link.drop();
  }
}
