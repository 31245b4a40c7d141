import { Offset } from '@kafkaesque/kernel';
import type { ResponseOf } from '@kafkaesque/protocol';
import type { ClusterView } from '../cluster/cluster-view';
import { byTopic } from '../cluster/leader-questions';
import type { AskLeader } from '../cluster/leader-questions';
import type { TopicPartition } from '../records';
import type { ActiveProducer, RecordsToDelete } from './admin';

/** DeleteRecords of one leader. */
export const deletingRecords =
  (cluster: ClusterView): AskLeader<RecordsToDelete, { readonly lowWatermark: Offset }> =>
  async (leader, targets, bounds) => {
    const topics = byTopic(targets).map(({ name, questions }) => ({
      name,
      partitions: questions.map(({ partition, beforeOffset }) => ({
        partitionIndex: partition,
        offset: Offset(beforeOffset),
      })),
    }));
    const draft = { topics, timeoutMs: bounds.timeoutMs };
    const answer = await cluster.request(leader, 'DeleteRecords', draft, bounds);
    return answer.topics.flatMap(({ name, partitions }) =>
      partitions.map(({ partitionIndex, errorCode, lowWatermark }) => ({
        topic: name,
        partition: partitionIndex,
        errorCode,
        value: { lowWatermark },
      })),
    );
  };

/** DescribeProducers of one broker. */
export const describingProducers =
  (cluster: ClusterView): AskLeader<TopicPartition, readonly ActiveProducer[]> =>
  async (broker, partitions, bounds) => {
    const topics = byTopic(partitions).map(({ name, questions }) => ({
      name,
      partitionIndexes: questions.map(({ partition }) => partition),
    }));
    const answer = await cluster.request(broker, 'DescribeProducers', { topics }, bounds);
    return answer.topics.flatMap(({ name, partitions: described }) =>
      described.map(({ partitionIndex, errorCode, errorMessage, activeProducers }) => ({
        topic: name,
        partition: partitionIndex,
        errorCode,
        errorMessage,
        value: activeProducers.map(activeProducerOf),
      })),
    );
  };

type Described =
  ResponseOf<'DescribeProducers'>['topics'][number]['partitions'][number]['activeProducers'][number];

/** -1 means none. */
const activeProducerOf = (one: Described): ActiveProducer => ({
  producerId: one.producerId,
  producerEpoch: one.producerEpoch,
  lastSequence: one.lastSequence,
  lastTimestampMs: one.lastTimestamp,
  coordinatorEpoch: one.coordinatorEpoch < 0 ? undefined : one.coordinatorEpoch,
  currentTransactionStartOffset: one.currentTxnStartOffset < 0 ? undefined : one.currentTxnStartOffset,
});
