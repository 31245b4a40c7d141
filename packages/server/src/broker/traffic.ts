import type { Metrics, TellValue, TopicId } from '@kafkaesque/kernel';
import type { AppendAccepted, AppendRejected } from '@kafkaesque/partition';
import type { BatchFlaw } from '@kafkaesque/protocol';
import { ErrorCode, recordCountOf } from '@kafkaesque/protocol';

/** Topics whose own traffic is told; others count only towards the broker's. */
export const MAX_TOLD_TOPICS = 1000;

/** What came and went since the start: plain numbers, one addition each on the path of a request. */
interface Counts {
  messagesIn: number;
  bytesIn: number;
  bytesOut: number;
  bytesRejected: number;
  produceRequests: number;
  failedProduceRequests: number;
  fetchRequests: number;
  failedFetchRequests: number;
}

const noCounts = (): Counts => ({
  messagesIn: 0,
  bytesIn: 0,
  bytesOut: 0,
  bytesRejected: 0,
  produceRequests: 0,
  failedProduceRequests: 0,
  fetchRequests: 0,
  failedFetchRequests: 0,
});

/** Batches and records with a flaw since the start. */
type Flaws = Record<BatchFlaw, number>;

type Refusal = Pick<AppendRejected, 'error' | 'flaw' | 'recordErrors'>;

/** The traffic of one topic; a partition keeps hold of its own, so that no request looks one up. */
export class TopicTraffic {
  readonly topic: string;
  readonly counts = noCounts();
  readonly #all: Counts;
  readonly #flaws: Flaws;

  constructor(topic: string, all: Counts, flaws: Flaws) {
    this.topic = topic;
    this.#all = all;
    this.#flaws = flaws;
  }

  produceAsked(): void {
    this.counts.produceRequests += 1;
    this.#all.produceRequests += 1;
  }

  appended({ batches }: AppendAccepted): void {
    let messages = 0;
    let sizeBytes = 0;
    for (const { bytes } of batches) {
      messages += recordCountOf(bytes, 0);
      sizeBytes += bytes.length;
    }
    this.counts.messagesIn += messages;
    this.counts.bytesIn += sizeBytes;
    this.#all.messagesIn += messages;
    this.#all.bytesIn += sizeBytes;
  }

  /** What the client or the cluster is to blame for is no failure, as in Kafka. */
  produceRefused({ error, flaw, recordErrors }: Refusal, sizeBytes: number): void {
    if (flaw !== undefined) this.#flaws[flaw] += Math.max(1, recordErrors.length);
    if (error === ErrorCode.MESSAGE_TOO_LARGE || error === ErrorCode.RECORD_LIST_TOO_LARGE) {
      this.counts.bytesRejected += sizeBytes;
      this.#all.bytesRejected += sizeBytes;
    }
    if (EXPECTED_OF_PRODUCE.has(error)) return;
    this.counts.failedProduceRequests += 1;
    this.#all.failedProduceRequests += 1;
  }

  fetchAsked(): void {
    this.counts.fetchRequests += 1;
    this.#all.fetchRequests += 1;
  }

  fetched(sizeBytes: number): void {
    this.counts.bytesOut += sizeBytes;
    this.#all.bytesOut += sizeBytes;
  }

  fetchRefused(errorCode: number): void {
    if (EXPECTED_OF_FETCH.has(errorCode)) return;
    this.counts.failedFetchRequests += 1;
    this.#all.failedFetchRequests += 1;
  }
}

/** Errors that Kafka's ReplicaManager does not count as failed requests. */
const EXPECTED_OF_PRODUCE: ReadonlySet<number> = new Set([
  ErrorCode.UNKNOWN_TOPIC_OR_PARTITION,
  ErrorCode.UNKNOWN_TOPIC_ID,
  ErrorCode.NOT_LEADER_OR_FOLLOWER,
  ErrorCode.MESSAGE_TOO_LARGE,
  ErrorCode.RECORD_LIST_TOO_LARGE,
  ErrorCode.CORRUPT_MESSAGE,
  ErrorCode.KAFKA_STORAGE_ERROR,
]);
const EXPECTED_OF_FETCH: ReadonlySet<number> = new Set([
  ErrorCode.UNKNOWN_TOPIC_OR_PARTITION,
  ErrorCode.UNKNOWN_TOPIC_ID,
  ErrorCode.INCONSISTENT_TOPIC_ID,
  ErrorCode.NOT_LEADER_OR_FOLLOWER,
  ErrorCode.UNKNOWN_LEADER_EPOCH,
  ErrorCode.FENCED_LEADER_EPOCH,
  ErrorCode.REPLICA_NOT_AVAILABLE,
  ErrorCode.KAFKA_STORAGE_ERROR,
  ErrorCode.OFFSET_OUT_OF_RANGE,
  ErrorCode.OFFSET_NOT_AVAILABLE,
]);

const FAMILIES: readonly (readonly [string, keyof Counts, string])[] = [
  ['messagesin', 'messagesIn', 'Records appended.'],
  ['bytesin', 'bytesIn', 'Bytes of record batches appended.'],
  ['bytesout', 'bytesOut', 'Bytes of record batches sent to consumers.'],
  ['bytesrejected', 'bytesRejected', 'Bytes of record batches refused because they were too large.'],
  ['totalproducerequests', 'produceRequests', 'Partitions that Produce requests named.'],
  [
    'failedproducerequests',
    'failedProduceRequests',
    'Partitions of Produce requests that failed for a reason that clients do not meet in daily work.',
  ],
  ['totalfetchrequests', 'fetchRequests', 'Partitions that were looked at for Fetch requests.'],
  [
    'failedfetchrequests',
    'failedFetchRequests',
    'Partitions of Fetch requests that failed for a reason that clients do not meet in daily work.',
  ],
];

/** Kafka tells these of the broker alone. */
const FLAWS: readonly (readonly [string, BatchFlaw, string])[] = [
  ['invalidmagicnumberrecords', 'magic', 'Batches refused because they are not of magic 2.'],
  ['invalidmessagecrcrecords', 'checksum', 'Batches refused because their checksum is wrong.'],
  [
    'invalidoffsetorsequencerecords',
    'offset or sequence',
    'Batches refused because their offsets, their record count or their sequence number cannot be right.',
  ],
  [
    'nokeycompactedtopicrecords',
    'no key',
    'Records without a key that a compacted topic refused; at most 1,000 of a batch are counted.',
  ],
];

/** Counts what comes in and goes out (Kafka's BrokerTopicMetrics), for the broker and for each of its topics. */
export class Traffic {
  readonly #all = noCounts();
  readonly #flaws: Flaws = { magic: 0, checksum: 0, 'offset or sequence': 0, 'no key': 0 };
  readonly #topics = new Map<TopicId, TopicTraffic>();

  constructor(metrics: Metrics) {
    for (const [name, key, help] of FAMILIES) {
      metrics.observe('counter', `kafka_server_brokertopicmetrics_${name}_total`, help, (tell) => {
        this.#tell(key, tell);
      });
    }
    for (const [name, flaw, help] of FLAWS) {
      metrics.observe('counter', `kafka_server_brokertopicmetrics_${name}_total`, help, (tell) => {
        tell(this.#flaws[flaw]);
      });
    }
  }

  of(topicId: TopicId, topic: string): TopicTraffic {
    let traffic = this.#topics.get(topicId);
    if (traffic === undefined) {
      traffic = new TopicTraffic(topic, this.#all, this.#flaws);
      this.#topics.set(topicId, traffic);
    }
    return traffic;
  }

  /** The topic was deleted: the broker's own counts keep what it had. */
  forget(topicId: TopicId): void {
    this.#topics.delete(topicId);
  }

  #tell(key: keyof Counts, tell: TellValue): void {
    tell(this.#all[key]);
    let left = MAX_TOLD_TOPICS;
    for (const { topic, counts } of this.#topics.values()) {
      if (left === 0) return;
      left -= 1;
      tell(counts[key], { topic });
    }
  }
}
