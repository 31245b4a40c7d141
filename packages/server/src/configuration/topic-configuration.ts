import { Failure } from '@kafkaesque/kernel';
import type { ConfigurationValue } from './key';
import type { BrokerLayers, DynamicConfiguration } from './layers';
import { topicText } from './layers';
import { TOPIC_KEYS } from './table';
import type { TopicKeyName } from './table';
import { defaultValue, itemsOf, parseValue, shown } from './value';

/** `*`, or `partition:broker` for each. */
export type ThrottledReplicas = ReadonlySet<string>;

/** Whether the replica of a partition on a broker is named. */
export const isThrottled = (replicas: ThrottledReplicas, partition: number, brokerId: number): boolean =>
  replicas.size > 0 && (replicas.has('*') || replicas.has(`${partition}:${brokerId}`));

/** What the log, partition and handlers read of a topic, typed. */
export interface TopicConfiguration {
  /** Empty: keep everything. */
  readonly cleanupPolicy: readonly ('delete' | 'compact')[];
  readonly compressionType: string;
  readonly deleteRetentionMs: number;
  readonly fileDeleteDelayMs: number;
  readonly flushPolicy: 'ack' | 'replication';
  readonly followerThrottledReplicas: ThrottledReplicas;
  readonly indexIntervalBytes: number;
  readonly leaderThrottledReplicas: ThrottledReplicas;
  readonly maxMessageBytes: number;
  readonly messageTimestampAfterMaxMs: number;
  readonly messageTimestampBeforeMaxMs: number;
  readonly messageTimestampType: 'CreateTime' | 'LogAppendTime';
  readonly minCleanableDirtyRatio: number;
  readonly minCompactionLagMs: number;
  readonly minInsyncReplicas: number;
  readonly preallocate: boolean;
  readonly recordValidation: 'header' | 'full';
  /** -1: no limit. */
  readonly retentionBytes: number;
  /** -1: for ever. */
  readonly retentionMs: number;
  readonly segmentBytes: number;
  readonly segmentIndexBytes: number;
  readonly segmentJitterMs: number;
  readonly segmentMs: number;
  readonly uncleanLeaderElectionEnable: boolean;
  /** Any topic key; throws for an unknown name. */
  get(name: string): ConfigurationValue;
}

/** Effective values of a topic: its overrides, then the broker's synonyms, then the defaults. */
export const topicConfiguration = (
  overrides: DynamicConfiguration,
  layers: BrokerLayers,
): TopicConfiguration => {
  const get = (name: string): ConfigurationValue => topicValue(name, overrides, layers);
  const number = (name: TopicKeyName): number => Number(get(name));
  const isTrue = (name: TopicKeyName): boolean => get(name) === true;
  const replicas = (name: TopicKeyName): ThrottledReplicas => new Set(itemsOf(get(name)));
  return {
    cleanupPolicy: itemsOf(get('cleanup.policy')).filter(
      (policy) => policy === 'delete' || policy === 'compact',
    ),
    compressionType: String(get('compression.type')),
    deleteRetentionMs: number('delete.retention.ms'),
    fileDeleteDelayMs: number('file.delete.delay.ms'),
    flushPolicy: get('flush.policy') === 'replication' ? 'replication' : 'ack',
    followerThrottledReplicas: replicas('follower.replication.throttled.replicas'),
    indexIntervalBytes: number('index.interval.bytes'),
    leaderThrottledReplicas: replicas('leader.replication.throttled.replicas'),
    maxMessageBytes: number('max.message.bytes'),
    messageTimestampAfterMaxMs: number('message.timestamp.after.max.ms'),
    messageTimestampBeforeMaxMs: number('message.timestamp.before.max.ms'),
    messageTimestampType: get('message.timestamp.type') === 'LogAppendTime' ? 'LogAppendTime' : 'CreateTime',
    minCleanableDirtyRatio: number('min.cleanable.dirty.ratio'),
    minCompactionLagMs: number('min.compaction.lag.ms'),
    minInsyncReplicas: number('min.insync.replicas'),
    preallocate: isTrue('preallocate'),
    recordValidation: get('record.validation') === 'full' ? 'full' : 'header',
    retentionBytes: number('retention.bytes'),
    retentionMs: number('retention.ms'),
    segmentBytes: number('segment.bytes'),
    segmentIndexBytes: number('segment.index.bytes'),
    segmentJitterMs: number('segment.jitter.ms'),
    segmentMs: number('segment.ms'),
    uncleanLeaderElectionEnable: isTrue('unclean.leader.election.enable'),
    get,
  };
};

const topicValue = (
  name: string,
  overrides: DynamicConfiguration,
  layers: BrokerLayers,
): ConfigurationValue => {
  const key = TOPIC_KEYS.get(name);
  if (key === undefined)
    throw new Failure('UNKNOWN_CONFIGURATION_KEY', `there is no topic key ${shown(name)}`);
  const text = topicText(name, overrides, layers);
  if (text === null) return null;
  const parsed = parseValue(name, key, text);
  return parsed.kind === 'value' ? parsed.value : defaultValue(name, key);
};
