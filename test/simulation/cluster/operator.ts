import type { BrokerId, Random } from '@kafkaesque/kernel';
import { ErrorCode } from '@kafkaesque/protocol';
import { Violation } from '../runner/suite';
import { TOPIC } from './clients';
import type { Cluster } from './cluster';
import { Directory } from './directory';

const REASSIGN_VERSION = 1;
const ELECT_VERSION = 2;
const PREFERRED = 0;
const REQUEST_TIMEOUT_MS = 4_000;
const MOST_REPLICAS = 3;

/** Rearranges the cluster while it works: replicas move, and leaderships go back to whom they belong. */
export class Operator {
  readonly counts = { reassignments: 0, cancels: 0, elections: 0 };
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
    const { reassignMs, electMs } = this.#cluster.shape.operator;
    this.#plan('reassign', reassignMs, (random) => this.#reassign(random));
    this.#plan('elect', electMs, (random) => this.#elect(random));
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
    const { partitionCount } = this.#cluster.shape;
    const chosen = random.below(partitionCount + 1);
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
      `reassigns ${partitions.map(({ partitionIndex, replicas }) => `${partitionIndex} to ${replicas?.join(' ') ?? 'where it was'}`).join(', ')}`,
    );
    const answer = await this.#directory
      .any()
      .ask(
        'AlterPartitionReassignments',
        REASSIGN_VERSION,
        { timeoutMs: 2_000, topics: [{ name: TOPIC, partitions }] },
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

  #drawReplicas(random: Random): readonly BrokerId[] {
    const left = Array.from({ length: this.#cluster.shape.brokerCount }, (_, index) => index + 1);
    const count = 1 + random.below(MOST_REPLICAS);
    return Array.from(
      { length: count },
      () => left.splice(random.below(left.length), 1)[0] as BrokerId | undefined,
    ).filter((brokerId) => brokerId !== undefined);
  }

  /** Refusals are part of the work; an error that nobody foresaw is not. */
  #told(what: string, errorCode: number): void {
    if (errorCode !== ErrorCode.UNKNOWN_SERVER_ERROR) return;
    this.violation ??= new Violation('requests are understood', `${what} is answered UNKNOWN_SERVER_ERROR`);
  }
}
