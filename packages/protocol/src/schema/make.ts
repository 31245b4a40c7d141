import type { AnyField, Fields, WireType } from './field';
import { invalidField } from './failures';
import { isOptional } from './source';

const EMPTY_BYTES = Buffer.alloc(0);
const EMPTY_ARRAY: readonly unknown[] = Object.freeze([]);
const ZERO_UUID = 'A'.repeat(22);

const zeroOf = (type: WireType): unknown => {
  if (type.kind === 'array') return EMPTY_ARRAY;
  if (type.kind === 'struct') return defaultStruct(type.fields);
  switch (type.name) {
    case 'bool':
      return false;
    case 'string':
      return '';
    case 'uuid':
      return ZERO_UUID;
    case 'bytes':
      return EMPTY_BYTES;
    case 'records':
      return null;
    default:
      return 0;
  }
};

const defaultStruct = (fields: Fields): unknown =>
  Object.freeze(Object.fromEntries(Object.entries(fields).map(([name, field]) => [name, defaultOf(field)])));

const defaults = new WeakMap<AnyField, { readonly value: unknown }>();

/** What a field reads as where it is absent. One frozen value per field. */
export const defaultOf = (field: AnyField): unknown => {
  let known = defaults.get(field);
  if (known === undefined) {
    known = field.facts.default ?? { value: zeroOf(field.facts.type) };
    defaults.set(field, known);
  }
  return known.value;
};

const makeValue = (type: WireType, given: unknown, path: string): unknown => {
  if (given === null) return null;
  if (type.kind === 'struct') return makeStruct(type.fields, given, path);
  if (type.kind === 'primitive')
    return type.name === 'records' && Array.isArray(given) ? Buffer.concat(given) : given;
  if (!Array.isArray(given)) throw invalidField(path, given);
  if (type.item.kind === 'primitive') return given;
  return given.map((item: unknown) => makeValue(type.item, item, path));
};

/** A whole value from a draft: whatever the draft may leave out, and does, gets its default. */
export const makeStruct = (fields: Fields, draft: unknown, path: string): unknown => {
  if (typeof draft !== 'object' || draft === null) throw invalidField(path, draft);
  const given = draft as Readonly<Record<string, unknown>>;
  const value: Record<string, unknown> = {};
  for (const [name, field] of Object.entries(fields)) {
    const own = given[name];
    if (own === undefined && !isOptional(field)) throw invalidField(`${path}.${name}`, own);
    value[name] = own === undefined ? defaultOf(field) : makeValue(field.facts.type, own, `${path}.${name}`);
  }
  return value;
};
