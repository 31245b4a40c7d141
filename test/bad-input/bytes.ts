/** Kafka's primitive types as bytes, for input that no encoder would write. */
export const int8 = (value: number): Buffer => Buffer.from([value & 0xff]);

export const int16 = (value: number): Buffer => {
  const bytes = Buffer.alloc(2);
  bytes.writeInt16BE(value);
  return bytes;
};

export const int32 = (value: number): Buffer => {
  const bytes = Buffer.alloc(4);
  bytes.writeInt32BE(value);
  return bytes;
};

/** Up to 2^32 - 1, as compact lengths and counts are written. */
export const varint = (value: number): Buffer => {
  const bytes: number[] = [];
  let rest = value;
  while (rest > 0x7f) {
    bytes.push((rest % 0x80) | 0x80);
    rest = Math.floor(rest / 0x80);
  }
  return Buffer.from([...bytes, rest]);
};

export const string = (text: string | Buffer): Buffer => {
  const content = Buffer.from(text);
  return Buffer.concat([int16(content.length), content]);
};

export const compactString = (text: string): Buffer => {
  const content = Buffer.from(text);
  return Buffer.concat([varint(content.length + 1), content]);
};

/** Behind its length, as it travels. */
export const framed = (...parts: readonly Buffer[]): Buffer => {
  const content = Buffer.concat(parts);
  return Buffer.concat([int32(content.length), content]);
};

export interface HeaderDraft {
  readonly apiKey: number;
  readonly apiVersion: number;
  readonly correlationId?: number;
  /** The client id with its length; default: null. */
  readonly clientId?: Buffer;
  /** The tagged fields with their count; only flexible versions have them. */
  readonly tags?: Buffer;
}

/** A request header, whatever its fields hold. */
export const header = ({ apiKey, apiVersion, correlationId = 1, clientId, tags }: HeaderDraft): Buffer =>
  Buffer.concat([
    int16(apiKey),
    int16(apiVersion),
    int32(correlationId),
    clientId ?? int16(-1),
    tags ?? Buffer.alloc(0),
  ]);
