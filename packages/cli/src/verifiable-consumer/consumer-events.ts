import type { ConsumerRecord, TopicPartition } from '@kafkaesque/client';

/* One line of JSON for each thing that happens, with the names and in the order of Kafka's own. */

const line = (timestamp: number, name: string, fields: object = {}): string =>
  `${JSON.stringify({ timestamp, name, ...fields })}\n`;

/** The beginning of the run. */
export const startupComplete = (timestamp: number): string => line(timestamp, 'startup_complete');

/** A signal asked for the end, or the process ends. */
export const shutdownRequested = (timestamp: number): string => line(timestamp, 'shutdown_requested');

/** The consumer is closed. */
export const shutdownComplete = (timestamp: number): string => line(timestamp, 'shutdown_complete');

const placeOf = ({ topic, partition }: TopicPartition): TopicPartition => ({ topic, partition });

/** A rebalance brought partitions, or ended with none. */
export const partitionsAssigned = (timestamp: number, partitions: readonly TopicPartition[]): string =>
  line(timestamp, 'partitions_assigned', { partitions: partitions.map(placeOf) });

/** A rebalance took partitions. */
export const partitionsRevoked = (timestamp: number, partitions: readonly TopicPartition[]): string =>
  line(timestamp, 'partitions_revoked', { partitions: partitions.map(placeOf) });

/** One record. */
export const recordData = (timestamp: number, record: ConsumerRecord): string => {
  const { key, value, topic, partition, offset } = record;
  return line(timestamp, 'record_data', {
    key: key?.toString() ?? null,
    value: value?.toString() ?? null,
    ...{ topic, partition, offset },
  });
};

/** What was taken of one partition. */
export interface PartitionSummary extends TopicPartition {
  readonly count: number;
  readonly minOffset: number;
  readonly maxOffset: number;
}

/** What one poll gave; `count` may be more than was taken, at the end of the run. */
export const recordsConsumed = (
  timestamp: number,
  count: number,
  partitions: readonly PartitionSummary[],
): string => line(timestamp, 'records_consumed', { count, partitions });

/** What became of a commit. */
export const offsetsCommitted = (
  timestamp: number,
  offsets: readonly (TopicPartition & { readonly offset: number })[],
  error: string | undefined,
): string => line(timestamp, 'offsets_committed', { offsets, error, success: error === undefined });
