import type { ConfigurationKey } from './key';
import { brokerKeys } from './keys/broker-keys';
import { clientMetricsKeys } from './keys/client-metrics-keys';
import { groupConfigKeys } from './keys/group-config-keys';
import { groupKeys } from './keys/group-keys';
import { logKeys } from './keys/log-keys';
import { networkKeys } from './keys/network-keys';
import { operationKeys } from './keys/operation-keys';
import { quorumKeys } from './keys/quorum-keys';
import { remoteStorageKeys } from './keys/remote-storage-keys';
import { replicationKeys } from './keys/replication-keys';
import { saslKeys } from './keys/sasl-keys';
import { securityKeys } from './keys/security-keys';
import { sslKeys } from './keys/ssl-keys';
import { topicKeys } from './keys/topic-keys';
import { transactionKeys } from './keys/transaction-keys';

/** Every key of a node, by subject. */
const nodeKeys = {
  ...brokerKeys,
  ...networkKeys,
  ...quorumKeys,
  ...logKeys,
  ...replicationKeys,
  ...groupKeys,
  ...transactionKeys,
  ...securityKeys,
  ...saslKeys,
  ...sslKeys,
  ...operationKeys,
  ...remoteStorageKeys,
} as const satisfies Record<string, ConfigurationKey>;

export type NodeKeyName = keyof typeof nodeKeys;
export type TopicKeyName = keyof typeof topicKeys;

/** Maps, because a key may be called `constructor`. Sorted by name, as `DescribeConfigs` answers. */
const sortedMap = (keys: Readonly<Record<string, ConfigurationKey>>): ReadonlyMap<string, ConfigurationKey> =>
  new Map(Object.entries(keys).sort(([left], [right]) => (left < right ? -1 : 1)));

export const NODE_KEYS = sortedMap(nodeKeys);
export const TOPIC_KEYS = sortedMap(topicKeys);
export const GROUP_KEYS = sortedMap(groupConfigKeys);
export const CLIENT_METRICS_KEYS = sortedMap(clientMetricsKeys);

/** A broker's key that sets a topic's default, and by how much its number is multiplied. */
export interface BrokerSynonym {
  readonly name: NodeKeyName;
  readonly factor: number;
}

const MS_PER_MINUTE = 60_000;
const MS_PER_HOUR = 3_600_000;

/** The first name that has a value gives a topic's default, as in Kafka's ServerTopicConfigSynonyms. */
const topicSynonyms: Readonly<Partial<Record<TopicKeyName, readonly BrokerSynonym[]>>> = {
  'cleanup.policy': [{ name: 'log.cleanup.policy', factor: 1 }],
  'compression.gzip.level': [{ name: 'compression.gzip.level', factor: 1 }],
  'compression.lz4.level': [{ name: 'compression.lz4.level', factor: 1 }],
  'compression.type': [{ name: 'compression.type', factor: 1 }],
  'compression.zstd.level': [{ name: 'compression.zstd.level', factor: 1 }],
  'delete.retention.ms': [{ name: 'log.cleaner.delete.retention.ms', factor: 1 }],
  'file.delete.delay.ms': [{ name: 'log.segment.delete.delay.ms', factor: 1 }],
  'flush.messages': [{ name: 'log.flush.interval.messages', factor: 1 }],
  'flush.ms': [
    { name: 'log.flush.interval.ms', factor: 1 },
    { name: 'log.flush.scheduler.interval.ms', factor: 1 },
  ],
  'flush.policy': [{ name: 'log.flush.policy', factor: 1 }],
  'index.interval.bytes': [{ name: 'log.index.interval.bytes', factor: 1 }],
  'local.retention.bytes': [{ name: 'log.local.retention.bytes', factor: 1 }],
  'local.retention.ms': [{ name: 'log.local.retention.ms', factor: 1 }],
  'max.compaction.lag.ms': [{ name: 'log.cleaner.max.compaction.lag.ms', factor: 1 }],
  'max.message.bytes': [{ name: 'message.max.bytes', factor: 1 }],
  'message.timestamp.after.max.ms': [{ name: 'log.message.timestamp.after.max.ms', factor: 1 }],
  'message.timestamp.before.max.ms': [{ name: 'log.message.timestamp.before.max.ms', factor: 1 }],
  'message.timestamp.type': [{ name: 'log.message.timestamp.type', factor: 1 }],
  'min.cleanable.dirty.ratio': [{ name: 'log.cleaner.min.cleanable.ratio', factor: 1 }],
  'min.compaction.lag.ms': [{ name: 'log.cleaner.min.compaction.lag.ms', factor: 1 }],
  'min.insync.replicas': [{ name: 'min.insync.replicas', factor: 1 }],
  preallocate: [{ name: 'log.preallocate', factor: 1 }],
  'record.validation': [{ name: 'log.record.validation', factor: 1 }],
  'retention.bytes': [{ name: 'log.retention.bytes', factor: 1 }],
  'retention.ms': [
    { name: 'log.retention.ms', factor: 1 },
    { name: 'log.retention.minutes', factor: MS_PER_MINUTE },
    { name: 'log.retention.hours', factor: MS_PER_HOUR },
  ],
  'segment.bytes': [{ name: 'log.segment.bytes', factor: 1 }],
  'segment.index.bytes': [{ name: 'log.index.size.max.bytes', factor: 1 }],
  'segment.jitter.ms': [
    { name: 'log.roll.jitter.ms', factor: 1 },
    { name: 'log.roll.jitter.hours', factor: MS_PER_HOUR },
  ],
  'segment.ms': [
    { name: 'log.roll.ms', factor: 1 },
    { name: 'log.roll.hours', factor: MS_PER_HOUR },
  ],
  'unclean.leader.election.enable': [{ name: 'unclean.leader.election.enable', factor: 1 }],
};

const SYNONYMS: ReadonlyMap<string, readonly BrokerSynonym[]> = new Map(Object.entries(topicSynonyms));

export const brokerSynonymsOf = (topicKey: string): readonly BrokerSynonym[] => SYNONYMS.get(topicKey) ?? [];

/** The names under which a node's key may have been given, strongest first: `log.retention.ms`, `.minutes`, `.hours`. */
export const alternativesOf = (nodeKey: string): readonly string[] => {
  for (const synonyms of SYNONYMS.values()) {
    const at = synonyms.findIndex(({ name }) => name === nodeKey);
    if (at >= 0) return synonyms.slice(at).map(({ name }) => name);
  }
  return [nodeKey];
};

/** The key that a listener's own setting (KIP-103) is of: `listener.name.internal.ssl.key.password`. */
export const keyOfListener = (name: string): string | undefined => {
  const ofListener = /^listener\.name\.[^.]*\.(.*)/.exec(name)?.[1];
  if (ofListener === undefined || NODE_KEYS.has(ofListener)) return ofListener;
  // A mechanism may stand between: `listener.name.internal.plain.sasl.jaas.config`.
  const ofMechanism = ofListener.replace(/^[^.]*\./, '');
  return ofMechanism.startsWith('sasl.') && NODE_KEYS.has(ofMechanism) ? ofMechanism : ofListener;
};

/** The names that `DescribeConfigs` looks under for a node's key, strongest first. */
export const synonymsOf = (nodeKey: string): readonly string[] => {
  const ofListener = keyOfListener(nodeKey);
  return ofListener === undefined ? alternativesOf(nodeKey) : [nodeKey, ofListener];
};
