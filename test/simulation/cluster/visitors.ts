import { LeaderEpoch, NO_PRODUCER_EPOCH, NO_PRODUCER_ID, Offset } from '@kafkaesque/kernel';
import type { Random } from '@kafkaesque/kernel';
import { ErrorCode, encodeBatch } from '@kafkaesque/protocol';
import type { Attachment } from '@kafkaesque/sim';
import { Violation } from '../runner/suite';
import type { Cluster } from './cluster';
import { Directory } from './directory';

const PRODUCE_VERSION = 9;
const FETCH_VERSION = 12;
const REQUEST_TIMEOUT_MS = 3_000;

/** Topics that come and go beside the one that is judged to the last. */
export const PASSING_TOPICS = ['passing-1', 'passing-2'] as const;

/**
 * Clients of topics that come and go. What they are told is not judged, because under one name there are many topics; the
 * oracle judges the logs that they write to.
 */
export class Visitors {
  readonly counts = { visits: 0, visitorsTold: 0 };
  violation: Violation | undefined;
  isResting = false;
  isOver = false;
  readonly host = 'visitor';
  readonly #cluster: Cluster;
  readonly #network: Attachment;
  #busy = 0;

  constructor(cluster: Cluster) {
    this.#cluster = cluster;
    this.#network = cluster.network.attach(this.host);
  }

  /** Nothing that they asked for is under way. */
  get isIdle(): boolean {
    return this.#busy === 0;
  }

  begin(): void {
    if (this.#cluster.shape.operator.topicMs === Infinity) return;
    for (const topic of PASSING_TOPICS)
      void this.#visit(topic).catch((cause: unknown) => {
        const text = cause instanceof Error ? `${cause.message}\n${cause.stack ?? ''}` : String(cause);
        this.violation ??= new Violation('a client goes on', text);
      });
  }

  async #visit(topic: string): Promise<void> {
    const { scheduler, shape, random: all } = this.#cluster;
    const random = all.fork(`visitor of ${topic}`);
    const directory = new Directory(topic, shape.brokerCount, this.#network, scheduler, random.fork('way'));
    while (!this.isOver) {
      await this.#pause(1 + random.below(3 * shape.thinkMs));
      if (this.isResting) continue;
      const partition = random.below(2);
      const leader = directory.leaderOf(partition);
      this.#busy += 1;
      const isWell =
        leader !== undefined &&
        (await (random.below(3) === 0
          ? this.#fetch(directory, partition, leader.nodeId, leader.leaderEpoch)
          : this.#produce(directory, partition, leader.nodeId, random)));
      if (!isWell) await directory.refresh();
      this.#busy -= 1;
    }
  }

  async #produce(directory: Directory, partition: number, nodeId: number, random: Random): Promise<boolean> {
    this.counts.visits += 1;
    const records = encodeBatch({
      records: [{ key: null, value: random.bytes(1 + random.below(40)), headers: [] }],
      timestampMs: Math.floor(this.#cluster.scheduler.nowMs) + 1_704_067_200_000,
      producerId: NO_PRODUCER_ID,
      producerEpoch: NO_PRODUCER_EPOCH,
    });
    const draft = {
      ...{ acks: random.below(2) === 0 ? 1 : -1, timeoutMs: 1_500 },
      topicData: [{ name: directory.topic, partitionData: [{ index: partition, records }] }],
    };
    const answer = await directory.link(nodeId).ask('Produce', PRODUCE_VERSION, draft, REQUEST_TIMEOUT_MS);
    if (answer.kind === 'lost') return false;
    return this.#told(answer.body.responses[0]?.partitionResponses[0]?.errorCode);
  }

  async #fetch(
    directory: Directory,
    partition: number,
    nodeId: number,
    leaderEpoch: number,
  ): Promise<boolean> {
    this.counts.visits += 1;
    const wish = {
      ...{ partition, currentLeaderEpoch: LeaderEpoch(leaderEpoch) },
      ...{ fetchOffset: Offset(0), partitionMaxBytes: 1_000 },
    };
    const topics = [{ topic: directory.topic, partitions: [wish] }];
    const answer = await directory
      .link(nodeId)
      .ask(
        'Fetch',
        FETCH_VERSION,
        { maxWaitMs: 50, minBytes: 1, topics, forgottenTopicsData: [] },
        REQUEST_TIMEOUT_MS,
      );
    if (answer.kind === 'lost') return false;
    return this.#told(answer.body.responses[0]?.partitions[0]?.errorCode);
  }

  #told(errorCode: number | undefined): boolean {
    if (errorCode === ErrorCode.UNKNOWN_SERVER_ERROR)
      this.violation ??= new Violation('requests are understood', 'a visitor is told UNKNOWN_SERVER_ERROR');
    if (errorCode === ErrorCode.NONE) this.counts.visitorsTold += 1;
    return errorCode === ErrorCode.NONE;
  }

  #pause(ms: number): Promise<void> {
    return new Promise((resolve) => {
      this.#cluster.scheduler.after(ms, 'visitor.pause', resolve);
    });
  }
}
