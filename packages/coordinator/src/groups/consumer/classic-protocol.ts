import type { TopicId } from '@kafkaesque/kernel';
import { ConsumerProtocolAssignment, ConsumerProtocolSubscription } from '@kafkaesque/protocol';
import type { GroupWorld } from '../world';
import { assignmentOf, type Assignment, type TopicPartitions } from './partitions';

/** The highest version of the consumers' embedded protocol that is known; newer ones are read as this. */
const NEWEST = 3;

/** The version that the bytes begin with. Throws where there is none. */
const versionOf = (bytes: Buffer): number => {
  const version = bytes.readInt16BE(0);
  if (version < 0) throw new RangeError(`the embedded protocol has no version ${version}`);
  return Math.min(version, NEWEST);
};

export interface EmbeddedSubscription {
  readonly version: number;
  readonly topics: readonly string[];
  readonly owned: readonly { readonly topic: string; readonly partitions: readonly number[] }[];
  readonly rackId: string | null;
}

/** Undefined: malformed. */
export const readSubscription = (bytes: Buffer): EmbeddedSubscription | undefined => {
  try {
    const version = versionOf(bytes);
    const { topics, ownedPartitions, rackId } = ConsumerProtocolSubscription.decode(bytes, version, 2);
    return { version, topics, owned: ownedPartitions, rackId };
  } catch {
    return undefined;
  }
};

export interface EmbeddedAssignment {
  /** Of the topics that exist. */
  readonly assignment: Assignment;
  /** An assignor of the client's own left something there that a server cannot keep. */
  readonly hasUserData: boolean;
}

/** Undefined: malformed. Empty bytes are an empty assignment. */
export const readAssignment = (world: GroupWorld, bytes: Buffer): EmbeddedAssignment | undefined => {
  if (bytes.length === 0) return { assignment: assignmentOf([]), hasUserData: false };
  try {
    const { assignedPartitions, userData } = ConsumerProtocolAssignment.decode(bytes, versionOf(bytes), 2);
    return {
      assignment: assignmentOf(byId(world, assignedPartitions)),
      hasUserData: userData !== null && userData.length > 0,
    };
  } catch {
    return undefined;
  }
};

/** Partitions by topic id; topics that do not exist are left out. */
export const byId = (
  world: GroupWorld,
  topics: readonly { readonly topic: string; readonly partitions: readonly number[] }[],
): TopicPartitions[] => {
  const known: TopicPartitions[] = [];
  for (const { topic, partitions } of topics) {
    const topicId: TopicId | undefined = world.topicByName(topic)?.topicId;
    if (topicId !== undefined) known.push({ topicId, partitions });
  }
  return known;
};

/** An assignment as a classic member reads it, with the version of its own subscription before it. */
export const writeAssignment = (world: GroupWorld, assignment: Assignment, version: number): Buffer => {
  const assignedPartitions: { topic: string; partitions: readonly number[] }[] = [];
  for (const [topicId, partitions] of assignment) {
    const topic = world.topicById(topicId)?.name;
    if (topic !== undefined) assignedPartitions.push({ topic, partitions });
  }
  const body = ConsumerProtocolAssignment.encode({ assignedPartitions, userData: null }, version);
  const head = Buffer.alloc(2);
  head.writeInt16BE(version);
  return Buffer.concat([head, body]);
};
