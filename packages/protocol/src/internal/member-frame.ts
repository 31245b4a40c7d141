import type { KeyedDraft, KeyedTable, KeyedValue } from '../schema/keyed-messages';
import { keyedMessages } from '../schema/keyed-messages';
import {
  MemberAnswer,
  MemberHello,
  MemberRequest,
  MemberWelcome,
  MetadataApplied,
  MetadataBatches,
  MetadataFollow,
  MetadataSnapshotPart,
  QuorumState,
} from './member-messages';
import {
  QuorumAppend,
  QuorumAppendAnswer,
  QuorumSnapshotChunk,
  QuorumSnapshotFetch,
  QuorumSnapshotOffer,
  QuorumTimeoutNow,
  QuorumVote,
  QuorumVoteAnswer,
} from './quorum-messages';
import {
  ReplicaAck,
  ReplicaBatches,
  ReplicaDiverging,
  ReplicaReset,
  ReplicaSubscribe,
  ReplicaUnsubscribe,
  ReplicaWatermarks,
  ReplicationOpen,
} from './replication-messages';

/** Every message between members: its key in the frame, and its schema. Keys are never given again. */
export const memberMessages = {
  MemberHello: { key: 1, message: MemberHello },
  MemberWelcome: { key: 2, message: MemberWelcome },
  MemberRequest: { key: 3, message: MemberRequest },
  MemberAnswer: { key: 4, message: MemberAnswer },
  QuorumState: { key: 5, message: QuorumState },
  QuorumVote: { key: 16, message: QuorumVote },
  QuorumVoteAnswer: { key: 17, message: QuorumVoteAnswer },
  QuorumAppend: { key: 18, message: QuorumAppend },
  QuorumAppendAnswer: { key: 19, message: QuorumAppendAnswer },
  QuorumSnapshotOffer: { key: 20, message: QuorumSnapshotOffer },
  QuorumSnapshotFetch: { key: 21, message: QuorumSnapshotFetch },
  QuorumSnapshotChunk: { key: 22, message: QuorumSnapshotChunk },
  QuorumTimeoutNow: { key: 23, message: QuorumTimeoutNow },
  MetadataFollow: { key: 32, message: MetadataFollow },
  MetadataApplied: { key: 33, message: MetadataApplied },
  MetadataBatches: { key: 34, message: MetadataBatches },
  MetadataSnapshotPart: { key: 35, message: MetadataSnapshotPart },
  ReplicationOpen: { key: 48, message: ReplicationOpen },
  ReplicaSubscribe: { key: 49, message: ReplicaSubscribe },
  ReplicaUnsubscribe: { key: 50, message: ReplicaUnsubscribe },
  ReplicaAck: { key: 51, message: ReplicaAck },
  ReplicaBatches: { key: 52, message: ReplicaBatches },
  ReplicaWatermarks: { key: 53, message: ReplicaWatermarks },
  ReplicaDiverging: { key: 54, message: ReplicaDiverging },
  ReplicaReset: { key: 55, message: ReplicaReset },
} as const satisfies KeyedTable;

const frames = keyedMessages(memberMessages, 'member message');

/** The name of a message between members. */
export type MemberMessageKind = keyof typeof memberMessages;

/** One message between members, tagged with its name. */
export type MemberMessage = KeyedValue<typeof memberMessages>;

/** As `MemberMessage`, where fields that have a default may be left out. */
export type MemberMessageDraft = KeyedDraft<typeof memberMessages>;

/** A frame: key and version of the message as unsigned varints, then the body. Its end is the frame's. */
export const encodeMemberMessage = (draft: MemberMessageDraft): Buffer => frames.encode(draft);

/** Reads a whole frame. Throws a `DecodeError` for anything malformed or unknown: the channel is then of no use. */
export const decodeMemberMessage = (bytes: Buffer): MemberMessage => frames.decode(bytes);
