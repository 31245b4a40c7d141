import type { ConfigurationKey } from '../key';
import { boolean, double, int, list, long, string } from '../key-draft';

/** What can be set for one topic. */
export const topicKeys = {
  'cleanup.policy': list(
    'delete',
    'What happens to old records: `delete`, `compact`, both, or nothing.',
  ).anyOf('compact', 'delete'),
  'compression.gzip.level': int(-1, 'How hard gzip tries, from 1 to 9; -1 is its own default.')
    .checked('gzip-level')
    .noEffect(),
  'compression.lz4.level': int(9, 'How hard lz4 tries, from 1 to 17.').between(1, 17).noEffect(),
  'compression.type': string(
    'producer',
    "How the broker compresses batches: a codec, `uncompressed`, or `producer` to keep the producer's.",
  ).oneOf('uncompressed', 'zstd', 'lz4', 'snappy', 'gzip', 'producer'),
  'compression.zstd.level': int(3, 'How hard zstd tries, from -131072 to 22.')
    .between(-131_072, 22)
    .noEffect(),
  'delete.retention.ms': long(
    86_400_000,
    'How long the marker of a deleted key is kept in a compacted topic.',
  ).atLeast(0),
  'file.delete.delay.ms': long(60_000, 'How long a deleted segment stays on disk.').atLeast(0),
  'flush.messages': long(
    'unlimited',
    'Records after which Kafka flushes the log; here `flush.policy` decides.',
  )
    .atLeast(1)
    .noEffect(),
  'flush.ms': long('unlimited', 'Time after which Kafka flushes the log; here `flush.policy` decides.')
    .atLeast(0)
    .noEffect(),
  'flush.policy': string(
    'ack',
    'When a record counts as stored: on the disk (`ack`) or at enough replicas (`replication`).',
  )
    .oneOf('ack', 'replication')
    .ours(),
  'follower.replication.throttled.replicas': list(
    '',
    'Replicas whose following is slowed down, as `partition:broker`, or `*` for all.',
  ).checked('throttled-replicas'),
  'index.interval.bytes': int(4096, 'Bytes of log between two entries of its offset index.').atLeast(0),
  'internal.segment.bytes': int(
    null,
    'Size at which a segment is closed, below the usual minimum, for tests.',
  )
    .noEffect()
    .internal(),
  'leader.replication.throttled.replicas': list(
    '',
    'Replicas whose leading is slowed down, as `partition:broker`, or `*` for all.',
  ).checked('throttled-replicas'),
  'local.retention.bytes': long(
    -2,
    'Size kept on local disks when older segments are elsewhere; -2 follows `retention.bytes`.',
  )
    .atLeast(-2)
    .noEffect(),
  'local.retention.ms': long(
    -2,
    'Time kept on local disks when older segments are elsewhere; -2 follows `retention.ms`.',
  )
    .atLeast(-2)
    .noEffect(),
  'max.compaction.lag.ms': long('unlimited', 'How long a record may wait for compaction.')
    .atLeast(1)
    .noEffect(),
  'max.message.bytes': int(
    1_048_588,
    'The largest batch of records that is accepted, as it travels.',
  ).atLeast(0),
  'message.timestamp.after.max.ms': long(3_600_000, "How far a record's time may lie in the future.").atLeast(
    0,
  ),
  'message.timestamp.before.max.ms': long(
    'unlimited',
    "How far a record's time may lie in the past.",
  ).atLeast(0),
  'message.timestamp.type': string(
    'CreateTime',
    "Whether a record keeps its producer's time (`CreateTime`) or gets the broker's (`LogAppendTime`).",
  ).oneOf('CreateTime', 'LogAppendTime'),
  'min.cleanable.dirty.ratio': double(
    '0.5',
    'Share of the log that must be uncompacted before it is compacted.',
  ).between(0, 1),
  'min.compaction.lag.ms': long(0, 'How long a record stays as it is before compaction may drop it.').atLeast(
    0,
  ),
  'min.insync.replicas': int(1, 'Replicas that must have a record before `acks=all` is answered.').atLeast(1),
  preallocate: boolean(false, 'Whether a new segment takes its whole size on disk at once.').noEffect(),
  'record.validation': string(
    'header',
    'What is checked of a batch: its header, or every record, compressed or not (`full`).',
  )
    .oneOf('header', 'full')
    .ours(),
  'remote.log.copy.disable': boolean(
    false,
    'Whether segments are no longer copied to remote storage.',
  ).noEffect(),
  'remote.log.delete.on.disable': boolean(
    false,
    'Whether the remote copies go when remote storage is switched off.',
  ).noEffect(),
  'remote.storage.enable': boolean(
    false,
    'Whether old segments of the topic may move to remote storage.',
  ).noEffect(),
  'retention.bytes': long(-1, 'Size of a partition beyond which its oldest segments go; -1 sets no limit.'),
  'retention.ms': long(604_800_000, 'How long records are kept; -1 means for ever.').atLeast(-1),
  'segment.bytes': int(1_073_741_824, 'Size at which a segment is closed and the next one begins.').atLeast(
    1_048_576,
  ),
  'segment.index.bytes': int(10_485_760, 'Largest size of an offset or time index.').atLeast(4),
  'segment.jitter.ms': long(
    0,
    'By how much the age at which a segment is closed may be shortened at random.',
  ).atLeast(0),
  'segment.ms': long(604_800_000, 'Age at which a segment is closed even if it is not full.').atLeast(1),
  'unclean.leader.election.enable': boolean(
    false,
    'Whether a replica that lacks acknowledged records may lead when no other is left.',
  ),
} as const satisfies Record<string, ConfigurationKey>;
