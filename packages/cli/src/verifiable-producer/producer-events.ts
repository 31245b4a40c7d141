import type { RecordMetadata } from '@kafkaesque/client';
import { sdk } from '../command-line/loaded-on-demand';
import { messageOf } from '@kafkaesque/kernel';
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
    exception: `class ${exceptionOf(error)}`,
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

/** Where Java's name is not that of the error. */
const EXCEPTIONS: Readonly<Record<string, string>> = {
  MESSAGE_TOO_LARGE: 'RecordTooLarge',
  REQUEST_TIMED_OUT: 'Timeout',
  CORRUPT_MESSAGE: 'CorruptRecord',
  INVALID_TOPIC_EXCEPTION: 'InvalidTopic',
  KAFKA_STORAGE_ERROR: 'KafkaStorage',
};

const exceptionOf = (error: unknown): string => {
  const known = sdk().isClientError(error) ? error : undefined;
  if (known?.kind === 'timeout') return 'org.apache.kafka.common.errors.TimeoutException';
  if (known?.kind !== 'broker') return 'org.apache.kafka.common.KafkaException';
  const { code } = known;
  const camel = code.toLowerCase().replace(/(?:^|_)(\w)/g, (_, letter: string) => letter.toUpperCase());
  return `org.apache.kafka.common.errors.${EXCEPTIONS[code] ?? camel}Exception`;
};
