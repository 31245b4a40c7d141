import { Failure, messageOf } from '@kafkaesque/kernel';
import type { ConsumerRecord } from '@kafkaesque/client';
import type { Properties } from '../command-line/client-flags';
import { UsageError } from '../command-line/usage-error';
import {
  groupRecordReader,
  recordTypes,
  transactionRecordReader,
} from '../stored-records/coordinator-records';
import type { ReadCoordinatorRecord } from '../stored-records/coordinator-records';
import { deserializerOf } from './deserializers';
import type { Deserializer } from './deserializers';
import { FORMATTERS } from './formatter-names';

/** A record as it is printed; empty for printers that print nothing. */
export type RecordPrinter = (record: ConsumerRecord) => Buffer;

/** Where Kafka's own formatters stand, now and before Kafka 4; their names do without it here. */
const PACKAGES = [/^org\.apache\.kafka\.tools\.consumer\.(?!.*\.)/, /^kafka\.tools\.(?!.*\.)/];

/** The formatters that Kafka ships, by class name. What LoggingMessageFormatter logs besides is below the level of its tools. */
export const openPrinter = (formatter: string, properties: Properties): RecordPrinter => {
  switch (PACKAGES.reduce((name, prefix) => name.replace(prefix, ''), formatter)) {
    case 'DefaultMessageFormatter':
    case 'LoggingMessageFormatter':
      return defaultPrinter(properties);
    case 'NoOpMessageFormatter':
      return () => Buffer.alloc(0);
    case 'OffsetsMessageFormatter': {
      const { legacyOffsetCommit, offsetCommit } = recordTypes;
      return coordinatorPrinter(groupRecordReader({ opensMembers: false }), [
        legacyOffsetCommit,
        offsetCommit,
      ]);
    }
    case 'GroupMetadataMessageFormatter':
      return coordinatorPrinter(groupRecordReader({ opensMembers: false }), [recordTypes.groupMetadata]);
    case 'TransactionLogMessageFormatter':
      return coordinatorPrinter(transactionRecordReader());
    default:
      throw new UsageError(
        `There is no formatter ${formatter}: classes of Java cannot be loaded here. Known are ${FORMATTERS.join(', ')}`,
      );
  }
};

/** Kafka's DefaultMessageFormatter: the columns asked for in their fixed order, bytes passed through as they are. */
const defaultPrinter = (properties: Properties): RecordPrinter => {
  const isOn = (key: string, otherwise = false): boolean => {
    const value = properties[key];
    return value === undefined ? otherwise : value.trim().toLowerCase() === 'true';
  };
  const text = (key: string, otherwise: string): Buffer => Buffer.from(properties[key] ?? otherwise);
  const deserializer = (key: string): Deserializer => deserializerOf(properties[key] ?? 'StringDeserializer');
  const nullLiteral = text('null.literal', 'null');
  const headersSeparator = text('headers.separator', ',');
  const read = {
    key: deserializer('key.deserializer'),
    value: deserializer('value.deserializer'),
    header: deserializer('headers.deserializer'),
  };
  const bytesOf = (bytes: Buffer | null, how: Deserializer): Buffer =>
    bytes === null ? nullLiteral : how(bytes);
  const headers = (record: ConsumerRecord): Buffer => {
    if (record.headers.length === 0) return Buffer.from('NO_HEADERS');
    const pairs = record.headers.map(({ key, value }) =>
      Buffer.concat([Buffer.from(`${key}:`), bytesOf(value, read.header)]),
    );
    return joined(pairs, headersSeparator);
  };
  const columns: ((record: ConsumerRecord) => Buffer)[] = [];
  if (isOn('print.timestamp')) columns.push((record) => Buffer.from(timestampText(record)));
  if (isOn('print.partition')) columns.push(({ partition }) => Buffer.from(`Partition:${partition}`));
  if (isOn('print.offset')) columns.push(({ offset }) => Buffer.from(`Offset:${offset}`));
  // Kafka's console consumer hands neither of these two to its formatter.
  if (isOn('print.delivery')) columns.push(() => Buffer.from('Delivery:NOT_PRESENT'));
  if (isOn('print.epoch')) columns.push(() => Buffer.from('Epoch:NOT_PRESENT'));
  if (isOn('print.headers')) columns.push(headers);
  if (isOn('print.key')) columns.push(({ key }) => bytesOf(key, read.key));
  if (isOn('print.value', true)) columns.push(({ value }) => bytesOf(value, read.value));
  const columnSeparator = text('key.separator', '\t');
  const lineSeparator = text('line.separator', '\n');
  return (record) =>
    Buffer.concat([
      joined(
        columns.map((column) => column(record)),
        columnSeparator,
      ),
      lineSeparator,
    ]);
};

const timestampText = ({ timestampType, timestampMs }: ConsumerRecord): string =>
  timestampType === 'NoTimestampType' ? 'NO_TIMESTAMP' : `${timestampType}:${timestampMs}`;

const joined = (parts: readonly Buffer[], separator: Buffer): Buffer =>
  Buffer.concat(parts.flatMap((part, index) => (index === 0 ? [part] : [separator, part])));

/**
 * Records of an internal topic as JSON, one behind the other without anything between, as Kafka's formatters print them.
 * `types`: only these; records without a key, and of types that nobody knows, print nothing. Fails with UNREADABLE_RECORD.
 */
const coordinatorPrinter =
  (read: ReadCoordinatorRecord, types?: readonly number[]): RecordPrinter =>
  ({ key, value, offset }) => {
    const nothing = Buffer.alloc(0);
    if (key === null) return nothing;
    try {
      const record = read(key, value);
      if ('unknownType' in record || types?.includes(record.type) === false) return nothing;
      const { type, key: about, value: content } = record;
      const shown = content === null ? 'null' : `{"version":${content.version},"data":${content.data}}`;
      return Buffer.from(`{"key":{"type":${type},"data":${about}},"value":${shown}}`);
    } catch (error) {
      throw new Failure(
        'UNREADABLE_RECORD',
        `Could not read record at offset ${offset} due to: ${messageOf(error)}`,
        { cause: error },
      );
    }
  };
