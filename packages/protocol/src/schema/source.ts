import type { AnyField, Fields, WireType } from './field';
import { ALL_VERSIONS, coversVersion } from './version-range';

/** What a codec is compiled for: one message in one version. */
export interface Shape {
  readonly name: string;
  readonly fields: Fields;
  readonly version: number;
  readonly flexible: boolean;
}

/** What anybody may send: it is read and written within tighter bounds than answers and what is stored. */
export const isRequest = ({ name }: Shape): boolean => name.endsWith('Request');

/** As long as a length of 16 bits can say; Kafka holds newer versions, whose lengths could say more, to the same. */
export const MAX_TEXT_BYTES_IN_REQUEST = 0x7fff;

/** JavaScript in the making. */
export class Source {
  readonly #lines: string[] = [];
  readonly #constants: unknown[] = [];
  #names = 0;

  line(...code: readonly string[]): void {
    this.#lines.push(...code);
  }

  /** A variable name not used before. */
  name(prefix: string): string {
    return `${prefix}${this.#names++}`;
  }

  /** The code for a value that cannot be written down as text. */
  constant(value: unknown): string {
    return `k[${this.#constants.push(value) - 1}]`;
  }

  get text(): string {
    return this.#lines.join('\n');
  }

  get constants(): readonly unknown[] {
    return this.#constants;
  }
}

/** Turns generated text into a function. Only facts of schema values go into the text, never bytes from outside. */
export const build = (
  source: Source,
  parameters: readonly string[],
  tools: Readonly<Record<string, unknown>>,
): unknown => {
  const text = `'use strict'; return (${parameters.join(', ')}) => {\n${source.text}\n};`;
  // eslint-disable-next-line @typescript-eslint/no-implied-eval -- straight-line code per version is the point of compiling
  const make = new Function('k', ...Object.keys(tools), text) as (...given: readonly unknown[]) => unknown;
  return make(source.constants, ...Object.values(tools));
};

export const isPresent = (field: AnyField, version: number): boolean =>
  coversVersion(field.facts.versions, version);

export const isNullable = (field: AnyField, version: number): boolean =>
  field.facts.nullable !== undefined && coversVersion(field.facts.nullable, version);

/** Whether a draft may leave the field out; the type `Optional` of a field says the same. */
export const isOptional = (field: AnyField): boolean => {
  const { default: declared, versions, tag } = field.facts;
  return declared !== undefined || tag !== undefined || versions !== ALL_VERSIONS;
};

/** Bytes of a type that always takes the same number, `undefined` for the others. */
export const fixedSize = (type: WireType): number | undefined => {
  if (type.kind !== 'primitive') return undefined;
  switch (type.name) {
    case 'bool':
    case 'int8':
      return 1;
    case 'int16':
    case 'uint16':
      return 2;
    case 'int32':
      return 4;
    case 'int64':
    case 'wideInt64':
    case 'float64':
      return 8;
    case 'uuid':
      return 16;
    default:
      return undefined;
  }
};

export type Group =
  | {
      readonly kind: 'fixed';
      readonly sizeBytes: number;
      readonly entries: readonly (readonly [string, AnyField])[];
    }
  | { readonly kind: 'single'; readonly name: string; readonly field: AnyField };

/** The fields that stand in line in this version, in order; neighbours of fixed size share one bounds check. */
export const fieldsInLine = (fields: Fields, shape: Shape): readonly Group[] => {
  const groups: Group[] = [];
  for (const [name, field] of Object.entries(fields)) {
    if (!isPresent(field, shape.version) || field.facts.tag !== undefined) continue;
    const size = fixedSize(field.facts.type);
    const last = groups.at(-1);
    if (size === undefined) groups.push({ kind: 'single', name, field });
    else if (last?.kind !== 'fixed')
      groups.push({ kind: 'fixed', sizeBytes: size, entries: [[name, field]] });
    else
      groups[groups.length - 1] = {
        ...last,
        sizeBytes: last.sizeBytes + size,
        entries: [...last.entries, [name, field]],
      };
  }
  return groups;
};

export interface TaggedField {
  readonly name: string;
  readonly field: AnyField;
  readonly tag: number;
}

/** The fields that travel tagged in this version, by ascending tag. */
export const taggedFields = (fields: Fields, shape: Shape): readonly TaggedField[] => {
  if (!shape.flexible) return [];
  const found: TaggedField[] = [];
  for (const [name, field] of Object.entries(fields)) {
    const { tag } = field.facts;
    if (tag !== undefined && isPresent(field, shape.version)) found.push({ name, field, tag });
  }
  return found.sort((a, b) => a.tag - b.tag);
};
