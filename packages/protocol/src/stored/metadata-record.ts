import { StateHashRecord } from '../internal/state-hash-record';
import { decodeError } from '../schema/failures';
import type { Message } from '../schema/message';
import { cursor, readUvarint } from '../schema/read';
import { writer, writeUvarint } from '../schema/write';
import {
  AbortTransactionRecord,
  BeginTransactionRecord,
  EndTransactionRecord,
  NoOpRecord,
} from './metadata/batch-records';
import {
  BrokerRegistrationChangeRecord,
  FenceBrokerRecord,
  RegisterBrokerRecord,
  UnfenceBrokerRecord,
  UnregisterBrokerRecord,
} from './metadata/broker-records';
import { ClientQuotaRecord, ConfigRecord } from './metadata/config-records';
import {
  FeatureLevelRecord,
  RegisterControllerRecord,
  ZkMigrationStateRecord,
} from './metadata/controller-records';
import { ProducerIdsRecord } from './metadata/producer-ids-record';
import {
  AccessControlEntryRecord,
  DelegationTokenRecord,
  RemoveAccessControlEntryRecord,
  RemoveDelegationTokenRecord,
  RemoveUserScramCredentialRecord,
  UserScramCredentialRecord,
} from './metadata/security-records';
import {
  ClearElrRecord,
  PartitionChangeRecord,
  PartitionRecord,
  RemoveTopicRecord,
  TopicRecord,
} from './metadata/topic-records';

/** Every record of the metadata log by Kafka's name, ours from 10000 on: its key in the frame, and its schema. */
export const metadataRecords = {
  RegisterBrokerRecord: { key: 0, message: RegisterBrokerRecord },
  UnregisterBrokerRecord: { key: 1, message: UnregisterBrokerRecord },
  TopicRecord: { key: 2, message: TopicRecord },
  PartitionRecord: { key: 3, message: PartitionRecord },
  ConfigRecord: { key: 4, message: ConfigRecord },
  PartitionChangeRecord: { key: 5, message: PartitionChangeRecord },
  FenceBrokerRecord: { key: 7, message: FenceBrokerRecord },
  UnfenceBrokerRecord: { key: 8, message: UnfenceBrokerRecord },
  RemoveTopicRecord: { key: 9, message: RemoveTopicRecord },
  DelegationTokenRecord: { key: 10, message: DelegationTokenRecord },
  UserScramCredentialRecord: { key: 11, message: UserScramCredentialRecord },
  FeatureLevelRecord: { key: 12, message: FeatureLevelRecord },
  ClientQuotaRecord: { key: 14, message: ClientQuotaRecord },
  ProducerIdsRecord: { key: 15, message: ProducerIdsRecord },
  BrokerRegistrationChangeRecord: { key: 17, message: BrokerRegistrationChangeRecord },
  AccessControlEntryRecord: { key: 18, message: AccessControlEntryRecord },
  RemoveAccessControlEntryRecord: { key: 19, message: RemoveAccessControlEntryRecord },
  NoOpRecord: { key: 20, message: NoOpRecord },
  ZkMigrationStateRecord: { key: 21, message: ZkMigrationStateRecord },
  RemoveUserScramCredentialRecord: { key: 22, message: RemoveUserScramCredentialRecord },
  BeginTransactionRecord: { key: 23, message: BeginTransactionRecord },
  EndTransactionRecord: { key: 24, message: EndTransactionRecord },
  AbortTransactionRecord: { key: 25, message: AbortTransactionRecord },
  RemoveDelegationTokenRecord: { key: 26, message: RemoveDelegationTokenRecord },
  RegisterControllerRecord: { key: 27, message: RegisterControllerRecord },
  ClearElrRecord: { key: 28, message: ClearElrRecord },
  StateHashRecord: { key: 10_000, message: StateHashRecord },
} as const satisfies Readonly<Record<string, { readonly key: number; readonly message: Message }>>;

/** Kafka's name of a metadata record. */
export type MetadataRecordKind = keyof typeof metadataRecords;

/** One record of the metadata log. */
export type MetadataRecord = {
  readonly [Kind in MetadataRecordKind]: {
    readonly kind: Kind;
    readonly value: (typeof metadataRecords)[Kind]['message']['Value'];
  };
}[MetadataRecordKind];

/** As `MetadataRecord`, where fields that have a default may be left out. */
export type MetadataRecordDraft = {
  readonly [Kind in MetadataRecordKind]: {
    readonly kind: Kind;
    readonly value: (typeof metadataRecords)[Kind]['message']['Draft'];
  };
}[MetadataRecordKind];

const kindByKey = new Map<number, MetadataRecordKind>();
for (const kind of Object.keys(metadataRecords) as MetadataRecordKind[])
  kindByKey.set(metadataRecords[kind].key, kind);

const FRAME_VERSION = 1;
/** Three varints of at most three bytes each. */
const MAX_FRAME_BYTES = 9;

/**
 * A metadata record as Kafka stores it: frame version, key and version as unsigned varints, then the body. Without
 * `version` it is the latest one.
 */
export const encodeMetadataRecord = (record: MetadataRecordDraft, version?: number): Buffer => {
  const entry: { readonly key: number; readonly message: Message } = metadataRecords[record.kind];
  const chosen = version ?? entry.message.versions.max;
  const encodeBody = entry.message.encoder(chosen);
  writer.begin('copy');
  const b = writer.reserve(0, MAX_FRAME_BYTES);
  writer.at = writeUvarint(b, writeUvarint(b, writeUvarint(b, 0, FRAME_VERSION), entry.key), chosen);
  encodeBody(record.value, writer);
  return writer.finishOne();
};

/**
 * Reads a whole metadata record. Throws a `DecodeError` for anything malformed, an unknown key included: a node must
 * not skip facts that it does not understand.
 */
export const decodeMetadataRecord = (bytes: Buffer): MetadataRecord => {
  const frameVersion = readUvarint(bytes, 0, bytes.length, 'frame version');
  if (frameVersion !== FRAME_VERSION)
    throw decodeError(`metadata record: unknown frame version ${frameVersion}`);
  const key = readUvarint(bytes, cursor.at, bytes.length, 'metadata record key');
  const kind = kindByKey.get(key);
  if (kind === undefined) throw decodeError(`metadata record: unknown key ${key}`);
  const version = readUvarint(bytes, cursor.at, bytes.length, 'metadata record version');
  const { message }: { readonly message: Message } = metadataRecords[kind];
  const { value, end } = message.decodeWithEnd(bytes, version, cursor.at);
  if (end !== bytes.length) throw decodeError(`${kind}: ${bytes.length - end} bytes too many`);
  return { kind, value } as MetadataRecord;
};
