import { messageOf } from '@kafkaesque/kernel';
import type { DescribeLogDirsRequest, DescribeLogDirsResponse, Draft } from '@kafkaesque/protocol';
import { ErrorCode } from '@kafkaesque/protocol';
import type { LogDirectory } from '@kafkaesque/storage';
import type { Broker } from '../broker/broker';
import type { Reply, RequestContext } from './handler';

type DirectoryAnswer = Draft<typeof DescribeLogDirsResponse>['results'][number];
type TopicAnswer = DirectoryAnswer['topics'][number];
type PartitionAnswer = TopicAnswer['partitions'][number];

/** DescribeLogDirs (35). v3 top-level error · v4 space (KIP-827) · v5 cordoned directories (KIP-1066) */
export const describeLogDirs =
  (broker: Broker) =>
  async (
    context: RequestContext,
    request: DescribeLogDirsRequest,
  ): Promise<Reply<Draft<typeof DescribeLogDirsResponse>>> => {
    if (!broker.isAllowed(context, 'DESCRIBE', 'CLUSTER', 'kafka-cluster')) {
      const errorCode = ErrorCode.CLUSTER_AUTHORIZATION_FAILED;
      return { kind: 'answer', response: { throttleTimeMs: 0, errorCode, results: [] } };
    }
    const isAsked = partitionsAsked(request);
    const results = await Promise.all(
      broker.directories.all.map((directory) => describe(broker, directory, isAsked)),
    );
    return { kind: 'answer', response: { throttleTimeMs: 0, errorCode: ErrorCode.NONE, results } };
  };

/** Kafka's word for a log that is no replica. */
const UNKNOWN_LAG = -1;

type IsAsked = (topic: string, partition: number) => boolean;

/** Null topics ask for everything. */
const partitionsAsked = ({ topics }: DescribeLogDirsRequest): IsAsked => {
  if (topics === null) return () => true;
  const asked = new Map<string, Set<number>>();
  for (const { topic, partitions } of topics) {
    const known = asked.get(topic) ?? new Set();
    for (const partition of partitions) known.add(partition);
    asked.set(topic, known);
  }
  return (topic, partition) => asked.get(topic)?.has(partition) ?? false;
};

const describe = async (
  broker: Broker,
  directory: LogDirectory,
  isAsked: IsAsked,
): Promise<DirectoryAnswer> => {
  const { path } = directory;
  const offline: DirectoryAnswer = { errorCode: ErrorCode.KAFKA_STORAGE_ERROR, logDir: path, topics: [] };
  if (directory.offlineReason !== undefined) return offline;
  try {
    const { freeBytes, totalBytes } = await broker.spaceOf(path);
    return {
      errorCode: ErrorCode.NONE,
      logDir: path,
      topics: topicsIn(broker, directory, isAsked),
      totalBytes,
      usableBytes: freeBytes,
      isCordoned: false,
    };
  } catch (error) {
    broker.logger.warn('a log directory could not be described', { path, error: messageOf(error) });
    return offline;
  }
};

const topicsIn = (broker: Broker, directory: LogDirectory, isAsked: IsAsked): readonly TopicAnswer[] => {
  const topics = new Map<string, PartitionAnswer[]>();
  const { replicas, directories } = broker;
  for (const { topicId, partition, sizeBytes } of directory.logs()) {
    // A log that no committed metadata know has no name to be called by.
    const name = broker.topicById(topicId)?.name;
    if (name === undefined || !isAsked(name, partition)) continue;
    const isFutureKey = directories.futureHolderOf(topicId, partition) === directory;
    // What a move has left over, and will be deleted, shows no more than what is deleted with its topic.
    if (!isFutureKey && directories.holderOf(topicId, partition) !== directory) continue;
    const replica = replicas.find(topicId, partition);
    const lag =
      replica === undefined
        ? undefined
        : isFutureKey
          ? replicas.moves.lagOf(replica)
          : replicas.lagOf(replica);
    const partitions = topics.get(name) ?? [];
    partitions.push({
      partitionIndex: partition,
      partitionSize: sizeBytes,
      offsetLag: lag ?? UNKNOWN_LAG,
      isFutureKey,
    });
    topics.set(name, partitions);
  }
  return [...topics].map(([name, partitions]) => ({
    name,
    partitions: partitions.sort((a, b) => a.partitionIndex - b.partitionIndex),
  }));
};
