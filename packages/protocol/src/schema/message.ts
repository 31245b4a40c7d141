import type { DraftOf, Fields, ValueOf } from './field';
import { compileDecoder, type Decoder } from './compile-decoder';
import { compileEncoder, type Encoder } from './compile-encoder';
import { unsupportedVersion } from './failures';
import { makeStruct } from './make';
import { cursor } from './read';
import type { Shape } from './source';
import { coversVersion, parseVersions, type VersionRange, type VersionSpec } from './version-range';
import { writer } from './write';

/** One Kafka message in all its versions, both directions. */
export interface Message<Value = unknown, Draft = unknown> {
  /** Exists in the type system only; `Infer` and `Draft` read it. */
  readonly Value: Value;
  readonly Draft: Draft;
  readonly name: string;
  readonly versions: VersionRange;
  /** The versions with compact lengths and tagged fields. */
  readonly flexible: VersionRange | undefined;
  readonly latestVersionUnstable: boolean;
  readonly fields: Fields;
  /**
   * Reads one message that begins at `at`. Byte fields are views into `bytes`. Bytes after the message are left alone.
   * Throws a `DecodeError` for anything malformed, an `UNSUPPORTED_VERSION` failure outside `versions`.
   */
  decode(bytes: Buffer, version: number, at?: number): Value;
  /** As `decode`, and tells where the message ended. */
  decodeWithEnd(bytes: Buffer, version: number, at: number): { readonly value: Value; readonly end: number };
  /**
   * One buffer that the caller owns. A field that this version lacks may only hold its default unless it is ignorable;
   * otherwise throws an `UNSUPPORTED_FIELD` failure.
   */
  encode(draft: Draft, version: number): Buffer;
  /** As `encode`, in pieces: large byte fields are referenced, not copied. */
  encodeParts(draft: Draft, version: number): readonly Buffer[];
  /** Fills in the defaults of whatever the draft leaves out. */
  make(draft: Draft): Value;
  /** The compiled encoder of a version, for frames that put a header before the body. */
  encoder(version: number): Encoder;
}

/** The decoded form of a message: `Infer<typeof FetchRequest>`. */
export type Infer<M extends { readonly Value: unknown }> = M['Value'];
/** What may be given to `encode`: `Draft<typeof FetchResponse>`. */
export type Draft<M extends { readonly Draft: unknown }> = M['Draft'];

export interface MessageSpec<F extends Fields> {
  /** Kafka's own name, with the suffix: `FetchRequest`. */
  readonly name: string;
  readonly versions: VersionSpec;
  readonly flexible: VersionSpec | 'none';
  /** The last version is not promised by Kafka yet, and never advertised. */
  readonly latestVersionUnstable?: boolean;
  readonly fields: F;
}

/** Describes a message; its codecs are compiled at their first use, per version and direction. */
export const message = <F extends Fields>(spec: MessageSpec<F>): Message<ValueOf<F>, DraftOf<F>> => {
  const { name, fields } = spec;
  const versions = parseVersions(spec.versions);
  const flexible = spec.flexible === 'none' ? undefined : parseVersions(spec.flexible);
  const decoders: Decoder[] = [];
  const encoders: Encoder[] = [];
  const shapeOf = (version: number): Shape => {
    if (!Number.isInteger(version) || !coversVersion(versions, version))
      throw unsupportedVersion(name, version);
    return { name, fields, version, flexible: flexible !== undefined && coversVersion(flexible, version) };
  };
  const decoder = (version: number): Decoder => (decoders[version] ??= compileDecoder(shapeOf(version)));
  const encoder = (version: number): Encoder => (encoders[version] ??= compileEncoder(shapeOf(version)));
  const typeOnly = undefined as never;
  return {
    Value: typeOnly,
    Draft: typeOnly,
    name,
    versions,
    flexible,
    latestVersionUnstable: spec.latestVersionUnstable ?? false,
    fields,
    decode: (bytes, version, at = 0) => decoder(version)(bytes, at) as ValueOf<F>,
    decodeWithEnd: (bytes, version, at) => {
      const value = decoder(version)(bytes, at) as ValueOf<F>;
      return { value, end: cursor.end };
    },
    encode: (draft, version) => {
      const encode = encoder(version);
      writer.begin('copy');
      encode(draft, writer);
      return writer.finishOne();
    },
    encodeParts: (draft, version) => {
      const encode = encoder(version);
      writer.begin('reference');
      encode(draft, writer);
      return writer.finishParts();
    },
    make: (draft) => makeStruct(fields, draft, name) as ValueOf<F>,
    encoder,
  };
};
