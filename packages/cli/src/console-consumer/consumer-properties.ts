import type { ConsumerOptions } from '@kafkaesque/client';
import { numberProperty } from '../command-line/client-flags';
import type { Properties } from '../command-line/client-flags';
import { UsageError } from '../command-line/usage-error';

/** Kafka's consumer properties as the SDK's options. Unknown keys are left alone, as Kafka's clients do. */
export const consumerOptions = (properties: Properties): ConsumerOptions => ({
  ...groupOptions(properties),
  fetchMinBytes: numberProperty(properties, 'fetch.min.bytes'),
  fetchMaxWaitMs: numberProperty(properties, 'fetch.max.wait.ms'),
  fetchMaxBytes: numberProperty(properties, 'fetch.max.bytes'),
  maxPartitionFetchBytes: numberProperty(properties, 'max.partition.fetch.bytes'),
  maxPollRecords: numberProperty(properties, 'max.poll.records'),
  requestTimeoutMs: numberProperty(properties, 'request.timeout.ms'),
  apiTimeoutMs: numberProperty(properties, 'default.api.timeout.ms'),
  retryBackoffMs: numberProperty(properties, 'retry.backoff.ms'),
  retryBackoffMaxMs: numberProperty(properties, 'retry.backoff.max.ms'),
  rackId: properties['client.rack'],
});

/** What concerns a member of a group. Fails with UsageError in Kafka's words. */
const groupOptions = (properties: Properties): ConsumerOptions => ({
  groupId: properties['group.id'],
  groupInstanceId: properties['group.instance.id'],
  groupProtocol: protocolOf(properties['group.protocol']),
  groupRemoteAssignor: properties['group.remote.assignor'],
  partitionAssignmentStrategy: properties['partition.assignment.strategy']?.split(',').map(assignorOf),
  sessionTimeoutMs: numberProperty(properties, 'session.timeout.ms'),
  heartbeatIntervalMs: numberProperty(properties, 'heartbeat.interval.ms'),
  maxPollIntervalMs: numberProperty(properties, 'max.poll.interval.ms'),
  enableAutoCommit: flagProperty(properties, 'enable.auto.commit'),
  autoCommitIntervalMs: numberProperty(properties, 'auto.commit.interval.ms'),
  metadataMaxAgeMs: numberProperty(properties, 'metadata.max.age.ms'),
  allowAutoCreateTopics: flagProperty(properties, 'allow.auto.create.topics'),
  excludeInternalTopics: flagProperty(properties, 'exclude.internal.topics'),
});

const flagProperty = (properties: Properties, key: string): boolean | undefined => {
  const value = properties[key]?.trim().toLowerCase();
  if (value === undefined) return undefined;
  if (value === 'true' || value === 'false') return value === 'true';
  throw new UsageError(
    `Invalid value ${properties[key]} for configuration ${key}: Expected value to be either true or false`,
  );
};

const protocolOf = (value: string | undefined): ConsumerOptions['groupProtocol'] => {
  const protocol = value?.toLowerCase();
  if (protocol === undefined || protocol === 'classic' || protocol === 'consumer') return protocol;
  throw new UsageError(
    `Invalid value ${value} for configuration group.protocol: String must be one of (case insensitive): CLASSIC, CONSUMER`,
  );
};

const ASSIGNORS = {
  RangeAssignor: 'range',
  RoundRobinAssignor: 'roundrobin',
  StickyAssignor: 'sticky',
  CooperativeStickyAssignor: 'cooperative-sticky',
} as const;

const PACKAGE = 'org.apache.kafka.clients.consumer.';

/** By Kafka's class name, or by the name that members tell each other. */
const assignorOf = (word: string): (typeof ASSIGNORS)[keyof typeof ASSIGNORS] => {
  const name = word.trim().replace(PACKAGE, '');
  const found = Object.entries(ASSIGNORS).find(([className, one]) => className === name || one === name);
  if (found !== undefined) return found[1];
  throw new UsageError(
    `There is no assignor ${word.trim()}. Known are ${Object.keys(ASSIGNORS)
      .map((className) => `${PACKAGE}${className}`)
      .join(', ')}`,
  );
};

/** `auto.offset.reset` as Kafka's consumer takes it (KIP-1106). Fails with UsageError in its words. */
export const resetOf = (value: string): NonNullable<ConsumerOptions['autoOffsetReset']> => {
  const lower = value.toLowerCase();
  if (lower === 'earliest' || lower === 'latest' || lower === 'none') return lower;
  if (lower.startsWith('by_duration:')) return `by_duration:${value.slice('by_duration:'.length)}`;
  throw new UsageError(
    `Invalid value ${value} for configuration auto.offset.reset: Invalid value \`${value}\` for configuration auto.offset.reset. The value must be either 'earliest', 'latest', 'none' or of the format 'by_duration:<PnDTnHnMn.nS.>'.`,
  );
};
