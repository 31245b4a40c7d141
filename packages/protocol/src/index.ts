export { ErrorCode, errorName, errorOf, errors } from './errors';
export type { ErrorName, KafkaError } from './errors';
export {
  BATCH_HEADER_BYTES,
  BATCH_LENGTH_OVERHEAD,
  CURRENT_MAGIC,
  NO_SEQUENCE,
  attributesOf,
  baseOffsetOf,
  baseSequenceOf,
  baseTimestampOf,
  batchSizeBytes,
  codecIdOf,
  codecOf,
  computeCrc,
  crcOf,
  hasDeleteHorizon,
  isControl,
  isTransactional,
  lastOffsetDeltaOf,
  lastOffsetOf,
  leaderEpochOf,
  magicOf,
  maxTimestampOf,
  producerEpochOf,
  producerIdOf,
  readBatchHeader,
  recordCountOf,
  setBaseOffset,
  setLeaderEpoch,
  setMaxTimestampAndType,
  timestampTypeOf,
} from './batches/batch-header';
export type { BatchHeader, TimestampType } from './batches/batch-header';
export { codecId, codecOfId, codecs } from './batches/compression/codec';
export type { Codec } from './batches/compression/codec';
export { compress, decompress, initialiseCodecs } from './batches/compression/compression';
export { crc32c } from './batches/crc32c';
export { decodeBatch, recordsOf } from './batches/decode-batch';
export type { DecodeOptions } from './batches/decode-batch';
export { encodeBatch, openBatchBuilder, recordSizeBound } from './batches/encode-batch';
export type { BatchBuilder, BatchDraft } from './batches/encode-batch';
export { murmur2, partitionOfKey } from './batches/murmur2';
export type { DecodedRecord, RecordDraft, RecordHeader } from './batches/record';
export { splitBatches } from './batches/split-batches';
export type { SplitBatches } from './batches/split-batches';
export { validateBatch, validateProduceRecords } from './batches/validate-batch';
export type {
  AppendOrigin,
  BatchValidation,
  InvalidBatch,
  RecordError,
  ValidBatch,
  ValidateOptions,
} from './batches/validate-batch';
export { apiByKey, apis } from './apis';
export type {
  Api,
  ApiName,
  ListenerKind,
  RequestDraftOf,
  RequestOf,
  ResponseDraftOf,
  ResponseOf,
} from './apis';
export { decodeResponse, encodeRequestFrame, encodeResponseFrame, readRequestHeader } from './frames';
export type { RequestFrame } from './frames';
export type { DecodeError } from './schema/failures';
export type { Draft, Infer, Message } from './schema/message';
export type { VersionRange } from './schema/version-range';
export { ApiVersionsRequest, ApiVersionsResponse } from './messages/api-versions';
export { CreateTopicsRequest, CreateTopicsResponse } from './messages/create-topics';
export { FetchRequest, FetchResponse } from './messages/fetch';
export { RequestHeader, ResponseHeader } from './messages/header';
export { InitProducerIdRequest, InitProducerIdResponse } from './messages/init-producer-id';
export { ListOffsetsRequest, ListOffsetsResponse } from './messages/list-offsets';
export { MetadataRequest, MetadataResponse } from './messages/metadata';
export { ProduceRequest, ProduceResponse } from './messages/produce';
