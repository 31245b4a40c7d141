import { PartitionIndex, hasCode, messageOf } from '@kafkaesque/kernel';
import type { AlterReplicaLogDirsRequest, AlterReplicaLogDirsResponse, Draft } from '@kafkaesque/protocol';
import { ErrorCode } from '@kafkaesque/protocol';
import type { Broker } from '../broker/broker';
import type { Reply, RequestContext } from './handler';

interface PartitionAnswer {
  readonly partitionIndex: number;
  readonly errorCode: number;
}

/**
 * AlterReplicaLogDirs (34, KIP-113). Answers once the move of a replica has begun and shows in DescribeLogDirs. A replica
 * that this broker does not have yet is remembered, and put into that directory when it comes.
 */
export const alterReplicaLogDirs =
  (broker: Broker) =>
  async (
    context: RequestContext,
    { dirs }: AlterReplicaLogDirsRequest,
  ): Promise<Reply<Draft<typeof AlterReplicaLogDirsResponse>>> => {
    const isAllowed = broker.isAllowed(context, 'ALTER', 'CLUSTER', 'kafka-cluster');
    const topics = new Map<string, Promise<PartitionAnswer>[]>();
    for (const { path, topics: moved } of dirs) {
      for (const { name, partitions } of moved) {
        const answered = topics.get(name) ?? [];
        topics.set(name, answered);
        for (const partition of partitions)
          answered.push(
            isAllowed
              ? alter(broker, name, partition, path)
              : Promise.resolve(answer(partition, ErrorCode.CLUSTER_AUTHORIZATION_FAILED)),
          );
      }
    }
    const results = await Promise.all(
      [...topics].map(async ([topicName, partitions]) => ({
        topicName,
        partitions: await Promise.all(partitions),
      })),
    );
    return { kind: 'answer', response: { throttleTimeMs: 0, results } };
  };

const answer = (partitionIndex: number, errorCode: number): PartitionAnswer => ({
  partitionIndex,
  errorCode,
});

const alter = async (
  broker: Broker,
  name: string,
  partitionIndex: number,
  path: string,
): Promise<PartitionAnswer> =>
  answer(partitionIndex, await errorOfMove(broker, name, PartitionIndex(partitionIndex), path));

const errorOfMove = async (
  broker: Broker,
  name: string,
  partition: PartitionIndex,
  path: string,
): Promise<number> => {
  const { directories, replicas, logger } = broker;
  const directory = directories.all.find((one) => one.path === path);
  if (directory === undefined) return ErrorCode.LOG_DIR_NOT_FOUND;
  if (directory.offlineReason !== undefined) return ErrorCode.KAFKA_STORAGE_ERROR;
  const topic = broker.topicByName(name);
  if (topic?.partitions.get(partition) === undefined) return ErrorCode.UNKNOWN_TOPIC_OR_PARTITION;
  const { topicId } = topic;
  if (directories.hasFailed(topicId, partition) || replicas.away.has(topicId, partition))
    return ErrorCode.KAFKA_STORAGE_ERROR;
  const replica = replicas.find(topicId, partition);
  if (replica === undefined) {
    directories.prefer(topicId, partition, directory);
    return ErrorCode.REPLICA_NOT_AVAILABLE;
  }
  try {
    await replicas.moves.move(replica, directory);
    return ErrorCode.NONE;
  } catch (error) {
    if (hasCode(error, 'INVARIANT_BROKEN')) throw error;
    if (hasCode(error, 'REPLICA_NOT_HERE')) return ErrorCode.REPLICA_NOT_AVAILABLE;
    logger.warn('a replica is not moved to another log directory', {
      topic: name,
      partition,
      path,
      error: messageOf(error),
    });
    return ErrorCode.KAFKA_STORAGE_ERROR;
  }
};
