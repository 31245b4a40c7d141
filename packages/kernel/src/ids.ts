import type { Brand } from './brand';

/** Position of a record in a partition's log, counted from 0. A safe integer. */
export type Offset = Brand<number, 'Offset'>;
/** Counts the leaders of one partition; written into every batch header. `-1` means unknown. */
export type LeaderEpoch = Brand<number, 'LeaderEpoch'>;
/** `node.id` of a broker or controller. `-1` means none. */
export type BrokerId = Brand<number, 'BrokerId'>;
/** The metadata offset of a broker's registration; fences its earlier incarnations. */
export type BrokerEpoch = Brand<number, 'BrokerEpoch'>;
/** Index of a partition within its topic, counted from 0. */
export type PartitionIndex = Brand<number, 'PartitionIndex'>;
/** A topic's UUID as 22 characters of base64url; the key of all state about a topic. */
export type TopicId = Brand<string, 'TopicId'>;
/** Id of an idempotent or transactional producer. `-1` means none. */
export type ProducerId = Brand<number, 'ProducerId'>;
/** Generation of a producer id. `-1` means none. */
export type ProducerEpoch = Brand<number, 'ProducerEpoch'>;
/** Milliseconds since 1970-01-01 UTC. `-1` means none. */
export type TimestampMs = Brand<number, 'TimestampMs'>;
/** Log sequence number of a journal round; never reused within a log directory. */
export type Lsn = Brand<number, 'Lsn'>;

export const Offset = (value: number): Offset => value as Offset;
export const LeaderEpoch = (value: number): LeaderEpoch => value as LeaderEpoch;
export const BrokerId = (value: number): BrokerId => value as BrokerId;
export const BrokerEpoch = (value: number): BrokerEpoch => value as BrokerEpoch;
export const PartitionIndex = (value: number): PartitionIndex => value as PartitionIndex;
export const TopicId = (value: string): TopicId => value as TopicId;
export const ProducerId = (value: number): ProducerId => value as ProducerId;
export const ProducerEpoch = (value: number): ProducerEpoch => value as ProducerEpoch;
export const TimestampMs = (value: number): TimestampMs => value as TimestampMs;
export const Lsn = (value: number): Lsn => value as Lsn;

/** Sixteen zero bytes: "no topic id". */
export const ZERO_TOPIC_ID = TopicId('A'.repeat(22));
/** "No leader epoch", as it travels. */
export const NO_LEADER_EPOCH = LeaderEpoch(-1);
/** "No broker", as it travels: a partition without a leader, a client that is no replica. */
export const NO_BROKER = BrokerId(-1);
/** The id of batches whose producer is not idempotent. */
export const NO_PRODUCER_ID = ProducerId(-1);
/** The epoch of batches whose producer is not idempotent. */
export const NO_PRODUCER_EPOCH = ProducerEpoch(-1);
/** "No time", as it travels. */
export const NO_TIMESTAMP = TimestampMs(-1);
