import { ProvedEpochRecord } from '../internal/proved-epoch-record';
import { StateHashRecord } from '../internal/state-hash-record';
import type { KeyedDraft, KeyedTable, KeyedValue } from '../schema/keyed-messages';
import { keyedMessages } from '../schema/keyed-messages';
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
  ProvedEpochRecord: { key: 10_001, message: ProvedEpochRecord },
} as const satisfies KeyedTable;

const FRAME_VERSION = 1;
const frames = keyedMessages(metadataRecords, 'metadata record', FRAME_VERSION);

/** Kafka's name of a metadata record. */
export type MetadataRecordKind = keyof typeof metadataRecords;

/** One record of the metadata log. */
export type MetadataRecord = KeyedValue<typeof metadataRecords>;

/** As `MetadataRecord`, where fields that have a default may be left out. */
export type MetadataRecordDraft = KeyedDraft<typeof metadataRecords>;

/**
 * A metadata record as Kafka stores it: frame version, key and version as unsigned varints, then the body. Without
 * `version` it is the latest one.
 */
export const encodeMetadataRecord = (record: MetadataRecordDraft, version?: number): Buffer =>
  frames.encode(record, version);

/**
 * Reads a whole metadata record. Throws a `DecodeError` for anything malformed, an unknown key included: a node must
 * not skip facts that it does not understand.
 */
export const decodeMetadataRecord = (bytes: Buffer): MetadataRecord => frames.decode(bytes);
