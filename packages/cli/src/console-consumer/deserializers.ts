import { Failure } from '@kafkaesque/kernel';
import { javaNumber } from '../command-line/java-number';
import { UsageError } from '../command-line/usage-error';

/** Bytes of a key, value or header as what is printed. Fails with code UNREADABLE_RECORD. */
export type Deserializer = (bytes: Buffer) => Buffer;

const fixed =
  (name: string, sizeBytes: number, read: (bytes: Buffer) => string): Deserializer =>
  (bytes) => {
    if (bytes.length !== sizeBytes) {
      throw new Failure(
        'UNREADABLE_RECORD',
        `Size of data received by ${name}Deserializer is not ${sizeBytes}`,
      );
    }
    return Buffer.from(read(bytes));
  };

/** The shortest decimal that reads back as the same 32-bit number. */
const shortestFloat = (value: number): string => {
  for (let digits = 1; digits <= 9; digits += 1) {
    const text = value.toPrecision(digits);
    if (Math.fround(Number(text)) === value) return String(Number(text));
  }
  return String(value);
};

const raw: Deserializer = (bytes) => bytes;

const deserializers: Readonly<Record<string, Deserializer>> = {
  String: raw,
  ByteArray: raw,
  Bytes: raw,
  ByteBuffer: raw,
  Void: () => Buffer.from('null'),
  Boolean: fixed('Boolean', 1, (bytes) => {
    const [byte] = bytes;
    if (byte === 0) return 'false';
    if (byte === 1) return 'true';
    throw new Failure('UNREADABLE_RECORD', `Unexpected byte received by BooleanDeserializer: ${byte ?? ''}`);
  }),
  Short: fixed('Short', 2, (bytes) => String(bytes.readInt16BE())),
  Integer: fixed('Integer', 4, (bytes) => String(bytes.readInt32BE())),
  Long: fixed('Long', 8, (bytes) => String(bytes.readBigInt64BE())),
  Float: fixed('Float', 4, (bytes) => javaNumber(bytes.readFloatBE(), shortestFloat(bytes.readFloatBE()))),
  Double: fixed('Double', 8, (bytes) => javaNumber(bytes.readDoubleBE())),
  UUID: raw,
};

const PACKAGE = 'org.apache.kafka.common.serialization.';

/** By Kafka's class name, with or without its package: `org.apache.kafka.common.serialization.LongDeserializer`. */
export const deserializerOf = (className: string): Deserializer => {
  const name = className.replace(PACKAGE, '').replace(/Deserializer$/, '');
  const found = Object.hasOwn(deserializers, name) ? deserializers[name] : undefined;
  if (found !== undefined) return found;
  throw new UsageError(
    `There is no deserializer ${className}. Known are ${Object.keys(deserializers)
      .map((known) => `${known}Deserializer`)
      .join(', ')}`,
  );
};
