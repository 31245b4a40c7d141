import { ErrorCode } from '@kafkaesque/protocol';
import type { ClientError } from './errors';

/** Errors that say our view of the cluster is wrong. */
const METADATA_ERRORS: ReadonlySet<number> = new Set([
  ErrorCode.UNKNOWN_TOPIC_OR_PARTITION,
  ErrorCode.LEADER_NOT_AVAILABLE,
  ErrorCode.NOT_LEADER_OR_FOLLOWER,
  ErrorCode.REPLICA_NOT_AVAILABLE,
  ErrorCode.KAFKA_STORAGE_ERROR,
  ErrorCode.FENCED_LEADER_EPOCH,
  ErrorCode.UNKNOWN_LEADER_EPOCH,
  ErrorCode.LISTENER_NOT_FOUND,
  ErrorCode.UNKNOWN_TOPIC_ID,
  ErrorCode.INCONSISTENT_TOPIC_ID,
]);

/** Whether nothing was heard of the broker: it could not be reached, or did not answer. */
export const isUnanswered = ({ kind }: ClientError): boolean => kind === 'connection' || kind === 'timeout';

/** Whether to ask for metadata before trying again: also when the broker did not answer at all. */
export const showsStaleMetadata = (error: ClientError): boolean =>
  isUnanswered(error) || (error.errorCode !== undefined && METADATA_ERRORS.has(error.errorCode));
