import type { ResponseOf } from '@kafkaesque/protocol';
import { brokerError } from '../broker-error';
import type { LogDirectoryDescription } from './admin';

type Result = ResponseOf<'DescribeLogDirs'>['results'][number];

/** One log directory of a DescribeLogDirs answer. */
export const logDirectoryOf = (result: Result): LogDirectoryDescription => ({
  path: result.logDir,
  error: result.errorCode === 0 ? undefined : brokerError(result.errorCode),
  totalBytes: spaceOf(result.totalBytes),
  usableBytes: spaceOf(result.usableBytes),
  cordoned: result.isCordoned,
  replicas: result.topics.flatMap(({ name, partitions }) =>
    partitions.map(({ partitionIndex, partitionSize, offsetLag, isFutureKey }) => ({
      topic: name,
      partition: partitionIndex,
      sizeBytes: partitionSize,
      offsetLag,
      future: isFutureKey,
    })),
  ),
});

/** Brokers before KIP-827 do not tell, and answer -1. */
const spaceOf = (bytes: number): number | undefined => (bytes < 0 ? undefined : bytes);
