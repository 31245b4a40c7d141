import { PartitionIndex } from '@kafkaesque/kernel';
import type { AlterReplicaLogDirsRequest, AlterReplicaLogDirsResponse, Draft } from '@kafkaesque/protocol';
import { ErrorCode } from '@kafkaesque/protocol';
import type { Broker } from '../broker/broker';
import type { Reply, RequestContext } from './handler';

/**
 * AlterReplicaLogDirs (34, KIP-113). A replica that this broker does not have yet is remembered, and put into that
 * directory when it comes; one that lies in another directory stays there.
 */
export const alterReplicaLogDirs =
  (broker: Broker) =>
  (
    context: RequestContext,
    { dirs }: AlterReplicaLogDirsRequest,
  ): Reply<Draft<typeof AlterReplicaLogDirsResponse>> => {
    const isAllowed = broker.isAllowed(context, 'ALTER', 'CLUSTER', 'kafka-cluster');
    const topics = new Map<string, { readonly partitionIndex: number; readonly errorCode: number }[]>();
    for (const { path, topics: moved } of dirs) {
      for (const { name, partitions } of moved) {
        const answered = topics.get(name) ?? [];
        topics.set(name, answered);
        for (const partitionIndex of partitions) {
          const errorCode = isAllowed
            ? alter(broker, name, partitionIndex, path)
            : ErrorCode.CLUSTER_AUTHORIZATION_FAILED;
          answered.push({ partitionIndex, errorCode });
        }
      }
    }
    const results = [...topics].map(([topicName, partitions]) => ({ topicName, partitions }));
    return { kind: 'answer', response: { throttleTimeMs: 0, results } };
  };

const alter = (broker: Broker, name: string, partitionIndex: number, path: string): number => {
  const directory = broker.directories.all.find((one) => one.path === path);
  if (directory === undefined) return ErrorCode.LOG_DIR_NOT_FOUND;
  if (directory.offlineReason !== undefined) return ErrorCode.KAFKA_STORAGE_ERROR;
  const topic = broker.topicByName(name);
  const partition = PartitionIndex(partitionIndex);
  if (topic?.partitions.get(partition) === undefined) return ErrorCode.REPLICA_NOT_AVAILABLE;
  const { topicId } = topic;
  if (broker.directories.hasFailed(topicId, partition)) return ErrorCode.KAFKA_STORAGE_ERROR;
  const holder = broker.directories.directoryIdOf(topicId, partition);
  if (holder === directory.directoryId) return ErrorCode.NONE;
  if (holder === undefined) {
    broker.directories.prefer(topicId, partition, directory);
    return ErrorCode.REPLICA_NOT_AVAILABLE;
  }
  // Neither the disk's fault nor one that passes: replicas are not moved between directories yet.
  return ErrorCode.UNSUPPORTED_VERSION;
};
