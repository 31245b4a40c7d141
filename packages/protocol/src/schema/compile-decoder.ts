import { field, type AnyField, type Fields, type WireType } from './field';
import { defaultOf } from './make';
import * as read from './read';
import {
  build,
  fieldsInLine,
  fixedSize,
  isNullable,
  isRequest,
  Source,
  taggedFields,
  type Shape,
} from './source';

/** Reads the message that begins at `at`, and leaves its end in `cursor.end`. */
export type Decoder = (bytes: Buffer, at: number) => unknown;

/**
 * The decoder of one message in one version, as one function without inner calls on the usual path: the position `p`
 * is a local variable, arrays are loops, structs are object literals, neighbours of fixed size share a bounds check.
 */
export const compileDecoder = (shape: Shape): Decoder => {
  const source = new Source();
  const limit = isRequest(shape) ? read.MAX_OBJECTS_IN_REQUEST : read.MAX_OBJECTS;
  source.line(`let end = b.length, left = ${limit}, unknown = 0;`);
  const generator = new DecoderSource(source, shape);
  const value = generator.struct(shape.fields, shape.name, 'end');
  source.line('cursor.end = p;', `return ${value};`);
  return build(source, ['b', 'p'], read) as Decoder;
};

/** The fewest bytes that a value of this type takes: what bounds the count of an array. */
const minimumSize = (type: WireType, shape: Shape): number => {
  if (type.kind === 'struct') {
    let size = shape.flexible ? 1 : 0;
    for (const group of fieldsInLine(type.fields, shape)) {
      if (group.kind === 'fixed') size += group.sizeBytes;
      else if (group.field.facts.type.kind === 'struct' && isNullable(group.field, shape.version)) size += 1;
      else size += minimumSize(group.field.facts.type, shape);
    }
    return Math.max(size, 1);
  }
  const fixed = fixedSize(type);
  if (fixed !== undefined) return fixed;
  if (shape.flexible) return 1;
  return type.kind === 'primitive' && type.name === 'string' ? 2 : 4;
};

/** How many objects one array item makes: itself and each text, view, array and struct right inside. */
const objectsPerItem = (item: WireType, shape: Shape): number => {
  if (item.kind !== 'struct') return 1;
  return 1 + fieldsInLine(item.fields, shape).filter((group) => group.kind === 'single').length;
};

class DecoderSource {
  readonly #source: Source;
  readonly #shape: Shape;

  constructor(source: Source, shape: Shape) {
    this.#source = source;
    this.#shape = shape;
  }

  /** Reads a struct's fields into variables; gives the object literal. `end` is the variable that bounds it. */
  struct(fields: Fields, path: string, end: string): string {
    const variables = new Map<string, string>();
    for (const group of fieldsInLine(fields, this.#shape)) {
      if (group.kind === 'single') {
        variables.set(group.name, this.#sized(group.field, `${path}.${group.name}`, end));
        continue;
      }
      this.#need(group.sizeBytes, path, end);
      let offset = 0;
      for (const [name, field] of group.entries) {
        const variable = this.#source.name('v');
        this.#fixed(field.facts.type, offset, variable, `${path}.${name}`);
        variables.set(name, variable);
        offset += fixedSize(field.facts.type) ?? 0;
      }
      this.#source.line(`p += ${offset};`);
    }
    if (this.#shape.flexible) this.#tags(fields, path, end, variables);
    const parts = Object.entries(fields).map(
      ([name, field]) => `${name}: ${variables.get(name) ?? this.#default(field)}`,
    );
    return `{ ${parts.join(', ')} }`;
  }

  /** Refuses to go on unless so many bytes are left. */
  #need(count: number | string, path: string, end: string): void {
    this.#source.line(`if (${end} - p < ${count}) failShort('${path}', p, ${count}, ${end});`);
  }

  #default(field: AnyField): string {
    const value = defaultOf(field);
    return typeof value === 'object' && value !== null ? this.#source.constant(value) : JSON.stringify(value);
  }

  #fixed(type: WireType, offset: number, into: string, path: string): void {
    const byte = (index: number): string => `b[p + ${offset + index}]`;
    const int32 = (at: number): string =>
      `(${byte(at)} << 24 | ${byte(at + 1)} << 16 | ${byte(at + 2)} << 8 | ${byte(at + 3)})`;
    const line = (code: string): void => this.#source.line(`let ${into} = ${code};`);
    const name = type.kind === 'primitive' ? type.name : '';
    if (name === 'bool') line(`${byte(0)} !== 0`);
    else if (name === 'int8') line(`${byte(0)} << 24 >> 24`);
    else if (name === 'int16') line(`(${byte(0)} << 8 | ${byte(1)}) << 16 >> 16`);
    else if (name === 'uint16') line(`${byte(0)} << 8 | ${byte(1)}`);
    else if (name === 'int32') line(int32(0));
    else if (name === 'float64') line(`b.readDoubleBE(p + ${offset})`);
    else if (name === 'uuid') line(`readUuid(b, p + ${offset})`);
    else {
      line(`${int32(0)} * 4294967296 + (${int32(4)} >>> 0)`);
      const outside =
        name === 'wideInt64' ? `${into} = saturate(${into})` : `failInt64('${path}', p + ${offset})`;
      this.#source.line(
        `if (${into} > ${Number.MAX_SAFE_INTEGER} || ${into} < -${Number.MAX_SAFE_INTEGER}) ${outside};`,
      );
    }
  }

  /** An unsigned varint into a new variable; one byte is the usual case. */
  #uvarint(path: string, end: string): string {
    const variable = this.#source.name('u');
    this.#source.line(
      `let ${variable} = p < ${end} ? b[p] : 128;`,
      `if (${variable} < 128) p++; else { ${variable} = readUvarint(b, p, ${end}, '${path}'); p = cursor.at; }`,
    );
    return variable;
  }

  /** A length or count into a new variable, -1 for null. */
  #length(field: AnyField, width: 2 | 4, path: string, end: string): string {
    const { flexible } = this.#shape;
    if (flexible && !field.facts.inflexible) {
      const raw = this.#uvarint(path, end);
      this.#source.line(`${raw} -= 1;`);
      return raw;
    }
    const variable = this.#source.name('n');
    this.#need(width, path, end);
    const code =
      width === 2
        ? '(b[p] << 8 | b[p + 1]) << 16 >> 16'
        : 'b[p] << 24 | b[p + 1] << 16 | b[p + 2] << 8 | b[p + 3]';
    this.#source.line(`let ${variable} = ${code};`, `p += ${width};`);
    this.#source.line(`if (${variable} < -1) failLength('${path}', ${variable});`);
    return variable;
  }

  /** A text, bytes, array or struct into a new variable. */
  #sized(field: AnyField, path: string, end: string, isTagged = false): string {
    const { type } = field.facts;
    const variable = this.#source.name('v');
    const nullable = isNullable(field, this.#shape.version);
    if (type.kind === 'struct') {
      this.#structField(type.fields, nullable, variable, path, end, isTagged);
      return variable;
    }
    const length = this.#length(
      field,
      type.kind === 'primitive' && type.name === 'string' ? 2 : 4,
      path,
      end,
    );
    this.#source.line(`let ${variable};`);
    this.#source.line(
      `if (${length} < 0) ${nullable ? `${variable} = null` : `failNull('${path}', p)`};`,
      'else {',
    );
    if (type.kind === 'array') this.#items(type.item, length, variable, path, end);
    else this.#view(type, length, variable, path, end);
    this.#source.line('}');
    return variable;
  }

  #structField(
    fields: Fields,
    nullable: boolean,
    into: string,
    path: string,
    end: string,
    inTag: boolean,
  ): void {
    this.#source.line(`let ${into};`);
    if (nullable) {
      // A nullable struct is preceded by one signed byte, and negative means null; in a tag by a number, and 0 does.
      this.#need(1, path, end);
      this.#source.line(`if (b[p++] ${inTag ? '=== 0' : '> 127'}) ${into} = null; else {`);
    } else this.#source.line('{');
    const literal = this.struct(fields, path, end);
    this.#source.line(`${into} = ${literal};`, '}');
  }

  #view(type: WireType, length: string, into: string, path: string, end: string): void {
    const isText = type.kind === 'primitive' && type.name === 'string';
    this.#need(length, path, end);
    this.#source.line(
      `${into} = ${isText ? this.#text(length, path) : `b.subarray(p, p + ${length})`};`,
      `p += ${length};`,
    );
  }

  #text(length: string, path: string): string {
    const judged = isRequest(this.#shape) ? `, '${path}'` : '';
    return `readText(b, p, ${length}${judged})`;
  }

  #items(item: WireType, count: string, into: string, path: string, end: string): void {
    const index = this.#source.name('i');
    const smallest = minimumSize(item, this.#shape);
    this.#need(`${count} * ${smallest}`, path, end);
    this.#source.line(
      `if ((left -= ${count} * ${objectsPerItem(item, this.#shape)}) < 0) failObjects('${path}');`,
      `${into} = [];`,
      `for (let ${index} = 0; ${index} < ${count}; ${index}++) {`,
    );
    this.#source.line(`${into}.push(${this.#item(item, path, end)});`, '}');
  }

  /** Reads one array item; gives the expression for it. */
  #item(item: WireType, path: string, end: string): string {
    if (item.kind === 'struct') return this.struct(item.fields, path, end);
    const size = fixedSize(item);
    if (size === undefined) return this.#sized(field(item), path, end);
    const variable = this.#source.name('v');
    this.#need(size, path, end);
    this.#fixed(item, 0, variable, path);
    this.#source.line(`p += ${size};`);
    return variable;
  }

  #tags(fields: Fields, path: string, end: string, variables: Map<string, string>): void {
    const known = taggedFields(fields, this.#shape);
    for (const { name, field } of known) {
      const variable = this.#source.name('t');
      this.#source.line(`let ${variable} = ${this.#default(field)};`);
      variables.set(name, variable);
    }
    const count = this.#uvarint(path, end);
    const index = this.#source.name('i');
    const previous = this.#source.name('last');
    const inner = this.#source.name('end');
    this.#source.line(`for (let ${index} = 0, ${previous} = -1; ${index} < ${count}; ${index}++) {`);
    const tag = this.#uvarint(path, end);
    this.#source.line(`if (${tag} <= ${previous}) failTag('${path}', ${tag});`, `${previous} = ${tag};`);
    const size = this.#uvarint(path, end);
    this.#need(size, path, end);
    this.#source.line(`const ${inner} = p + ${size};`, `switch (${tag}) {`);
    for (const one of known) {
      this.#source.line(`case ${one.tag}: {`);
      const value = this.#tagged(one.field, `${path}.${one.name}`, inner);
      this.#source.line(`${variables.get(one.name) ?? ''} = ${value};`);
      this.#source.line(`if (p !== ${inner}) failTagSize('${path}', ${tag});`, 'break; }');
    }
    this.#source.line(
      `default: if (++unknown > MAX_UNKNOWN_TAGS) failUnknownTags('${path}'); p = ${inner};`,
      '}',
      '}',
    );
  }

  #tagged(field: AnyField, path: string, end: string): string {
    const size = fixedSize(field.facts.type);
    return size === undefined ? this.#sized(field, path, end, true) : this.#item(field.facts.type, path, end);
  }
}
