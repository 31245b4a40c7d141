import { decodeError } from './failures';
import type { Message } from './message';
import { cursor, readUvarint } from './read';
import { writer, writeUvarint } from './write';

/** Messages by name, each with the number that stands for it in a frame. Numbers are never given again. */
export type KeyedTable = Readonly<Record<string, { readonly key: number; readonly message: Message }>>;

/** One message of a table, tagged with its name. */
export type KeyedValue<Table extends KeyedTable> = {
  readonly [Kind in keyof Table]: { readonly kind: Kind; readonly value: Table[Kind]['message']['Value'] };
}[keyof Table];

/** As `KeyedValue`, where fields that have a default may be left out. */
export type KeyedDraft<Table extends KeyedTable> = {
  readonly [Kind in keyof Table]: { readonly kind: Kind; readonly value: Table[Kind]['message']['Draft'] };
}[keyof Table];

/** Frames that say which message of a table they hold. */
export interface KeyedMessages<Table extends KeyedTable> {
  /** Without `version` the newest. */
  encode(draft: KeyedDraft<Table>, version?: number): Buffer;
  /** Reads a whole frame. Throws a `DecodeError` for anything malformed, an unknown key included. */
  decode(bytes: Buffer): KeyedValue<Table>;
}

/** Three varints of at most three bytes each. */
const MAX_HEADER_BYTES = 9;

/**
 * Frames of the messages of a table: key and version as unsigned varints, then the body, which ends where the frame
 * does. `frameVersion` stands before them, where a format has one. `what` names a frame in errors.
 */
export const keyedMessages = <Table extends KeyedTable>(
  table: Table,
  what: string,
  frameVersion?: number,
): KeyedMessages<Table> => {
  const kindByKey = new Map<number, string>();
  for (const [kind, { key }] of Object.entries(table)) kindByKey.set(key, kind);
  const messageOf = (kind: string): Message => {
    const entry = table[kind];
    if (entry === undefined) throw decodeError(`${what}: there is no ${kind}`);
    return entry.message;
  };
  return {
    encode(draft, version) {
      const kind = String(draft.kind);
      const message = messageOf(kind);
      const chosen = version ?? message.versions.max;
      const encodeBody = message.encoder(chosen);
      writer.begin('reference');
      const b = writer.reserve(0, MAX_HEADER_BYTES);
      const at = frameVersion === undefined ? 0 : writeUvarint(b, 0, frameVersion);
      writer.at = writeUvarint(b, writeUvarint(b, at, table[kind]?.key ?? 0), chosen);
      encodeBody(draft.value, writer);
      return writer.finishOne();
    },
    decode(bytes) {
      let at = 0;
      if (frameVersion !== undefined) {
        const found = readUvarint(bytes, at, bytes.length, 'frame version');
        if (found !== frameVersion) throw decodeError(`${what}: unknown frame version ${found}`);
        at = cursor.at;
      }
      const key = readUvarint(bytes, at, bytes.length, `${what} key`);
      const kind = kindByKey.get(key);
      if (kind === undefined) throw decodeError(`${what}: unknown key ${key}`);
      const version = readUvarint(bytes, cursor.at, bytes.length, `${what} version`);
      const { value, end } = messageOf(kind).decodeWithEnd(bytes, version, cursor.at);
      if (end !== bytes.length) throw decodeError(`${kind}: ${bytes.length - end} bytes too many`);
      return { kind, value };
    },
  };
};
