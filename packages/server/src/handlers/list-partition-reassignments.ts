import { PartitionIndex } from '@kafkaesque/kernel';
import type { MetadataImage, PartitionImage } from '@kafkaesque/metadata';
import { topicByName, topicNames } from '@kafkaesque/metadata';
import type {
  Draft,
  ListPartitionReassignmentsRequest,
  ListPartitionReassignmentsResponse,
} from '@kafkaesque/protocol';
import { ErrorCode } from '@kafkaesque/protocol';
import type { Administrator } from '../broker/broker';
import type { Reply, RequestContext } from './handler';

type Response = Draft<typeof ListPartitionReassignmentsResponse>;

/** ListPartitionReassignments (46, KIP-455): what moves, as this node has it. Null topics ask for everything. */
export const listPartitionReassignments =
  (administrator: Administrator) =>
  (
    context: RequestContext,
    { topics }: ListPartitionReassignmentsRequest,
  ): Reply<Draft<typeof ListPartitionReassignmentsResponse>> => {
    const answer = (
      errorCode: number,
      errorMessage: string | null,
      listed: Response['topics'],
    ): Reply<Response> => ({
      kind: 'answer',
      response: { throttleTimeMs: 0, errorCode, errorMessage, topics: listed },
    });
    if (!administrator.isAllowed(context, 'DESCRIBE', 'CLUSTER', 'kafka-cluster'))
      return answer(ErrorCode.CLUSTER_AUTHORIZATION_FAILED, 'Cluster authorization failed.', []);
    const image = administrator.image();
    const asked = topics ?? topicNames(image).map((name) => ({ name, partitionIndexes: undefined }));
    const listed = asked.flatMap(({ name, partitionIndexes }) => {
      const partitions = partitionsOf(image, name, partitionIndexes).filter(isMoving).map(reassignmentOf);
      return partitions.length === 0 ? [] : [{ name, partitions }];
    });
    return answer(ErrorCode.NONE, null, listed);
  };

/** Those that are there; what is not there does not move. */
const partitionsOf = (
  image: MetadataImage,
  name: string,
  indexes: readonly number[] | undefined,
): readonly PartitionImage[] => {
  const topic = topicByName(image, name);
  if (topic === undefined) return [];
  if (indexes === undefined) return topic.partitions.slice(0, topic.partitions.size);
  return indexes.flatMap((index) => topic.partitions.get(PartitionIndex(index)) ?? []);
};

const isMoving = ({ addingReplicas, removingReplicas }: PartitionImage): boolean =>
  addingReplicas.length > 0 || removingReplicas.length > 0;

const reassignmentOf = ({
  partition,
  replicas,
  addingReplicas,
  removingReplicas,
}: PartitionImage): Response['topics'][number]['partitions'][number] => ({
  ...{ partitionIndex: partition, replicas, addingReplicas, removingReplicas },
});
