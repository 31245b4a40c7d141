import {
  BATCH_HEADER_BYTES,
  NO_SEQUENCE,
  baseTimestampOf,
  codecOf,
  computeCrc,
  controlTypeOf,
  hasDeleteHorizon,
  readBatchHeader,
} from '@kafkaesque/protocol';
import type { BatchHeader, DecodedRecord } from '@kafkaesque/protocol';
import type { RecordDecoder } from './record-decoders';
import type { SegmentBatch } from './segment-batches';

/** Sequences count within 31 bits. */
const SEQUENCES = 2 ** 31;

const sequenceAfter = (base: number, delta: number): number =>
  base === NO_SEQUENCE ? NO_SEQUENCE : (base + delta) % SEQUENCES;

/** The line of a batch, as Kafka's DumpLogSegments prints it. */
export const batchLine = ({ bytes, position }: SegmentBatch): string => {
  const header = readBatchHeader(bytes);
  const { baseOffset, lastOffsetDelta, baseSequence } = header;
  const horizon = hasDeleteHorizon(bytes) ? `OptionalLong[${baseTimestampOf(bytes)}]` : 'OptionalLong.empty';
  return (
    `baseOffset: ${baseOffset} lastOffset: ${baseOffset + lastOffsetDelta} count: ${header.recordCount}` +
    ` baseSequence: ${baseSequence} lastSequence: ${sequenceAfter(baseSequence, lastOffsetDelta)}` +
    ` producerId: ${header.producerId} producerEpoch: ${header.producerEpoch}` +
    ` partitionLeaderEpoch: ${header.leaderEpoch} isTransactional: ${header.isTransactional}` +
    ` isControl: ${header.isControl} deleteHorizonMs: ${horizon} position: ${position}` +
    ` ${header.timestampType}: ${header.maxTimestampMs} size: ${bytes.length} magic: ${header.magic}` +
    ` compresscodec: ${codecOf(bytes) ?? 'unknown'} crc: ${header.crc} isvalid: ${isValid(bytes, header)}`
  );
};

const isValid = (bytes: Buffer, header: BatchHeader): boolean =>
  bytes.length >= BATCH_HEADER_BYTES && computeCrc(bytes) === header.crc;

export interface RecordLineOptions {
  readonly printsContents: boolean;
  readonly skipsMetadata: boolean;
  readonly decode: RecordDecoder;
}

/** The line of a record below its batch's. */
export const recordLine = (
  record: DecodedRecord,
  header: BatchHeader,
  options: RecordLineOptions,
): string => {
  const parts: string[] = [];
  if (!options.skipsMetadata) {
    const sequence = sequenceAfter(header.baseSequence, record.offset - header.baseOffset);
    const headerKeys = record.headers.map(({ key }) => key).join(',');
    parts.push(
      `offset: ${record.offset} ${header.timestampType}: ${record.timestampMs}`,
      `keySize: ${record.key?.length ?? -1} valueSize: ${record.value?.length ?? -1}`,
      `sequence: ${sequence} headerKeys: [${headerKeys}]`,
    );
    if (header.isControl) parts.push(controlText(record));
  }
  if (options.printsContents && !header.isControl) {
    const { key, payload } = options.decode(record);
    if (key !== undefined) parts.push(`key: ${key}`);
    if (payload !== undefined) parts.push(`payload: ${payload}`);
  }
  return parts.length === 0 ? '' : `| ${parts.join(' ')}`;
};

const controlText = ({ key, value }: DecodedRecord): string => {
  const type = controlTypeOf(key);
  if (type === 'abort' || type === 'commit') {
    const epoch = value !== null && value.length >= 6 ? value.readInt32BE(2) : -1;
    return `endTxnMarker: ${type.toUpperCase()} coordinatorEpoch: ${epoch}`;
  }
  const name = type === undefined ? 'UNKNOWN' : type.toUpperCase().replaceAll('-', '_');
  return `controlType: ${name}(${key !== null && key.length >= 4 ? key.readInt16BE(2) : -1})`;
};
