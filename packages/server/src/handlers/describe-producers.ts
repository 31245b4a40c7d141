import { invalidTopicName } from '@kafkaesque/metadata';
import type { ProducerEntry } from '@kafkaesque/partition';
import type { DescribeProducersRequest, DescribeProducersResponse, Draft } from '@kafkaesque/protocol';
import { ErrorCode } from '@kafkaesque/protocol';
import type { Broker } from '../broker/broker';
import type { Reply, RequestContext } from './handler';

type PartitionAnswer = Draft<typeof DescribeProducersResponse>['topics'][number]['partitions'][number];
type ProducerAnswer = NonNullable<PartitionAnswer['activeProducers']>[number];
interface Refusal {
  readonly errorCode: number;
  readonly errorMessage: string | null;
}

/** DescribeProducers (61): whom this broker's replicas remember, leader or not (KIP-664). */
export const describeProducers =
  (broker: Broker) =>
  (
    context: RequestContext,
    request: DescribeProducersRequest,
  ): Reply<Draft<typeof DescribeProducersResponse>> => ({
    kind: 'answer',
    response: {
      throttleTimeMs: 0,
      topics: withoutRepetition(request.topics).map(({ name, partitionIndexes }) => {
        const refusal = refusalOf(broker, context, name);
        return {
          name,
          partitions: partitionIndexes.map((partitionIndex) =>
            refusal === undefined
              ? describe(broker, name, partitionIndex)
              : { partitionIndex, ...refusal, activeProducers: [] },
          ),
        };
      }),
    },
  });

type Asked = DescribeProducersRequest['topics'][number];

/** Each partition once: one may have many producers, and a small request could name it very often. */
const withoutRepetition = (topics: readonly Asked[]): readonly Asked[] => {
  const once = new Map<string, Set<number>>();
  for (const { name, partitionIndexes } of topics) {
    const known = once.get(name) ?? new Set<number>();
    for (const index of partitionIndexes) known.add(index);
    once.set(name, known);
  }
  return [...once].map(([name, indexes]) => ({ name, partitionIndexes: [...indexes] }));
};

const refusalOf = (broker: Broker, context: RequestContext, topic: string): Refusal | undefined => {
  const invalid = invalidTopicName(topic);
  if (invalid !== undefined) return { errorCode: ErrorCode.INVALID_TOPIC_EXCEPTION, errorMessage: invalid };
  if (!broker.isAllowed(context, 'READ', 'TOPIC', topic))
    return {
      errorCode: ErrorCode.TOPIC_AUTHORIZATION_FAILED,
      errorMessage: 'Topic authorization failed.',
    };
  return broker.topicByName(topic) === undefined
    ? {
        errorCode: ErrorCode.UNKNOWN_TOPIC_OR_PARTITION,
        errorMessage: 'This server does not host this topic-partition.',
      }
    : undefined;
};

const describe = (broker: Broker, topic: string, partitionIndex: number): PartitionAnswer => {
  const refused = (errorCode: number): PartitionAnswer => ({
    partitionIndex,
    errorCode,
    errorMessage: null,
    activeProducers: [],
  });
  const found = broker.topicByName(topic);
  if (found === undefined) return refused(ErrorCode.UNKNOWN_TOPIC_OR_PARTITION);
  const replica = broker.replicas.find(found.topicId, partitionIndex);
  if (replica === undefined) return refused(broker.missingReplicaError(found.topicId, partitionIndex));
  if (replica.machine.role.kind === 'offline') return refused(ErrorCode.KAFKA_STORAGE_ERROR);
  return {
    partitionIndex,
    errorCode: ErrorCode.NONE,
    errorMessage: null,
    activeProducers: [...replica.machine.producers()].map(producerAnswer),
  };
};

const producerAnswer = (producer: ProducerEntry): ProducerAnswer => ({
  producerId: producer.producerId,
  producerEpoch: producer.epoch,
  lastSequence: producer.batches.at(-1)?.lastSequence ?? -1,
  lastTimestamp: producer.lastTimestampMs,
  coordinatorEpoch: producer.coordinatorEpoch,
  currentTxnStartOffset: producer.currentTxnFirstOffset,
});
