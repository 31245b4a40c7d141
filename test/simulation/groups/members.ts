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
import type { GroupOracle } from './group-oracle';
import { TOPIC } from './member';
import type { MemberParts } from './member';
import type { GroupsShape, Protocol } from './shape';

const CREATE_VERSION = 5;
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
  readonly counts = { lives: 0, classicLives: 0, consumerLives: 0, leavings: 0, twins: 0, deaths: 0 };
  /** Brokers that coordinate, as members last heard. */
  readonly coordinators = new Set<number>();
  readonly #cluster: Cluster;
  readonly #shape: GroupsShape;
  readonly #oracle: GroupOracle;
  readonly #networks: readonly Attachment[];
  #topicId: TopicId | undefined;
  #limits: ReadonlyMap<string, readonly number[]> | undefined;
  #number = 0;

  constructor(cluster: Cluster, shape: GroupsShape, oracle: GroupOracle) {
    this.#cluster = cluster;
    this.#shape = shape;
    this.#oracle = oracle;
    this.groups = Array.from({ length: shape.groupCount }, (_, index) => `group-${index}`);
    this.#networks = this.hosts.map((host) => cluster.network.attach(host));
  }

  begin(): void {
    void this.#create().catch(this.#failed);
    const random = this.#cluster.random.fork('members');
    for (const group of this.groups)
      for (let index = 0; index < this.#shape.membersPerGroup; index++) {
        const isStatic = random.fraction() < this.#shape.staticShare;
        const own = random.fork(`${group} ${index}`);
        void this.#keepAlive(group, isStatic ? `static-${index}` : null, own).catch(this.#failed);
      }
  }

  /** From now on there is an end of what is to be processed: a little more than anybody has come to. */
  rest(): void {
    this.isResting = true;
    this.#limits = new Map(
      this.groups.map((group) => [
        group,
        Array.from({ length: this.#partitionCount }, (_, partition) => {
          const { processed, asked } = this.#oracle.partition(group, partition);
          return Math.max(processed, asked) + LAST_RECORDS;
        }),
      ]),
    );
  }

  /** Everything that there is was processed and committed, by all for whom there is something. */
  get areDone(): boolean {
    return this.groups.every((group) =>
      (this.#limits?.get(group) ?? []).every((limit, partition) => {
        const { accepted, processed, holders } = this.#oracle.partition(group, partition);
        return processed >= limit && accepted >= limit && holders.length === 1;
      }),
    );
  }

  get #partitionCount(): number {
    return this.#shape.cluster.partitionCount;
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
    const network = this.#networks[number % this.#networks.length];
    if (network === undefined) return;
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
    const link = new CoordinatorLink(group, {
      ...{ brokerCount: this.#cluster.shape.brokerCount, network, scheduler, random: own.fork('link') },
      found: (nodeId) => this.coordinators.add(nodeId),
    });
    const name = `member ${number}${instanceId === null ? '' : ` (${instanceId})`}`;
    const parts: MemberParts = {
      incarnation: { number, group, instanceId },
      ...{ link, oracle: this.#oracle, shape: this.#shape, random: own },
      now: () => scheduler.nowMs,
      isDead: () => this.isOver || scheduler.nowMs >= untilMs || (this.isResting && untilMs < Infinity),
      isResting: () => this.isResting,
      limit: (partition) => this.#limits?.get(group)?.[partition] ?? Infinity,
      say: (what) => say?.(name, what),
    };
    say?.(name, `begins by the ${protocol} protocol`);
    const end =
      protocol === 'classic'
        ? await liveClassic(parts, this.#partitionCount, twin)
        : await liveConsumer(parts, () => this.#topicId as TopicId, twin);
    say?.(name, end);
    if (end === 'left') this.counts.leavings += 1;
    if (end === 'died') this.counts.deaths += 1;
    link.drop();
  }
}
