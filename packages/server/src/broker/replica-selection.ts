import type { BrokerId } from '@kafkaesque/kernel';
import type { MetadataImage } from '@kafkaesque/metadata';
import { aliveBrokers } from '@kafkaesque/metadata';
import type { ReadableReplica } from '@kafkaesque/partition';

/** The `replica.selector.class` that looks at racks; any other reads from the leader. */
export const RACK_AWARE_SELECTOR = 'org.apache.kafka.common.replica.RackAwareReplicaSelector';

/** The racks of the brokers that clients can reach on a listener. */
export const racksOf = (image: MetadataImage, listenerName: string): ReadonlyMap<BrokerId, string> =>
  new Map(
    aliveBrokers(image, listenerName).flatMap(({ brokerId, rack }) =>
      rack === null ? [] : [[brokerId, rack] as const],
    ),
  );

/**
 * Where a consumer in this rack is to read instead of from the leader, as Kafka's RackAwareReplicaSelector has it: the
 * most caught-up follower of its rack, unless the leader stands there too. Undefined: from the leader.
 */
export const nearestReplica = (
  rack: string,
  leader: BrokerId,
  followers: readonly ReadableReplica[],
  racks: ReadonlyMap<BrokerId, string>,
): BrokerId | undefined => {
  if (rack === '' || racks.get(leader) === rack) return undefined;
  let nearest: ReadableReplica | undefined;
  for (const follower of followers) {
    if (racks.get(follower.brokerId) !== rack) continue;
    if (nearest === undefined || isFurther(follower, nearest)) nearest = follower;
  }
  return nearest?.brokerId;
};

const isFurther = (one: ReadableReplica, other: ReadableReplica): boolean => {
  if (one.endOffset !== other.endOffset) return one.endOffset > other.endOffset;
  if (one.laggingMs !== other.laggingMs) return one.laggingMs < other.laggingMs;
  return one.brokerId > other.brokerId;
};
