import type { BrokerConfiguration } from './configuration';
import { crossCheck } from './cross-checks';
import { resolveEndpoints } from './endpoints';
import { resolveIdentity } from './identity';
import { listenerLimitErrors } from './listener-limits';
import type { NodeValues } from './node-values';
import { understand } from './node-values';
import { gather } from './sources';
import type { ConfigurationError, ConfigurationSources } from './sources';
import { itemsOf, shown } from './value';

/** A configuration that can be used, or everything that is wrong with it at once. */
export type ConfigurationOutcome =
  | {
      readonly kind: 'valid';
      readonly configuration: BrokerConfiguration;
      readonly warnings: readonly string[];
    }
  | {
      readonly kind: 'invalid';
      readonly errors: readonly ConfigurationError[];
      readonly warnings: readonly string[];
    };

/** Understands all sources together; without any, a one-node cluster. */
export const readConfiguration = (sources: ConfigurationSources): ConfigurationOutcome => {
  const gathered = gather(sources);
  const values = understand(gathered.values);
  const { warnings } = values;
  const errors = [...gathered.errors, ...values.errors];
  // What belongs together is only looked at when each value by itself is right.
  if (errors.length > 0) return { kind: 'invalid', errors, warnings };
  const identity = resolveIdentity(values);
  const endpoints = resolveEndpoints(values, identity);
  errors.push(
    ...[...identity.errors, ...endpoints.errors],
    ...[...crossCheck(values), ...listenerLimitErrors(values.given)],
  );
  const logDirs = itemsOf(values.get('log.dirs') ?? values.get('log.dir'));
  if (new Set(logDirs).size < logDirs.length) {
    errors.push({ key: 'log.dirs', message: `Duplicate log directory found: ${shown(logDirs.join(','))}` });
  }
  if (errors.length > 0) return { kind: 'invalid', errors, warnings };
  const configuration: BrokerConfiguration = {
    nodeId: identity.nodeId,
    roles: identity.roles,
    clusterId: textOf(values, 'cluster.id'),
    rack: textOf(values, 'broker.rack'),
    listeners: endpoints.listeners,
    advertisedListeners: endpoints.advertisedListeners,
    interBrokerListenerName: endpoints.interBrokerListenerName,
    controllerListenerNames: identity.controllerListenerNames,
    quorum: identity.quorum,
    logDirs,
    metadataLogDir: textOf(values, 'metadata.log.dir') ?? logDirs[0] ?? '',
    metricsHost: textOf(values, 'metrics.host') ?? '',
    metricsPort: numberOf(values, 'metrics.port'),
    isDefaultMetricsPort: !values.isGiven('metrics.port'),
    numPartitions: numberOf(values, 'num.partitions'),
    defaultReplicationFactor: numberOf(values, 'default.replication.factor'),
    autoCreateTopicsEnable: values.get('auto.create.topics.enable') === true,
    deleteTopicEnable: values.get('delete.topic.enable') === true,
    socketRequestMaxBytes: numberOf(values, 'socket.request.max.bytes'),
    messageMaxBytes: numberOf(values, 'message.max.bytes'),
    fetchMaxBytes: numberOf(values, 'fetch.max.bytes'),
    requestTimeoutMs: numberOf(values, 'request.timeout.ms'),
    brokerHeartbeatIntervalMs: numberOf(values, 'broker.heartbeat.interval.ms'),
    brokerSessionTimeoutMs: numberOf(values, 'broker.session.timeout.ms'),
    replicaLagTimeMaxMs: numberOf(values, 'replica.lag.time.max.ms'),
    storageRequirePersistent: values.get('storage.require.persistent') === true,
    get: (name) => values.get(name),
    given: identity.given,
  };
  return { kind: 'valid', configuration, warnings };
};

const numberOf = (values: NodeValues, name: string): number => Number(values.get(name));

/** Undefined for none and for an empty text. */
const textOf = (values: NodeValues, name: string): string | undefined => {
  const value = values.get(name);
  return typeof value === 'string' && value !== '' ? value : undefined;
};
