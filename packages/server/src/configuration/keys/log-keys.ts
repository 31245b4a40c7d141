import type { ConfigurationKey } from '../key';
import { boolean, double, int, list, long, string } from '../key-draft';

/** How partitions are kept on disk; many are defaults of topic keys. */
export const logKeys = {
  'message.max.bytes': int(1_048_588, 'The largest batch of records that is accepted, as it travels.')
    .atLeast(0)
    .high()
    .clusterWide(),
  'compression.type': string(
    'producer',
    "How the broker compresses batches: a codec, `uncompressed`, or `producer` to keep the producer's.",
  )
    .oneOf('uncompressed', 'zstd', 'lz4', 'snappy', 'gzip', 'producer')
    .high()
    .clusterWide(),
  'compression.gzip.level': int(-1, 'How hard gzip tries, from 1 to 9; -1 is its own default.')
    .checked('gzip-level')
    .clusterWide()
    .noEffect(),
  'compression.lz4.level': int(9, 'How hard lz4 tries, from 1 to 17.')
    .between(1, 17)
    .clusterWide()
    .noEffect(),
  'compression.zstd.level': int(3, 'How hard zstd tries, from -131072 to 22.')
    .between(-131_072, 22)
    .clusterWide()
    .noEffect(),
  'log.segment.bytes': int(1_073_741_824, 'Size at which a segment is closed and the next one begins.')
    .atLeast(1_048_576)
    .high()
    .clusterWide(),
  'log.segment.delete.delay.ms': long(60_000, 'How long a deleted segment stays on disk.')
    .atLeast(0)
    .high()
    .clusterWide(),
  'log.roll.ms': long(null, 'Age at which a segment is closed; comes before `log.roll.hours`.')
    .high()
    .clusterWide(),
  'log.roll.hours': int(168, 'Age at which a segment is closed, in hours.').atLeast(1).high(),
  'log.roll.jitter.ms': long(
    null,
    'By how much the age of a closing segment is shortened at random; comes before `log.roll.jitter.hours`.',
  )
    .high()
    .clusterWide(),
  'log.roll.jitter.hours': int(
    0,
    'By how much the age of a closing segment is shortened at random, in hours.',
  )
    .atLeast(0)
    .high(),
  'log.retention.ms': long(
    null,
    'How long records are kept; comes before minutes and hours; -1 means for ever.',
  )
    .high()
    .clusterWide(),
  'log.retention.minutes': int(null, 'How long records are kept, in minutes; comes before hours.').high(),
  'log.retention.hours': int(168, 'How long records are kept, in hours.').high(),
  'log.retention.bytes': long(
    -1,
    'Size of a partition beyond which its oldest segments go; -1 sets no limit.',
  )
    .high()
    .clusterWide(),
  'log.retention.check.interval.ms': long(300_000, 'How often it is looked for segments to delete.').atLeast(
    1,
  ),
  'log.cleanup.policy': list('delete', 'What happens to old records: `delete`, `compact`, both, or nothing.')
    .anyOf('compact', 'delete')
    .clusterWide(),
  'log.index.interval.bytes': int(4096, 'Bytes of log between two entries of its offset index.')
    .atLeast(0)
    .clusterWide(),
  'log.index.size.max.bytes': int(10_485_760, 'Largest size of an offset or time index.')
    .atLeast(4)
    .clusterWide(),
  'log.preallocate': boolean(false, 'Whether a new segment takes its whole size on disk at once.')
    .clusterWide()
    .noEffect(),
  'log.flush.interval.messages': long(
    'unlimited',
    'Records after which Kafka flushes a log; here `log.flush.policy` decides.',
  )
    .atLeast(1)
    .high()
    .clusterWide()
    .noEffect(),
  'log.flush.interval.ms': long(
    null,
    'Time after which Kafka flushes a log; here `log.flush.policy` decides.',
  )
    .high()
    .clusterWide()
    .noEffect(),
  'log.flush.scheduler.interval.ms': long(
    'unlimited',
    'How often Kafka looks for logs to flush; here `log.flush.policy` decides.',
  )
    .high()
    .noEffect(),
  'log.flush.offset.checkpoint.interval.ms': int(
    60_000,
    'How often Kafka notes how far its logs are flushed.',
  )
    .atLeast(0)
    .high()
    .noEffect(),
  'log.flush.start.offset.checkpoint.interval.ms': int(60_000, 'How often Kafka notes where its logs begin.')
    .atLeast(0)
    .high()
    .noEffect(),
  'log.initial.task.delay.ms': long(30_000, 'How long background work on logs waits after the start.')
    .atLeast(0)
    .low()
    .noEffect()
    .internal(),
  'log.message.timestamp.type': string(
    'CreateTime',
    "Whether a record keeps its producer's time (`CreateTime`) or gets the broker's (`LogAppendTime`).",
  )
    .oneOf('CreateTime', 'LogAppendTime')
    .clusterWide(),
  'log.message.timestamp.before.max.ms': long('unlimited', "How far a record's time may lie in the past.")
    .atLeast(0)
    .clusterWide(),
  'log.message.timestamp.after.max.ms': long(3_600_000, "How far a record's time may lie in the future.")
    .atLeast(0)
    .clusterWide(),
  'log.local.retention.bytes': long(
    -2,
    'Size kept on local disks when older segments are elsewhere; -2 follows `log.retention.bytes`.',
  )
    .atLeast(-2)
    .clusterWide()
    .noEffect(),
  'log.local.retention.ms': long(
    -2,
    'Time kept on local disks when older segments are elsewhere; -2 follows `log.retention.ms`.',
  )
    .atLeast(-2)
    .clusterWide()
    .noEffect(),
  'log.cleaner.enable': boolean(true, 'Whether logs are compacted.'),
  'log.cleaner.threads': int(1, 'Compactions that run side by side.').atLeast(0).clusterWide().noEffect(),
  'log.cleaner.backoff.ms': long(15_000, 'How long the cleaner rests when there is nothing to clean.')
    .atLeast(0)
    .clusterWide(),
  'log.cleaner.dedupe.buffer.size': long(
    134_217_728,
    'Memory for finding the last record of each key.',
  ).clusterWide(),
  'log.cleaner.io.buffer.size': int(524_288, 'Memory for reading and writing during compaction.')
    .atLeast(0)
    .clusterWide(),
  'log.cleaner.io.buffer.load.factor': double(
    '0.9',
    'How full the memory for keys may become.',
  ).clusterWide(),
  'log.cleaner.io.max.bytes.per.second': double(
    '1.7976931348623157E308',
    'How fast compaction may read and write.',
  ).clusterWide(),
  'log.cleaner.delete.retention.ms': long(86_400_000, 'How long the marker of a deleted key is kept.')
    .atLeast(0)
    .clusterWide(),
  'log.cleaner.min.cleanable.ratio': double(
    '0.5',
    'Share of a log that must be uncompacted before it is compacted.',
  )
    .between(0, 1)
    .clusterWide(),
  'log.cleaner.min.compaction.lag.ms': long(
    0,
    'How long a record stays as it is before compaction may drop it.',
  )
    .atLeast(0)
    .clusterWide(),
  'log.cleaner.max.compaction.lag.ms': long('unlimited', 'How long a record may wait for compaction.')
    .atLeast(1)
    .clusterWide()
    .noEffect(),
  'producer.id.expiration.ms': int(86_400_000, "How long a silent producer's sequence is remembered.")
    .atLeast(1)
    .low()
    .clusterWide(),
  'producer.id.expiration.check.interval.ms': int(600_000, 'How often it is looked for producers to forget.')
    .atLeast(1)
    .low()
    .noEffect()
    .internal(),
  'log.flush.policy': string(
    'ack',
    'When a record counts as stored: on the disk (`ack`) or at enough replicas (`replication`).',
  )
    .oneOf('ack', 'replication')
    .clusterWide()
    .ours(),
  'log.record.validation': string(
    'header',
    'What is checked of a batch: its header, or every record, compressed or not (`full`).',
  )
    .oneOf('header', 'full')
    .clusterWide()
    .ours(),
} as const satisfies Record<string, ConfigurationKey>;
