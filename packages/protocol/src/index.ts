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
