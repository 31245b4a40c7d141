import { field, type AnyField, type Fields, type WireType } from './field';
import { invalidField, unsupportedField } from './failures';
import { defaultOf } from './make';
import {
  build,
  fieldsInLine,
  fixedSize,
  isNullable,
  isOptional,
  isPresent,
  isRequest,
  MAX_TEXT_BYTES_IN_REQUEST,
  Source,
  taggedFields,
  type Shape,
} from './source';
import * as write from './write';

/** Writes a draft at the writer's position and moves it. */
export type Encoder = (draft: unknown, to: write.Writer) => void;

const tools = {
  ...write,
  invalid: (path: string, value: unknown): never => {
    throw invalidField(path, value);
  },
  unsupported: (path: string, version: number): never => {
    throw unsupportedField(path, version);
  },
};

/** The encoder of one message in one version: one function, buffer `b` and position `p` in local variables. */
export const compileEncoder = (shape: Shape): Encoder => {
  const source = new Source();
  source.line('let b = w.buffer, p = w.at;');
  new EncoderSource(source, shape).struct(shape.fields, 'o', shape.name, false);
  source.line('w.at = p;');
  return build(source, ['o', 'w'], tools) as Encoder;
};

class EncoderSource {
  readonly #source: Source;
  readonly #shape: Shape;

  constructor(source: Source, shape: Shape) {
    this.#source = source;
    this.#shape = shape;
  }

  /** Writes the struct in variable `from`. Inside a tagged value (`inTag`) byte fields are copied, as it may move. */
  struct(fields: Fields, from: string, path: string, inTag: boolean): void {
    this.#source.line(`if (typeof ${from} !== 'object' || ${from} === null) invalid('${path}', ${from});`);
    this.#refuseAbsent(fields, from, path);
    for (const group of fieldsInLine(fields, this.#shape)) {
      if (group.kind === 'single') {
        const value = this.#given(group.field, `${from}.${group.name}`);
        this.#sized(group.field, value, `${path}.${group.name}`, inTag);
        continue;
      }
      this.#source.line(`b = w.reserve(p, ${group.sizeBytes});`);
      let offset = 0;
      for (const [name, field] of group.entries) {
        this.#fixed(field.facts.type, offset, this.#given(field, `${from}.${name}`), `${path}.${name}`);
        offset += fixedSize(field.facts.type) ?? 0;
      }
      this.#source.line(`p += ${offset};`);
    }
    if (this.#shape.flexible) this.#tags(fields, from, path);
  }

  /** What was given for a field, or its default, in a new variable. */
  #given(field: AnyField, expression: string): string {
    const variable = this.#source.name('v');
    this.#source.line(`let ${variable} = ${expression};`);
    if (isOptional(field)) {
      this.#source.line(`if (${variable} === undefined) ${variable} = ${this.#default(field)};`);
    }
    return variable;
  }

  #default(field: AnyField): string {
    const value = defaultOf(field);
    return typeof value === 'object' && value !== null ? this.#source.constant(value) : JSON.stringify(value);
  }

  #refuseAbsent(fields: Fields, from: string, path: string): void {
    for (const [name, field] of Object.entries(fields)) {
      if (field.facts.ignorable || isPresent(field, this.#shape.version)) continue;
      const value = `${from}.${name}`;
      this.#source.line(
        `if (${value} !== undefined && ${this.#differs(field, value)}) unsupported('${path}.${name}', ${this.#shape.version});`,
      );
    }
  }

  /** The condition that a value is not the field's default. */
  #differs(field: AnyField, value: string): string {
    const standard = defaultOf(field);
    const { type } = field.facts;
    if (type.kind === 'primitive' && type.name !== 'bytes') return `${value} !== ${JSON.stringify(standard)}`;
    if (standard === null) return `${value} !== null`;
    if (type.kind !== 'struct') return `(${value} === null || ${value}.length !== 0)`;
    const inner = Object.entries(type.fields).map(
      ([name, one]) => `${value}.${name} !== undefined && ${this.#differs(one, `${value}.${name}`)}`,
    );
    return `(${value} === null || ${inner.join(' || ')})`;
  }

  #fixed(type: WireType, offset: number, value: string, path: string): void {
    const name = type.kind === 'primitive' ? type.name : '';
    const at = `p + ${offset}`;
    const byte = (index: number, code: string): string => `b[p + ${offset + index}] = ${code};`;
    const check = (condition: string): void =>
      this.#source.line(`if (${condition}) invalid('${path}', ${value});`);
    if (name === 'bool') {
      check(`typeof ${value} !== 'boolean'`);
      this.#source.line(byte(0, `${value} ? 1 : 0`));
    } else if (name === 'int8') {
      check(`${value} << 24 >> 24 !== ${value}`);
      this.#source.line(byte(0, value));
    } else if (name === 'int16' || name === 'uint16') {
      check(name === 'int16' ? `${value} << 16 >> 16 !== ${value}` : `(${value} & 65535) !== ${value}`);
      this.#source.line(byte(0, `${value} >>> 8`), byte(1, value));
    } else if (name === 'int32') {
      check(`(${value} | 0) !== ${value}`);
      this.#source.line(
        byte(0, `${value} >>> 24`),
        byte(1, `${value} >>> 16`),
        byte(2, `${value} >>> 8`),
        byte(3, value),
      );
    } else if (name === 'float64') {
      check(`typeof ${value} !== 'number'`);
      this.#source.line(`b.writeDoubleBE(${value}, ${at});`);
    } else {
      const tool = name === 'uuid' ? 'writeUuid' : name === 'wideInt64' ? 'writeWideInt64' : 'writeInt64';
      this.#source.line(`${tool}(b, ${at}, ${value}, '${path}');`);
    }
  }

  #length(field: AnyField, count: string): void {
    if (this.#shape.flexible && !field.facts.inflexible) {
      this.#source.line('b = w.reserve(p, MAX_UVARINT_BYTES);');
      this.#source.line(
        `if (${count} < 127) b[p++] = ${count} + 1; else p = writeUvarint(b, p, ${count} + 1);`,
      );
      return;
    }
    this.#source.line('b = w.reserve(p, 4);');
    this.#source.line(
      `b[p] = ${count} >>> 24; b[p + 1] = ${count} >>> 16; b[p + 2] = ${count} >>> 8; b[p + 3] = ${count};`,
    );
    this.#source.line('p += 4;');
  }

  #null(field: AnyField): void {
    const { type } = field.facts;
    if (this.#shape.flexible && !field.facts.inflexible) {
      this.#source.line('b = w.reserve(p, 1);', 'b[p++] = 0;');
      return;
    }
    const width = type.kind === 'primitive' && type.name === 'string' ? 2 : 4;
    this.#source.line(`b = w.reserve(p, ${width});`, 'b[p++] = 255;'.repeat(width));
  }

  /** Writes the text, bytes, array or struct in variable `value`. */
  #sized(field: AnyField, value: string, path: string, inTag: boolean): void {
    const { type } = field.facts;
    const nullable = isNullable(field, this.#shape.version);
    if (type.kind === 'struct') {
      this.#structField(field, type.fields, value, path, inTag);
      return;
    }
    this.#source.line(`if (${value} === null) {`);
    if (nullable) this.#null(field);
    else this.#source.line(`invalid('${path}', null);`);
    this.#source.line('} else {');
    if (type.kind === 'array') this.#items(field, type.item, value, path, inTag);
    else if (type.name === 'string') {
      const compact = this.#shape.flexible && !field.facts.inflexible;
      const text = path.endsWith('.errorMessage') ? `errorText(${value})` : value;
      const limit = isRequest(this.#shape) ? MAX_TEXT_BYTES_IN_REQUEST : Infinity;
      const call = compact
        ? `writeCompactText(w, p, ${text}, '${path}', ${limit})`
        : `writeText(w, p, ${text}, '${path}')`;
      this.#source.line(`p = ${call};`);
    } else this.#bytes(field, value, path, inTag);
    this.#source.line('b = w.buffer;', '}');
  }

  #bytes(field: AnyField, value: string, path: string, inTag: boolean): void {
    const size = this.#source.name('n');
    this.#source.line(`const ${size} = bytesSize(${value}, '${path}');`);
    this.#length(field, size);
    this.#source.line(`p = writeBytes(w, p, ${value}, ${inTag});`);
  }

  #structField(field: AnyField, fields: Fields, value: string, path: string, inTag: boolean): void {
    if (isNullable(field, this.#shape.version)) {
      const none = field.facts.tag === undefined ? 255 : 0;
      this.#source.line(
        'b = w.reserve(p, 1);',
        `if (${value} === null) b[p++] = ${none}; else {`,
        'b[p++] = 1;',
      );
    } else this.#source.line('{');
    this.struct(fields, value, path, inTag);
    this.#source.line('}');
  }

  #items(field: AnyField, item: WireType, value: string, path: string, inTag: boolean): void {
    const index = this.#source.name('i');
    const one = this.#source.name('item');
    this.#source.line(`if (!Array.isArray(${value})) invalid('${path}', ${value});`);
    this.#length(field, `${value}.length`);
    this.#source.line(
      `for (let ${index} = 0; ${index} < ${value}.length; ${index}++) {`,
      `const ${one} = ${value}[${index}];`,
    );
    this.#item(item, one, path, inTag);
    this.#source.line('}');
  }

  #item(item: WireType, value: string, path: string, inTag: boolean): void {
    const size = fixedSize(item);
    if (item.kind === 'struct') this.struct(item.fields, value, path, inTag);
    else if (size === undefined) this.#sized(field(item), value, path, inTag);
    else {
      this.#source.line(`b = w.reserve(p, ${size});`);
      this.#fixed(item, 0, value, path);
      this.#source.line(`p += ${size};`);
    }
  }

  /** Tagged fields that differ from their defaults, by ascending tag. */
  #tags(fields: Fields, from: string, path: string): void {
    const known = taggedFields(fields, this.#shape).map((one) => {
      const variable = this.#given(one.field, `${from}.${one.name}`);
      return { ...one, variable, differs: this.#differs(one.field, variable) };
    });
    this.#source.line('b = w.reserve(p, 1);');
    const counts = known.map((one) => `((${one.differs}) ? 1 : 0)`);
    this.#source.line(`b[p++] = ${counts.length === 0 ? '0' : counts.join(' + ')};`);
    for (const one of known) {
      const sizeAt = this.#source.name('s');
      this.#source.line(
        `if (${one.differs}) {`,
        'b = w.reserve(p, MAX_UVARINT_BYTES + 1);',
        `p = writeUvarint(b, p, ${one.tag});`,
      );
      this.#source.line(`const ${sizeAt} = p++;`);
      const { type } = one.field.facts;
      const onePath = `${path}.${one.name}`;
      if (fixedSize(type) === undefined) this.#sized(one.field, one.variable, onePath, true);
      else this.#item(type, one.variable, onePath, true);
      this.#source.line(`p = closeTagged(w, ${sizeAt}, p);`, 'b = w.buffer;', '}');
    }
  }
}
