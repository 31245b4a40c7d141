import type { ProducerEpoch, ProducerId } from '@kafkaesque/kernel';
import { array, bool, int16, int32, int64, string, struct } from '../schema/field';
import { message, type Infer } from '../schema/message';

const AddPartitionsToTxnTopic = struct({
  name: string,
  partitions: array(int32),
});

/**
 * v2 PRODUCER_FENCED · v3 flexible; the last version that clients send · v4 many transactions, or verify only, between
 * brokers (KIP-890) · v5 TRANSACTION_ABORTABLE.
 */
export const AddPartitionsToTxnRequest = message({
  name: 'AddPartitionsToTxnRequest',
  versions: '0-5',
  flexible: '3+',
  fields: {
    transactions: array({
      transactionalId: string,
      producerId: int64.as<ProducerId>(),
      producerEpoch: int16.as<ProducerEpoch>(),
      verifyOnly: bool.default(false),
      topics: array(AddPartitionsToTxnTopic),
    }).versions('4+'),
    v3AndBelowTransactionalId: string.versions('0-3'),
    v3AndBelowProducerId: int64.versions('0-3').as<ProducerId>(),
    v3AndBelowProducerEpoch: int16.versions('0-3').as<ProducerEpoch>(),
    v3AndBelowTopics: array(AddPartitionsToTxnTopic).versions('0-3'),
  },
});
export type AddPartitionsToTxnRequest = Infer<typeof AddPartitionsToTxnRequest>;

const AddPartitionsToTxnPartitionResult = struct({
  partitionIndex: int32,
  partitionErrorCode: int16,
});

const AddPartitionsToTxnTopicResult = struct({
  name: string,
  resultsByPartition: array(AddPartitionsToTxnPartitionResult),
});

export const AddPartitionsToTxnResponse = message({
  name: 'AddPartitionsToTxnResponse',
  versions: '0-5',
  flexible: '3+',
  fields: {
    throttleTimeMs: int32.default(0),
    errorCode: int16.versions('4+').ignorable(),
    resultsByTransaction: array({
      transactionalId: string,
      topicResults: array(AddPartitionsToTxnTopicResult),
    }).versions('4+'),
    resultsByTopicV3AndBelow: array(AddPartitionsToTxnTopicResult).versions('0-3'),
  },
});
export type AddPartitionsToTxnResponse = Infer<typeof AddPartitionsToTxnResponse>;
