import type { Random } from '@kafkaesque/kernel';
import type { Attachment, Scheduler } from '@kafkaesque/sim';
import { KafkaLink } from './kafka-link';
import { hostOf } from './node';

/** A leader, as the brokers' metadata name it. */
interface KnownLeader {
  readonly nodeId: number;
  readonly leaderEpoch: number;
}

const METADATA_VERSION = 12;
const ASK_TIMEOUT_MS = 2_000;

/** What one client knows of the cluster: its connections, and who leads which partition. */
export class Directory {
  readonly topic: string;
  readonly #links: readonly KafkaLink[];
  readonly #random: Random;
  readonly #leaders = new Map<number, KnownLeader>();
  #topicId = '';

  constructor(topic: string, brokerCount: number, network: Attachment, scheduler: Scheduler, random: Random) {
    this.topic = topic;
    this.#random = random;
    this.#links = Array.from(
      { length: brokerCount },
      (_, index) => new KafkaLink(network, scheduler, hostOf(index + 1)),
    );
  }

  any(): KafkaLink {
    return this.link(1 + this.#random.below(this.#links.length));
  }

  link(nodeId: number): KafkaLink {
    const link = this.#links[nodeId - 1];
    if (link === undefined) throw new Error(`there is no broker ${nodeId}`);
    return link;
  }

  leaderOf(partition: number): KnownLeader | undefined {
    return this.#leaders.get(partition);
  }

  /** Asks somebody; what an older epoch says is old. */
  async refresh(): Promise<void> {
    const answer = await this.any().ask(
      'Metadata',
      METADATA_VERSION,
      { topics: [{ name: this.topic }], allowAutoTopicCreation: false },
      ASK_TIMEOUT_MS,
    );
    if (answer.kind === 'lost') return;
    for (const { partitions, topicId } of answer.body.topics) {
      // Another topic under the same name begins with epochs of its own.
      if (topicId !== this.#topicId) this.#leaders.clear();
      this.#topicId = topicId;
      for (const { partitionIndex, leaderId, leaderEpoch } of partitions) {
        const known = this.#leaders.get(partitionIndex);
        if (known !== undefined && known.leaderEpoch > leaderEpoch) continue;
        if (leaderId < 0) this.#leaders.delete(partitionIndex);
        else this.#leaders.set(partitionIndex, { nodeId: leaderId, leaderEpoch });
      }
    }
  }
}
