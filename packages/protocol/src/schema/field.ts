import { ALL_VERSIONS, parseVersions, type VersionRange, type VersionSpec } from './version-range';

/** The wire types that are not made of others. */
export type PrimitiveName =
  | 'bool'
  | 'int8'
  | 'int16'
  | 'uint16'
  | 'int32'
  | 'int64'
  | 'wideInt64'
  | 'float64'
  | 'uuid'
  | 'string'
  | 'bytes'
  | 'records';

/** What a field is made of. */
export type WireType =
  | { readonly kind: 'primitive'; readonly name: PrimitiveName }
  | { readonly kind: 'array'; readonly item: WireType }
  | { readonly kind: 'struct'; readonly fields: Fields };

/** All that is known about a field; codecs are compiled from it, tests compare it with the official definitions. */
export interface FieldFacts {
  readonly type: WireType;
  /** Where the field exists. Outside, it reads as its default. */
  readonly versions: VersionRange;
  /** Where `null` is allowed on the wire. */
  readonly nullable: VersionRange | undefined;
  /** A tagged field travels after those that stand in line, and only when it differs from its default. */
  readonly tag: number | undefined;
  readonly default: { readonly value: unknown } | undefined;
  /** Whether a value other than the default may be dropped when the version has no such field. */
  readonly ignorable: boolean;
  /** Keeps the old length prefix in flexible versions; only the client id of a request header does. */
  readonly inflexible: boolean;
}

/**
 * One field of a message, described by chaining: `int32.versions('9+').default(-1).as<LeaderEpoch>()`.
 * Each call returns a new field. `Value`, `Draft` and `Optional` exist in the type system only.
 */
export class Field<Value, Draft = Value, Optional extends boolean = false> {
  declare readonly Value: Value;
  declare readonly Draft: Draft;
  declare readonly Optional: Optional;
  readonly facts: FieldFacts;

  constructor(facts: FieldFacts) {
    this.facts = facts;
  }

  /** The field exists in these versions only; without this call it exists wherever its parent does. */
  versions(spec: VersionSpec): Field<Value, Draft, true> {
    return new Field({ ...this.facts, versions: parseVersions(spec) });
  }

  /** `null` is allowed in these versions, or wherever the field exists. The default stays non-null unless it says so. */
  nullable(spec?: VersionSpec): Field<Value | null, Draft | null, Optional> {
    return new Field({ ...this.facts, nullable: spec === undefined ? ALL_VERSIONS : parseVersions(spec) });
  }

  /** What the field reads as where it is absent. Without this call: 0, false, '', no bytes, no items; null for records. */
  default(value: Draft): Field<Value, Draft, true> {
    return new Field({ ...this.facts, default: { value } });
  }

  /** The field is tagged, in these versions or wherever its parent exists. */
  tagged(tag: number, spec?: VersionSpec): Field<Value, Draft, true> {
    const versions = spec === undefined ? this.facts.versions : parseVersions(spec);
    return new Field({ ...this.facts, tag, versions });
  }

  /** A value that the version has no room for is dropped in silence; without this call encoding refuses it. */
  ignorable(): Field<Value, Draft, Optional> {
    return new Field({ ...this.facts, ignorable: true });
  }

  /** Keeps the length prefix of old versions in flexible ones. */
  inflexible(): Field<Value, Draft, Optional> {
    return new Field({ ...this.facts, inflexible: true });
  }

  /** Same bytes, narrower type: `int32.as<BrokerId>()`. */
  as<Named extends NonNullable<Value>>(): Field<
    Named | Extract<Value, null>,
    Named | Extract<Value, null>,
    Optional
  > {
    return new Field(this.facts);
  }
}

export type AnyField = Field<unknown, unknown, boolean>;
/** Fields of a message or struct. They go on the wire in the order in which they are written down. */
export type Fields = Readonly<Record<string, AnyField>>;

type Flat<T> = { [K in keyof T]: T[K] };
type OptionalKeys<F extends Fields> = {
  [K in keyof F]: F[K]['Optional'] extends true ? K : never;
}[keyof F];

/** What decoding gives: every field of every version, defaults filled in. */
export type ValueOf<F extends Fields> = Flat<{ readonly [K in keyof F]: F[K]['Value'] }>;
/** What encoding takes: fields with a declared default, a version range or a tag may be left out. */
export type DraftOf<F extends Fields> = Flat<
  { readonly [K in Exclude<keyof F, OptionalKeys<F>>]: F[K]['Draft'] } & {
    readonly [K in OptionalKeys<F>]?: F[K]['Draft'] | undefined;
  }
>;

/** A field of this type and nothing special; also what the items of an array are. */
export const field = <Value, Draft = Value>(type: WireType): Field<Value, Draft> =>
  new Field({
    type,
    versions: ALL_VERSIONS,
    nullable: undefined,
    tag: undefined,
    default: undefined,
    ignorable: false,
    inflexible: false,
  });
const primitive = <Value, Draft = Value>(name: PrimitiveName): Field<Value, Draft> =>
  field({ kind: 'primitive', name });

export const bool = primitive<boolean>('bool');
export const int8 = primitive<number>('int8');
export const int16 = primitive<number>('int16');
export const uint16 = primitive<number>('uint16');
export const int32 = primitive<number>('int32');
/** A safe integer; anything beyond 2^53 on the wire is a decode error. */
export const int64 = primitive<number>('int64');
/**
 * An int64 whose values beyond 2^53 mean no more than "huge": they read as `±Number.MAX_SAFE_INTEGER`, which is
 * written as the largest or smallest int64.
 */
export const wideInt64 = primitive<number>('wideInt64');
export const float64 = primitive<number>('float64');
/** 16 bytes as 22 characters of base64url. */
export const uuid = primitive<string>('uuid');
export const string = primitive<string>('string');
/** A view into the decoded buffer, not a copy. */
export const bytes = primitive<Buffer>('bytes');
/** Record batches: a view when decoded; when encoded also a list of slices, which are referenced, not copied. */
export const records = primitive<Buffer, Buffer | readonly Buffer[]>('records');

/** Fields that travel together. Give it a name when more than one place uses it. */
export const struct = <F extends Fields>(fields: F): Field<ValueOf<F>, DraftOf<F>> =>
  field({ kind: 'struct', fields });

/** Items of one type, or of a struct given by its fields. */
export function array<Value, Draft>(item: Field<Value, Draft>): Field<readonly Value[], readonly Draft[]>;
export function array<F extends Fields>(fields: F): Field<readonly ValueOf<F>[], readonly DraftOf<F>[]>;
export function array(item: AnyField | Fields): Field<readonly unknown[]> {
  const type: WireType = item instanceof Field ? item.facts.type : { kind: 'struct', fields: item };
  return field({ kind: 'array', item: type });
}
