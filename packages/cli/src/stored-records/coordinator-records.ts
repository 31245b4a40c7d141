import type { Message } from '@kafkaesque/protocol';
import { protocol } from '../command-line/loaded-on-demand';
import { messageJson } from './message-json';
import type { NestedJson } from './message-json';

/** A record of an internal topic as JSON: what it is about, and what it says; a null value deletes. */
export interface CoordinatorRecordJson {
  /** Kafka's number of what records there are. */
  readonly type: number;
  readonly key: string;
  readonly value: { readonly version: number; readonly data: string } | null;
}

/** The record, or the type that nobody here knows. Reading fails with UNREADABLE_RECORD. */
export type ReadCoordinatorRecord = (
  key: Buffer,
  value: Buffer | null,
) => CoordinatorRecordJson | { readonly unknownType: number };

interface Entry {
  readonly type: number;
  readonly key: Message;
  readonly value: Message;
}

const PREFIX_BYTES = 2;

/** `nested` tells how bytes within a value are shown; it is given the value behind its version. */
const readingOf =
  (
    entries: readonly Entry[],
    nested: (entry: Entry, value: Buffer, version: number) => NestedJson,
  ): ReadCoordinatorRecord =>
  (key, value) => {
    const type = key.length < PREFIX_BYTES ? -1 : key.readInt16BE(0);
    const entry = entries.find((one) => one.type === type);
    if (entry === undefined) return { unknownType: type };
    // Of keys there is one version, named by their type.
    const keyJson = messageJson(entry.key, key.subarray(PREFIX_BYTES), 0);
    if (value === null) return { type, key: keyJson, value: null };
    const version = value.length < PREFIX_BYTES ? -1 : value.readInt16BE(0);
    const content = value.subarray(PREFIX_BYTES);
    const data = messageJson(entry.value, content, version, nested(entry, content, version));
    return { type, key: keyJson, value: { version, data } };
  };

/** What Kafka before 0.9 called an offset commit has a type of its own, and the same fields. */
const LEGACY_OFFSET_COMMIT = 0;

/** The types of record that say where a group is, and what a classic group is. */
export const recordTypes = {
  legacyOffsetCommit: LEGACY_OFFSET_COMMIT,
  offsetCommit: 1,
  groupMetadata: 2,
} as const;

/** What the members of groups of consumers call what they speak. */
const CONSUMER_PROTOCOL = 'consumer';

const bytesStay: NestedJson = () => undefined;

/** Records of `__consumer_offsets`. `opensMembers`: what consumers told each other is shown, not its bytes. */
export const groupRecordReader = ({
  opensMembers,
}: {
  readonly opensMembers: boolean;
}): ReadCoordinatorRecord => {
  const { groupRecords, foreignGroupRecords } = protocol();
  const known: Entry[] = Object.values({ ...groupRecords, ...foreignGroupRecords });
  const { OffsetCommit, GroupMetadata } = groupRecords;
  const entries = [...known, { ...OffsetCommit, type: LEGACY_OFFSET_COMMIT }];
  return readingOf(entries, ({ type }, content, version) => {
    if (!opensMembers || type !== GroupMetadata.type) return bytesStay;
    const { protocolType } = GroupMetadata.value.decode(content, version);
    return protocolType === CONSUMER_PROTOCOL ? memberJson : bytesStay;
  });
};

/** The subscription and the assignment of a consumer, as far as they can be read. */
const memberJson: NestedJson = (field, bytes) => {
  const { ConsumerProtocolSubscription, ConsumerProtocolAssignment } = protocol();
  const message = { subscription: ConsumerProtocolSubscription, assignment: ConsumerProtocolAssignment }[
    field
  ];
  if (message === undefined || bytes.length < PREFIX_BYTES) return undefined;
  try {
    return messageJson(message, bytes.subarray(PREFIX_BYTES), bytes.readInt16BE(0));
  } catch {
    return undefined;
  }
};

const TRANSACTION_STATES = [
  'Empty',
  'Ongoing',
  'PrepareCommit',
  'PrepareAbort',
  'CompleteCommit',
  'CompleteAbort',
  'Dead',
  'PrepareEpochFence',
];

/** Records of `__transaction_state`, with the names of states instead of their numbers. */
export const transactionRecordReader = (): ReadCoordinatorRecord => {
  const read = readingOf(Object.values(protocol().transactionRecords), () => bytesStay);
  return (key, value) => {
    const record = read(key, value);
    if ('unknownType' in record || record.value === null) return record;
    // Numbers and names of topics hold no such text in quotation marks before a colon.
    const data = record.value.data.replace(
      /("transactionStatus":)(-?\d+)/,
      (_, name: string, state: string) => `${name}"${TRANSACTION_STATES[Number(state)] ?? state}"`,
    );
    return { ...record, value: { ...record.value, data } };
  };
};
