import { ConsumerProtocolAssignment, ConsumerProtocolSubscription } from '@kafkaesque/protocol';
import { byTopic } from '../../cluster/leader-questions';
import { ClientError } from '../../errors';
import type { TopicPartition } from '../../records';
import type { SubscribedMember } from '../assignors/assignor';
import type { JoinedMember } from './classic-member';

/** What a member tells about itself when it joins. */
export interface MemberSubscription {
  readonly topics: readonly string[];
  readonly userData: Buffer | null;
  readonly ownedPartitions: readonly TopicPartition[];
  readonly generationId: number;
  readonly rackId: string | undefined;
}

const LATEST = ConsumerProtocolSubscription.versions.max;
const VERSION_BYTES = 2;

const versioned = (version: number, body: Buffer): Buffer => {
  const head = Buffer.alloc(VERSION_BYTES);
  head.writeInt16BE(version);
  return Buffer.concat([head, body]);
};

/** The version in front, and no newer one than we know: those only add fields behind. */
const versionOf = (bytes: Buffer, what: string): number => {
  const version = bytes.length < VERSION_BYTES ? -1 : bytes.readInt16BE(0);
  if (version >= 0) return Math.min(version, LATEST);
  throw new ClientError('protocol', 'UNREADABLE_ANSWER', `${what} cannot be read`);
};

/** In order, so that the coordinator sees that nothing changed. */
const sorted = (partitions: readonly TopicPartition[]): { topic: string; partitions: number[] }[] =>
  byTopic(partitions)
    .map(({ name, questions }) => ({
      topic: name,
      partitions: questions.map(({ partition }) => partition).sort((a, b) => a - b),
    }))
    .sort((a, b) => (a.topic < b.topic ? -1 : 1));

const flat = (
  topics: readonly { readonly topic: string; readonly partitions: readonly number[] }[],
): readonly TopicPartition[] =>
  topics.flatMap(({ topic, partitions }) => partitions.map((partition) => ({ topic, partition })));

/** The metadata of JoinGroup. */
export const encodeSubscription = (subscription: MemberSubscription): Buffer => {
  const { topics, userData, ownedPartitions, generationId, rackId } = subscription;
  const body = ConsumerProtocolSubscription.encode(
    {
      topics: [...topics].sort(),
      userData,
      ownedPartitions: sorted(ownedPartitions),
      generationId,
      rackId: rackId ?? null,
    },
    LATEST,
  );
  return versioned(LATEST, body);
};

/** A member as the leader's assignor sees it. */
export const decodeMember = ({ memberId, groupInstanceId, metadata }: JoinedMember): SubscribedMember => {
  const version = versionOf(metadata, `the subscription of member ${memberId}`);
  const body = ConsumerProtocolSubscription.decode(metadata, version, VERSION_BYTES);
  const { topics, userData, ownedPartitions, generationId, rackId } = body;
  return {
    memberId,
    groupInstanceId: groupInstanceId ?? undefined,
    topics,
    ownedPartitions: flat(ownedPartitions),
    generationId,
    rackId: rackId ?? undefined,
    userData,
  };
};

/** The assignment of SyncGroup. */
export const encodeAssignment = (partitions: readonly TopicPartition[]): Buffer =>
  versioned(
    LATEST,
    ConsumerProtocolAssignment.encode({ assignedPartitions: sorted(partitions), userData: null }, LATEST),
  );

/** What was assigned; nothing when the leader left the member out. */
export const decodeAssignment = (bytes: Buffer): readonly TopicPartition[] => {
  if (bytes.length === 0) return [];
  const version = versionOf(bytes, 'the assignment');
  const { assignedPartitions } = ConsumerProtocolAssignment.decode(bytes, version, VERSION_BYTES);
  return flat(assignedPartitions);
};
