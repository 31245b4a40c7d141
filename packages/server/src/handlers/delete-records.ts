import { Offset } from '@kafkaesque/kernel';
import type { DeleteRecordsRequest, DeleteRecordsResponse, Draft } from '@kafkaesque/protocol';
import { ErrorCode } from '@kafkaesque/protocol';
import type { Broker } from '../broker/broker';
import { errorOfRead } from '../broker/read-failures';
import type { Replica } from '../broker/replica';
import { isInternalTopic } from '../broker/topic-names';
import type { Reply, RequestContext } from './handler';

type PartitionAsked = DeleteRecordsRequest['topics'][number]['partitions'][number];
type PartitionAnswer = Draft<typeof DeleteRecordsResponse>['topics'][number]['partitions'][number];

/** DeleteRecords (21): raises log starts (KIP-107). Answers once that can no longer be undone. */
export const deleteRecords =
  (broker: Broker) =>
  async (
    context: RequestContext,
    request: DeleteRecordsRequest,
  ): Promise<Reply<Draft<typeof DeleteRecordsResponse>>> => {
    const topics = await Promise.all(
      merged(request.topics).map(async ([name, partitions]) => ({
        name,
        partitions: await Promise.all(
          partitions.map((partition) => deleteBelow(broker, context, name, partition)),
        ),
      })),
    );
    return { kind: 'answer', response: { throttleTimeMs: 0, topics } };
  };

/** Each partition once: of what is said twice, the last word counts, as in Kafka. */
const merged = (
  topics: DeleteRecordsRequest['topics'],
): readonly (readonly [string, readonly PartitionAsked[]])[] => {
  const byName = new Map<string, Map<number, PartitionAsked>>();
  for (const { name, partitions } of topics) {
    const known = byName.get(name) ?? new Map<number, PartitionAsked>();
    for (const partition of partitions) known.set(partition.partitionIndex, partition);
    byName.set(name, known);
  }
  return [...byName].map(([name, partitions]) => [name, [...partitions.values()]]);
};

const deleteBelow = async (
  broker: Broker,
  context: RequestContext,
  topic: string,
  { partitionIndex, offset }: PartitionAsked,
): Promise<PartitionAnswer> => {
  const refused = (errorCode: number): PartitionAnswer => ({
    partitionIndex,
    lowWatermark: Offset(-1),
    errorCode,
  });
  if (!broker.isAllowed(context, 'DELETE', 'TOPIC', topic))
    return refused(ErrorCode.TOPIC_AUTHORIZATION_FAILED);
  const found = broker.topicByName(topic);
  if (found?.partitions.get(partitionIndex) === undefined)
    return refused(ErrorCode.UNKNOWN_TOPIC_OR_PARTITION);
  // What a coordinator keeps there it would never read again.
  if (isInternalTopic(topic)) return refused(ErrorCode.INVALID_TOPIC_EXCEPTION);
  const replica = broker.replicas.find(found.topicId, partitionIndex);
  if (replica === undefined) return refused(broker.missingReplicaError(found.topicId, partitionIndex));
  const plan = replica.machine.deleteRecords(offset);
  if (plan.kind === 'error') return refused(plan.error);
  if (plan.kind === 'raise') {
    const errorCode = await raise(broker, replica, plan.offset);
    if (errorCode !== ErrorCode.NONE) return refused(errorCode);
  }
  return { partitionIndex, lowWatermark: replica.machine.lowWatermark, errorCode: ErrorCode.NONE };
};

const raise = async (broker: Broker, replica: Replica, offset: Offset): Promise<number> => {
  const { log } = replica;
  try {
    await log.raiseLogStart(offset);
  } catch (error) {
    return errorOfRead(broker, replica, error);
  }
  broker.replicas.logStartRaised(replica);
  return ErrorCode.NONE;
};
