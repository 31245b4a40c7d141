import type { ConfigurationKey } from '../key';
import { boolean, int, long, string } from '../key-draft';

/** Followers, in-sync replicas and leadership. */
export const replicationKeys = {
  'min.insync.replicas': int(1, 'Replicas that must have a record before `acks=all` is answered.')
    .atLeast(1)
    .high()
    .clusterWide(),
  'unclean.leader.election.enable': boolean(
    false,
    'Whether a replica that lacks acknowledged records may lead when no other is left.',
  )
    .high()
    .clusterWide(),
  'unclean.leader.election.interval.ms': long(
    300_000,
    'How often the controller looks for partitions that such an election would help.',
  )
    .atLeast(1)
    .internal(),
  'auto.leader.rebalance.enable': boolean(
    true,
    'Whether leadership returns to the first replica by itself.',
  ).high(),
  'leader.imbalance.check.interval.seconds': long(
    300,
    'How often it is looked for leaderships that should return to the first replica.',
  )
    .atLeast(1)
    .high(),
  'leader.imbalance.per.broker.percentage': int(
    10,
    'Share of the partitions that a broker is the first replica of which others may lead before they are returned.',
  )
    .atLeast(0)
    .high()
    .ours(),
  'num.replica.fetchers': int(1, 'Connections through which a broker follows one other broker.')
    .atLeast(1)
    .high()
    .clusterWide()
    .noEffect(),
  'num.replica.alter.log.dirs.threads': int(
    null,
    'Threads that move partitions between directories; by default one per directory.',
  )
    .high()
    .noEffect(),
  'replica.lag.time.max.ms': long(
    10_000,
    'How long a follower may be behind before it leaves the in-sync replicas.',
  ).high(),
  'replica.fetch.backoff.ms': int(1000, 'The pause of a follower after an error.').atLeast(0).noEffect(),
  'replica.fetch.max.bytes': int(1_048_576, 'Bytes that a follower asks for per partition.')
    .atLeast(0)
    .noEffect(),
  'replica.fetch.min.bytes': int(1, 'Bytes that an answer to a follower waits for.').high().noEffect(),
  'replica.fetch.response.max.bytes': int(10_485_760, 'Bytes that a follower asks for in one answer.')
    .atLeast(0)
    .noEffect(),
  'replica.fetch.wait.max.ms': int(500, "How long a follower's fetch may wait for records.")
    .high()
    .noEffect(),
  'replica.high.watermark.checkpoint.interval.ms': long(
    5000,
    'How often the high watermark is noted on disk.',
  )
    .high()
    .noEffect(),
  'replica.selector.class': string(
    null,
    'Chooses the replica that a consumer reads from: the leader by default, or the nearest by `client.rack`.',
  ).oneOf(
    'org.apache.kafka.common.replica.RackAwareReplicaSelector',
    'org.apache.kafka.common.replica.LeaderSelector',
  ),
  'replica.socket.receive.buffer.bytes': int(65_536, "Receive buffer of a follower's sockets.")
    .high()
    .noEffect(),
  'replica.socket.timeout.ms': int(30_000, 'How long a follower waits on a socket.').high().noEffect(),
  'leader.replication.throttled.rate': long(
    'unlimited',
    'Bytes a second that this broker sends to throttled replicas which are not in sync.',
  )
    .atLeast(0)
    .clusterWide()
    .internal(),
  'follower.replication.throttled.rate': long(
    'unlimited',
    'Bytes a second that this broker takes for throttled replicas which are not in sync.',
  )
    .atLeast(0)
    .clusterWide()
    .internal(),
  'replica.alter.log.dirs.io.max.bytes.per.second': long(
    'unlimited',
    'Bytes a second that this broker copies for replicas which move between its log directories.',
  )
    .atLeast(0)
    .clusterWide()
    .internal(),
  'follower.fetch.last.tiered.offset.enable': boolean(
    false,
    'Whether an empty follower begins at the last segment that lies in remote storage.',
  )
    .clusterWide()
    .noEffect(),
} as const satisfies Record<string, ConfigurationKey>;
