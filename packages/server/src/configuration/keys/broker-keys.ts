import type { ConfigurationKey } from '../key';
import { boolean, className, int, list, long, string } from '../key-draft';

/** What a node is, where it keeps its data, and how it creates topics. */
export const brokerKeys = {
  'node.id': int(1, "The number of this node, the same at every start and different from every other node's.")
    .atLeast(0)
    .high(),
  'broker.id': int(-1, 'An older name of `node.id`.').high(),
  'process.roles': list('broker,controller', 'What this process is: `broker`, `controller` or both.')
    .someOf('broker', 'controller')
    .high(),
  'broker.rack': string(
    null,
    'The rack or zone this node stands in; replicas are spread over racks, and consumers may read from the nearest.',
  ),
  'log.dir': list('./data', 'Where data is kept if `log.dirs` is not set.').notEmpty().high(),
  'log.dirs': list(null, 'The directories that hold partitions, usually one per disk.').notEmpty().high(),
  'metadata.log.dir': string(
    null,
    'Where the metadata log is kept; by default the first of `log.dirs`.',
  ).high(),
  'cordoned.log.dirs': list('', 'Directories that take no new partitions; `*` stands for all.')
    .items()
    .perBroker()
    .noEffect(),
  'log.dir.failure.timeout.ms': long(
    30_000,
    'How long the broker may fail to tell the controller of a failed directory before it stops itself.',
  )
    .atLeast(1)
    .low()
    .noEffect(),
  'num.partitions': int(1, 'Partitions of a topic that is created without saying how many.').atLeast(1),
  'default.replication.factor': int(1, 'Replicas of a topic that is created without saying how many.'),
  'auto.create.topics.enable': boolean(
    true,
    'Whether a topic that a producer or consumer names for the first time is created.',
  ).high(),
  'delete.topic.enable': boolean(true, 'Whether topics can be deleted.').high(),
  'background.threads': int(10, 'Threads for background work in Kafka; work here is not divided by threads.')
    .atLeast(1)
    .high()
    .clusterWide()
    .noEffect(),
  'num.io.threads': int(8, 'Threads that handle requests in Kafka; work here is not divided by threads.')
    .atLeast(1)
    .high()
    .clusterWide()
    .noEffect(),
  'num.network.threads': int(
    3,
    'Threads that read and write sockets in Kafka; work here is not divided by threads.',
  )
    .atLeast(1)
    .high()
    .clusterWide()
    .noEffect(),
  'num.recovery.threads.per.data.dir': int(
    2,
    'Logs of one directory that are recovered and closed side by side.',
  )
    .atLeast(1)
    .high()
    .clusterWide()
    .noEffect(),
  'controlled.shutdown.enable': boolean(
    true,
    'Whether a stopping broker hands its leaderships over first.',
  ).noEffect(),
  'create.topic.policy.class.name': className(
    null,
    'A JavaScript module that may refuse the creation of a topic: its path, or its package.',
  ).low(),
  'alter.config.policy.class.name': className(
    null,
    'A JavaScript module that may refuse a change of configuration: its path, or its package.',
  ).low(),
  'config.providers': list('', 'Names of providers that replace `${provider:path:key}` in values.')
    .items()
    .low()
    .clusterWide()
    .noEffect(),
  'server.max.startup.time.ms': long('unlimited', 'How long starting may take before it is given up.')
    .atLeast(0)
    .noEffect()
    .internal(),
  'unstable.api.versions.enable': boolean(
    false,
    'Whether versions of requests that may still change are offered.',
  )
    .high()
    .noEffect()
    .internal(),
  'unstable.feature.versions.enable': boolean(
    false,
    'Whether feature levels that may still change are offered.',
  )
    .high()
    .noEffect()
    .internal(),
  'security.providers': string(null, 'Classes that provide security algorithms to a Java process.')
    .low()
    .noEffect(),
  'max.request.partition.size.limit': int(
    2000,
    'Most partitions that one page of a topic description holds.',
  ).atLeast(1),
  'fetch.max.bytes': int(
    57_671_680,
    'Most bytes that one fetch answer holds; a first batch that is larger is still sent.',
  ).atLeast(1024),
  'max.incremental.fetch.session.cache.slots': int(
    1000,
    'Fetch sessions that are remembered at the same time.',
  ).atLeast(0),
  'delete.records.purgatory.purge.interval.requests': int(
    1,
    'Finished deletions of records after which Kafka sweeps its waiting room; here they leave at once.',
  ).noEffect(),
  'fetch.purgatory.purge.interval.requests': int(
    1000,
    'Finished fetches after which Kafka sweeps its waiting room; here they leave at once.',
  ).noEffect(),
  'producer.purgatory.purge.interval.requests': int(
    1000,
    'Finished produce requests after which Kafka sweeps its waiting room; here they leave at once.',
  ).noEffect(),
  'share.fetch.purgatory.purge.interval.requests': int(
    1000,
    'Finished share fetches after which Kafka sweeps its waiting room; here they leave at once.',
  ).noEffect(),
  'cluster.id': string(
    null,
    'The id of the cluster; by default the one in the data directory, or a new one.',
  ).ours(),
  'storage.reserve.bytes': long(
    67108864,
    'Room kept back in each data directory for a full disk, at most 1/32 of the file system; 0: none.',
  )
    .atLeast(0)
    .ours(),
  'storage.require.persistent': boolean(
    false,
    'Whether a data directory that does not outlive the machine or container is refused.',
  ).ours(),
} as const satisfies Record<string, ConfigurationKey>;
