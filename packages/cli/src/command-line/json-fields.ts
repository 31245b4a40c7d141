import { readFileSync } from 'node:fs';
import { Failure } from '@kafkaesque/kernel';

/** A JSON file that a tool is given is not there, or is not what it should be. */
export type UnreadableFile = Failure<'UNREADABLE_FILE'>;

export const unreadable = (message: string): UnreadableFile => new Failure('UNREADABLE_FILE', message);

/** The file's text. Fails with UNREADABLE_FILE in Kafka's words. */
export const readText = (path: string): string => {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    throw unreadable(`Unable to read file ${path}`);
  }
};

export type JsonObject = Readonly<Record<string, unknown>>;

/** The parsed text; undefined where it is no JSON. */
export const parsedJson = (text: string): unknown => {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
};

/* What follows looks at parsed JSON, and fails with UNREADABLE_FILE and Kafka's sentence where another type was wanted. */

export const objectOf = (value: unknown): JsonObject => {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as JsonObject;
  throw unreadable(`Expected JSON object, received ${JSON.stringify(value)}`);
};

export const arrayOf = (value: unknown): readonly unknown[] => {
  if (Array.isArray(value)) return value as readonly unknown[];
  throw unreadable(`Expected JSON array, received ${JSON.stringify(value)}`);
};

export const fieldOf = (object: JsonObject, name: string): unknown => {
  if (Object.hasOwn(object, name)) return object[name];
  throw unreadable(`No such field exists: \`${name}\``);
};

export const textOf = (value: unknown): string => {
  if (typeof value === 'string') return value;
  throw unreadable(`Expected \`String\` value, received ${JSON.stringify(value)}`);
};

export const integerOf = (value: unknown): number => {
  if (Number.isInteger(value) && Math.abs(Number(value)) < 2 ** 31) return Number(value);
  throw unreadable(`Expected \`Integer\` value, received ${JSON.stringify(value)}`);
};

/** What stands more than once, each once. */
export const repeatedOf = <Item extends string | number>(items: readonly Item[]): readonly Item[] => [
  ...new Set(items.filter((item, index) => items.indexOf(item) !== index)),
];
