import { StickyAssignorUserData } from '@kafkaesque/protocol';
import { byTopic } from '../../cluster/leader-questions';
import type { TopicPartition } from '../../records';
import { keyOf } from '../partition-sets';
import type { PartitionAssignor, SubscribedMember } from './assignor';
import { stickyAssignment } from './sticky-assignment';
import type { Claim } from './sticky-assignment';

/**
 * Kafka's sticky assignor: balanced, with as few moves as possible. Members tell in their user data what they owned,
 * because they give everything up before they join.
 */
export const stickyAssignor: PartitionAssignor = {
  name: 'sticky',
  isCooperative: false,
  userData: (last) => (last === undefined ? null : encodeStickyUserData(last)),
  assign: (topics, members) => stickyAssignment(topics, members, ({ userData }) => decodeUserData(userData)),
};

/**
 * Kafka's cooperative sticky assignor: as `sticky`, but members keep what they own over a rebalance. What moves is given
 * to nobody at first, and to its new owner in the rebalance after its old one has given it up (KIP-429).
 */
export const cooperativeStickyAssignor: PartitionAssignor = {
  name: 'cooperative-sticky',
  isCooperative: true,
  userData: (last) => {
    const generation = Buffer.alloc(4);
    generation.writeInt32BE(last?.generationId ?? -1);
    return generation;
  },
  assign: (topics, members) => {
    const balanced = stickyAssignment(topics, members, cooperativeClaim);
    const owners = new Map<string, string>();
    for (const { memberId, ownedPartitions } of members) {
      for (const one of ownedPartitions) owners.set(keyOf(one), memberId);
    }
    const isFree = (memberId: string, one: TopicPartition): boolean => {
      const owner = owners.get(keyOf(one));
      return owner === undefined || owner === memberId;
    };
    return new Map(
      [...balanced].map(([memberId, partitions]) => [
        memberId,
        partitions.filter((one) => isFree(memberId, one)),
      ]),
    );
  },
};

/** The generation stands in the subscription since its version 2, before in the user data. */
const cooperativeClaim = ({ ownedPartitions, generationId, userData }: SubscribedMember): Claim => {
  const told = userData !== null && userData.length >= 4 ? userData.readInt32BE(0) : -1;
  return { partitions: ownedPartitions, generationId: generationId >= 0 ? generationId : told };
};

/** What a member of the sticky assignor owned: version 1, with the generation. */
export const encodeStickyUserData = ({ partitions, generationId }: Claim): Buffer =>
  StickyAssignorUserData.encode(
    {
      previousAssignment: byTopic(partitions).map(({ name, questions }) => ({
        topic: name,
        partitions: questions.map(({ partition }) => partition),
      })),
      generation: generationId,
    },
    1,
  );

const NOTHING: Claim = { partitions: [], generationId: -1 };

/** It has no version in front: the newer one is longer. */
const decodeUserData = (userData: Buffer | null): Claim => {
  if (userData === null || userData.length === 0) return NOTHING;
  for (const version of [1, 0]) {
    try {
      const { previousAssignment, generation } = StickyAssignorUserData.decode(userData, version);
      const partitions = previousAssignment.flatMap(({ topic, partitions: some }) =>
        some.map((partition) => ({ topic, partition })),
      );
      return { partitions, generationId: generation };
    } catch {
      // Perhaps the older one.
    }
  }
  return NOTHING;
};
