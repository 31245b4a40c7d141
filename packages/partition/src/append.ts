import { NO_TIMESTAMP, Offset, TimestampMs } from '@kafkaesque/kernel';
import type { LeaderEpoch } from '@kafkaesque/kernel';
import {
  BATCH_HEADER_BYTES,
  ErrorCode,
  baseOffsetOf,
  baseSequenceOf,
  codecOf,
  isTransactional,
  lastOffsetDeltaOf,
  producerEpochOf,
  producerIdOf,
  setBaseOffset,
  setLeaderEpoch,
  setMaxTimestampAndType,
  splitBatches,
  validateBatch,
  validateProduceRecords,
} from '@kafkaesque/protocol';
import type {
  BatchFlaw,
  Codec,
  RecordError,
  InvalidBatch,
  ValidBatch,
  ValidateOptions,
} from '@kafkaesque/protocol';
import { isUnderMinInsyncReplicas } from './high-watermark';
import type { PartitionConfig } from './partition-config';
import type { RememberedBatch } from './producer-state';
import { leaderGrew } from './replica-progress';
import type { ReplicaState } from './replica-state';

/** What a Produce request says besides its records. */
export interface AppendRequest {
  /** -1 (all), 0 or 1; anything else is INVALID_REQUIRED_ACKS. */
  readonly acks: number;
  /** `client`: one batch, fully validated. `coordinator`: this broker's own, any number of batches. */
  readonly origin: 'client' | 'coordinator';
  /** Version of the Produce request; a coordinator gives the latest. */
  readonly apiVersion: number;
}

/** One batch as the log takes it: bytes with offset, leader epoch and timestamps already patched in place. */
export interface PlacedBatch {
  readonly bytes: Buffer;
  readonly baseOffset: Offset;
  readonly lastOffset: Offset;
  readonly leaderEpoch: LeaderEpoch;
  readonly maxTimestampMs: TimestampMs;
}

/** What must happen before the answer may leave. */
export type Awaits = 'nothing' | 'durable' | 'high-watermark';

/** What an answer of Produce says, and what it waits for. */
export interface AppendAnswer {
  readonly baseOffset: Offset;
  readonly lastOffset: Offset;
  /** The broker's time for LogAppendTime topics, otherwise -1. */
  readonly logAppendTimeMs: TimestampMs;
  readonly logStartOffset: Offset;
  /** `nothing` for acks=0, and when what it would wait for is there already. */
  readonly awaits: Awaits;
  /** The answer leaves when `awaits` has come this far (an exclusive end: last offset + 1). */
  readonly awaitedOffset: Offset;
}

/** The batches have their offsets and are on their way. */
export interface AppendAccepted extends AppendAnswer {
  readonly kind: 'accepted';
  /** To be handed to `log.append` in this same tick, in this order. If that throws, call `failed()`. */
  readonly batches: readonly PlacedBatch[];
}

/** A retry of one of the producer's last five batches: nothing to append, the original's answer. */
export interface AppendDuplicate extends AppendAnswer {
  readonly kind: 'duplicate';
}

/** A refusal, in the words of the Produce response. */
export interface AppendRejected {
  readonly kind: 'rejected';
  /** A code of the protocol's error table. Nothing was appended, no state changed. */
  readonly error: number;
  readonly message: string;
  readonly recordErrors: readonly RecordError[];
  /** What is wrong with the batch, where that is counted by itself. */
  readonly flaw: BatchFlaw | undefined;
  readonly logStartOffset: Offset;
}

/** The topic wants another codec: the host encodes the batch again and calls `append` with the result. */
export interface AppendRecompress {
  readonly kind: 'recompress';
  readonly codec: Codec;
}

/** What became of an append; nothing has been written yet. */
export type AppendOutcome = AppendAccepted | AppendDuplicate | AppendRejected | AppendRecompress;

/** Produce v7 is the first that knows zstd. */
const FIRST_VERSION_WITH_ZSTD = 7;

/** Judges, then places: until the last judgement has passed nothing changes, neither state nor bytes. */
export function append(
  state: ReplicaState,
  records: Buffer,
  request: AppendRequest,
  nowMs: number,
  wallMs: TimestampMs,
): AppendOutcome {
  const refused = refusal(state, request);
  if (refused !== undefined) return refused;
  const options = validateOptions(state.config, request, wallMs);
  const endOffsetBefore = state.endOffset;
  const outcome =
    request.origin === 'client'
      ? appendClientBatch(state, records, request, options, nowMs)
      : appendCoordinatorBatches(state, records, request, options);
  if (outcome.kind === 'accepted')
    for (const follower of state.followers.values())
      leaderGrew(follower, endOffsetBefore, state.endOffset, nowMs);
  return outcome;
}

/** What is wrong before anybody looks at the records (KIP-98's order of errors is Kafka's). */
function refusal(state: ReplicaState, request: AppendRequest): AppendRejected | undefined {
  if (request.acks !== -1 && request.acks !== 0 && request.acks !== 1)
    return rejected(state, ErrorCode.INVALID_REQUIRED_ACKS, `acks is -1, 0 or 1, not ${request.acks}`);
  if (state.role.kind === 'offline')
    return rejected(state, ErrorCode.KAFKA_STORAGE_ERROR, 'The log directory of this replica is offline.');
  if (state.role.kind !== 'leader')
    return rejected(state, ErrorCode.NOT_LEADER_OR_FOLLOWER, 'This replica does not lead the partition.');
  if (request.acks === -1 && isUnderMinInsyncReplicas(state.role, state.config.minInsyncReplicas))
    return rejected(
      state,
      ErrorCode.NOT_ENOUGH_REPLICAS,
      `${state.role.inSyncReplicas.length} replicas are in sync, min.insync.replicas is ${state.config.minInsyncReplicas}.`,
    );
  return undefined;
}

const validateOptions = (
  config: PartitionConfig,
  request: AppendRequest,
  wallMs: TimestampMs,
): ValidateOptions => ({
  origin: request.origin,
  nowMs: wallMs,
  timestampType: config.messageTimestampType,
  timestampBeforeMaxMs: config.messageTimestampBeforeMaxMs,
  timestampAfterMaxMs: config.messageTimestampAfterMaxMs,
  maxMessageBytes: config.maxMessageBytes,
  compacted: config.compacted,
  full: config.recordValidation === 'full',
  zstdAllowed: request.apiVersion >= FIRST_VERSION_WITH_ZSTD,
});

function appendClientBatch(
  state: ReplicaState,
  records: Buffer,
  request: AppendRequest,
  options: ValidateOptions,
  nowMs: number,
): AppendOutcome {
  const codec = otherCodec(state.config, records);
  // What the host is to open and encode again must be whole, and hold records.
  const validation = validateProduceRecords(
    records,
    codec === undefined ? options : { ...options, full: true },
  );
  if (validation.kind === 'invalid') return invalid(state, validation);
  if (isTransactional(records)) return transactional(state);
  const judged = judgeSequence(state, records, request);
  if (judged !== undefined) return judged;
  if (codec !== undefined) return { kind: 'recompress', codec };
  const batch = place(state, records, validation, options);
  remember(state, batch, nowMs);
  return accepted(state, request, [batch], batch.baseOffset, options);
}

/** What the producer's earlier batches say to this one; undefined when it is next, or not idempotent. */
function judgeSequence(
  state: ReplicaState,
  batch: Buffer,
  request: AppendRequest,
): AppendDuplicate | AppendRejected | undefined {
  const producerId = producerIdOf(batch);
  if (producerId < 0) return undefined;
  const verdict = state.producers.judge(
    producerId,
    producerEpochOf(batch),
    baseSequenceOf(batch),
    lastOffsetDeltaOf(batch),
  );
  switch (verdict.kind) {
    case 'in-order':
      return undefined;
    case 'duplicate':
      return duplicate(state, request, verdict.batch);
    case 'fenced':
      return rejected(state, ErrorCode.INVALID_PRODUCER_EPOCH, verdict.message);
    case 'out-of-order':
      return rejected(state, ErrorCode.OUT_OF_ORDER_SEQUENCE_NUMBER, verdict.message);
  }
}

function appendCoordinatorBatches(
  state: ReplicaState,
  records: Buffer,
  request: AppendRequest,
  options: ValidateOptions,
): AppendOutcome {
  const split = splitBatches(records);
  if (split.kind === 'malformed') return rejected(state, ErrorCode.CORRUPT_MESSAGE, split.message);
  if (split.endsAt !== records.length || split.positions.length === 0)
    return rejected(state, ErrorCode.CORRUPT_MESSAGE, 'The records are not whole batches.');
  const validations: ValidBatch[] = [];
  for (const at of split.positions) {
    const validation = validateBatch(records, at, options);
    if (validation.kind === 'invalid') return invalid(state, validation);
    if (isTransactional(records, at) || producerIdOf(records, at) >= 0) return transactional(state);
    validations.push(validation);
  }
  const baseOffset = state.endOffset;
  const batches: PlacedBatch[] = [];
  let at = 0;
  for (const validation of validations) {
    batches.push(place(state, records.subarray(at, at + validation.sizeBytes), validation, options));
    at += validation.sizeBytes;
  }
  return accepted(state, request, batches, baseOffset, options);
}

/** Gives the batch its place at the log's end: offset, leader epoch and timestamps are written into its header. */
function place(
  state: ReplicaState,
  bytes: Buffer,
  validation: ValidBatch,
  options: ValidateOptions,
): PlacedBatch {
  const baseOffset = state.endOffset;
  const lastOffset = Offset(baseOffset + lastOffsetDeltaOf(bytes));
  const byBroker = options.timestampType === 'LogAppendTime';
  const maxTimestampMs = byBroker ? TimestampMs(options.nowMs) : validation.maxTimestampMs;
  setMaxTimestampAndType(bytes, 0, maxTimestampMs, options.timestampType);
  setBaseOffset(bytes, 0, baseOffset);
  setLeaderEpoch(bytes, 0, state.leaderEpoch);
  state.endOffset = Offset(lastOffset + 1);
  state.unexposed.push(state.endOffset, bytes.length);
  return { bytes, baseOffset, lastOffset, leaderEpoch: state.leaderEpoch, maxTimestampMs };
}

function remember(state: ReplicaState, batch: PlacedBatch, nowMs: number): void {
  const producerId = producerIdOf(batch.bytes);
  if (producerId < 0) return;
  state.producers.add(
    producerId,
    producerEpochOf(batch.bytes),
    baseSequenceOf(batch.bytes),
    baseOffsetOf(batch.bytes),
    batch.lastOffset,
    batch.maxTimestampMs,
    nowMs,
  );
  state.producers.shrinkTo(state.config.maxProducerIds);
}

/** The codec that the topic wants, where the batch has another one. */
const otherCodec = ({ compressionType }: PartitionConfig, records: Buffer): Codec | undefined => {
  if (compressionType === 'producer' || records.length < BATCH_HEADER_BYTES) return undefined;
  const wanted = compressionType === 'uncompressed' ? 'none' : compressionType;
  return wanted === codecOf(records) ? undefined : wanted;
};

function accepted(
  state: ReplicaState,
  request: AppendRequest,
  batches: readonly PlacedBatch[],
  baseOffset: Offset,
  options: ValidateOptions,
): AppendAccepted {
  return {
    kind: 'accepted',
    batches,
    baseOffset,
    lastOffset: Offset(state.endOffset - 1),
    logAppendTimeMs: options.timestampType === 'LogAppendTime' ? TimestampMs(options.nowMs) : NO_TIMESTAMP,
    logStartOffset: state.logStartOffset,
    awaits: awaitsFor(state, request.acks, state.endOffset),
    awaitedOffset: state.endOffset,
  };
}

function duplicate(state: ReplicaState, request: AppendRequest, original: RememberedBatch): AppendDuplicate {
  const awaitedOffset = Offset(original.lastOffset + 1);
  return {
    kind: 'duplicate',
    baseOffset: Offset(original.lastOffset - original.offsetDelta),
    lastOffset: original.lastOffset,
    logAppendTimeMs:
      state.config.messageTimestampType === 'LogAppendTime' ? original.timestampMs : NO_TIMESTAMP,
    logStartOffset: state.logStartOffset,
    awaits: awaitsFor(state, request.acks, awaitedOffset),
    awaitedOffset,
  };
}

const awaitsFor = (state: ReplicaState, acks: number, awaitedOffset: Offset): Awaits => {
  if (acks === 0) return 'nothing';
  if (acks === 1) return state.durableEndOffset >= awaitedOffset ? 'nothing' : 'durable';
  return state.highWatermark >= awaitedOffset ? 'nothing' : 'high-watermark';
};

/** Until there is a transaction coordinator no transaction can be open (KIP-890 refuses strangers the same way). */
const transactional = (state: ReplicaState): AppendRejected =>
  rejected(state, ErrorCode.INVALID_TXN_STATE, 'Record was not part of an ongoing transaction');

const NO_RECORD_ERRORS: readonly RecordError[] = [];

const invalid = (
  state: ReplicaState,
  { error, message, recordErrors, flaw }: InvalidBatch,
): AppendRejected => ({ ...rejected(state, error, message), recordErrors, flaw });

const rejected = (state: ReplicaState, error: number, message: string): AppendRejected => ({
  kind: 'rejected',
  error,
  message,
  recordErrors: NO_RECORD_ERRORS,
  flaw: undefined,
  logStartOffset: state.role.kind === 'leader' ? state.logStartOffset : Offset(-1),
});
