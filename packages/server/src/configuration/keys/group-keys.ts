import type { ConfigurationKey } from '../key';
import { int, list, long, short, string } from '../key-draft';

/** Groups of consumers, share and streams groups, and where they keep their state. */
export const groupKeys = {
  'group.coordinator.append.linger.ms': int(
    -1,
    'How long a group coordinator gathers writes; -1 adapts.',
  ).atLeast(-1),
  'group.coordinator.background.threads': int(2, 'Threads for the slow work of group coordinators.')
    .atLeast(1)
    .high()
    .noEffect(),
  'group.coordinator.cached.buffer.max.bytes': int(
    1_048_588,
    'Largest write buffer that a group coordinator keeps.',
  )
    .atLeast(524_288)
    .clusterWide()
    .noEffect(),
  'group.coordinator.rebalance.protocols': list(
    'classic,consumer,streams',
    'The group protocols that are served: classic, consumer, share, streams.',
  ).someOf('consumer', 'classic', 'share', 'streams'),
  'group.coordinator.threads': int(4, 'Threads of group coordinators.').atLeast(1).high().noEffect(),
  'group.initial.rebalance.delay.ms': int(
    3000,
    'How long a new classic group waits for more members before its first assignment.',
  ),
  'group.max.session.timeout.ms': int(
    1_800_000,
    'The longest session that a member of a classic group may ask for.',
  ),
  'group.min.session.timeout.ms': int(
    6000,
    'The shortest session that a member of a classic group may ask for.',
  ),
  'group.max.size': int(2_147_483_647, 'Members of a classic group at most.').atLeast(1),
  'group.consumer.assignment.interval.ms': int(
    1000,
    'The shortest time between two assignments of a consumer group.',
  )
    .atLeast(0)
    .clusterWide(),
  'group.consumer.min.assignment.interval.ms': int(
    0,
    'The least that a consumer group may set for the shortest time between two assignments.',
  ).atLeast(0),
  'group.consumer.max.assignment.interval.ms': int(
    15_000,
    'The most that a consumer group may set for the shortest time between two assignments.',
  ).atLeast(0),
  'group.consumer.assignors': list(
    'uniform,range',
    'The assignors that the broker offers to consumer groups; the first is the default.',
  ).notEmpty(),
  'group.consumer.heartbeat.interval.ms': int(
    5000,
    'How often a member of a consumer group reports.',
  ).atLeast(1),
  'group.consumer.min.heartbeat.interval.ms': int(
    5000,
    'The least that a consumer group may set for the interval of heartbeats.',
  ).atLeast(1),
  'group.consumer.max.heartbeat.interval.ms': int(
    15_000,
    'The most that a consumer group may set for the interval of heartbeats.',
  ).atLeast(1),
  'group.consumer.session.timeout.ms': int(
    45_000,
    'How long a member of a consumer group may be silent.',
  ).atLeast(1),
  'group.consumer.min.session.timeout.ms': int(
    45_000,
    'The shortest session that a consumer group may set.',
  ).atLeast(1),
  'group.consumer.max.session.timeout.ms': int(
    60_000,
    'The longest session that a consumer group may set.',
  ).atLeast(1),
  'group.consumer.max.size': int(2_147_483_647, 'Members of a consumer group at most.').atLeast(1),
  'group.consumer.migration.policy': string(
    'bidirectional',
    'Whether groups may pass between the classic and the consumer protocol while they run.',
  ).oneOfIgnoringCase('DISABLED', 'DOWNGRADE', 'UPGRADE', 'BIDIRECTIONAL'),
  'group.consumer.regex.refresh.interval.ms': int(
    600_000,
    'How often the topics behind a pattern are looked up anew.',
  )
    .atLeast(10_000)
    .internal(),
  'group.share.assignment.interval.ms': int(
    1000,
    'The shortest time between two assignments of a share group.',
  )
    .atLeast(0)
    .clusterWide()
    .noEffect(),
  'group.share.min.assignment.interval.ms': int(
    0,
    'The least that a share group may set for the shortest time between two assignments.',
  )
    .atLeast(0)
    .noEffect(),
  'group.share.max.assignment.interval.ms': int(
    15_000,
    'The most that a share group may set for the shortest time between two assignments.',
  )
    .atLeast(0)
    .noEffect(),
  'group.share.assignors': list('simple', 'The assignor of share groups.').notEmpty().noEffect(),
  'group.share.delivery.count.limit': int(5, 'How often a record is handed out before it counts as rejected.')
    .between(2, 10)
    .noEffect(),
  'group.share.min.delivery.count.limit': int(
    2,
    'The least that a share group may set for how often a record is handed out.',
  )
    .between(2, 5)
    .noEffect(),
  'group.share.max.delivery.count.limit': int(
    10,
    'The most that a share group may set for how often a record is handed out.',
  )
    .between(5, 25)
    .noEffect(),
  'group.share.heartbeat.interval.ms': int(5000, 'How often a member of a share group reports.')
    .atLeast(1)
    .noEffect(),
  'group.share.min.heartbeat.interval.ms': int(
    5000,
    'The least that a share group may set for the interval of heartbeats.',
  )
    .atLeast(1)
    .noEffect(),
  'group.share.max.heartbeat.interval.ms': int(
    15_000,
    'The most that a share group may set for the interval of heartbeats.',
  )
    .atLeast(1)
    .noEffect(),
  'group.share.initialize.retry.interval.ms': int(
    30_000,
    'The pause before the state of a share partition is asked for again.',
  )
    .atLeast(1)
    .low()
    .noEffect()
    .internal(),
  'group.share.partition.max.record.locks': int(
    2000,
    'Records of one share partition that may be out at the same time.',
  )
    .between(100, 10_000)
    .noEffect(),
  'group.share.min.partition.max.record.locks': int(
    100,
    'The least that a share group may set for records of a partition that are out at the same time.',
  )
    .between(100, 2000)
    .noEffect(),
  'group.share.max.partition.max.record.locks': int(
    4000,
    'The most that a share group may set for records of a partition that are out at the same time.',
  )
    .between(2000, 10_000)
    .noEffect(),
  'group.share.record.lock.duration.ms': int(
    30_000,
    'How long a record that was handed out belongs to its consumer.',
  )
    .between(1000, 3_600_000)
    .noEffect(),
  'group.share.min.record.lock.duration.ms': int(
    15_000,
    'The least that a share group may set for how long a record stays handed out.',
  )
    .between(1000, 30_000)
    .noEffect(),
  'group.share.max.record.lock.duration.ms': int(
    60_000,
    'The most that a share group may set for how long a record stays handed out.',
  )
    .between(30_000, 3_600_000)
    .noEffect(),
  'group.share.session.timeout.ms': int(45_000, 'How long a member of a share group may be silent.')
    .atLeast(1)
    .noEffect(),
  'group.share.min.session.timeout.ms': int(45_000, 'The shortest session that a share group may set.')
    .atLeast(1)
    .noEffect(),
  'group.share.max.session.timeout.ms': int(60_000, 'The longest session that a share group may set.')
    .atLeast(1)
    .noEffect(),
  'group.share.max.share.sessions': int(2000, 'Share sessions that a broker remembers.')
    .atLeast(1)
    .noEffect(),
  'group.share.max.size': int(200, 'Members of a share group at most.').between(1, 1000).noEffect(),
  'group.share.persister.class.name': string(
    'org.apache.kafka.server.share.persister.DefaultStatePersister',
    'The class that keeps the state of share groups.',
  )
    .noEffect()
    .internal(),
  'group.streams.assignment.interval.ms': int(
    1000,
    'The shortest time between two assignments of a streams group.',
  )
    .atLeast(0)
    .clusterWide()
    .noEffect(),
  'group.streams.min.assignment.interval.ms': int(
    0,
    'The least that a streams group may set for the shortest time between two assignments.',
  )
    .atLeast(0)
    .noEffect(),
  'group.streams.max.assignment.interval.ms': int(
    15_000,
    'The most that a streams group may set for the shortest time between two assignments.',
  )
    .atLeast(0)
    .noEffect(),
  'group.streams.heartbeat.interval.ms': int(5000, 'How often a member of a streams group reports.')
    .atLeast(1)
    .noEffect(),
  'group.streams.min.heartbeat.interval.ms': int(
    5000,
    'The least that a streams group may set for the interval of heartbeats.',
  )
    .atLeast(1)
    .noEffect(),
  'group.streams.max.heartbeat.interval.ms': int(
    15_000,
    'The most that a streams group may set for the interval of heartbeats.',
  )
    .atLeast(1)
    .noEffect(),
  'group.streams.initial.rebalance.delay.ms': int(
    3000,
    'How long a new streams group waits for more members before its first assignment.',
  )
    .atLeast(0)
    .noEffect(),
  'group.streams.session.timeout.ms': int(45_000, 'How long a member of a streams group may be silent.')
    .atLeast(1)
    .noEffect(),
  'group.streams.min.session.timeout.ms': int(45_000, 'The shortest session that a streams group may set.')
    .atLeast(1)
    .noEffect(),
  'group.streams.max.session.timeout.ms': int(60_000, 'The longest session that a streams group may set.')
    .atLeast(1)
    .noEffect(),
  'group.streams.max.size': int(2_147_483_647, 'Members of a streams group at most.').atLeast(1).noEffect(),
  'group.streams.num.standby.replicas': int(0, "Standby copies of each task's state.").atLeast(0).noEffect(),
  'group.streams.max.standby.replicas': int(2, 'The most that a streams group may set for standby copies.')
    .atLeast(0)
    .noEffect(),
  'offset.metadata.max.bytes': int(4096, 'Longest note that may be committed with an offset.').high(),
  'offsets.commit.timeout.ms': int(5000, 'How long a commit of offsets may take.').atLeast(1).high(),
  'offsets.load.buffer.size': int(5_242_880, 'Bytes read at once when committed offsets are loaded.')
    .atLeast(1)
    .high(),
  'offsets.retention.check.interval.ms': long(600_000, 'How often it is looked for offsets to forget.')
    .atLeast(1)
    .high(),
  'offsets.retention.minutes': int(10_080, 'How long the offsets of an empty group are kept.')
    .atLeast(1)
    .high(),
  'offsets.topic.compression.codec': int(
    0,
    'Codec of the offsets topic by its number: 0 none, 1 gzip, 2 snappy, 3 lz4, 4 zstd.',
  ).high(),
  'offsets.topic.num.partitions': int(50, 'Partitions of the offsets topic.').atLeast(1).high(),
  'offsets.topic.replication.factor': short(
    3,
    'Replicas of the offsets topic; fewer while the cluster has fewer brokers.',
  )
    .atLeast(1)
    .high()
    .boundedByBrokers(),
  'offsets.topic.segment.bytes': int(104_857_600, "Size of the offsets topic's segments.").atLeast(1).high(),
  'share.coordinator.append.linger.ms': int(-1, 'How long a share coordinator gathers writes; -1 adapts.')
    .atLeast(-1)
    .noEffect(),
  'share.coordinator.cached.buffer.max.bytes': int(
    1_048_588,
    'Largest write buffer that a share coordinator keeps.',
  )
    .atLeast(524_288)
    .clusterWide()
    .noEffect(),
  'share.coordinator.cold.partition.snapshot.interval.ms': int(
    300_000,
    'How often the state of idle share partitions is written whole.',
  )
    .atLeast(1)
    .low()
    .noEffect()
    .internal(),
  'share.coordinator.load.buffer.size': int(
    5_242_880,
    'Bytes read at once when the state of share groups is loaded.',
  )
    .atLeast(1)
    .high()
    .noEffect(),
  'share.coordinator.snapshot.update.records.per.snapshot': int(
    500,
    "Updates of a share partition's state between two whole copies.",
  )
    .between(0, 500)
    .noEffect(),
  'share.coordinator.state.topic.compression.codec': int(0, 'Codec of the share state topic by its number.')
    .high()
    .noEffect(),
  'share.coordinator.state.topic.min.isr': short(
    2,
    'Replicas of the share state topic that must have a record.',
  )
    .atLeast(1)
    .high()
    .boundedByBrokers()
    .noEffect(),
  'share.coordinator.state.topic.num.partitions': int(50, 'Partitions of the share state topic.')
    .atLeast(1)
    .high()
    .noEffect(),
  'share.coordinator.state.topic.prune.interval.ms': int(
    300_000,
    'How often what is not needed of the share state topic is deleted.',
  )
    .atLeast(1)
    .low()
    .noEffect()
    .internal(),
  'share.coordinator.state.topic.replication.factor': short(
    3,
    'Replicas of the share state topic; fewer while the cluster has fewer brokers.',
  )
    .atLeast(1)
    .high()
    .boundedByBrokers()
    .noEffect(),
  'share.coordinator.state.topic.segment.bytes': int(104_857_600, "Size of the share state topic's segments.")
    .atLeast(1)
    .high()
    .noEffect(),
  'share.coordinator.threads': int(1, 'Threads of share coordinators.').atLeast(1).noEffect(),
  'share.coordinator.write.timeout.ms': int(5000, "How long a share coordinator's write may take.")
    .atLeast(1)
    .high()
    .noEffect(),
} as const satisfies Record<string, ConfigurationKey>;
