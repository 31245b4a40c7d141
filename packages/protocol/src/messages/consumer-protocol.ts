import { array, bytes, int32, string } from '../schema/field';
import { message, type Infer } from '../schema/message';

/**
 * What group members tell each other through JoinGroup and SyncGroup, behind an int16 version of its own (KIP-429).
 * Subscription: v1 owned partitions · v2 generation · v3 rack. Assignment is the same in all versions.
 */
export const ConsumerProtocolSubscription = message({
  name: 'ConsumerProtocolSubscription',
  versions: '0-3',
  flexible: 'none',
  fields: {
    topics: array(string),
    userData: bytes.nullable().default(null),
    ownedPartitions: array({
      topic: string,
      partitions: array(int32),
    })
      .versions('1+')
      .ignorable(),
    generationId: int32.versions('2+').default(-1).ignorable(),
    rackId: string.versions('3+').nullable().default(null).ignorable(),
  },
});
export type ConsumerProtocolSubscription = Infer<typeof ConsumerProtocolSubscription>;

export const ConsumerProtocolAssignment = message({
  name: 'ConsumerProtocolAssignment',
  versions: '0-3',
  flexible: 'none',
  fields: {
    assignedPartitions: array({
      topic: string,
      partitions: array(int32),
    }),
    userData: bytes.nullable().default(null),
  },
});
export type ConsumerProtocolAssignment = Infer<typeof ConsumerProtocolAssignment>;
