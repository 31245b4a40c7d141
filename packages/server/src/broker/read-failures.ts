import { hasCode, messageOf } from '@kafkaesque/kernel';
import { ErrorCode } from '@kafkaesque/protocol';
import type { Broker } from './broker';
import type { Replica } from './replica';

/**
 * The error of one partition whose log could not be read. What was planned may be over by now: retention has taken the
 * offset, or the topic is gone. A broken invariant is thrown on.
 */
export const errorOfRead = (
  broker: Pick<Broker, 'replicas' | 'missingReplicaError' | 'logger'>,
  replica: Replica,
  error: unknown,
): number => {
  if (hasCode(error, 'INVARIANT_BROKEN')) throw error;
  const { topicId, topic, partition } = replica;
  if (hasCode(error, 'OFFSET_OUT_OF_RANGE')) return ErrorCode.OFFSET_OUT_OF_RANGE;
  if (broker.replicas.find(topicId, partition) !== replica)
    return broker.missingReplicaError(topicId, partition);
  broker.logger.error('a log could not be read', { topic, partition, error: messageOf(error) });
  // A disk that fails may be another one's after the next election.
  if (!hasCode(error, 'LOG_CORRUPT')) return ErrorCode.KAFKA_STORAGE_ERROR;
  // Where another replica has what this one lacks, clients find it by asking again; otherwise that would be in vain.
  return broker.replicas.damaged(replica) ? ErrorCode.KAFKA_STORAGE_ERROR : ErrorCode.CORRUPT_MESSAGE;
};
