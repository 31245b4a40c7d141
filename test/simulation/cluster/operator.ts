import type { BrokerId, Random } from '@kafkaesque/kernel';
import { ErrorCode } from '@kafkaesque/protocol';
import { Violation } from '../runner/suite';
import { TOPIC } from './clients';
import type { Cluster } from './cluster';
import { Directory } from './directory';
import { PASSING_TOPICS } from './visitors';

const REASSIGN_VERSION = 1;
const ELECT_VERSION = 2;
const CREATE_VERSION = 5;
const DELETE_VERSION = 5;
const PREFERRED = 0;
const REQUEST_TIMEOUT_MS = 4_000;
const MOST_REPLICAS = 3;

/** Rearranges the cluster while it works: replicas move, leaderships go back to whom they belong, topics come and go. */
export class Operator {
  readonly counts = { reassignments: 0, cancels: 0, elections: 0, creations: 0, deletions: 0 };
  violation: Violation | undefined;
  /** Nothing more is asked for. */
  isResting = false;
  readonly host = 'operator';
  readonly #cluster: Cluster;
  readonly #directory: Directory;

  constructor(cluster: Cluster) {
    const { network, scheduler, shape, random } = cluster;
    this.#cluster = cluster;
    this.#directory = new Directory(
      TOPIC,
      shape.brokerCount,
      network.attach(this.host),
      scheduler,
      random.fork('rearranging operator'),
    );
  }

  begin(): void {
    const { reassignMs, electMs, topicMs } = this.#cluster.shape.operator;
    this.#plan('reassign', reassignMs, (random) => this.#reassign(random));
    this.#plan('elect', electMs, (random) => this.#elect(random));
    this.#plan('topic', topicMs, (random) => this.#createOrDelete(random));
  }

  /** Whatever is asked for has a stream of chance of its own: without it, the rest happens as before. */
  #plan(concern: string, meanMs: number, ask: (random: Random) => Promise<void>): void {
    if (meanMs === Infinity) return;
    const random = this.#cluster.random.fork(`operator ${concern}`);
    const next = (): void => {
      this.#cluster.scheduler.after(2 * meanMs * random.fraction(), `operator.${concern}`, () => {
        if (this.isResting) return;
        void ask(random).catch((cause: unknown) => {
          const text = cause instanceof Error ? `${cause.message}\n${cause.stack ?? ''}` : String(cause);
          this.violation ??= new Violation('a client goes on', text);
        });
        next();
      });
    };
    next();
  }

  /** One or all partitions get other replicas, or are to go back to those they had. */
  async #reassign(random: Random): Promise<void> {
    const { partitionCount, operator } = this.#cluster.shape;
    const chosen = random.below(partitionCount + 1);
    const isPassing = random.below(4) === 0 && operator.topicMs !== Infinity;
    const name = isPassing ? PASSING_TOPICS[random.below(PASSING_TOPICS.length)] : TOPIC;
    const indexes = Array.from({ length: partitionCount }, (_, index) => index).filter(
      (index) => chosen === partitionCount || index === chosen,
    );
    const isCancel = random.below(4) === 0;
    const partitions = indexes.map((partitionIndex) => ({
      partitionIndex,
      replicas: isCancel ? null : this.#drawReplicas(random),
    }));
    if (isCancel) this.counts.cancels += 1;
    else this.counts.reassignments += 1;
    this.#cluster.say?.(
      this.host,
      `reassigns of ${name ?? TOPIC} ${partitions.map(({ partitionIndex, replicas }) => `${partitionIndex} to ${replicas?.join(' ') ?? 'where it was'}`).join(', ')}`,
    );
    const answer = await this.#directory
      .any()
      .ask(
        'AlterPartitionReassignments',
        REASSIGN_VERSION,
        { timeoutMs: 2_000, topics: [{ name: name ?? TOPIC, partitions }] },
        REQUEST_TIMEOUT_MS,
      );
    if (answer.kind === 'lost') return;
    const { errorCode, responses } = answer.body;
    this.#told('a reassignment', errorCode);
    for (const response of responses)
      for (const told of response.partitions) this.#told('a reassignment', told.errorCode);
  }

  async #elect(random: Random): Promise<void> {
    const { partitionCount } = this.#cluster.shape;
    const partitions = Array.from({ length: partitionCount }, (_, index) => index);
    this.counts.elections += 1;
    const answer = await this.#directory.any().ask(
      'ElectLeaders',
      ELECT_VERSION,
      {
        electionType: PREFERRED,
        topicPartitions: random.below(3) === 0 ? null : [{ topic: TOPIC, partitions }],
        timeoutMs: 2_000,
      },
      REQUEST_TIMEOUT_MS,
    );
    if (answer.kind === 'lost') return;
    this.#told('an election', answer.body.errorCode);
    for (const { partitionResult } of answer.body.replicaElectionResults)
      for (const { errorCode } of partitionResult) this.#told('an election', errorCode);
  }

  async #createOrDelete(random: Random): Promise<void> {
    const name = PASSING_TOPICS[random.below(PASSING_TOPICS.length)] ?? TOPIC;
    const isDeletion = random.below(2) === 0;
    const isCreation = !isDeletion || random.below(2) === 0;
    if (isDeletion) await this.#delete(name);
    if (isCreation) await this.#create(name, 1 + random.below(2), this.#drawCount(random));
  }

  async #delete(name: string): Promise<void> {
    this.counts.deletions += 1;
    this.#cluster.say?.(this.host, `deletes ${name}`);
    const answer = await this.#directory
      .any()
      .ask('DeleteTopics', DELETE_VERSION, { topicNames: [name], timeoutMs: 2_000 }, REQUEST_TIMEOUT_MS);
    if (answer.kind === 'lost') return;
    for (const { errorCode } of answer.body.responses) this.#told('a deletion', errorCode);
  }

  async #create(name: string, numPartitions: number, replicationFactor: number): Promise<void> {
    this.counts.creations += 1;
    this.#cluster.say?.(this.host, `creates ${name}`);
    const topic = { name, numPartitions, replicationFactor, assignments: [], configs: [] };
    const answer = await this.#directory
      .any()
      .ask('CreateTopics', CREATE_VERSION, { topics: [topic], timeoutMs: 2_000 }, REQUEST_TIMEOUT_MS);
    if (answer.kind === 'lost') return;
    for (const { errorCode } of answer.body.topics) this.#told('a creation', errorCode);
  }

  #drawReplicas(random: Random): readonly BrokerId[] {
    const left = Array.from({ length: this.#cluster.shape.brokerCount }, (_, index) => index + 1);
    const count = this.#drawCount(random);
    return Array.from(
      { length: count },
      () => left.splice(random.below(left.length), 1)[0] as BrokerId | undefined,
    ).filter((brokerId) => brokerId !== undefined);
  }

  #drawCount(random: Random): number {
    return Math.max(this.#cluster.shape.operator.leastReplicas, 1 + random.below(MOST_REPLICAS));
  }

  /** Refusals are part of the work; an error that nobody foresaw is not. */
  #told(what: string, errorCode: number): void {
    if (errorCode !== ErrorCode.UNKNOWN_SERVER_ERROR) return;
    this.violation ??= new Violation('requests are understood', `${what} is answered UNKNOWN_SERVER_ERROR`);
  }
}
