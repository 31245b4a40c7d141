import { PartitionIndex } from '@kafkaesque/kernel';
import type { OffsetPartition } from '@kafkaesque/coordinator';
import type { Draft, OffsetDeleteRequest, OffsetDeleteResponse } from '@kafkaesque/protocol';
import { ErrorCode } from '@kafkaesque/protocol';
import type { Broker } from '../broker/broker';
import type { Reply, RequestContext } from './handler';

type Answer = Draft<typeof OffsetDeleteResponse>;
interface PartitionAnswer {
  readonly partitionIndex: number;
  errorCode: number;
}

/** OffsetDelete (47): forgets what a group committed for topics that it no longer reads (KIP-496). */
export const offsetDelete =
  (broker: Broker) =>
  async (context: RequestContext, request: OffsetDeleteRequest): Promise<Reply<Answer>> => {
    const { groupId } = request;
    const refused = (errorCode: number): Reply<Answer> => ({
      kind: 'answer',
      response: { errorCode, topics: [] },
    });
    if (!broker.isAllowed(context, 'DELETE', 'GROUP', groupId))
      return refused(ErrorCode.GROUP_AUTHORIZATION_FAILED);
    if (groupId === '') return refused(ErrorCode.INVALID_GROUP_ID);
    const partitions: OffsetPartition[] = [];
    const asked: PartitionAnswer[] = [];
    const topics = request.topics.map((topic) => {
      const found = broker.topicByName(topic.name);
      const isAllowed = broker.isAllowed(context, 'READ', 'TOPIC', topic.name);
      return {
        name: topic.name,
        partitions: topic.partitions.map(({ partitionIndex }): PartitionAnswer => {
          if (!isAllowed) return { partitionIndex, errorCode: ErrorCode.TOPIC_AUTHORIZATION_FAILED };
          if (found?.partitions.get(PartitionIndex(partitionIndex)) === undefined)
            return { partitionIndex, errorCode: ErrorCode.UNKNOWN_TOPIC_OR_PARTITION };
          const answer: PartitionAnswer = { partitionIndex, errorCode: ErrorCode.NONE };
          partitions.push({ topicId: found.topicId, topic: topic.name, partition: partitionIndex });
          asked.push(answer);
          return answer;
        }),
      };
    });
    // Asked also without any partition: whether there is such a group is told in any case.
    const { errorCode, errorCodes } = await broker.groups.ask(groupId, {
      kind: 'delete-offsets',
      groupId,
      partitions,
    });
    if (errorCode !== ErrorCode.NONE) return refused(errorCode);
    for (const [index, answer] of asked.entries())
      answer.errorCode = errorCodes[index] ?? ErrorCode.UNKNOWN_SERVER_ERROR;
    return { kind: 'answer', response: { errorCode, topics } };
  };
