import { decodeError } from '../schema/failures';
import type { Message } from '../schema/message';
import { cursor, readUvarint } from '../schema/read';
import { writer, writeUvarint } from '../schema/write';
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
} as const satisfies Readonly<Record<string, { readonly key: number; readonly message: Message }>>;

/** The name of a message between members. */
export type MemberMessageKind = keyof typeof memberMessages;

/** One message between members, tagged with its name. */
export type MemberMessage = {
  readonly [Kind in MemberMessageKind]: {
    readonly kind: Kind;
    readonly value: (typeof memberMessages)[Kind]['message']['Value'];
  };
}[MemberMessageKind];

/** As `MemberMessage`, where fields that have a default may be left out. */
export type MemberMessageDraft = {
  readonly [Kind in MemberMessageKind]: {
    readonly kind: Kind;
    readonly value: (typeof memberMessages)[Kind]['message']['Draft'];
  };
}[MemberMessageKind];

const kindByKey = new Map<number, MemberMessageKind>();
for (const kind of Object.keys(memberMessages) as MemberMessageKind[])
  kindByKey.set(memberMessages[kind].key, kind);

/** Two varints of at most two bytes each. */
const MAX_HEADER_BYTES = 4;

/** A frame: key and version of the message as unsigned varints, then the body. Its end is the frame's. */
export const encodeMemberMessage = (draft: MemberMessageDraft): Buffer => {
  const entry: { readonly key: number; readonly message: Message } = memberMessages[draft.kind];
  const version = entry.message.versions.max;
  const encodeBody = entry.message.encoder(version);
  writer.begin('copy');
  const b = writer.reserve(0, MAX_HEADER_BYTES);
  writer.at = writeUvarint(b, writeUvarint(b, 0, entry.key), version);
  encodeBody(draft.value, writer);
  return writer.finishOne();
};

/** Reads a whole frame. Throws a `DecodeError` for anything malformed or unknown: the channel is then of no use. */
export const decodeMemberMessage = (bytes: Buffer): MemberMessage => {
  const key = readUvarint(bytes, 0, bytes.length, 'member message key');
  const kind = kindByKey.get(key);
  if (kind === undefined) throw decodeError(`member message: unknown key ${key}`);
  const version = readUvarint(bytes, cursor.at, bytes.length, 'member message version');
  const { message }: { readonly message: Message } = memberMessages[kind];
  const { value, end } = message.decodeWithEnd(bytes, version, cursor.at);
  if (end !== bytes.length) throw decodeError(`${kind}: ${bytes.length - end} bytes too many`);
  return { kind, value } as MemberMessage;
};
