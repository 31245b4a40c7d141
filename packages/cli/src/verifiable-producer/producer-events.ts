import type { RecordMetadata } from '@kafkaesque/client';
import { messageOf } from '@kafkaesque/kernel';
import { javaClassOf } from '../command-line/java-errors';
import { javaNumber } from '../command-line/java-number';

/** A record as it was sent. */
export interface SentRecord {
  readonly key: string | null;
  readonly value: string;
  readonly topic: string;
}

const line = (event: object): string => `${JSON.stringify(event)}\n`;

/** The beginning of the run. */
export const startupComplete = (timestamp: number): string => line({ timestamp, name: 'startup_complete' });

/** Everything that was sent has been answered. */
export const shutdownComplete = (timestamp: number): string => line({ timestamp, name: 'shutdown_complete' });

/** A record was acknowledged. */
export const sendSuccess = (
  timestamp: number,
  { key, value }: SentRecord,
  { topic, partition, offset }: RecordMetadata,
): string => line({ timestamp, name: 'producer_send_success', key, value, offset, topic, partition });

/** A record was not acknowledged; the exception is named as Java's client names it. */
export const sendError = (timestamp: number, { key, value, topic }: SentRecord, error: unknown): string =>
  line({
    ...{ timestamp, name: 'producer_send_error', key, value, topic },
    exception: `class ${javaClassOf(error)}`,
    message: messageOf(error),
  });

/** The sums of the run; Java writes the last one with a point, whatever it is. */
export const toolData = (
  timestamp: number,
  sums: {
    readonly sent: number;
    readonly acked: number;
    readonly targetThroughput: number;
    readonly averageThroughput: number;
  },
): string => {
  const { sent, acked, targetThroughput: target_throughput, averageThroughput } = sums;
  const event = { timestamp, name: 'tool_data', sent, acked, target_throughput };
  const average = Number.isFinite(averageThroughput) ? javaNumber(averageThroughput) : '"NaN"';
  return `${JSON.stringify(event).slice(0, -1)},"avg_throughput":${average}}\n`;
};
