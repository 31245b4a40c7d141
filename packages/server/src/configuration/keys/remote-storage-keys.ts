import type { ConfigurationKey } from '../key';
import { boolean, double, int, long, string } from '../key-draft';

/** Tiered storage, which is accepted and has no effect. */
export const remoteStorageKeys = {
  'remote.fetch.max.wait.ms': int(500, 'How long a fetch may wait for remote storage.')
    .atLeast(1)
    .clusterWide()
    .noEffect(),
  'remote.list.offsets.request.timeout.ms': long(
    30_000,
    'How long a search by time may wait for remote storage.',
  )
    .atLeast(1)
    .clusterWide()
    .noEffect(),
  'remote.log.index.file.cache.total.size.bytes': long(
    1_073_741_824,
    'Disk space for indexes fetched from remote storage.',
  )
    .atLeast(1)
    .low()
    .clusterWide()
    .noEffect(),
  'remote.log.index.file.cache.ttl.ms': long(
    900_000,
    'How long an index from remote storage stays after its last use.',
  )
    .atLeast(-1)
    .low()
    .noEffect()
    .internal(),
  'remote.log.manager.copier.thread.pool.size': int(10, 'Threads that copy segments to remote storage.')
    .atLeast(1)
    .clusterWide()
    .noEffect(),
  'remote.log.manager.copy.max.bytes.per.second': long(
    'unlimited',
    'How fast segments may be copied to remote storage.',
  )
    .atLeast(1)
    .clusterWide()
    .noEffect(),
  'remote.log.manager.copy.quota.window.num': int(
    11,
    'Samples kept for the speed of copying to remote storage.',
  )
    .atLeast(1)
    .noEffect(),
  'remote.log.manager.copy.quota.window.size.seconds': int(
    1,
    'Length of a sample for the speed of copying to remote storage.',
  )
    .atLeast(1)
    .noEffect(),
  'remote.log.manager.expiration.thread.pool.size': int(10, 'Threads that delete from remote storage.')
    .atLeast(1)
    .clusterWide()
    .noEffect(),
  'remote.log.manager.fetch.max.bytes.per.second': long('unlimited', 'How fast remote storage may be read.')
    .atLeast(1)
    .clusterWide()
    .noEffect(),
  'remote.log.manager.fetch.quota.window.num': int(
    11,
    'Samples kept for the speed of reading remote storage.',
  )
    .atLeast(1)
    .noEffect(),
  'remote.log.manager.fetch.quota.window.size.seconds': int(
    1,
    'Length of a sample for the speed of reading remote storage.',
  )
    .atLeast(1)
    .noEffect(),
  'remote.log.manager.follower.thread.pool.size': int(2, 'Threads that follow what lies in remote storage.')
    .atLeast(1)
    .clusterWide()
    .noEffect(),
  'remote.log.manager.task.interval.ms': long(30_000, 'How often it is looked for segments to copy.')
    .atLeast(1)
    .low()
    .noEffect(),
  'remote.log.manager.task.retry.backoff.ms': long(
    500,
    'The pause before failed work on remote storage is repeated.',
  )
    .atLeast(1)
    .low()
    .noEffect()
    .internal(),
  'remote.log.manager.task.retry.backoff.max.ms': long(
    30_000,
    'How far the pause before repeated work on remote storage may grow.',
  )
    .atLeast(1)
    .low()
    .noEffect()
    .internal(),
  'remote.log.manager.task.retry.jitter': double(
    '0.2',
    'By what share the pause before repeated work on remote storage is varied at random.',
  )
    .between(0, 0.5)
    .low()
    .noEffect()
    .internal(),
  'remote.log.manager.thread.pool.size': int(2, 'Threads for remote storage in general.')
    .atLeast(1)
    .noEffect(),
  'remote.log.metadata.custom.metadata.max.bytes': int(
    128,
    'Largest note that remote storage may keep with a segment.',
  )
    .atLeast(0)
    .low()
    .noEffect(),
  'remote.log.metadata.manager.class.name': string(
    'org.apache.kafka.server.log.remote.metadata.storage.TopicBasedRemoteLogMetadataManager',
    'The class that remembers what lies in remote storage.',
  )
    .notEmpty()
    .noEffect(),
  'remote.log.metadata.manager.class.path': string(
    null,
    'Where the class that remembers what lies in remote storage is loaded from.',
  ).noEffect(),
  'remote.log.metadata.manager.impl.prefix': string(
    'rlmm.config.',
    'Prefix of the keys that are passed to the class that remembers what lies in remote storage.',
  )
    .notEmpty()
    .noEffect(),
  'remote.log.metadata.manager.listener.name': string(
    null,
    'The listener that the class for the metadata of remote storage uses.',
  )
    .notEmpty()
    .noEffect(),
  'remote.log.reader.max.pending.tasks': int(100, 'Reads of remote storage that may wait.')
    .atLeast(1)
    .noEffect(),
  'remote.log.reader.threads': int(10, 'Threads that read remote storage.')
    .atLeast(1)
    .clusterWide()
    .noEffect(),
  'remote.log.storage.manager.class.name': string(null, 'The class that reads and writes remote storage.')
    .notEmpty()
    .noEffect(),
  'remote.log.storage.manager.class.path': string(
    null,
    'Where the remote storage class is loaded from.',
  ).noEffect(),
  'remote.log.storage.manager.impl.prefix': string(
    'rsm.config.',
    'Prefix of the keys that are passed to the remote storage class.',
  )
    .notEmpty()
    .noEffect(),
  'remote.log.storage.system.enable': boolean(
    false,
    'Whether old segments may move to remote storage.',
  ).noEffect(),
} as const satisfies Record<string, ConfigurationKey>;
