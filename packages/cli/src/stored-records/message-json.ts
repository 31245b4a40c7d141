import { Failure } from '@kafkaesque/kernel';
import type { Fields, Message, WireType } from '@kafkaesque/protocol';

/**
 * A stored message as JSON, as Kafka's own tools write it: fields in their order, those of other versions left out,
 * tagged fields only where they differ from their default, bytes in base64, and int64 with all of its digits. Bytes whose
 * field is named in `nested` are put in as what that makes of them. Fails with UNREADABLE_RECORD.
 */
export const messageJson = (
  message: Message,
  bytes: Buffer,
  version: number,
  nested: NestedJson = () => undefined,
): string => {
  const { versions, flexible } = message;
  if (version < versions.min || version > versions.max) {
    throw new Failure('UNREADABLE_RECORD', `Can't read version ${version} of ${message.name}`);
  }
  const isFlexible = flexible !== undefined && covers(flexible, version);
  const reader = new Reader(bytes, version, isFlexible, nested);
  return reader.struct(message.fields);
};

/** JSON to stand for the bytes of a field, or undefined: they stay bytes. */
export type NestedJson = (field: string, bytes: Buffer) => string | undefined;

const covers = (range: { readonly min: number; readonly max: number }, version: number): boolean =>
  version >= range.min && version <= range.max;

interface Taken {
  readonly type: WireType;
  readonly isNullable: boolean;
  readonly isTagged?: boolean;
  readonly name: string;
}

/** Reads one message from its beginning on. */
class Reader {
  readonly #bytes: Buffer;
  readonly #version: number;
  readonly #isFlexible: boolean;
  readonly #nested: NestedJson;
  #at = 0;

  constructor(bytes: Buffer, version: number, isFlexible: boolean, nested: NestedJson) {
    this.#bytes = bytes;
    this.#version = version;
    this.#isFlexible = isFlexible;
    this.#nested = nested;
  }

  struct(fields: Fields): string {
    const own = Object.entries(fields).filter(([, { facts }]) => covers(facts.versions, this.#version));
    const texts = new Map<string, string>();
    for (const [name, { facts }] of own) {
      if (facts.tag !== undefined) continue;
      const isNullable = facts.nullable !== undefined && covers(facts.nullable, this.#version);
      texts.set(name, this.#value({ type: facts.type, isNullable, name }));
    }
    if (this.#isFlexible) this.#tagged(own, texts);
    const parts = own.flatMap(([name]) => {
      const text = texts.get(name);
      return text === undefined ? [] : [`${JSON.stringify(name)}:${text}`];
    });
    return `{${parts.join(',')}}`;
  }

  #tagged(own: readonly (readonly [string, Fields[string]])[], texts: Map<string, string>): void {
    for (let left = this.#unsigned(); left > 0; left -= 1) {
      const tag = this.#unsigned();
      const size = this.#unsigned();
      const end = this.#at + size;
      const known = own.find(([, { facts }]) => facts.tag === tag);
      if (known !== undefined) {
        const [name, { facts }] = known;
        const isNullable = facts.nullable !== undefined && covers(facts.nullable, this.#version);
        texts.set(name, this.#value({ type: facts.type, isNullable, isTagged: true, name }));
      }
      this.#at = end;
    }
  }

  #value({ type, isNullable, isTagged = false, name }: Taken): string {
    switch (type.kind) {
      case 'struct': {
        const sign = isNullable ? this.#take(1).readInt8(0) : 1;
        if (sign < 0 || (isTagged && sign === 0)) return 'null';
        return this.struct(type.fields);
      }
      case 'array': {
        const count = this.#length(4);
        if (count < 0) return 'null';
        const items: string[] = [];
        for (let index = 0; index < count; index += 1) {
          items.push(this.#value({ type: type.item, isNullable: false, name }));
        }
        return `[${items.join(',')}]`;
      }
      case 'primitive':
        return this.#primitive(type.name, name);
    }
  }

  #primitive(type: Extract<WireType, { kind: 'primitive' }>['name'], name: string): string {
    switch (type) {
      case 'bool':
        return this.#take(1)[0] === 0 ? 'false' : 'true';
      case 'int8':
        return String(this.#take(1).readInt8(0));
      case 'int16':
        return String(this.#take(2).readInt16BE(0));
      case 'uint16':
        return String(this.#take(2).readUInt16BE(0));
      case 'int32':
        return String(this.#take(4).readInt32BE(0));
      case 'int64':
      case 'wideInt64':
        return String(this.#take(8).readBigInt64BE(0));
      case 'float64':
        return String(this.#take(8).readDoubleBE(0));
      case 'uuid':
        return JSON.stringify(this.#take(16).toString('base64url'));
      case 'string': {
        const size = this.#length(2);
        return size < 0 ? 'null' : JSON.stringify(this.#take(size).toString());
      }
      case 'bytes':
      case 'records': {
        const size = this.#length(4);
        if (size < 0) return 'null';
        const bytes = this.#take(size);
        return this.#nested(name, bytes) ?? JSON.stringify(bytes.toString('base64'));
      }
    }
  }

  /** A length in front of something: -1 for null. */
  #length(oldBytes: 2 | 4): number {
    if (this.#isFlexible) return this.#unsigned() - 1;
    const bytes = this.#take(oldBytes);
    return oldBytes === 2 ? bytes.readInt16BE(0) : bytes.readInt32BE(0);
  }

  #unsigned(): number {
    let value = 0;
    for (let shift = 0; shift < 35; shift += 7) {
      const byte = this.#take(1)[0] ?? 0;
      value += (byte & 0x7f) * 2 ** shift;
      if (byte < 0x80) return value;
    }
    throw new Failure('UNREADABLE_RECORD', 'a number of variable length is too long');
  }

  #take(size: number): Buffer {
    const from = this.#at;
    this.#at += size;
    if (size < 0 || this.#at > this.#bytes.length) {
      throw new Failure('UNREADABLE_RECORD', 'the record ends before its fields do');
    }
    return this.#bytes.subarray(from, this.#at);
  }
}
