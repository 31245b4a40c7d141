import type { Random } from '@kafkaesque/kernel';
import { partitionOfKey } from '@kafkaesque/protocol';
import type { RecordDraft } from '@kafkaesque/protocol';
import type { TopicView } from '../cluster/cluster-view';
import { PartitionQueue } from './partition-queue';
import { CompressionRatio } from './producer-batch';
import type { Completion, ProducerBatch } from './producer-batch';
import type { ProducerSettings } from './producer-settings';
import { StickyPartition } from './sticky-partition';
import type { PartitionLoad } from './sticky-partition';

/** What one topic's records have in common. */
interface TopicState {
  readonly queues: Map<number, PartitionQueue>;
  readonly sticky: StickyPartition;
  readonly ratio: CompressionRatio;
}

/** All records that are not answered yet, by partition, and the memory they hold (`buffer.memory`). Pure. */
export class Accumulator {
  readonly #settings: ProducerSettings;
  readonly #random: Random;
  readonly #topics = new Map<string, TopicState>();
  readonly #active = new Set<PartitionQueue>();
  #heldBytes = 0;

  constructor(settings: ProducerSettings, random: Random) {
    this.#settings = settings;
    this.#random = random;
  }

  /** Queues with anything waiting or on its way. */
  get active(): ReadonlySet<PartitionQueue> {
    return this.#active;
  }

  get heldBytes(): number {
    return this.#heldBytes;
  }

  /** A record larger than all memory is let in when nothing else is there: its own size has a bound elsewhere. */
  hasRoomFor(sizeBytes: number): boolean {
    return this.#heldBytes === 0 || this.#heldBytes + sizeBytes <= this.#settings.bufferBytes;
  }

  /** `partition` is the caller's own choice, if there is one. */
  append(
    topic: TopicView,
    record: RecordDraft,
    partition: number | undefined,
    completion: Completion,
    nowMs: number,
  ): void {
    const state = this.#topicState(topic.name);
    const key = record.key ?? null;
    const count = topic.partitions.length;
    const isSticky = partition === undefined && key === null;
    const chosen =
      partition ??
      (key === null ? state.sticky.current(count, () => loadsOf(topic, state)) : partitionOfKey(key, count));
    const queue = this.#queue(topic.name, chosen, state);
    const { closedBatch } = queue.append(record, completion, nowMs);
    if (isSticky) state.sticky.produced(completion.sizeBytes, closedBatch);
    this.#heldBytes += completion.sizeBytes;
    this.#active.add(queue);
  }

  /** The batch has been answered: its memory is free, and an idle queue is not looked at any more. */
  released(queue: PartitionQueue, batch: ProducerBatch): void {
    this.#heldBytes -= batch.heldBytes;
    batch.heldBytes = 0;
    if (queue.isIdle) this.#active.delete(queue);
  }

  #topicState(topic: string): TopicState {
    let state = this.#topics.get(topic);
    if (state === undefined) {
      state = {
        queues: new Map(),
        sticky: new StickyPartition(this.#random, this.#settings.batchSizeBytes),
        ratio: new CompressionRatio(),
      };
      this.#topics.set(topic, state);
    }
    return state;
  }

  #queue(topic: string, partition: number, state: TopicState): PartitionQueue {
    let queue = state.queues.get(partition);
    if (queue === undefined) {
      const { codec, compressionLevel, batchSizeBytes, lingerMs, isIdempotent, maxInFlight } = this.#settings;
      const shape = { codec, compressionLevel, limitBytes: batchSizeBytes, ratio: state.ratio };
      queue = new PartitionQueue(topic, partition, { shape, lingerMs, isIdempotent, maxInFlight });
      state.queues.set(partition, queue);
    }
    return queue;
  }
}

const loadsOf = (topic: TopicView, state: TopicState): readonly PartitionLoad[] =>
  topic.partitions.map(({ partition, leader }) => ({
    partition,
    hasLeader: leader >= 0,
    queuedBatches: state.queues.get(partition)?.waitingCount ?? 0,
  }));
