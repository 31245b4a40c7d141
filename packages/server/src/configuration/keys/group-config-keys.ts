import type { ConfigurationKey } from '../key';
import { boolean, int, string } from '../key-draft';

/** What can be set for one group (KIP-848, KIP-932, KIP-1071); the defaults of most are the broker's `group.` keys. */
export const groupConfigKeys = {
  'consumer.assignment.interval.ms': int(1000, 'The shortest time between two assignments.').atLeast(0),
  'consumer.heartbeat.interval.ms': int(5000, 'How often a member reports.').atLeast(1),
  'consumer.session.timeout.ms': int(45_000, 'How long a member may be silent.').atLeast(1),
  'share.assignment.interval.ms': int(1000, 'The shortest time between two assignments.').atLeast(0),
  'share.auto.offset.reset': string(
    'latest',
    'Where a share group begins: `earliest`, `latest`, or `by_duration:` and how far back.',
  ).checked('share-offset-reset'),
  'share.delivery.count.limit': int(5, 'How often a record is handed out at most.').atLeast(2),
  'share.heartbeat.interval.ms': int(5000, 'How often a member reports.').atLeast(1),
  'share.isolation.level': string(
    'read_uncommitted',
    'Whether records of open and aborted transactions are handed out.',
  ).oneOf('read_committed', 'read_uncommitted'),
  'share.partition.max.record.locks': int(
    2000,
    'Records of one share partition that may be out at the same time.',
  ).atLeast(100),
  'share.record.lock.duration.ms': int(
    30_000,
    'How long a record that was handed out belongs to its consumer.',
  ).atLeast(1000),
  'share.renew.acknowledge.enable': boolean(true, 'Whether a consumer may ask for more time with a record.'),
  'share.session.timeout.ms': int(45_000, 'How long a member may be silent.').atLeast(1),
  'streams.assignment.interval.ms': int(1000, 'The shortest time between two assignments.').atLeast(0),
  'streams.heartbeat.interval.ms': int(5000, 'How often a member reports.').atLeast(1),
  'streams.initial.rebalance.delay.ms': int(
    3000,
    'How long a new group waits for more members before its first assignment.',
  ).atLeast(0),
  'streams.num.standby.replicas': int(0, "Standby copies of each task's state.").atLeast(0),
  'streams.session.timeout.ms': int(45_000, 'How long a member may be silent.').atLeast(1),
} as const satisfies Record<string, ConfigurationKey>;
